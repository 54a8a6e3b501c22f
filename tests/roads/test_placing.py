"""A survey laid on a network, end to end."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely

from detector.errors import NetworkError
from detector.results import SurveyResult, read_result
from detector.types import Defect, Detection, Fix, Frame, Look, Pose
from roads.network import Network, read_network
from roads.placing import Placed, check_overlap, place_survey, survey_id
from roads.tables import OBSERVATIONS, PASSES, SURVEYS
from tests.roads.drives import ORIGIN, TO_DEGREES, drive_along, network_from


@pytest.fixture(scope="module")
def placed(survey: SurveyResult, network: Network) -> Placed:
    return place_survey(survey, network)


def by_number(placed: Placed) -> pd.DataFrame:
    return placed.observations.set_index("number")


def survey_along(
    corners: list[tuple[float, float]], defects: list[tuple[float, float, int, float]], step_m: float = 5.0
) -> SurveyResult:
    """A survey with defects at x, y, seen in a frame, with a heading."""
    poses = drive_along(corners, step_m)
    frames = [Frame(10 + i, "a.mp4", p.time_s, p, 640, 360) for i, p in enumerate(poses)]
    found = []
    for number, (x, y, i, heading) in enumerate(defects):
        lon, lat = TO_DEGREES.transform(*(np.array([x, y]) + ORIGIN))
        looks = (Look(10 + i, Detection((0, 0, 1, 1), 0.9, 3), 5, 6, 1, 0),)
        found.append(Defect(number, 3, float(lon), float(lat), 2.5, heading, -0.5, 1, 2, 1.5, 0.2, 0.9, 0, looks))
    return SurveyResult({}, frames, [], [], found, [])


def test_every_defect_has_its_row_with_place_or_reason(placed: Placed, survey: SurveyResult) -> None:
    table = placed.observations
    assert dict(table.dtypes.astype(str)) == dict(OBSERVATIONS)
    assert table["number"].tolist() == [d.id for d in survey.defects]
    assert table["segment"].tolist() == [0, 0, 0, 1, -1]
    assert (table["reason"] == "").tolist() == [True, True, True, True, False]
    assert (table[["survey", "defect"]] == -1).all(axis=None)


def test_what_a_row_says(placed: Placed, survey: SurveyResult) -> None:
    pothole = by_number(placed).loc[2]
    assert pothole["offset_m"] == pytest.approx(120, abs=0.5)
    assert pothole["from_line_m"] == pytest.approx(-1, abs=2)
    assert (pothole["length_m"], pothole["width_m"], pothole["area_m2"]) == (0.5, 0.6, 0.3)
    assert (pothole["looks"], pothole["score"], pothole["class_id"]) == (2, 0.77, 3)
    assert (pothole["source"], pothole["media_time_s"]) == ("drive.mp4", pytest.approx(12.0))
    assert pothole["time_s"] == survey.frames[40].pose.time_s
    assert pothole["sigma_m"] <= 1.5
    assert by_number(placed).loc[4, "offset_m"] == pytest.approx(150, abs=0.5)  # 400 - 250
    assert by_number(placed)["forward"].tolist()[:4] == [True, True, True, False]


def test_the_heading_is_to_grid_north(placed: Placed) -> None:
    # Wageningen lies 0.28 degrees of longitude east of Amersfoort: the grid turns by about 0.28 x sin 52 degrees.
    assert by_number(placed).loc[1, "heading_deg"] == pytest.approx(90 - 0.28 * np.sin(np.radians(52)), abs=0.05)


def test_the_other_tables(placed: Placed, survey: SurveyResult) -> None:
    assert dict(placed.passes.dtypes.astype(str)) == dict(PASSES)
    assert set(placed.survey) == set(SURVEYS)
    assert (placed.survey["driven_m"], placed.survey["frames"]) == (300, 101)
    assert placed.survey["from_s"] == survey.frames[0].pose.time_s
    assert placed.survey["to_s"] == survey.frames[-1].pose.time_s
    assert placed.survey["name"] == "Proefrit <img src=x onerror=alert(1)>"
    assert json.loads(placed.survey["card"]) == survey.meta


def test_the_track_has_every_frame(placed: Placed, survey: SurveyResult, network: Network) -> None:
    track = placed.track
    assert track["frame"].tolist() == [f.index for f in survey.frames]
    assert track["segment_id"].tolist() == ["w0"] * 67 + ["w1"] * 34
    assert track["direction"].tolist() == ["forward"] * 67 + ["backward"] * 34
    assert track["unusable"].notna().sum() == 10
    assert track["utc"][0] == "2024-05-06T12:53:20.000Z"
    assert track["unmatched"].isna().all()
    lines = network.segments.set_index("segment_id").geometry[track["segment_id"]]
    assert track.geometry.distance(lines, align=False).max() < 1e-6


def test_frames_and_defects_off_the_network_have_a_reason(survey: SurveyResult, network: Network) -> None:
    lost = [replace(f, pose=replace(f.pose, lat=f.pose.lat - 0.01)) if f.index > 70 else f for f in survey.frames]
    placed = place_survey(replace(survey, frames=lost), network)
    track = placed.track
    assert track["segment_id"].isna().tolist() == [i > 70 for i in range(101)]
    assert track["unmatched"].notna().tolist() == [i > 70 for i in range(101)]
    assert track["offset_m"].isna().tolist() == [i > 70 for i in range(101)]
    at_83 = by_number(placed).loc[4]
    assert (at_83["segment"], at_83["visit"]) == (-1, 0)
    assert at_83["reason"].startswith("its frame is on no segment: ")


def test_a_visit_is_the_one_nearest_to_the_look() -> None:
    network = network_from([[(0, 0), (400, 0)], [(200, 0), (200, 200)]])
    there_and_back = survey_along([(0, 0), (400, 0), (0, 0)], [(100, -2, 19, 90), (100, 2, 139, 270)])
    table = place_survey(there_and_back, network).observations
    assert table[["segment", "visit", "forward"]].to_numpy().tolist() == [[0, 0, True], [0, 1, False]]


def test_a_side_street_that_is_only_seen() -> None:
    """It takes the visit of the street driven, and its direction by the heading."""
    network = network_from([[(0, 0), (400, 0)], [(200, 0), (200, 200)]])
    seen = [(200, 12, 39, 0), (200, 13, 119, 180)]
    table = place_survey(survey_along([(0, 0), (400, 0), (0, 0)], seen), network).observations
    assert table[["segment", "visit", "forward"]].to_numpy().tolist() == [[1, 0, True], [1, 1, False]]


def test_sections_share_out_what_a_segment_has() -> None:
    lines: list[list[tuple[float, float]]] = [[(100.0 * i, 0.0), (100.0 * i + 100, 0.0)] for i in range(5)]
    defects = [(float(x), -1.5, int(x // 5), 90.0) for x in range(2, 498, 7)]
    result = survey_along([(0, 0), (500, 0)], defects)
    table = place_survey(result, network_from(lines)).observations
    whole = place_survey(result, network_from([[(0, 0), (500, 0)]])).observations
    assert (table["segment"] == whole["offset_m"] // 100).all()
    assert table["offset_m"].to_numpy() == pytest.approx(whole["offset_m"].to_numpy() % 100, abs=1e-6)
    assert (table["visit"] == 0).all()


def test_a_single_photo() -> None:
    result = survey_along([(0, 0), (200, 0)], [(105, -1, 19, 90)])
    result = replace(result, frames=result.frames[19:20], meta={"inputs": [{"file": "photos/", "frames": 1}]})
    pose = replace(result.frames[0].pose, time_s=np.nan)
    placed = place_survey(
        replace(result, frames=[replace(result.frames[0], pose=pose)]), network_from([[(0, 0), (200, 0)]])
    )
    assert placed.observations[["segment", "visit"]].to_numpy().tolist() == [[0, 0]]
    assert np.isnan(placed.survey["from_s"])
    assert placed.survey["name"] == "photos"
    assert placed.track["utc"].isna().all()


def test_an_empty_survey(network: Network) -> None:
    placed = place_survey(SurveyResult({}, [], [], [], [], []), network)
    assert len(placed.observations) == len(placed.passes) == len(placed.track) == 0
    assert dict(placed.observations.dtypes.astype(str)) == dict(OBSERVATIONS)
    assert placed.survey["driven_m"] == 0


def test_the_same_survey_is_placed_the_same(placed: Placed, survey: SurveyResult, network: Network) -> None:
    again = place_survey(survey, network)
    pd.testing.assert_frame_equal(again.observations, placed.observations, check_exact=True)
    pd.testing.assert_frame_equal(again.passes, placed.passes, check_exact=True)
    assert again.survey == placed.survey


def test_a_drive_keeps_its_id_whatever_is_found_on_it(survey: SurveyResult, result_folder: Path) -> None:
    fixes = [Fix(1.7e9 + i, 5.6 + i * 1e-5, 52.0) for i in range(5)]
    driven = replace(survey, fixes=fixes)
    other_model = replace(driven, defects=[], frames=survey.frames[::2], meta=survey.meta | {"model": {"name": "x"}})
    elsewhere = [{**i, "file": "D:\\films\\" + i["file"]} for i in survey.meta["inputs"]]
    assert len({survey_id(driven), survey_id(other_model), survey_id(replace(driven, fixes=fixes[::-1]))}) == 1
    assert survey_id(replace(driven, meta=survey.meta | {"inputs": elsewhere})) == survey_id(driven)
    assert survey_id(read_result(result_folder)) == survey_id(survey)
    later = [replace(fix, time_s=fix.time_s + 86400) for fix in fixes]
    renamed = survey.meta | {"inputs": [{"file": "other.mp4", "frames": 101}]}
    others = {survey_id(survey), survey_id(replace(driven, fixes=later)), survey_id(replace(driven, meta=renamed))}
    assert len(others - {survey_id(driven)}) == 3
    assert all(len(name) == 12 for name in others)


def test_a_network_of_elsewhere_is_refused(survey: SurveyResult) -> None:
    elsewhere = network_from([[(0, 0), (400, 0)]])
    with pytest.raises(
        NetworkError, match=r"has no road near the drive, which starts at 51\.\d+ N 5\.\d+ E, 2\d\.\d km"
    ):
        place_survey(survey, elsewhere)


def test_a_drive_that_only_ends_on_the_network_is_not_refused() -> None:
    network = network_from([[(0, 0), (400, 0)]])
    check_overlap(network, drive_along([(-40_000, 0), (0, 0)], step_m=20.0))


def test_the_real_drive(shared: Path) -> None:
    """With a receiver that is off by metres, the places are on the road driven but where two roads meet."""
    network = read_network(shared / "geo/networks/nwb/nwb_wageningen_Roads.gml")
    truth = json.loads((shared / "survey/truth.json").read_text())["frames"]
    xy = network.to_metres(np.array([t["lon"] for t in truth]), np.array([t["lat"] for t in truth]))
    lon, lat = TO_DEGREES.transform(xy[:, 0] + 2.0, xy[:, 1] - 1.5)
    frames = []
    for i, (t, x, y) in enumerate(zip(truth, lon.tolist(), lat.tolist(), strict=True)):
        pose = Pose(1.7e9 + t["t_s"], x, y, t["heading_deg"], 10.0, 3.0, t["chainage_m"])
        frames.append(Frame(i, "drive.mp4", t["t_s"], pose, 640, 360))
    track = place_survey(SurveyResult({}, frames, [], [], [], []), network).track
    right = track["segment_id"] == [str(t["wvk_id"]) for t in truth]
    near_another = np.hypot(*(xy[:, None] - _ends(network)).T).min(axis=0) < 5
    assert right[~near_another].all()
    assert right.sum() > 220
    moved = network.to_metres(track["lon"].to_numpy(), track["lat"].to_numpy())
    assert np.median(np.hypot(*(moved - xy).T)) < 2.0


def _ends(network: Network) -> np.ndarray:
    lines = network.segments.geometry.to_numpy()
    ends: np.ndarray = shapely.get_coordinates(shapely.boundary(lines))
    return ends
