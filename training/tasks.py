"""Frames of surveys as labelling tasks: only the road can be made out in them, and the model's boxes lie ready.

Everything but the carriageway is blurred beyond recognition, and so is any vehicle that a model of vehicles finds.
Nobody's face or number plate is looked for: what stands on the carriageway near the camera and is not found as a
vehicle stays to be seen.
"""

import csv
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from detector.errors import InputError, SettingsError, WeightsError
from detector.footage.photos import SUFFIXES, read_photo_folder
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
from training.active import Candidate, Choice, candidates, choose
from training.data.card import Origin
from training.data.dataset import read_dataset, write_dataset
from training.data.duplicates import signature
from training.data.exporting import ExportOptions, export_dataset
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


def write_tasks(
    results: Sequence[Path],
    out: Path,
    options: TaskOptions,
    disputed: Sequence[tuple[str, float]] = (),
    vehicles: Model | None = None,
    progress: Progress = lambda stage, done, total: None,
) -> list[Choice]:
    """Choose frames of survey results and write them as tasks with the model's boxes; return what was chosen.

    Raises InputError for a result or footage that can't be read and SettingsError when there is nothing to choose.
    """
    found = [c for number, folder in enumerate(results) for c in _of_result(folder, number, results, disputed)]
    if not found:
        raise SettingsError("no frame of these surveys shows a road well enough to label")
    signatures = {}
    for done, (candidate, image) in enumerate(pictures(found, options.footage), start=1):
        signatures[id(candidate)] = signature(redact(image, road_mask(candidate.camera)))
        progress("looking at frames", done, len(found))
    seen = [c for c in found if id(c) in signatures]
    chosen = choose(seen, np.array([signatures[id(c)] for c in seen]), options.count)
    with tempfile.TemporaryDirectory(prefix="schouw-") as scratch:
        folder = Path(scratch) / "dataset"
        with write_dataset(folder, "Selected for labelling", {"survey": SOURCE}) as writer:
            wanted = [c.candidate for c in chosen]
            for done, (candidate, image, others) in enumerate(
                _with_vehicles(wanted, options.footage, vehicles), start=1
            ):
                writer.add(_task(candidate, image, others, writer.folder / "images"))
                progress("writing tasks", done, len(chosen))
        export_dataset(read_dataset(folder), out, ExportOptions(options.form, copy=True, pre_labels=True))
    _write_list(out / LIST, chosen)
    return chosen


def vehicle_model() -> Model | None:
    """The shipped model of vehicles; None where there is none."""
    try:
        return Predictor(load_weights("vehicles", VEHICLES), "cpu")
    except WeightsError:
        return None


def pictures(found: Sequence[Candidate], footage: Path | None) -> Iterator[tuple[Candidate, Image]]:
    """Yield the frames with their pixels, each video decoded once. A frame that can't be decoded is left out."""
    by_source: dict[str, list[Candidate]] = {}
    for candidate in found:
        by_source.setdefault(candidate.frame.source, []).append(candidate)
    turns: dict[Path, dict[str, int]] = {}
    for source, of_source in by_source.items():
        path = locate(source, footage)
        if path.suffix.lower() in SUFFIXES:
            if path.parent not in turns:
                turns[path.parent] = {photo.path.name: photo.turns for photo in read_photo_folder(path.parent).photos}
            try:
                image = read_image(path)
            except InputError:
                continue
            yield of_source[0], np.ascontiguousarray(np.rot90(image, k=turns[path.parent].get(path.name, 0)))
            continue
        times = np.array(sorted(c.frame.media_time_s for c in of_source))
        for time, image in read_frames(path, times, []):
            yield min(of_source, key=lambda c: abs(c.frame.media_time_s - time)), image


def locate(source: str, footage: Path | None) -> Path:
    """Where a footage file lies. Raises InputError when it is gone."""
    path = Path(source) if footage is None else footage / Path(source).name
    if path.is_file():
        return path
    if footage is not None and (below := sorted(footage.rglob(Path(source).name))):
        return below[0]
    raise InputError(path, "this footage of the survey is gone", "name the folder that it lies in with --footage")


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


def _of_result(
    folder: Path, number: int, results: Sequence[Path], disputed: Sequence[tuple[str, float]]
) -> list[Candidate]:
    own = folder.resolve().name
    name = own if [f.resolve().name for f in results].count(own) == 1 else f"{own}-{number + 1}"
    return candidates(name, read_result(folder), disputed)


def _with_vehicles(
    wanted: Sequence[Candidate], footage: Path | None, vehicles: Model | None
) -> Iterator[tuple[Candidate, Image, Sequence[Detection]]]:
    """Frames with their pixels and the vehicles in them."""
    if vehicles is None:
        yield from ((c, image, ()) for c, image in pictures(wanted, footage))
        return
    keyed = (((c, image), image) for c, image in pictures(wanted, footage))
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
