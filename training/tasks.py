"""Frames of surveys as labelling tasks: only the road can be made out in them, and the model's boxes lie ready.

Everything but the carriageway is blurred beyond recognition, and so is any vehicle that a model of vehicles finds.
Nobody's face or number plate is looked for: what stands on the carriageway near the camera and is not found as a
vehicle stays to be seen.
"""

import csv
import itertools
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from detector.errors import InputError, SettingsError, WeightsError
from detector.files import atomic_folder
from detector.footage.photos import SUFFIXES
from detector.footage.video import read_frames
from detector.images import read_image, write_jpeg
from detector.model.predictor import Predictor
from detector.model.weights import load_weights, sha256
from detector.results import read_result
from detector.scene.camera import Camera
from detector.scene.occlusion import VEHICLES
from detector.survey import Model
from detector.taxonomy import NAMES
from detector.types import Bools, Detection, Frame, Image
from training.active import Candidate, Choice, Paths, candidates, choose, near, of_footage
from training.data.card import Origin
from training.data.dataset import read_dataset, write_dataset
from training.data.duplicates import signature
from training.data.exporting import ExportOptions, check_replaceable, export_dataset
from training.data.record import Annotation, Picture

FAR_M = 40.0  # the road is shown up to here,
SIDE_M = 7.0  # and this far to either side
BLOCKS = 20  # a blurred picture holds no more detail than so many points across: a face is less than one
STEP_PX = 4  # the edge of the road is found to so many pixels
VISIBLE = 0.5  # of a proposed box, for it to be kept
SOURCE = Origin(title="Frames of own surveys", licence="own", attribution="the road authority's own footage")
LIST = "selection.csv"

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class TaskOptions:
    """What to select, and for which program."""

    count: int
    form: str  # cvat or labelstudio
    footage: Path | None = None  # folder in which the footage lies now, when it was moved


@dataclass(frozen=True, slots=True)
class Selection:
    """What was selected."""

    chosen: list[Choice]
    left_out: list[str]  # a sentence for each file and frame that can't be used
    elsewhere: int  # disputed frames that fit none of the results, or several


def write_tasks(
    results: Sequence[Path],
    out: Path,
    options: TaskOptions,
    disputed: Sequence[tuple[str, float]] = (),
    vehicles: Model | None = None,
    progress: Progress = lambda stage, done, total: None,
) -> Selection:
    """Choose frames of survey results and write them as tasks with the model's boxes, all or nothing.

    `disputed` are (path of the footage, media time in s). Raises InputError for a result that can't be read, footage of
    which no frame can, or when `out` holds something else, and SettingsError when there is nothing to choose.
    """
    check_replaceable(out)
    surveys = [read_result(folder) for folder in results]
    times = of_footage(disputed, (frame.source for survey in surveys for frame in survey.frames))
    names = survey_names(results)
    found = [c for name, survey in zip(names, surveys, strict=True) for c in candidates(name, survey, times)]
    if not found:
        raise SettingsError("no frame of these surveys shows a road well enough to label")
    left_out: list[str] = []
    signatures = {}
    for done, (candidate, image) in enumerate(pictures(found, options.footage, left_out), start=1):
        signatures[id(candidate)] = signature(redact(image, road_mask(candidate.camera)))
        progress("looking at frames", done, len(found))
    seen = [c for c in found if id(c) in signatures]
    if not seen:
        raise InputError(results[0], f"gives no frame that can be read: {left_out[0]}")
    chosen = choose(seen, np.array([signatures[id(c)] for c in seen]), options.count)
    chosen = _write(chosen, out, options, vehicles, left_out, progress)
    placed = {(c.frame.source, t) for c in found for t in near(c.frame.media_time_s, times.get(c.frame.source, ()))}
    return Selection(chosen, list(dict.fromkeys(left_out)), len(set(disputed)) - len(placed))


def _write(
    chosen: Sequence[Choice],
    out: Path,
    options: TaskOptions,
    vehicles: Model | None,
    left_out: list[str],
    progress: Progress,
) -> list[Choice]:
    """Write the tasks and their list; return those whose frame could be read again, the others add to `left_out`."""
    with tempfile.TemporaryDirectory(prefix="schouw-") as scratch, atomic_folder(out.resolve()) as new:
        folder = Path(scratch) / "dataset"
        written = set()
        with write_dataset(folder, "Selected for labelling", {"survey": SOURCE}) as writer:
            frames = pictures([c.candidate for c in chosen], options.footage, left_out)
            for done, (candidate, image, others) in enumerate(_with_vehicles(frames, vehicles), start=1):
                writer.add(_task(candidate, image, others, writer.folder / "images"))
                written.add(id(candidate))
                progress("writing tasks", done, len(chosen))
        export_dataset(read_dataset(folder), new, ExportOptions(options.form, copy=True, pre_labels=True))
        chosen = [c for c in chosen if id(c.candidate) in written]
        _write_list(new / LIST, chosen)
    return chosen


def vehicle_model() -> Model | None:
    """The shipped model of vehicles; None where there is none."""
    try:
        return Predictor(load_weights("vehicles", VEHICLES), "cpu")
    except WeightsError:
        return None


def pictures(
    found: Sequence[Candidate], footage: Path | None, left_out: list[str]
) -> Iterator[tuple[Candidate, Image]]:
    """Yield the frames with their pixels, each video decoded once.

    A frame that can't be decoded, and footage that is gone or another, is left out and adds a sentence to `left_out`.
    """
    by_source: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in found:
        by_source[candidate.frame.source].append(candidate)
    moved = None if footage is None else Paths(str(path) for path in sorted(footage.rglob("*")) if path.is_file())
    for source, of_source in by_source.items():
        try:
            yield from _of_file(locate(source, moved), of_source, left_out)
        except InputError as problem:
            left_out.append(str(problem))


def _of_file(path: Path, found: Sequence[Candidate], left_out: list[str]) -> Iterator[tuple[Candidate, Image]]:
    """Yield frames of one file with their pixels. Two surveys may share a frame."""
    by_time: dict[float, list[Candidate]] = defaultdict(list)
    for candidate in found:
        by_time[candidate.frame.media_time_s].append(candidate)
    times = np.array(sorted(by_time))
    is_photo = path.suffix.lower() in SUFFIXES
    decoded = [(times[0], read_image(path, upright=True))] if is_photo else read_frames(path, times, left_out)
    for time, image in decoded:
        for candidate in by_time[times[np.abs(times - time).argmin()]]:
            frame, (height, width) = candidate.frame, image.shape[:2]
            if (width, height) != (frame.width, frame.height):
                problem = (
                    f"is {width} x {height} px, but the survey's footage of that name {frame.width} x {frame.height}"
                )
                raise InputError(path, problem, "name the folder of the survey's own footage with --footage")
            yield candidate, image


def locate(source: str, moved: Paths | None) -> Path:
    """Where a footage file lies now, among those of --footage. Raises InputError when it is gone, or may be several."""
    paths = [source] if moved is None else moved.closest(source)
    if len(paths) > 1:
        problem = f"may be any of {len(paths)} files: {', '.join(paths)}"
        raise InputError(source, problem, "name a folder that holds only one of them with --footage")
    if not paths or not Path(paths[0]).is_file():
        raise InputError(source, "this footage of the survey is gone", "name the folder that it lies in with --footage")
    return Path(paths[0])


def road_mask(camera: Camera, vehicles: Sequence[Detection] = ()) -> Bools:
    """Which pixels (height, width) show the carriageway: on the ground, near, ahead, and not on a vehicle."""
    rows, columns = np.mgrid[: camera.height : STEP_PX, : camera.width : STEP_PX]
    ground = camera.ground(np.column_stack([columns.ravel() + 0.5, rows.ravel() + 0.5]))
    ahead, left = ground[:, 0], ground[:, 1]
    with np.errstate(invalid="ignore"):
        near = (ahead > 0) & (ahead < FAR_M) & (np.abs(left) < SIDE_M)
    coarse = near.reshape(rows.shape).astype(np.uint8)
    mask = cv2.resize(coarse, (camera.width, camera.height), interpolation=cv2.INTER_NEAREST).astype(bool)
    for vehicle in vehicles:
        x0, y0, x1, y1 = (round(v) for v in vehicle.box)
        mask[max(y0, 0) : y1, max(x0, 0) : x1] = False
    return np.asarray(mask)


def redact(image: Image, shown: Bools) -> Image:
    """Blur all but `shown` (height, width) so far that nothing in it can be made out."""
    height, width = image.shape[:2]
    few = cv2.resize(image, (BLOCKS, max(round(BLOCKS * height / width), 1)), interpolation=cv2.INTER_AREA)
    blurred = cv2.resize(few, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.where(shown[..., None], image, blurred)


def survey_names(results: Sequence[Path]) -> list[str]:
    """A name for each result: its folder's own; where several share that, each with a number that makes it its own."""
    own = [folder.resolve().name for folder in results]
    taken, names = set(own), []
    for name in own:
        if own.count(name) > 1:
            name = next(n for n in (f"{name}-{k}" for k in itertools.count(1)) if n not in taken)
            taken.add(name)
        names.append(name)
    return names


def _with_vehicles(
    frames: Iterator[tuple[Candidate, Image]], vehicles: Model | None
) -> Iterator[tuple[Candidate, Image, Sequence[Detection]]]:
    """Frames with their pixels and the vehicles in them."""
    if vehicles is None:
        yield from ((c, image, ()) for c, image in frames)
        return
    keyed = (((c, image), image) for c, image in frames)
    yield from ((c, image, found) for (c, image), found in vehicles.stream(keyed))


def _task(candidate: Candidate, image: Image, vehicles: Sequence[Detection], folder: Path) -> Picture:
    """Write one picture and return its record, with the model's boxes on what can be seen."""
    shown = road_mask(candidate.camera, vehicles)
    frame = candidate.frame
    name = _name(candidate)
    write_jpeg(redact(image, shown), folder / name, quality=92)
    proposals = tuple(
        Annotation(label=NAMES[d.class_id], box=d.box, score=d.score)
        for d in candidate.detections
        if _visible(d, shown) >= VISIBLE
    )
    return Picture(
        name=name,
        path=f"images/{name}",
        width=frame.width,
        height=frame.height,
        sha256=sha256(folder / name),
        source="survey",
        group=f"{candidate.survey}/{_drive(frame)}",
        looked_for=NAMES,  # whoever corrects the boxes is asked to look for all of them
        lon=frame.pose.lon,
        lat=frame.pose.lat,
        annotations=proposals,
    )


def _visible(detection: Detection, shown: Bools) -> float:
    """The part of a box that is shown."""
    x0, y0, x1, y1 = (round(v) for v in detection.box)
    part = shown[max(y0, 0) : max(y1, y0 + 1), max(x0, 0) : max(x1, x0 + 1)]
    return float(part.mean()) if part.size else 0.0


def _name(candidate: Candidate) -> str:
    return f"{candidate.survey}_{candidate.frame.index:06d}.jpg"


def _drive(frame: Frame) -> str:
    """A video is a drive; so is a folder of photos."""
    path = Path(frame.source)
    return path.parent.name if path.suffix.lower() in SUFFIXES else path.stem


def _write_list(path: Path, chosen: Sequence[Choice]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(("rank", "picture", "reason", "doubt", "novelty", "lon", "lat", "footage", "media_time_s"))
        for rank, c in enumerate(chosen, start=1):
            frame, doubt = c.candidate.frame, round(c.candidate.doubt, 3)
            place = (round(frame.pose.lon, 6), round(frame.pose.lat, 6), Path(frame.source).name, frame.media_time_s)
            table.writerow((rank, _name(c.candidate), c.reason, doubt, round(c.novelty, 3), *place))
