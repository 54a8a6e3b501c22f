"""Copy-paste: damage cut out of some pictures along its mask and laid onto the carriageway of others.

What is copied is not the colour of the damage but how much darker or lighter it is than the asphalt around it, so that
it takes on the light and the grain of the road it is laid on. Its place and size follow from the cameras: it lies on
the ground, as near to scale as two cameras of about the same height allow. Pictures whose camera can't be told (those
of a source that mixes cameras) are left alone. After Ghiasi et al. (2021), arXiv:2012.07177.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.boxes import iou
from detector.errors import InputError
from detector.images import read_image
from detector.scene.camera import Camera, default_camera
from detector.scene.horizon import find_direction
from detector.types import Floats, Image
from training.data.pictures import WHOLE, Box, Label, LabelledPicture

MASKS = {0: "CRACK", 1: "CRACK", 2: "CRACK", 3: "POTHOLE"}  # class id: `masks/<stem>_<word>.png` beside `images/`
MARGIN = 0.15  # of the box, kept around it
LEAST_PX, MOST = 14, 0.6  # of the longer side of a piece: pixels, and part of its picture
FEATHER_PX = 2.0
CONTRAST = (0.25, 1.6)  # how much darker or lighter than the asphalt a pixel of damage may be
AHEAD_M = (5.0, 18.0)  # of the camera: where damage is laid
BESIDE_M = 2.0
PLAIN = 16.0  # standard deviation of the grey values of asphalt without paint, edges or grass
SAME_ROAD = 40.0  # grey values, by which a place may differ from the road ahead
FAINT = 0.12  # a piece whose damage differs less from its asphalt teaches to see what can't be seen
SCALES = (0.4, 1.5)  # of a piece, across and along; beyond that it is too coarse, or too small to tell
SAMPLE, SAMPLES = 24, 4  # pictures of a camera, from which its direction is found, and how many times it is tried
ENOUGH = 12  # fewer pictures don't tell
PIECES = 1500  # kept in memory, about 100 MB
MOST_PIECES = 3  # laid on a picture
TRIES = 8

Contrast: TypeAlias = NDArray[np.float32]
Mask: TypeAlias = NDArray[np.uint8]
Kind: TypeAlias = tuple[str, int, int]  # source, width and height: pictures of one camera


@dataclass(frozen=True, slots=True)
class Piece:
    """One damage, cut out: `contrast` (height, width, 3) to the asphalt around it, 1 where there is no damage."""

    class_id: int
    contrast: Contrast
    x: float  # of the middle of its lower edge in its picture, px
    y: float
    camera: Camera


class Paster:
    """Lays damage on pictures. The cameras are those of the pictures' sources."""

    def __init__(self, pieces: Sequence[Piece], cameras: Mapping[Kind, Camera], share: float = 1.0) -> None:
        """`share` is the part of the pictures that get any."""
        self.pieces, self.cameras, self.share = pieces, cameras, share
        counts = Counter(p.class_id for p in pieces)
        weights = np.array([1 / counts[p.class_id] for p in pieces])  # each class as often
        self._chances = weights / weights.sum() if len(pieces) else weights

    def paste(
        self, image: Image, picture: LabelledPicture, rng: np.random.Generator
    ) -> tuple[Image, tuple[Label, ...]]:
        """Lay damage on a copy of the picture, at any size; return it and what was added, which may be nothing.

        Nothing is laid over what is labelled, nor where a class is in doubt, nor on the overlay.
        """
        camera = self.cameras.get(kind_of(picture))
        if camera is None or not self.pieces or rng.random() >= self.share:
            return image, ()
        camera = camera.resized(image.shape[1], image.shape[0])
        taken = [label.box for label in (*picture.labels, *picture.ignored) if label.box != WHOLE]
        taken += [picture.hide] if picture.hide else []
        canvas, added = image.copy(), list[Label]()
        for _ in range(int(rng.integers(1, MOST_PIECES + 1))):
            piece = self.pieces[int(rng.choice(len(self.pieces), p=self._chances))]
            there = np.array([*taken, *(label.box for label in added)]).reshape(-1, 4)
            box = _lay(canvas, piece, camera, there, rng)
            if box is not None:
                added.append(Label(piece.class_id, box))
        return canvas, tuple(added)


def cut_pieces(
    pictures: Sequence[LabelledPicture], cameras: Mapping[Kind, Camera], seed: int, most: int = PIECES
) -> list[Piece]:
    """Cut out damage along the masks that lie beside the pictures, at most so many pieces, chosen at random."""
    known = [p for p in dict.fromkeys(pictures) if kind_of(p) in cameras]
    masked = [p for p in known if any(_mask_path(p, label).is_file() for label in p.labels)]
    pieces: list[Piece] = []
    for index in np.random.default_rng(seed).permutation(len(masked)).tolist():
        if len(pieces) >= most:
            break
        pieces.extend(_pieces_of(masked[index], cameras[kind_of(masked[index])]))
    return pieces[:most]


def find_cameras(pictures: Sequence[LabelledPicture], seed: int) -> dict[Kind, Camera]:
    """The camera of each kind of picture that shows its direction; its height and field of view are assumed."""
    by_kind: dict[Kind, list[LabelledPicture]] = defaultdict(list)
    for picture in dict.fromkeys(pictures):
        by_kind[kind_of(picture)].append(picture)
    cameras = {}
    for kind, members in by_kind.items():
        order = np.random.default_rng(seed).permutation(len(members)).tolist()
        for first in range(0, min(len(members) - ENOUGH + 1, SAMPLES * SAMPLE), SAMPLE):
            images = [_read(members[n]) for n in order[first : first + SAMPLE]]
            camera = find_direction([i for i in images if i is not None], default_camera(*kind[1:]))
            if camera is not None:
                cameras[kind] = camera
                break
    return cameras


def kind_of(picture: LabelledPicture) -> Kind:
    """Pictures of one source and size are taken to be of one camera."""
    return picture.source, picture.width, picture.height


def _pieces_of(picture: LabelledPicture, camera: Camera) -> Iterator[Piece]:
    image = _read(picture)
    if image is None:
        return
    masks: dict[str, Mask | None] = {}
    for label in picture.labels:
        path = _mask_path(picture, label)
        if path.name not in masks:
            masks[path.name] = _read_mask(path, picture)
        mask = masks[path.name]
        if mask is not None:
            yield from _piece(image, mask, label, camera)


def _piece(image: Image, mask: Mask, label: Label, camera: Camera) -> Iterator[Piece]:
    height, width = mask.shape
    x0, y0, x1, y1 = np.array(label.box) * [width, height, width, height]
    if max(x1 - x0, y1 - y0) < LEAST_PX or x1 - x0 > MOST * width or y1 - y0 > MOST * height:
        return
    mx, my = MARGIN * (x1 - x0) + FEATHER_PX, MARGIN * (y1 - y0) + FEATHER_PX
    rows = slice(max(int(y0 - my), 0), min(int(y1 + my) + 1, height))
    columns = slice(max(int(x0 - mx), 0), min(int(x1 + mx) + 1, width))
    inside = np.zeros_like(mask)
    inside[int(y0) : int(y1) + 1, int(x0) : int(x1) + 1] = 1
    cut, asphalt = (mask * inside)[rows, columns], image[rows, columns][mask[rows, columns] == 0]
    if cut.mean() < 0.01 or len(asphalt) < 50:
        return
    level = np.maximum(np.median(asphalt, axis=0), 8.0).astype(np.float32)
    ratio = np.clip(image[rows, columns] / level, *CONTRAST)
    alpha = cv2.GaussianBlur(cv2.dilate(cut, np.ones((3, 3), np.uint8)).astype(np.float32), (0, 0), FEATHER_PX / 2)
    contrast = 1 + alpha[..., None] * (ratio - 1)
    if np.abs(contrast - 1)[cut > 0].mean() < FAINT:
        return
    yield Piece(label.class_id, contrast.astype(np.float32), float((x0 + x1) / 2), float(y1), camera)


def _lay(canvas: Image, piece: Piece, camera: Camera, taken: Floats, rng: np.random.Generator) -> Box | None:
    """Lay a piece on the canvas, in place, and return its box in fractions; None where there is no room for it."""
    height, width = canvas.shape[:2]
    for _ in range(TRIES):
        spot = camera.project(np.array([[rng.uniform(*AHEAD_M), rng.uniform(-BESIDE_M, BESIDE_M)]]))[0]
        across, along = _scales(piece, camera, spot) * rng.uniform(0.8, 1.25)
        if not (SCALES[0] <= across <= SCALES[1] and SCALES[0] <= along <= SCALES[1]):
            continue
        size = (round(piece.contrast.shape[1] * across), round(piece.contrast.shape[0] * along))
        left, top = round(spot[0] - size[0] / 2), round(spot[1] - size[1])
        if left < 0 or top < 0 or left + size[0] > width or top + size[1] > height or min(size) < 4:
            continue
        contrast = cv2.resize(piece.contrast, size, interpolation=cv2.INTER_AREA)
        contrast = contrast[:, ::-1] if rng.random() < 0.5 else contrast
        box = _box_of(contrast, left, top, width, height)
        if box is None or (len(taken) and iou(np.array([box]), taken).max() > 0):
            continue
        part = canvas[top : top + size[1], left : left + size[0]]
        if not _is_road(part, canvas, camera):
            continue
        part[:] = np.clip(part * contrast, 0, 255).astype(np.uint8)
        return box
    return None


def _is_road(part: Image, canvas: Image, camera: Camera) -> bool:
    """Whether a part of the picture is bare asphalt like that in the middle of the own lane."""
    x, y = camera.project(np.array([[8.0, 0.0]]))[0].round().astype(int).tolist()
    around = canvas[max(y - 15, 0) : y + 15, max(x - 25, 0) : x + 25]
    if not around.size:
        return False
    differs = np.abs(np.median(part, axis=(0, 1)) - np.median(around, axis=(0, 1))).max()
    return bool(differs < SAME_ROAD and cv2.cvtColor(part, cv2.COLOR_RGB2GRAY).std() < PLAIN)


def _scales(piece: Piece, camera: Camera, spot: Floats) -> Floats:
    """How many times larger the piece is at `spot`, across and along the road.

    Over flat ground a metre across is as many pixels as the row lies below the horizon, over the camera's height; a
    metre along is that squared, over height and focal length.
    """
    there, here = spot[1] - camera.horizon_y(), piece.y - piece.camera.horizon_y()
    across = there / max(here, 1e-6)
    return np.array([across, across**2 * piece.camera.focal_px / camera.focal_px])


def _box_of(contrast: Contrast, left: int, top: int, width: int, height: int) -> Box | None:
    """The box of what differs from the asphalt, in fractions of the picture."""
    rows, columns = np.nonzero(np.abs(contrast - 1).max(axis=2) > 0.06)
    if not len(rows):
        return None
    x0, x1 = left + columns.min(), left + columns.max() + 1
    y0, y1 = top + rows.min(), top + rows.max() + 1
    if max(x1 - x0, y1 - y0) < LEAST_PX:
        return None
    return float(x0 / width), float(y0 / height), float(x1 / width), float(y1 / height)


def _mask_path(picture: LabelledPicture, label: Label) -> Path:
    word = MASKS.get(label.class_id, "NONE")
    return picture.path.parent.parent / "masks" / f"{picture.path.stem}_{word}.png"


def _read_mask(path: Path, picture: LabelledPicture) -> Mask | None:
    """1 where there is damage, at the picture's size."""
    try:
        mask = read_image(path, upright=True)[..., 0] if path.is_file() else None
    except InputError:
        return None
    if mask is None:
        return None
    mask = cv2.resize(mask, (picture.width, picture.height), interpolation=cv2.INTER_AREA)
    return np.asarray(mask > 0, np.uint8)


def _read(picture: LabelledPicture) -> Image | None:
    try:
        return read_image(picture.path, upright=True)
    except InputError:
        return None
