"""What a planner types: a map that grows, what changed, what first, files and a report to pass on."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import openpyxl
import pyogrio
import pypdfium2
import pytest
from shapely import box

from detector.results import read_result, write_result

Run = Callable[..., tuple[int, str, str]]
DAY_S = 86400.0


@pytest.fixture(scope="module")
def spring(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The result of the sample; its damage is that of the truth's boxes, so that the model's skill doesn't matter."""
    from detector.survey import DetectOptions, survey
    from tests.cli.truth import TruthModel

    out = tmp_path_factory.mktemp("spring") / "result"
    options = DetectOptions(every_m=3.0, camera=sample / "camera.yaml")
    survey([sample / "drive.mp4"], sample / "drive.gpx", out, options, TruthModel(sample), {}, lambda *_: None)
    return out


@pytest.fixture(scope="module")
def autumn(spring: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a year later every other damage has been repaired."""
    out = tmp_path_factory.mktemp("autumn") / "result"
    result = read_result(spring)
    frames = [replace(f, pose=replace(f.pose, time_s=f.pose.time_s + 180 * DAY_S)) for f in result.frames]
    fixes = [replace(f, time_s=f.time_s + 180 * DAY_S) for f in result.fixes]
    write_result(replace(result, frames=frames, fixes=fixes, defects=result.defects[::2]), {}, out)
    return out


@pytest.fixture
def made(run: Run, sample: Path, spring: Path, tmp_path: Path) -> Path:
    out = tmp_path / "map"
    code, printed, error = run("map", spring, "--roads", sample / "network.gpkg", "--section", "50m", "--out", out)
    assert code == 0, error
    assert str(out / "map.html") in printed
    return out


def test_sections_of_fifty_metres(made: Path) -> None:
    segments = gpd.read_file(made / "survey.gpkg", layer="segments")
    assert segments["length_m"].max() < 50 + 50 / 3 + 0.1
    assert segments["parent_id"].nunique() < len(segments)


def test_a_second_drive_makes_history(run: Run, made: Path, autumn: Path) -> None:
    before = gpd.read_file(made / "survey.gpkg", layer="defects")
    code, printed, error = run("add", autumn, "--to", made)
    assert code == 0, error
    assert "map.html" in printed
    after = gpd.read_file(made / "survey.gpkg", layer="defects")
    assert after["id"].tolist() == before["id"].tolist()  # nothing lost, nothing counted twice
    again = after.set_index("id")["sights"] == 2
    assert again.sum() == (len(before) + 1) // 2
    code, printed, _ = run("add", autumn, "--to", made)
    assert code == 0
    assert "note: drive.mp4: was on the map already, and was replaced" in printed
    kept = (made / "summary.json").read_bytes()
    code, _, error = run("compare", f"{made}@2024-06-01", made, "--out", made)
    assert code == 2
    assert "this is a map" in error
    assert (made / "summary.json").read_bytes() == kept
    code, printed, error = run("compare", f"{made}@2024-06-01", made, "--out", made.parent / "changes")
    assert code == 0, error
    assert "from 2024-05-14" in printed
    assert {"changed_segments", "changed_defects"} <= {
        n for n, _ in pyogrio.list_layers(made.parent / "changes/changes.gpkg")
    }


def test_the_plan_is_shown_and_written(run: Run, made: Path) -> None:
    code, printed, error = run("plan", made, "--top", "3", "--lang", "en", "--out", made.parent / "plan.xlsx")
    assert code == 0, error
    segments = gpd.read_file(made / "survey.gpkg", layer="segments").dropna(subset="priority")
    first = segments.sort_values("priority").iloc[0]
    assert str(first["segment_id"]) in printed
    sheet = openpyxl.load_workbook(made.parent / "plan.xlsx").worksheets[-1]
    assert sheet.max_row >= len(segments)


def test_exports_are_written(run: Run, made: Path) -> None:
    out = made.parent / "files"
    formats = ["gpkg", "geoparquet", "geojson", "fgb", "csv", "xlsx", "pmtiles"]
    code, printed, error = run("export", made, *(x for f in formats for x in ("--format", f)), "--out", out)
    assert code == 0, error
    written = [Path(line) for line in printed.splitlines()]
    assert written
    assert all(path.is_file() and path.stat().st_size for path in written)
    assert {path.suffix for path in written} >= {".gpkg", ".parquet", ".geojson", ".fgb", ".csv", ".xlsx", ".pmtiles"}


def test_an_unknown_format_is_told(run: Run, made: Path) -> None:
    code, _, error = run("export", made, "--format", "dwg", "--out", made.parent / "files")
    assert code == 2
    assert "dwg" in error
    assert "fgb" in error


def test_a_report_per_area(run: Run, made: Path) -> None:
    segments = gpd.read_file(made / "survey.gpkg", layer="segments")
    west, south, east, north = segments.total_bounds
    middle = (west + east) / 2
    halves = [box(west - 1, south - 1, middle, north + 1), box(middle, south - 1, east + 1, north + 1)]
    areas = gpd.GeoDataFrame({"name": ["Westwijk", "Oostwijk"]}, geometry=halves, crs=segments.crs)
    areas.to_file(made.parent / "wijken.gpkg")
    out = made.parent / "rapport.pdf"
    code, _, error = run("report", made, "--areas", made.parent / "wijken.gpkg", "--title", "Proef", "--out", out)
    assert code == 0, error
    pdf = pypdfium2.PdfDocument(out)
    text = "".join(page.get_textpage().get_text_range() for page in pdf)
    assert "Proef" in text
    assert "Westwijk" in text
    assert "Oostwijk" in text


@pytest.mark.parametrize(
    "command", [["plan"], ["export", "--format", "csv", "--out", "x"], ["report", "--out", "x.pdf"]]
)
def test_a_folder_that_is_no_map(run: Run, tmp_path: Path, command: list[str]) -> None:
    code, _, error = run(command[0], tmp_path, *command[1:])
    assert code == 2
    assert "no map here" in error
