from pathlib import Path

import cv2
import numpy as np
import pytest

from detector.images import read_image, write_jpeg
from detector.scene.camera import Camera, default_camera
from detector.types import Image
from tests.training.data.scenes import write_lying
from training.copy_paste import Paster, cut_pieces, find_cameras, kind_of
from training.data.pictures import WHOLE, Label, LabelledPicture
from training.synthesis.pictures import render_pictures

WIDTH, HEIGHT = 640, 480
CAMERA = default_camera(WIDTH, HEIGHT)
HOLE = (0.45, 0.7, 0.6, 0.78)
SOURCE = "car"


def asphalt(grey: int, seed: int = 0) -> Image:
    noise = np.random.default_rng(seed).normal(0, 4, (HEIGHT, WIDTH, 1))
    return np.clip(grey + noise, 0, 255).repeat(3, axis=2).astype(np.uint8)


def masked(folder: Path, stem: str = "a", depth: float = 0.5) -> LabelledPicture:
    """A picture with a dark hole and its mask."""
    x0, y0, x1, y1 = (round(v * side) for v, side in zip(HOLE, (WIDTH, HEIGHT) * 2, strict=True))
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.ellipse(mask, ((x0 + x1) // 2, (y0 + y1) // 2), ((x1 - x0) // 2, (y1 - y0) // 2), 0, 0, 360, 255, -1)
    image = asphalt(120)
    image[mask > 0] = (image[mask > 0] * depth).astype(np.uint8)
    write_jpeg(image, folder / "images" / f"{stem}.jpg", quality=95)
    (folder / "masks").mkdir(exist_ok=True)
    cv2.imwrite(str(folder / "masks" / f"{stem}_POTHOLE.png"), mask)
    return LabelledPicture(folder / "images" / f"{stem}.jpg", SOURCE, WIDTH, HEIGHT, (Label(3, HOLE),))


def bare(**fields: object) -> LabelledPicture:
    return LabelledPicture(Path("b.jpg"), SOURCE, WIDTH, HEIGHT, (), **fields)  # type: ignore[arg-type]


@pytest.fixture
def paster(tmp_path: Path) -> Paster:
    picture = masked(tmp_path)
    cameras = {kind_of(picture): CAMERA}
    return Paster(cut_pieces([picture], cameras, seed=0), cameras)


def test_a_piece_is_its_contrast_and_nothing_beyond_the_mask(paster: Paster) -> None:
    (piece,) = paster.pieces
    height, width = piece.contrast.shape[:2]
    assert piece.class_id == 3
    assert piece.contrast[height // 2, width // 2] == pytest.approx(0.5, abs=0.06)
    assert piece.contrast[0, 0] == pytest.approx(1.0, abs=0.01)


def test_a_picture_that_is_stored_lying_gives_the_same_piece(tmp_path: Path, paster: Paster) -> None:
    lying = masked(tmp_path, "lying")
    write_lying(read_image(lying.path), lying.path)
    (piece,) = cut_pieces([lying], paster.cameras, seed=0)
    assert piece.contrast == pytest.approx(paster.pieces[0].contrast, abs=0.05)


def test_what_is_laid_takes_on_the_light_of_the_road_and_has_a_box_around_it(paster: Paster) -> None:
    count = 0
    for seed in range(20):
        image = asphalt(80, seed)
        laid, added = paster.paste(image, bare(), np.random.default_rng(seed))
        changed = np.abs(laid.astype(int) - image).max(axis=2) > 12
        inside = np.zeros_like(changed)
        for label in added:
            x0, y0, x1, y1 = (round(v * side) for v, side in zip(label.box, (WIDTH, HEIGHT) * 2, strict=True))
            inside[y0 - 1 : y1 + 1, x0 - 1 : x1 + 1] = True
            middle = laid[(y0 + y1) // 2 - 1 : (y0 + y1) // 2 + 2, (x0 + x1) // 2 - 1 : (x0 + x1) // 2 + 2]
            assert middle.mean() == pytest.approx(40, abs=8)
            assert y0 > CAMERA.horizon_y()
        count += len(added)
        assert not (changed & ~inside).any()
    assert count > 20


def test_the_nearer_the_larger(paster: Paster) -> None:
    boxes = []
    for seed in range(40):
        boxes += [label.box for label in paster.paste(asphalt(100), bare(), np.random.default_rng(seed))[1]]
    width = np.array([b[2] - b[0] for b in sorted(boxes, key=lambda b: b[3])])
    third = len(width) // 3
    assert width[-third:].mean() > 1.15 * width[:third].mean()


def test_nothing_lies_over_labels_doubts_or_the_overlay(paster: Paster) -> None:
    left, right, low = Label(0, (0.0, 0.0, 0.45, 1.0)), Label(4, (0.55, 0.0, 1.0, 1.0)), (0.0, 0.75, 1.0, 1.0)
    picture = LabelledPicture(Path("b.jpg"), SOURCE, WIDTH, HEIGHT, (left,), (right, Label(4, WHOLE)), low)
    boxes = []
    for seed in range(40):
        boxes += [label.box for label in paster.paste(asphalt(100), picture, np.random.default_rng(seed))[1]]
    assert all(b[0] >= 0.45 and b[2] <= 0.55 and b[3] <= 0.75 for b in boxes)


def test_grass_paint_and_other_cameras_get_nothing(paster: Paster) -> None:
    noisy = np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    other = LabelledPicture(Path("c.jpg"), "van", WIDTH, HEIGHT, ())
    for seed in range(10):
        rng = np.random.default_rng(seed)
        assert paster.paste(noisy, bare(), rng)[1] == ()
        assert paster.paste(asphalt(100), other, rng)[1] == ()


def test_the_share_is_kept_and_the_original_is_not_touched(paster: Paster) -> None:
    half = Paster(paster.pieces, paster.cameras, share=0.5)
    image = asphalt(100)
    kept = image.copy()
    got, all_of_them = (
        sum(bool(one.paste(image, bare(), np.random.default_rng(seed))[1]) for seed in range(200))
        for one in (half, paster)
    )
    assert 0.35 < got / all_of_them < 0.65
    assert np.array_equal(image, kept)


def test_faint_damage_and_pictures_without_masks_give_no_pieces(tmp_path: Path) -> None:
    faint = masked(tmp_path, "faint", depth=0.95)
    unmasked = LabelledPicture(faint.path.with_name("x.jpg"), SOURCE, WIDTH, HEIGHT, (Label(3, HOLE),))
    assert cut_pieces([faint, unmasked], {kind_of(faint): CAMERA}, seed=0) == []


def test_a_source_that_mixes_cameras_has_none(tmp_path: Path) -> None:
    folder = render_pictures(tmp_path / "rendered", 24, seed=1, size=160)
    pictures = [LabelledPicture(p, "rendered", 160, 160, ()) for p in sorted((folder / "images").iterdir())]
    assert find_cameras(pictures, seed=0) == {}


def test_the_camera_of_a_source_is_found_in_its_pictures(tmp_path: Path) -> None:
    camera = Camera(640, 400, 554.0, 320.0, 200.0, 1.4, pitch_deg=5.0)
    edges = [np.array([[m, side] for m in (4.0, 60.0)]) for side in (-3.5, -1.75, 1.75, 3.5)]
    pictures = []
    for n in range(14):
        image = np.full((400, 640, 3), 110 + n, np.uint8)
        for edge in edges:
            a, b = camera.project(edge + np.array([0.0, 0.02 * n])).round().astype(int).tolist()
            cv2.line(image, a, b, (240, 240, 240), 3)
        write_jpeg(image, tmp_path / f"{n}.jpg", quality=95)
        pictures.append(LabelledPicture(tmp_path / f"{n}.jpg", SOURCE, 640, 400, ()))
    (found,) = find_cameras(pictures, seed=0).values()
    assert found.horizon_y() == pytest.approx(camera.horizon_y(), abs=6)
