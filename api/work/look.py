"""Looking at the road: a survey's footage -> its result in the file storage."""

import contextlib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from api.context import Context
from api.jobs.handler import Report
from api.store.states import SurveyState
from api.surveys.announce import change, survey_of
from api.work.footage import Laid, in_words, laid_out, one_track, scratch_folder
from detector.errors import SchouwError, SettingsError
from detector.results import SurveyResult
from detector.survey import DetectOptions, DetectReport, detect
from detector.types import Frame
from roads.placing import driven_m, survey_id


def look(context: Context, payload: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Find the damage in a survey's footage. See `api.jobs.handler.Handler`."""
    number = payload["survey"]
    with context.database.write() as session:
        survey = survey_of(session, number)
        if survey.state == SurveyState.WAITING:
            change(survey, SurveyState.RUNNING)
        options = dict(survey.options)
    with scratch_folder(context, f"look-{number}-") as scratch:
        folder, out = scratch / "footage", scratch / "result"
        folder.mkdir()
        with laid_out(context, number, folder, report) as laid:
            try:
                made = _detect(context, laid, folder, out, options, report)
            except SchouwError as problem:
                raise SchouwError(in_words(problem, laid)) from problem
            failed = [laid.in_words(sentence) for sentence in made.failed]
        key = f"results/{number}"
        context.blobs.put(key, out)
    return {
        "summary": summary_of(made.result, failed),
        "survey_id": survey_id(made.result),
        "result_key": key,
    }


def _detect(
    context: Context, laid: Laid, folder: Path, out: Path, options: Mapping[str, Any], report: Report
) -> DetectReport:
    """Run the pipeline within `folder`, so that the result names files and not where they lay."""
    if not laid.footage:
        raise SchouwError("there is no video and no photo among the files; add the footage")
    wanted = options.get("camera")
    camera = laid.camera(wanted)
    if wanted and camera is None:
        raise SettingsError(f"there is no camera profile '{wanted}' among the files; upload it, or choose another")
    track = one_track(laid, folder)
    weights = context.settings.weights
    settings = DetectOptions(
        every_m=options.get("every_m", 3.0),
        device=context.settings.device,
        weights=str(Path(weights).resolve()) if weights and Path(weights).is_dir() else weights,
        camera=camera and camera.relative_to(folder),
        calibrate=options.get("calibrate", camera is None),
        offset_s=options.get("offset_s"),
        partial=options.get("partial", False),
    )
    footage = [path.relative_to(folder) for path in laid.footage]
    with contextlib.chdir(folder):
        return detect(footage, track and track.relative_to(folder), out, settings, report)


def summary_of(result: SurveyResult, failed: Sequence[str]) -> dict[str, Any]:
    """What came out of a survey, as `api.surveys.answer.SurveySummary` tells it."""
    unusable = [view.reason for view in result.coverage if not view.usable]
    wanted = ("from_m", "to_m", "reason", "lon", "lat")
    return {
        "frames": len(result.frames),
        "unusable": len(unusable),
        "driven_m": round(driven_m(result.frames), 1),
        "bbox": _box(result.frames),
        "defects": len(result.defects),
        "redrive": [{name: stretch.get(name) for name in wanted} for stretch in result.meta["redrive"]],
        "quality": dict(Counter(unusable).most_common()),
        "notes": [*failed, *result.meta["notes"]],
    }


def _box(frames: Sequence[Frame]) -> list[float] | None:
    """West, south, east and north of the places where pictures were taken, in degrees."""
    lon, lat = [frame.pose.lon for frame in frames], [frame.pose.lat for frame in frames]
    return [round(edge, 6) for edge in (min(lon), min(lat), max(lon), max(lat))] if frames else None
