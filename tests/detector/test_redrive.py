from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from detector.scene.redrive import NOT_LOOKED_AT, BadStretch, bad_stretches
from detector.types import Coverage
from tests.detector.street import drive

FRAMES = drive(150.0, every_m=3.0)


def coverage(bad: dict[int, str]) -> list[Coverage]:
    return [Coverage(f.index, 4.0, 20.0, f.index not in bad, bad.get(f.index, "")) for f in FRAMES]


def test_a_good_drive_has_no_bad_stretch():
    assert bad_stretches(FRAMES, coverage({})) == []
    assert bad_stretches([], []) == []


def test_one_blurred_frame_is_made_good_by_its_neighbours():
    assert bad_stretches(FRAMES, coverage({20: "blurred"})) == []


def test_a_tunnel_is_a_bad_stretch_with_its_reason():
    dark = dict.fromkeys(range(20, 35), "too dark")
    # Frame 19 sees to 57 + 20 m, frame 35 from 105 + 4 m on.
    assert bad_stretches(FRAMES, coverage(dark)) == [BadStretch(77.0, 109.0, "too dark")]


def test_a_drive_that_begins_and_ends_badly_is_told_so():
    bad = {0: "glare", 1: "glare", 2: "glare", 3: "blurred", **dict.fromkeys(range(44, 50), "glare")}
    first, last = bad_stretches(FRAMES, coverage(bad))
    assert first == BadStretch(4.0, 16.0, "glare")
    assert (last.from_m, last.reason) == (43 * 3 + 20, "glare")


def test_a_gap_between_frames_is_told_as_such():
    frames = [
        f if f.index < 20 else replace(f, pose=replace(f.pose, distance_m=f.pose.distance_m + 50)) for f in FRAMES
    ]
    (hole,) = bad_stretches(frames, coverage({}))
    assert hole == BadStretch(77.0, 114.0, NOT_LOOKED_AT)


@given(st.sets(st.integers(0, len(FRAMES) - 1)))
def test_every_metre_is_either_seen_or_in_a_bad_stretch(bad):
    shown = coverage(dict.fromkeys(bad, "blurred"))
    holes = bad_stretches(FRAMES, shown, least_m=0.0)
    usable = [(f.pose.distance_m + 4, f.pose.distance_m + 20) for f in FRAMES if f.index not in bad]
    for metre in np.arange(4.25, 160, 0.5):
        seen = any(a <= metre <= b for a, b in usable)
        assert seen != any(h.from_m < metre < h.to_m for h in holes)
