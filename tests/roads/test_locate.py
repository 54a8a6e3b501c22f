import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.types import Defect, Detection, Look
from roads.locate import locate
from roads.matching import match
from tests.roads.drives import degrees, drive_along, network_from


def defect_at(x: float, y: float, frame: int) -> Defect:
    lon, lat = degrees(np.array([[x, y]]))[0]
    look = Look(frame, Detection((0, 0, 1, 1), 0.9, 3), 5, 6, 1, 0)
    return Defect(0, 3, float(lon), float(lat), 1.0, 90.0, 0.0, 1, 1, 1, 0.2, 0.9, 0, (look,))


@settings(max_examples=40, deadline=None)
@given(st.floats(1, 399), st.floats(-8, 8).filter(lambda y: abs(y) > 0.01), st.booleans())
def test_offset_side_and_distance(x: float, y: float, reverse: bool) -> None:
    line = [(0.0, 0.0), (400.0, 0.0)]
    network = network_from([line[::-1] if reverse else line])
    poses = drive_along(line)
    place = locate(network, match(network, poses), poses, [defect_at(x, y, int(x // 5))])[0]
    sign = -1 if reverse else 1
    assert place.segment == 0
    assert place.offset_m == pytest.approx(400 - x if reverse else x, abs=0.01)
    assert place.distance_m == pytest.approx(sign * y, abs=0.01)
    assert place.side == ("left" if sign * y > 0 else "right")
    assert place.reason == ""


def test_the_segment_ahead_and_the_side_street() -> None:
    network = network_from([[(0, 0), (200, 0)], [(200, 0), (400, 0)], [(200, 0), (200, 200)]])
    poses = drive_along([(0, 0), (400, 0)])
    defects = [defect_at(210, -2, 38), defect_at(199, 3, 38), defect_at(200, 12, 38), defect_at(190, 2, 38)]
    places = locate(network, match(network, poses), poses, defects)
    assert [place.segment for place in places] == [1, 0, 2, 0]
    assert places[2].offset_m == pytest.approx(12, abs=0.01)


def test_a_road_on_another_level_never_takes_it() -> None:
    network = network_from([[(0, 0), (400, 0)], [(200, -200), (200, 200)]])
    poses = drive_along([(0, 0), (400, 0)])
    place = locate(network, match(network, poses), poses, [defect_at(200, 6, 38)])[0]
    assert (place.segment, place.side) == (0, "left")


def test_every_defect_has_a_place_or_a_reason() -> None:
    network = network_from([[(0, 0), (400, 0)]])
    poses = drive_along([(0, 0), (400, 0), (800, 0)])
    frame_off = len(poses) - 1
    places = locate(network, match(network, poses), poses, [defect_at(100, 40, 20), defect_at(799, 0, frame_off)])
    assert [place.segment for place in places] == [-1, -1]
    assert places[0].reason == "farther than 25 m from the roads driven"
    assert places[1].reason == "its frame is on no segment: farther than 40 m from any road"
    assert locate(network, match(network, poses), poses, []) == []
