import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import geopandas as gpd
import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.errors import InputError
from detector.images import read_image
from detector.results import SurveyResult, picture_path, read_result, write_result
from detector.types import Coverage, Defect, Detection, Fix, Frame, Image, Look, Pose

number = st.floats(allow_nan=False, width=64)
fraction = st.floats(0, 1)
index = st.integers(0, 2**31)
lon, lat = st.floats(-180, 180), st.floats(-90, 90)
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)

fixes = st.builds(Fix, number, lon, lat, *[st.none() | number] * 3)
poses = st.builds(Pose, number, lon, lat, *[number] * 4)
frames = st.builds(Frame, index, text, number, poses, index, index)
detections = st.builds(Detection, st.tuples(number, number, number, number), fraction, index)
looks = st.builds(Look, index, detections, number, number, number, number)
coverage = st.builds(Coverage, index, number, number, st.booleans(), text)
finite = st.floats(allow_nan=False, allow_infinity=False)
meta = st.dictionaries(text, st.none() | st.booleans() | st.integers() | finite | text | st.lists(text), max_size=4)


def defect(defect_id: int, class_id: int, place: tuple[float, float], numbers: list[float], seen: list[Look]) -> Defect:
    return Defect(defect_id, class_id, *place, *numbers, best_look=0, looks=tuple(seen))


defects = st.builds(
    defect,
    index,
    index,
    st.tuples(lon, lat),
    st.lists(number, min_size=8, max_size=8),
    st.lists(looks, max_size=3),
)
results = st.builds(
    SurveyResult,
    meta,
    st.lists(frames, max_size=4),
    st.lists(coverage, max_size=4),
    st.lists(st.tuples(index, detections), max_size=4),
    st.lists(defects, max_size=4, unique_by=lambda d: d.id),
    st.lists(fixes, max_size=4),
)

SEEN = Detection((10.5, 20.25, 30.0, 40.125), 0.75, 3)
LOOK = Look(7, SEEN, 4.0, 4.6, -0.25, -0.75)
EXAMPLE = SurveyResult(
    {"weights": "tiny 1.0", "inputs": ["a.mp4"], "offset_s": 0.5},
    [Frame(7, "a.mp4", 1.25, Pose(1.7e9 + 0.125, 5.66, 51.97, 359.5, 10.0, 1.5, 30.0), 1024, 640)],
    [Coverage(7, 3.0, 9.0, True, "", 0.9), Coverage(8, 3.0, 9.0, False, "too dark", 0.2)],
    [(7, SEEN)],
    [Defect(3, 3, 5.66, 51.97, 2.0, 359.5, -0.5, 0.6, 0.5, 0.3, 0.2, 0.75, 0, (LOOK,))],
    [Fix(1.7e9, 5.66, 51.97), Fix(1.7e9 + 1, 5.66, 51.97, 0.9, 10.0, 0.0)],
)
EMPTY = SurveyResult({}, [], [], [], [], [])


@settings(max_examples=60, deadline=None)
@given(results)
def test_a_result_is_read_back_equal(result: SurveyResult) -> None:
    with TemporaryDirectory() as parent:
        folder = Path(parent) / "result"
        write_result(result, {}, folder)
        assert read_result(folder) == result


def test_the_folder(tmp_path: Path) -> None:
    write_result(EXAMPLE, {3: np.full((40, 60, 3), 90, np.uint8)}, tmp_path / "result")
    assert sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()) == [
        "result/coverage.parquet",
        "result/defects.parquet",
        "result/detections.parquet",
        "result/frames.parquet",
        "result/looks.parquet",
        "result/pictures/3.jpg",
        "result/survey.json",
        "result/track.parquet",
    ]
    assert read_image(picture_path(tmp_path / "result", 3)).shape == (40, 60, 3)


def test_defects_are_geoparquet(tmp_path: Path) -> None:
    write_result(EXAMPLE, {}, tmp_path / "result")
    table = gpd.read_parquet(tmp_path / "result" / "defects.parquet")
    assert table.crs == "EPSG:4326"
    assert table.geometry[0].coords[0] == (5.66, 51.97)
    assert {"id", "class_id", "sigma_m", "area_m2", "score"} <= set(table.columns)


def test_columns_keep_their_types_without_rows(tmp_path: Path) -> None:
    for name, result in {"full": EXAMPLE, "empty": EMPTY}.items():
        write_result(result, {}, tmp_path / name)
    for file in (tmp_path / "full").glob("*.parquet"):
        full, empty = pq.read_schema(file), pq.read_schema(tmp_path / "empty" / file.name)
        assert full.equals(empty), file.name
    assert read_result(tmp_path / "empty") == EMPTY


def test_a_missing_value_is_not_a_nan(tmp_path: Path) -> None:
    result = SurveyResult({}, [], [], [], [], [Fix(0.0, 5.0, 52.0, None, math.nan)])
    write_result(result, {}, tmp_path / "result")
    (fix,) = read_result(tmp_path / "result").fixes
    assert fix.hdop is None
    assert fix.speed_mps is not None
    assert math.isnan(fix.speed_mps)


class Lazy(Mapping[int, Image]):
    """Crops made when asked for, one at a time."""

    def __init__(self, ids: range) -> None:
        self.ids = ids
        self.made: list[int] = []

    def __getitem__(self, key: int) -> Image:
        self.made.append(key)
        return np.full((8, 8, 3), key, np.uint8)

    def __iter__(self) -> Iterator[int]:
        return iter(self.ids)

    def __len__(self) -> int:
        return len(self.ids)


def test_pictures_are_asked_for_once_each(tmp_path: Path) -> None:
    crops = Lazy(range(5))
    write_result(EXAMPLE, crops, tmp_path / "result")
    assert crops.made == [0, 1, 2, 3, 4]


def test_an_older_result_is_replaced_whole(tmp_path: Path) -> None:
    folder = tmp_path / "result"
    write_result(EXAMPLE, {9: np.zeros((8, 8, 3), np.uint8)}, folder)
    write_result(EMPTY, {}, folder)
    assert read_result(folder) == EMPTY
    assert not picture_path(folder, 9).exists()
    assert list(tmp_path.iterdir()) == [folder]


def test_a_failure_leaves_the_older_result(tmp_path: Path) -> None:
    folder = tmp_path / "result"
    write_result(EXAMPLE, {}, folder)
    with pytest.raises(TypeError):
        write_result(SurveyResult({"bad": object()}, [], [], [], [], []), {}, folder)
    assert read_result(folder) == EXAMPLE
    assert list(tmp_path.iterdir()) == [folder]


def test_other_peoples_folders_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="holds something other than a survey result; choose another folder"):
        write_result(EXAMPLE, {}, tmp_path)
    assert (tmp_path / "thesis.txt").exists()
    (tmp_path / "empty").mkdir()
    write_result(EXAMPLE, {}, tmp_path / "empty")


def test_folders_that_are_no_result(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no survey result here: it has no survey.json"):
        read_result(tmp_path)
    for content in ("{", "[]", "{}", '{"format": "schouw survey"}'):
        (tmp_path / "survey.json").write_text(content)
        with pytest.raises(InputError, match=r"survey.json: "):
            read_result(tmp_path)


def test_another_version(tmp_path: Path) -> None:
    write_result(EXAMPLE, {}, tmp_path / "result")
    path = tmp_path / "result" / "survey.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"version": 99}))
    with pytest.raises(InputError, match="a result of version 99; this schouw reads version 3"):
        read_result(tmp_path / "result")


@pytest.mark.parametrize("name", ["frames", "coverage", "detections", "defects", "looks", "track"])
def test_a_part_that_is_missing_or_damaged(tmp_path: Path, name: str) -> None:
    write_result(EXAMPLE, {}, tmp_path / "result")
    path = tmp_path / "result" / f"{name}.parquet"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match=f"{name}.parquet: this part of the result is missing or damaged"):
        read_result(tmp_path / "result")
    path.unlink()
    with pytest.raises(InputError, match=f"{name}.parquet: this part of the result is missing or damaged"):
        read_result(tmp_path / "result")
