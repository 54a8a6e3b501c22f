"""What a survey's summary says of its result."""

from dataclasses import replace

import pytest

from api.surveys.answer import SurveySummary
from api.work.look import summary_of
from tests.api.maps import drive


def test_a_summary_says_where_pictures_were_taken() -> None:
    result = drive("a.mp4", 0)
    result = replace(result, meta=result.meta | {"redrive": [], "notes": []})
    summary = SurveySummary(**summary_of(result, []))
    assert (summary.frames, summary.unusable, summary.quality) == (101, 10, {"too dark": 10})
    first, last = result.frames[0].pose, result.frames[-1].pose
    assert summary.bbox is not None
    west, south, east, north = summary.bbox
    assert (west, east) == (pytest.approx(first.lon, abs=1e-6), pytest.approx(last.lon, abs=1e-6))
    assert south <= first.lat <= north + 1e-6
    assert SurveySummary(**summary_of(replace(result, frames=[], coverage=[]), [])).bbox is None
