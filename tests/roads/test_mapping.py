from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from detector.results import SurveyResult
from detector.types import Coverage, Defect, Frame, Pose
from roads.export import LAYERS
from roads.exports.headings import HEADINGS
from roads.mapping import RoadMap
from roads.network import Network, read_network
from tests.roads.drives import map_of


def row(road_map: RoadMap, segment_id: str) -> dict[str, object]:
    segments = road_map.segments
    return dict(segments[segments["segment_id"] == segment_id].iloc[0])


def stretches(road_map: RoadMap, segment_id: str) -> list[tuple[str, float, float, str]]:
    part = road_map.coverage[road_map.coverage["segment_id"] == segment_id]
    return [
        (d, round(a), round(b), "" if ok else r)
        for d, a, b, ok, r in part[["direction", "from_m", "to_m", "usable", "reason"]].itertuples(index=False)
    ]


def test_coverage_is_the_union_of_the_views_along_the_path(road_map: RoadMap) -> None:
    # The dark frames look at 64..99 m; their neighbours see up to 69 and from 94 m.
    assert stretches(road_map, "w0") == [
        ("forward", 4, 69, ""),
        ("forward", 94, 200, ""),
        ("forward", 69, 94, "too dark"),
    ]


def test_the_view_runs_on_over_a_segments_end_and_against_digitising(road_map: RoadMap) -> None:
    assert stretches(road_map, "w1") == [("backward", 88, 200, "")]  # x = 200..312 of a line that starts at x = 400


def test_the_view_does_not_turn_into_a_side_street(road_map: RoadMap) -> None:
    assert stretches(road_map, "w2") == []


def test_coverage_lines_lie_on_their_segment(road_map: RoadMap) -> None:
    lines = road_map.segments.set_index("segment_id").geometry
    for part in road_map.coverage.itertuples():
        assert part.geometry.length == pytest.approx(part.to_m - part.from_m, abs=0.02)
        assert lines[part.segment_id].buffer(0.01).contains(part.geometry)


def test_all_segments_are_there_and_those_not_seen_have_no_condition(road_map: RoadMap) -> None:
    assert len(road_map.segments) == 4
    for segment_id in ("w2", "w3"):
        unseen = row(road_map, segment_id)
        assert unseen["status"] == "not surveyed"
        assert unseen["covered_m"] == 0
        assert unseen["coverage"] == 0
        assert np.isnan(float(unseen["score"]))  # type: ignore[arg-type]
        assert road_map.segments["grade"].isna()[road_map.segments["segment_id"] == segment_id].all()
    assert (road_map.segments["table"] == "schouw-2").all()


def test_seen_segments_have_their_amounts_and_grade(road_map: RoadMap) -> None:
    seen = row(road_map, "w0")
    assert seen["covered_m"] == pytest.approx(171, abs=1)
    assert seen["coverage"] == pytest.approx(0.855, abs=0.01)
    assert (seen["longitudinal_crack_n"], seen["longitudinal_crack_length_m"]) == (1, 12.0)
    assert (seen["pothole_n"], seen["pothole_area_m2"]) == (1, 0.3)
    assert (seen["alligator_crack_n"], seen["alligator_crack_area_m2"]) == (1, 3.6)
    assert seen["status"] == "graded"
    assert 0 < float(seen["score"]) < 100  # type: ignore[arg-type]
    assert "potholes" in str(seen["reasons"])


def test_defects_have_their_place_on_the_network(road_map: RoadMap) -> None:
    defects = road_map.defects.set_index("id")
    assert defects.loc[[1, 2, 3, 4], "segment_id"].tolist() == ["w0", "w0", "w0", "w1"]
    assert defects.loc[2, "offset_m"] == pytest.approx(120, abs=0.5)
    assert defects.loc[4, "offset_m"] == pytest.approx(150, abs=0.5)  # 400 - 250
    assert defects.loc[[1, 3, 4], "side"].tolist() == ["right", "left", "left"]  # w1 is digitised the other way
    assert defects.loc[2, "utc"].startswith("2024-05-06T")
    assert defects.loc[2, "looks"] == 2


def test_nothing_is_lost_silently(road_map: RoadMap, survey: SurveyResult) -> None:
    assert len(road_map.track) == len(road_map.frames) == len(survey.frames)
    assert len(road_map.defects) == len(survey.defects)
    summary = road_map.summary
    assert summary["frames"] == {"total": 101, "matched": 101, "unmatched": {}, "unusable": {"too dark": 10}}
    found = summary["defects"]
    assert (found["total"], found["located"], sum(found["unlocated"].values())) == (5, 4, 1)
    lost = road_map.defects[road_map.defects["segment_id"].isna()]
    assert lost["reason"].notna().all()
    assert summary["driven_m"] == 300
    assert summary["unseen_m"] == {"too dark": pytest.approx(25, abs=1)}
    assert summary["segments"] == {"graded": 2, "too little seen": 0, "not surveyed": 2}


def test_frames_off_the_network_are_listed_with_a_reason(survey: SurveyResult, network: Network) -> None:
    lon, lat = survey.frames[-1].pose.lon, survey.frames[-1].pose.lat - 0.01  # a kilometre south
    far = [
        replace(f, pose=replace(f.pose, lon=lon, lat=lat, distance_m=2000)) if f.index > 90 else f
        for f in survey.frames
    ]
    lost = map_of(network, replace(survey, frames=far))
    frames = lost.summary["frames"]
    assert frames["matched"] == 91
    assert sum(frames["unmatched"].values()) == 10
    assert lost.frames["segment_id"].isna().sum() == 10


def test_a_survey_without_defects_or_usable_frames(survey: SurveyResult, network: Network) -> None:
    blind = [Coverage(f.index, 0.0, 0.0, False, "lens covered") for f in survey.frames]
    blank = map_of(network, replace(survey, coverage=blind, defects=[], detections=[]))
    assert len(blank.defects) == 0
    assert (blank.segments["status"] == "not surveyed").all()
    assert set(blank.coverage["reason"]) == {"lens covered"}
    assert blank.coverage["to_m"].sub(blank.coverage["from_m"]).sum() == pytest.approx(303, abs=4)
    assert blank.summary["covered_m"] == 0


def test_the_same_survey_gives_the_same_map(road_map: RoadMap, survey: SurveyResult, network: Network) -> None:
    again = map_of(network, survey)
    assert again.segments.equals(road_map.segments)
    assert again.summary == road_map.summary


def test_defects_on_a_real_network(shared: Path) -> None:
    network = read_network(shared / "geo/networks/nwb/nwb_wageningen_Roads.gml")
    line = network.segments.geometry.iloc[0]
    points = gpd.GeoSeries(shapely.line_interpolate_point(line, np.arange(0, 200, 3.0)), crs=network.crs).to_crs(4326)
    poses = [Pose(1e9 + i * 0.3, p.x, p.y, 152.0, 10.0, 2.0, 3.0 * i) for i, p in enumerate(points)]
    frames = [Frame(i, "a.mp4", i * 0.3, pose, 640, 360) for i, pose in enumerate(poses)]
    views = [Coverage(i, 4.0, 12.0, True, "") for i in range(len(frames))]
    none: list[Defect] = []
    road_map = map_of(network, SurveyResult({}, frames, views, [], none, []))
    assert len(road_map.segments) == 226  # 232, less a footpath and cycle paths
    assert road_map.summary["covered_m"] == pytest.approx(206, abs=8)
    assert (road_map.segments["status"] != "not surveyed").sum() <= 2


@pytest.mark.parametrize("name", LAYERS)
def test_every_column_has_a_heading_for_planners(road_map: RoadMap, name: str) -> None:
    assert set(getattr(road_map, name).columns) - {"geometry"} == set(HEADINGS[name])
