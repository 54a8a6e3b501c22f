"""One survey, start to end: footage and a track in, a result folder with defects on the ground out.

Frames flow one by one: decode -> predict -> measure -> crop; memory holds a few pictures whatever the length of the
footage. What is kept of a frame is its place, its detections and what road it shows.
"""

import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol, TypeAlias, TypeVar

import numpy as np

from detector import __version__
from detector.calibrate import FromFootage, calibrate_drive
from detector.crops import Crops
from detector.errors import SchouwError, SettingsError
from detector.footage.sampling import read
from detector.legs import Leg, plan_legs
from detector.model.predictor import Device, Predictor
from detector.model.weights import Weights, default_weights, digests, load_weights
from detector.paths import check_paths
from detector.results import SurveyResult, write_result
from detector.scene.bonnet import find_bonnet
from detector.scene.camera import Camera, read_camera
from detector.scene.cameras import Cameras
from detector.scene.course import winding
from detector.scene.coverage import RoadView, judge, view_road
from detector.scene.measure import Reach, measure
from detector.scene.occlusion import VEHICLES, clear_until, on_a_vehicle
from detector.scene.redrive import bad_stretches
from detector.scene.tracking import TrackOptions
from detector.scene.tracking import track as follow
from detector.sheets import write_contact_sheets
from detector.taxonomy import NAMES
from detector.types import Coverage, Defect, Detection, Frame, Image, Look, Pose

SAMPLE = 32  # pictures of which an unknown camera's direction is found
MAX_NOTES = 50

T = TypeVar("T")
Check: TypeAlias = Callable[[Sequence[Pose]], None]
Size: TypeAlias = tuple[int, int]  # width, height of pictures
Key: TypeAlias = tuple[int, Frame, Image]  # drive, frame, picture
Found: TypeAlias = tuple[Key, list[Detection], list[Detection]]  # a picture's damage and vehicles


class Progress(Protocol):
    """Told how far a stage is: its name, how much is done, and of how much (None while unknown)."""

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Show it."""


def accept(poses: Sequence[Pose]) -> None:
    """Refuse no drive."""


class Model(Protocol):
    """What a survey asks of a model; `detector.model.predictor.Predictor` is the one in service."""

    def stream(self, pictures: Iterable[tuple[T, Image]], /) -> Iterator[tuple[T, list[Detection]]]:
        """Yield each key with what is in its picture, in order, pulling pictures as it goes."""


@dataclass(frozen=True, slots=True)
class DetectOptions:
    """The settings of a survey."""

    every_m: float = 3.0  # one frame for every so many metres driven
    device: Device = "auto"
    weights: str | None = None  # name or folder; None: the shipped model
    conf: float | None = None  # score threshold for all classes; None: the model's own
    camera: Path | None = None  # camera profile; None: assumed, with its direction found in the pictures
    calibrate: bool = False  # without a profile: find camera and clock offset in the footage first
    offset_s: float | None = None  # added to the footage's clock to get the track's
    partial: bool = False  # use the part of the footage that the track covers
    vehicles: bool = True  # look for other vehicles, which hide the road, with a small model of their own
    sheets: Path | None = None  # folder for contact sheets of the defects' looks; None: none


@dataclass(frozen=True, slots=True)
class DetectReport:
    """What a survey did. `failed` holds one sentence for each input that could not be used."""

    folder: Path
    result: SurveyResult
    failed: list[str]


@dataclass(slots=True)
class _Seen:
    """What the frames showed, in the order they were read."""

    drives: list[int] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    cameras: list[Camera] = field(default_factory=list)
    reaches: list[Reach] = field(default_factory=list)
    views: list[RoadView] = field(default_factory=list)
    looks: list[list[Look]] = field(default_factory=list)
    detections: list[tuple[int, Detection]] = field(default_factory=list)
    rejected: Counter[str] = field(default_factory=Counter)  # detections off the road, by reason
    notes: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(("decode", "predict", "scene"), 0.0))


def detect(
    footage: Sequence[Path],
    track: Path | None,
    out: Path,
    options: DetectOptions,
    progress: Progress,
    check: Check = accept,
) -> DetectReport:
    """Find damage in footage and write where it lies to the result folder `out`, whole or not at all.

    Args:
        footage: videos, folders of videos, or folders of geotagged photos.
        track: GPS track of the drive; None takes the one inside each video.
        out: result folder; an older result there is replaced.
        options: the settings.
        progress: told how far the survey is.
        check: given all poses before the first picture is read; may raise a SchouwError to stop.

    Raises:
        SchouwError: no input can be used (the first input's error), or a track, camera, model or option can't be.
    """
    weights = load_weights(options.weights) if options.weights else default_weights()
    predictor = Predictor(weights, options.device, options.conf)
    others = Predictor(load_weights("vehicles", VEHICLES), "cpu") if options.vehicles else None
    card = _model_card(weights, predictor, options)
    return survey(footage, track, out, options, predictor, card, progress, check, others)


def survey(
    footage: Sequence[Path],
    track: Path | None,
    out: Path,
    options: DetectOptions,
    model: Model,
    model_card: dict[str, Any],
    progress: Progress,
    check: Check = accept,
    vehicles: Model | None = None,
) -> DetectReport:
    """Do what `detect` does with a model that is already there; `model_card` is what the result says of it."""
    if not options.every_m > 0:
        raise SettingsError(f"one frame every {options.every_m} m is impossible; give a distance above 0")
    check_paths([*footage, track], options.camera, out, options.sheets)
    profile = None if options.camera is None else read_camera(options.camera)
    created = datetime.now(UTC)
    own = FromFootage(None, options.offset_s or 0.0, ())
    if options.calibrate and profile is None:
        progress("calibrating", 0, None)
        own = calibrate_drive(footage, track, own.offset_s)
        progress("calibrating", 1, 1)
    legs = plan_legs(
        footage,
        track,
        every_m=options.every_m,
        offset_s=own.offset_s,
        partial=options.partial,
        planned=lambda done, total: progress("reading tracks", done, total),
    )
    _raise_if_all_failed(legs)
    check([shot.pose for leg in legs if leg.plan and not leg.error for shot in leg.plan.shots])
    sample = list(_sample(legs))
    cameras = Cameras(profile, [] if profile else sample, [own.camera] if own.camera else [])
    reaches = _reaches(sample, cameras)
    with tempfile.TemporaryDirectory(prefix="schouw-") as folder:
        crops = Crops(Path(folder))
        seen = _see(legs, cameras, reaches, (model, vehicles), crops, progress)
        _raise_if_all_failed(legs)
        progress("joining looks", 0, None)
        defects = _defects(seen)
        result = SurveyResult(
            meta={},
            frames=seen.frames,
            coverage=[c for part in _drives(seen) for c in judge(seen.views[part])],
            detections=seen.detections,
            defects=defects,
            fixes=list(dict.fromkeys(fix for leg in legs for fix in leg.fixes)),
        )
        seen.notes[:0] = own.notes
        result = replace(result, meta=_meta(result, seen, legs, cameras, model_card, options, created))
        progress("joining looks", 1, 1)
        write_result(result, crops.of(defects), out)
        if options.sheets:
            write_contact_sheets(defects, crops.of_look, options.sheets)
    return DetectReport(out, result, [str(leg.error) for leg in legs if leg.error])


def _raise_if_all_failed(legs: Sequence[Leg]) -> None:
    errors = [leg.error for leg in legs if leg.error]
    if len(errors) == len(legs):
        raise errors[0] if errors else SettingsError("no footage given; name a video or a folder of photos")


def _sample(legs: Sequence[Leg]) -> Iterator[Image]:
    """Pictures spread evenly over all footage."""
    usable = [leg for leg in legs if leg.plan and not leg.error]
    total = sum(len(leg.plan.shots) for leg in usable if leg.plan)
    wanted = np.unique(np.linspace(0, total - 1, SAMPLE).astype(int))
    first = 0
    for leg in usable:
        if leg.plan is None:
            continue
        rows = [n - first for n in wanted if first <= n < first + len(leg.plan.shots)]
        first += len(leg.plan.shots)
        try:
            if rows:
                yield from (image for _, image in read(replace(leg.plan, shots=tuple(leg.plan.shots[r] for r in rows))))
        except SchouwError:
            continue  # told when the whole of it is read


def _reaches(sample: Sequence[Image], cameras: Cameras) -> dict[Size, Reach]:
    """The road that pictures of each size can show: from where the own bonnet ends."""
    by_size: dict[Size, list[Image]] = defaultdict(list)
    for image in sample:
        by_size[image.shape[1], image.shape[0]].append(image)
    reaches = {}
    for (width, height), images in by_size.items():
        try:
            bonnet = cameras.of(width, height).ground(np.array([[width / 2, find_bonnet(images) * height]]))[0, 0]
        except SettingsError:
            continue  # a profile for other pictures: told when their leg is read
        reaches[width, height] = Reach(near_m=max(float(np.nan_to_num(bonnet)), 0.0))
    return reaches


def _see(
    legs: Sequence[Leg],
    cameras: Cameras,
    reaches: Mapping[Size, Reach],
    models: tuple[Model, Model | None],
    crops: Crops,
    progress: Progress,
) -> _Seen:
    """Run all pictures through the models, and keep what each shows of the road."""
    seen = _Seen()
    total = sum(len(leg.plan.shots) for leg in legs if leg.plan and not leg.error)
    progress("looking at the road", 0, total)
    start = perf_counter()
    for (drive, frame, image), detections, vehicles in _found(_pictures(legs, cameras, seen), *models):
        began = perf_counter()
        camera = cameras.of(frame.width, frame.height)
        reach = reaches.get((frame.width, frame.height), Reach())
        covered = on_a_vehicle(detections, vehicles, camera)
        on_road = [d for d, hidden in zip(detections, covered, strict=True) if not hidden]
        looks, rejected = measure(frame.index, on_road, camera, reach)
        looks = [replace(look, winding=winding(image, look, camera)) for look in looks]
        seen.rejected.update("on a vehicle" for hidden in covered if hidden)
        seen.drives.append(drive)
        seen.frames.append(frame)
        seen.cameras.append(camera)
        seen.reaches.append(reach)
        seen.views.append(view_road(frame.index, image, camera, reach, clear_until(vehicles, camera)))
        seen.looks.append(looks)
        seen.detections.extend((frame.index, d) for d in detections)
        seen.rejected.update(reason for _, reason in rejected)
        crops.add(looks, image, camera)
        seen.seconds["scene"] += perf_counter() - began
        progress("looking at the road", len(seen.frames), total)
    seen.seconds["predict"] = perf_counter() - start - seen.seconds["decode"] - seen.seconds["scene"]
    return seen


def _found(pictures: Iterator[tuple[Key, Image]], model: Model, vehicles: Model | None) -> Iterator[Found]:
    """What the models find in each picture, in order."""
    if vehicles is None:
        yield from ((key, damage, []) for key, damage in model.stream(pictures))
        return
    seen = (((key, others), key[2]) for key, others in vehicles.stream(pictures))
    yield from ((key, damage, others) for (key, others), damage in model.stream(seen))


def _pictures(legs: Sequence[Leg], cameras: Cameras, seen: _Seen) -> Iterator[tuple[Key, Image]]:
    """All pictures of all legs, numbered through. A leg that fails keeps its error and the next one begins."""
    index = 0
    for leg in legs:
        if leg.error or not leg.plan:
            continue
        pictures = read(leg.plan, index, seen.notes)
        try:
            while True:
                began = perf_counter()
                pair = next(pictures, None)
                seen.seconds["decode"] += perf_counter() - began
                if pair is None:
                    break
                frame, image = pair
                cameras.of(frame.width, frame.height)  # a profile for other pictures is this leg's mistake
                leg.frames += 1
                index = frame.index + 1
                yield (leg.drive, frame, image), image
        except SchouwError as error:
            leg.error = error


def _drives(seen: _Seen) -> Iterator[slice]:
    """The frames of each drive."""
    for _, rows in groupby(range(len(seen.drives)), key=lambda i: seen.drives[i]):
        numbers = list(rows)
        yield slice(numbers[0], numbers[-1] + 1)


def _defects(seen: _Seen) -> list[Defect]:
    """The defects of all drives, numbered through from 1."""
    defects: list[Defect] = []
    for part in _drives(seen):
        options = TrackOptions(reach=seen.reaches[part][0])
        defects += follow(seen.frames[part], seen.looks[part], seen.cameras[part], options, len(defects) + 1)
    return defects


def _redrive(seen: _Seen, coverage: Sequence[Coverage]) -> list[dict[str, Any]]:
    """The stretches to drive again, each with the place where the drive came nearest to its beginning."""
    stretches = []
    for part in _drives(seen):
        drive, frames = seen.drives[part.start], seen.frames[part]
        for bad in bad_stretches(frames, coverage[part]):
            pose = min((f.pose for f in frames), key=lambda p: abs(p.distance_m - bad.from_m))
            place = {"lon": round(pose.lon, 7), "lat": round(pose.lat, 7)}
            ends = {"from_m": round(bad.from_m, 1), "to_m": round(bad.to_m, 1)}
            stretches.append({"drive": drive, **ends, "reason": bad.reason, **place})
    return stretches


def _model_card(weights: Weights, predictor: Predictor, options: DetectOptions) -> dict[str, Any]:
    card = weights.card
    return {
        "name": card.name,
        "version": card.version,
        "sha256": digests(weights),
        "conf": card.conf if options.conf is None else options.conf,
        "backend": "torch" if predictor.device == "cuda" else "OpenVINO",
        "device": predictor.device,
    }


def _meta(
    result: SurveyResult,
    seen: _Seen,
    legs: Sequence[Leg],
    cameras: Cameras,
    model_card: dict[str, Any],
    options: DetectOptions,
    created: datetime,
) -> dict[str, Any]:
    """What survey.json says: how the result came about, and what to mind."""
    notes = [leg.plan.note for leg in legs if leg.plan and leg.plan.note]
    notes += [
        f"{leg.file}: {leg.plan.outside} frames lie outside the track" for leg in legs if leg.plan and leg.plan.outside
    ]
    notes += [
        f"{leg.file}: {leg.repeated} frames left out; other footage shows that part of the drive"
        for leg in legs
        if leg.repeated and not leg.error
    ]
    if not all(camera["calibrated"] for camera in cameras.cards()):
        notes.append("the camera is not calibrated: places and sizes are estimates; add --calibrate or give --camera")
    notes += seen.notes[:MAX_NOTES]
    if len(seen.notes) > MAX_NOTES:
        notes.append(f"and {len(seen.notes) - MAX_NOTES} more frames that can't be decoded")
    frames = len(seen.frames)
    return {
        "schouw": __version__,
        "created_utc": created.isoformat(timespec="seconds"),
        "model": model_card,
        "settings": {name: str(v) if isinstance(v, Path) else v for name, v in asdict(options).items()},
        "cameras": cameras.cards(),
        "inputs": [
            {
                "file": str(leg.file),
                "status": "failed" if leg.error else "done",
                "error": str(leg.error) if leg.error else "",
                "frames": leg.frames,
            }
            for leg in legs
        ],
        "counts": {
            "frames": frames,
            "frames_usable": sum(c.usable for c in result.coverage),
            "detections": len(seen.detections),
            "off_the_road": dict(seen.rejected),
            "looks": sum(map(len, seen.looks)),
            "defects": {name: sum(d.class_id == i for d in result.defects) for i, name in enumerate(NAMES)},
        },
        "redrive": _redrive(seen, result.coverage),
        "timings": {
            stage: {"seconds": round(spent, 3), "frames_per_s": round(frames / spent, 1) if spent > 0 else None}
            for stage, spent in seen.seconds.items()
        },
        "notes": notes,
    }
