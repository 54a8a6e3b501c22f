"""How far DNIT's labels agree with themselves: from one frame to the next, a few metres on, that shows the same road.

    python -m benchmarks.labels [--split val] [--most 200] [--json FILE] [--sheet FILE.jpg]

The road of two successive frames is laid on each other by its texture (SIFT, Lowe 2004, seen from above; a homography
by RANSAC). The damage that is labelled in one frame, and of which the other shows the place, is looked for among the
other's labels: what was drawn in one frame is scored as if it were a detection in the other. Potholes, which have a
clear edge, tell how well the frames lie on each other. The later frame sees the same road from nearer by, and may have
labels for what was too far before: so agreement is said from the earlier to the later, and the other way round.
"""

import argparse
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rich.progress import track

from detector.boxes import iou
from detector.images import read_image, write_jpeg
from detector.scene.calibration.registration import Grey, texture
from detector.taxonomy import CLASSES
from detector.types import Floats, Image
from training.config import data_folder
from training.data.card import read_card
from training.data.crack_kinds import DNIT, mask_of
from training.data.pictures import LabelledPicture, read_pictures

WIDTH = 1024  # of the masks; all is measured in pixels of that width
NAME = re.compile(r"(\d+)_(.+)_(\d+)")  # number of the picture, road, place along it
# The road from above, in metres.
ASIDE, NEAR, FAR, CELL = 3.0, 3.0, 17.0, 0.025
AHEAD, SIDE = (1.5, 10.0), 1.0  # how far the vehicle may have gone between the frames
TOGETHER = 0.5  # matches that say the same motion, metres
LEAST_MATCHES = 50  # that lie on one homography, within OFF_CELLS
OFF_CELLS = 4.0
FARTHEST = 12.0  # damage is compared up to here, from the frame that is farther away
RIM = 8  # px that damage must keep from the picture's edge, and within which pixels of labels still meet
# Square pixels of a box; a tenth of a class's are smaller. What would be smaller in the other frame is not asked for.
SMALLEST = (1000, 900, 6600, 300)
POTHOLE = 3
ON_SHEET = 8
BACKWARDS = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP


@dataclass(frozen=True, slots=True)
class Sight:
    """One label, as the other frame should show it, and the best that is there."""

    class_id: int
    from_earlier: bool
    same: float  # largest IoU with a label of its class
    akin: float  # with a crack of any kind, or a pothole
    met: bool  # whether any pixel of damage lies within RIM of its own


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture, `WIDTH` wide, with the pixels of its damage."""

    image: Image
    boxes: Floats  # (n, 4) px
    classes: tuple[int, ...]
    cracks: Grey
    potholes: Grey

    def damage(self, class_id: int) -> Grey:
        """Pixels of cracks, or of potholes."""
        return self.potholes if class_id == POTHOLE else self.cracks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--split", choices=("train", "val"), help="default: both")
    parser.add_argument("--most", type=int, default=200, help="pairs of frames of a split, drawn by lot")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--sheet", type=Path, help=f"a picture of {ON_SHEET} pairs, laid on each other")
    given = parser.parse_args()
    chosen = []
    for split in (given.split,) if given.split else ("train", "val"):
        folder = data_folder() / "road-damage" / split
        pairs = successive(read_pictures(folder, read_card("road-damage")).pictures)
        chosen += [pairs[i] for i in np.random.default_rng(0).permutation(len(pairs))[: given.most]]
    sights: list[Sight] = []
    sheet: list[Image] = []
    laid = 0
    for names in track(chosen, "Frames laid on each other"):
        earlier, later = (read_frame(picture) for picture in names)
        onto = motion(earlier.image, later.image)
        if onto is None:
            continue
        laid += 1
        sights += [
            *seen(earlier, later, onto, True),
            *seen(later, earlier, np.asarray(np.linalg.inv(onto), np.float64), False),
        ]
        if len(sheet) < ON_SHEET:
            sheet.append(beside(earlier, later, onto))
    print(f"{len(chosen)} pairs of frames, {laid} laid on each other")
    found = dict(agreement(sights))
    for name, shares in found.items():
        print(f"{name:38}", ", ".join(f"{what} {share}" for what, share in shares.items()))
    if given.json:
        given.json.write_text(json.dumps({"pairs": len(chosen), "laid": laid, "agreement": found}, indent=2))
    if given.sheet and sheet:
        write_jpeg(np.concatenate(sheet), given.sheet)


def successive(pictures: Iterable[LabelledPicture]) -> list[tuple[LabelledPicture, LabelledPicture]]:
    """Pictures of one road whose numbers follow each other, the earlier first."""
    known = []
    for picture in pictures:
        name = NAME.fullmatch(picture.path.stem)
        if picture.source == "dnit" and name:
            known.append((name[2], int(name[1]), picture))
    known.sort(key=lambda row: row[:2])
    return [(a[2], b[2]) for a, b in pairwise(known) if a[0] == b[0] and b[1] == a[1] + 1]


def read_frame(picture: LabelledPicture) -> Frame:
    """Read a picture and its masks; where there is no mask, nothing was drawn."""
    height = round(WIDTH * picture.height / picture.width)
    image = cv2.resize(read_image(picture.path), (WIDTH, height), interpolation=cv2.INTER_CUBIC)
    masks = []
    for pixels in (mask_of(picture.path, "CRACK"), mask_of(picture.path, "POTHOLE")):
        drawn_or_not = np.zeros((height, WIDTH), np.uint8) if pixels is None else pixels
        masks.append(cv2.resize(drawn_or_not, (WIDTH, height), interpolation=cv2.INTER_NEAREST))
    drawn = [label for label in picture.labels if label.class_id <= POTHOLE]  # ravelling was not DNIT's
    boxes = np.array([label.box for label in drawn]).reshape(-1, 4) * [WIDTH, height, WIDTH, height]
    return Frame(image, boxes, tuple(label.class_id for label in drawn), masks[0], masks[1])


def above(height: int) -> Floats:
    """The homography (3, 3) from cells of the road, seen from above, to pixels of a picture of DNIT's."""
    to_road = np.array([[CELL, 0, -ASIDE], [0, -CELL, FAR], [0, 0, 1]])
    focal, horizon = DNIT.focal * WIDTH, DNIT.horizon * height
    to_picture = np.array([[focal, WIDTH / 2, 0], [0, horizon, focal * DNIT.height_m], [0, 1, 0]])
    return np.asarray(to_picture @ to_road, np.float64)


def motion(earlier: Image, later: Image) -> Floats | None:
    """The homography (3, 3) from pixels of the earlier frame to the later; None where the texture doesn't tell it."""
    maps = [above(image.shape[0]) for image in (earlier, later)]
    size = round(2 * ASIDE / CELL), round((FAR - NEAR) / CELL)
    views = [
        texture(cv2.warpPerspective(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), m, size, flags=BACKWARDS))
        for image, m in zip((earlier, later), maps, strict=True)
    ]
    sift = cv2.SIFT.create(3000, contrastThreshold=0.012, edgeThreshold=20)
    smooth = [cv2.GaussianBlur(view, (0, 0), 1.5) for view in views]
    (first, of_first), (second, of_second) = (sift.detectAndCompute(view, None) for view in smooth)
    if len(first) < LEAST_MATCHES or len(second) < LEAST_MATCHES:
        return None
    # The grain of asphalt looks alike in many places, so several candidates vote on the motion.
    found = [m for near in cv2.BFMatcher(cv2.NORM_L2).knnMatch(of_second, of_first, k=6) for m in near]
    a = np.array([first[m.trainIdx].pt for m in found])
    b = np.array([second[m.queryIdx].pt for m in found])
    moved = (b - a)[:, ::-1] * CELL  # ahead, aside
    steps = [np.arange(*AHEAD, TOGETHER), np.arange(-SIDE, SIDE + TOGETHER, TOGETHER)]
    votes = np.array([[_near(moved, (x, y)).sum() for y in steps[1]] for x in steps[0]])
    x, y = np.unravel_index(votes.argmax(), votes.shape)
    near = _near(moved, (float(steps[0][x]), float(steps[1][y])))
    if near.sum() < LEAST_MATCHES:
        return None
    cells, fits = cv2.findHomography(a[near], b[near], cv2.RANSAC, OFF_CELLS, maxIters=5000)
    if cells is None or fits.sum() < LEAST_MATCHES:
        return None
    return np.asarray(maps[1] @ cells @ np.linalg.inv(maps[0]))


def _near(moved: Floats, to: tuple[float, float]) -> Any:
    return (np.abs(moved - to) <= TOGETHER).all(axis=1)


def seen(here: Frame, there: Frame, onto: Floats, from_earlier: bool) -> Iterator[Sight]:
    """Look for the damage of one frame in the other, where that shows the place whole."""
    height, width = there.cracks.shape
    reach = np.ones((2 * RIM + 1, 2 * RIM + 1), np.uint8)
    damaged = cv2.dilate(there.cracks | there.potholes, reach) > 0
    others = np.array(there.classes)
    for box, class_id in zip(here.boxes, here.classes, strict=True):
        x0, y0, x1, y1 = (max(round(v), 0) for v in box)
        ys, xs = np.nonzero(here.damage(class_id)[y0:y1, x0:x1])
        if not len(xs):
            continue
        points = cv2.perspectiveTransform(np.column_stack([xs + x0, ys + y0])[:, None] + 0.5, onto)[:, 0]
        place = np.concatenate([points.min(axis=0) - 0.5, points.max(axis=0) + 0.5])
        if (place < RIM).any() or (place[2:] > np.array([width, height]) - RIM).any():
            continue
        far = box if from_earlier else place
        if _metres_ahead((far[1] + far[3]) / 2, height) > FARTHEST:
            continue
        if np.prod(place[2:] - place[:2]) < SMALLEST[class_id]:
            continue
        overlaps = iou(place[None], there.boxes)[0]
        akin = (others == POTHOLE) == (class_id == POTHOLE)
        columns, rows = points.astype(int).T
        yield Sight(
            class_id,
            from_earlier,
            float(overlaps[others == class_id].max(initial=0)),
            float(overlaps[akin].max(initial=0)),
            bool(damaged[rows, columns].any()),
        )


def _metres_ahead(row: float, height: int) -> float:
    return float(DNIT.ground(np.zeros(1), np.array([row]), WIDTH, height)[1][0])


def agreement(sights: list[Sight]) -> Iterator[tuple[str, dict[str, float]]]:
    """For each class, and for all: how many were to be seen, and which share of them was labelled so."""
    for class_id, from_earlier in product((*range(POTHOLE + 1), None), (True, False)):
        some = [s for s in sights if class_id in (None, s.class_id) and s.from_earlier == from_earlier]
        if not some:
            continue
        shares = {
            "same kind, IoU 0.5": [s.same >= 0.5 for s in some],
            "same kind, IoU 0.3": [s.same >= 0.3 for s in some],
            "cracks as one, IoU 0.5": [s.akin >= 0.5 for s in some],
            "cracks as one, IoU 0.1": [s.akin >= 0.1 for s in some],
            "any damage there": [s.met for s in some],
        }
        name = "all" if class_id is None else CLASSES[class_id].name
        way = "earlier to later" if from_earlier else "later to earlier"
        yield f"{name}, {way}", {"labels": len(some)} | {k: round(float(np.mean(v)), 2) for k, v in shares.items()}


def beside(earlier: Frame, later: Frame, onto: Floats) -> Image:
    """The earlier frame as the later sees it, and the later, with their damage in red."""
    height = later.image.shape[0]
    moved = [cv2.warpPerspective(p, onto, (WIDTH, height)) for p in (earlier.image, earlier.cracks | earlier.potholes)]
    shown = []
    for image, damage in (moved, (later.image, later.cracks | later.potholes)):
        shown.append(np.where(damage[..., None] > 0, np.array([255, 0, 0], np.uint8), image))
    return np.asarray(np.concatenate(shown, axis=1)[: round(WIDTH * 0.6)])


if __name__ == "__main__":
    main()
