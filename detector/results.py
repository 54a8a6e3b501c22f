"""A survey's result on disk. It is written and read here only.

survey.json         format, version, and what the survey says about itself
frames.parquet      the frames used, each with its place
coverage.parquet    what road each frame shows, or why none
detections.parquet  every damage seen in a frame
defects.parquet     the defects: GeoParquet, points in EPSG:4326
looks.parquet       which detections a defect was made of, in order
track.parquet       the GPS fixes
pictures/<id>.jpg   a crop of each defect
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from detector.cards import FolderKind
from detector.errors import InputError
from detector.files import atomic_folder
from detector.images import write_jpeg
from detector.types import Coverage, Defect, Detection, Fix, Frame, Image, Look, Pose

RESULT = FolderKind(
    card="survey.json",
    format="schouw survey",
    version=3,
    name="a survey result",
    briefly="a result",
    where="name the folder that schouw detect wrote",
    again="run schouw detect again",
    other_version="run schouw detect again, or use the schouw that wrote it",
)

DETECTION = ("x0 double", "y0 double", "x1 double", "y1 double", "score double", "class_id int64")
LOOK = ("near_m double", "far_m double", "left_m double", "right_m double", "winding double")


def _schema(*columns: str) -> pa.Schema:
    types = {"double": pa.float64(), "int64": pa.int64(), "string": pa.string(), "bool": pa.bool_()}
    return pa.schema([(name, types[kind]) for name, kind in (column.split() for column in columns)])


FRAMES = _schema(
    *("index int64", "source string", "media_time_s double", "time_s double", "lon double", "lat double"),
    *("heading_deg double", "speed_mps double", "sigma_m double", "distance_m double", "speed_sigma_mps double"),
    *("heading_sigma_deg double", "width int64", "height int64"),
)
COVERAGE = _schema(
    *("frame_index int64", "near_m double", "far_m double", "usable bool", "reason string", "quality double"),
)
DETECTIONS = _schema("frame_index int64", *DETECTION)
DEFECTS = _schema(
    *("id int64", "class_id int64", "lon double", "lat double", "sigma_m double", "heading_deg double"),
    *("left_m double", "length_m double", "width_m double", "area_m2 double", "size_sigma double", "score double"),
    *("best_look int64", "course_m double", "course_sigma double"),
)
LOOKS = _schema("defect_id int64", "frame_index int64", *DETECTION, *LOOK)
TRACK = _schema("time_s double", "lon double", "lat double", "hdop double", "speed_mps double", "heading_deg double")


@dataclass(frozen=True, slots=True)
class SurveyResult:
    """All that one survey found. `detections` pairs a frame's index with what was seen in it; `meta` is JSON."""

    meta: dict[str, Any]
    frames: list[Frame]
    coverage: list[Coverage]
    detections: list[tuple[int, Detection]]
    defects: list[Defect]
    fixes: list[Fix]


def write_result(result: SurveyResult, pictures: Mapping[int, Image], folder: Path) -> None:
    """Write a result folder, whole or not at all. An older result of that name is replaced.

    Args:
        result: the survey.
        pictures: defect id -> its crop, RGB; each is asked for once, so the mapping may make them as it goes.
        folder: where.

    Raises:
        InputError: see `FolderKind.check_replaceable`.
    """
    RESULT.check_replaceable(folder)
    with atomic_folder(folder.resolve()) as new:
        RESULT.write_card(new, {"meta": result.meta})
        _write(new / "frames.parquet", FRAMES, map(_frame_row, result.frames))
        _write(new / "coverage.parquet", COVERAGE, map(_coverage_row, result.coverage))
        _write(new / "detections.parquet", DETECTIONS, ((i, *_detection_row(d)) for i, d in result.detections))
        _write_defects(new / "defects.parquet", result.defects)
        _write(new / "looks.parquet", LOOKS, (_look_row(d.id, look) for d in result.defects for look in d.looks))
        _write(new / "track.parquet", TRACK, map(_fix_row, result.fixes))
        (new / "pictures").mkdir()
        for defect_id in pictures:
            write_jpeg(pictures[defect_id], picture_path(new, defect_id))


def read_result(folder: Path) -> SurveyResult:
    """Read what `write_result` wrote; equal to it field by field.

    Raises:
        InputError: `folder` is no result, one of another version, or one with missing or damaged files.
    """
    meta = dict(RESULT.read_card(folder)["meta"])
    looks: dict[int, list[Look]] = {}
    for defect_id, frame_index, *rest in _read(folder / "looks.parquet", LOOKS):
        looks.setdefault(defect_id, []).append(Look(frame_index, _detection(rest[:6]), *rest[6:]))
    return SurveyResult(
        meta,
        [_frame(row) for row in _read(folder / "frames.parquet", FRAMES)],
        [Coverage(*row) for row in _read(folder / "coverage.parquet", COVERAGE)],
        [(index, _detection(row)) for index, *row in _read(folder / "detections.parquet", DETECTIONS)],
        [_defect(row, looks.get(row[0], [])) for row in _read(folder / "defects.parquet", DEFECTS)],
        [Fix(*row) for row in _read(folder / "track.parquet", TRACK)],
    )


def picture_path(folder: Path, defect_id: int) -> Path:
    """Where a defect's crop lies in a result folder."""
    return folder / "pictures" / f"{defect_id}.jpg"


def _write(path: Path, schema: pa.Schema, rows: Iterable[Sequence[Any]]) -> None:
    pq.write_table(_table(schema, rows), path, compression="zstd")


def _write_defects(path: Path, defects: Sequence[Defect]) -> None:
    import geopandas as gpd

    table = _table(DEFECTS, map(_defect_row, defects)).to_pandas()
    points = gpd.points_from_xy(table["lon"], table["lat"], crs="EPSG:4326")
    gpd.GeoDataFrame(table, geometry=points).to_parquet(path, index=False, compression="zstd")


def _table(schema: pa.Schema, rows: Iterable[Sequence[Any]]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    return pa.table([pa.array(c, field.type) for c, field in zip(columns, schema, strict=True)], schema=schema)


def _read(path: Path, schema: pa.Schema) -> Iterable[list[Any]]:
    try:
        table = pq.read_table(path, columns=schema.names)
        columns = [table[field.name].cast(field.type).to_pylist() for field in schema]
    except (OSError, KeyError, pa.ArrowException) as error:
        raise InputError(path, "this part of the result is missing or damaged", "run schouw detect again") from error
    return map(list, zip(*columns, strict=True))


def _frame_row(f: Frame) -> tuple[Any, ...]:
    p = f.pose
    place = (p.time_s, p.lon, p.lat, p.heading_deg, p.speed_mps, p.sigma_m, p.distance_m)
    return (f.index, f.source, f.media_time_s, *place, p.speed_sigma_mps, p.heading_sigma_deg, f.width, f.height)


def _frame(row: Sequence[Any]) -> Frame:
    index, source, media_time_s, *place, width, height = row
    return Frame(index, source, media_time_s, Pose(*place), width, height)


def _coverage_row(c: Coverage) -> tuple[Any, ...]:
    return (c.frame_index, c.near_m, c.far_m, c.usable, c.reason, c.quality)


def _detection_row(d: Detection) -> tuple[Any, ...]:
    return (*d.box, d.score, d.class_id)


def _detection(row: Sequence[Any]) -> Detection:
    x0, y0, x1, y1, score, class_id = row
    return Detection((x0, y0, x1, y1), score, class_id)


def _look_row(defect_id: int, look: Look) -> tuple[Any, ...]:
    ground = (look.near_m, look.far_m, look.left_m, look.right_m, look.winding)
    return (defect_id, look.frame_index, *_detection_row(look.detection), *ground)


def _defect_row(d: Defect) -> tuple[Any, ...]:
    place = (d.lon, d.lat, d.sigma_m, d.heading_deg, d.left_m)
    size = (d.length_m, d.width_m, d.area_m2, d.size_sigma)
    return (d.id, d.class_id, *place, *size, d.score, d.best_look, d.course_m, d.course_sigma)


def _defect(row: Sequence[Any], looks: Sequence[Look]) -> Defect:
    columns = dict(zip(DEFECTS.names, row, strict=True))  # named as the fields are
    return Defect(**columns, looks=tuple(looks))


def _fix_row(f: Fix) -> tuple[Any, ...]:
    return (f.time_s, f.lon, f.lat, f.hdop, f.speed_mps, f.heading_deg)
