"""The loss must not punish a class where nobody looked for it, and must be Ultralytics' own everywhere else."""

import random
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage

torch = pytest.importorskip("torch", reason="needs the train extra: pip install -e '.[train]'")
pytest.importorskip("ultralytics", reason="needs the train extra: pip install -e '.[train]'")

from ultralytics.nn.tasks import DetectionModel  # noqa: E402
from ultralytics.utils import DEFAULT_CFG, DEFAULT_CFG_DICT, IterableSimpleNamespace  # noqa: E402
from ultralytics.utils.loss import E2ELoss, v8DetectionLoss  # noqa: E402

from detector.images import read_image  # noqa: E402
from detector.taxonomy import CLASSES, NAMES  # noqa: E402
from detector.types import Image  # noqa: E402
from training.augment import Change  # noqa: E402
from training.data.card import read_card  # noqa: E402
from training.data.pictures import WHOLE, Label, LabelledPicture, read_pictures  # noqa: E402
from training.partial_labels import (  # noqa: E402
    DamageDataset,
    PartialLabelLoss,
    paint_over,
    partial_label_criterion,
    unknown_anchors,
)

NC = len(CLASSES)


@pytest.fixture(scope="module", params=["yolo11n.yaml", "yolo26n.yaml"])
def model(request: pytest.FixtureRequest) -> Any:
    torch.manual_seed(0)
    net = DetectionModel(request.param, nc=NC, verbose=False)
    net.args = SimpleNamespace(**vars(DEFAULT_CFG))
    return net


def batch(ignored: list[tuple[int, list[float]]]) -> dict[str, Any]:
    boxes = [(0, 0, [0.3, 0.5, 0.2, 0.4]), (1, 3, [0.6, 0.7, 0.3, 0.2])]
    boxes += [(0, NC + class_id, box) for class_id, box in ignored]
    return {
        "img": torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1)),
        "batch_idx": torch.tensor([float(b[0]) for b in boxes]),
        "cls": torch.tensor([[float(b[1])] for b in boxes]),
        "bboxes": torch.tensor([b[2] for b in boxes]),
    }


def loss(model: Any, criterion: Any, data: dict[str, Any]) -> Any:
    model.train()
    return criterion(model(data["img"]), data)[0]


def test_without_unknown_regions_it_is_the_plain_loss(model: Any) -> None:
    end_to_end = getattr(model.model[-1], "one2one_cv2", None) is not None
    plain = E2ELoss(model) if end_to_end else v8DetectionLoss(model)
    assert torch.allclose(loss(model, partial_label_criterion(model), batch([])), loss(model, plain, batch([])))


def test_an_unknown_class_is_not_punished(model: Any) -> None:
    criterion = partial_label_criterion(model)
    whole = [0.5, 0.5, 1.0, 1.0]
    everywhere_known = loss(model, criterion, batch([]))
    unknown = loss(model, criterion, batch([(4, whole)]))
    assert unknown[1] < everywhere_known[1]
    assert torch.allclose(unknown[[0, 2]], everywhere_known[[0, 2]])  # boxes are learnt as before


def test_labelled_damage_counts_even_in_an_unknown_region(model: Any) -> None:
    criterion = partial_label_criterion(model)
    net_loss = loss(model, criterion, batch([(c, [0.5, 0.5, 1.0, 1.0]) for c in range(NC)]))
    assert net_loss[1] > 0  # the crack in that picture and all of the other picture remain


def test_damage_that_is_half_sure_asks_for_half_the_score(model: Any) -> None:
    criterion = partial_label_criterion(model)
    one = getattr(criterion, "one2many", criterion)
    asked: list[Any] = []
    one.assigner.register_forward_hook(lambda assigner, given, assigned: asked.append(assigned))
    sure, doubtful = batch([]), batch([])
    doubtful["cls"] = sure["cls"] + torch.tensor([[0.5], [0.0]])  # of the first picture's crack
    loss(model, criterion, sure)
    loss(model, criterion, doubtful)
    before, after = (answer[2] for answer in asked)
    assert before[0].any()
    assert torch.allclose(after[0], 0.5 * before[0])
    assert torch.equal(after[1], before[1])
    assert all(torch.equal(asked[0][n], asked[1][n]) for n in (0, 1, 3, 4)), "the same anchors learn the same boxes"


def test_how_sure_damage_is_travels_with_it(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    PillowImage.fromarray(np.full((64, 64, 3), 90, np.uint8)).save(path)
    labels = (Label(4, (0.25, 0.25, 0.5, 0.5), 0.25), Label(0, (0.5, 0.5, 0.9, 0.9)))
    picture = LabelledPicture(path, "here", 64, 64, labels, (Label(2, WHOLE),))
    hyp = IterableSimpleNamespace(**{**DEFAULT_CFG_DICT, "mosaic": 0.0, "translate": 0.0, "scale": 0.0})
    data = DamageDataset([picture], img_path="train", imgsz=64, augment=True, hyp=hyp, task="detect", data={})
    assert data[0]["cls"].ravel().tolist() == [4.75, 0.0, NC + 2.0]


def test_unknown_anchors_lie_in_the_box_of_their_class_and_picture() -> None:
    points = torch.tensor([[5.0, 5.0], [15.0, 5.0], [25.0, 25.0]])
    unknown = unknown_anchors(
        points, torch.tensor([1, 1]), torch.tensor([4, 4]), torch.tensor([[0.0, 0, 10, 10], [4.0, 4, 20, 20]]), (2, NC)
    )
    assert unknown is not None
    assert unknown.nonzero().tolist() == [[1, 0, 4], [1, 1, 4]]
    assert unknown_anchors(points, torch.tensor([]), torch.tensor([]), torch.zeros(0, 4), (2, NC)) is None


def test_a_resumed_run_keeps_its_place_in_the_decay(model: Any) -> None:
    criterion = partial_label_criterion(model)
    if isinstance(criterion, PartialLabelLoss):
        pytest.skip("this head has no decay")
    criterion.updates = 7
    criterion.update()
    model.criterion = criterion
    resumed = partial_label_criterion(model)
    model.criterion = None
    assert (resumed.updates, resumed.o2m) == (criterion.updates, criterion.o2m)


def test_an_overlay_is_painted_over_by_its_surroundings() -> None:
    image = np.tile(np.arange(100, dtype=np.uint8)[None, :, None], (40, 1, 3))
    painted = paint_over(image, (0.8, 0.0, 1.0, 0.25))
    assert (painted[:10, 80:] == image[:10, 60:80][:, ::-1]).all()
    assert (painted[10:] == image[10:]).all()
    assert (painted[:10, :80] == image[:10, :80]).all()
    assert image[0, 99, 0] == 99


GREY = 114  # of Ultralytics' borders
STILL = {"mosaic": 0.0, "translate": 0.0, "scale": 0.0, "fliplr": 0.0, "hsv_h": 0.0, "hsv_s": 0.0, "hsv_v": 0.0}


def written(path: Path, image: Image, orientation: int = 1, **fields: Any) -> LabelledPicture:
    """A picture file and what is known of it."""
    exif = PillowImage.Exif()
    exif[0x112] = orientation
    PillowImage.fromarray(image).save(path, exif=exif, quality=95)
    return LabelledPicture(path, "test", image.shape[1], image.shape[0], fields.pop("labels", ()), **fields)


def dataset(pictures: list[LabelledPicture], paster: Any = None, **settings: Any) -> DamageDataset:
    """What a run learns from, with other settings of Ultralytics'."""
    arguments = {name: settings.pop(name) for name in ("augment", "rect") if name in settings}
    return DamageDataset(
        pictures, paster, img_path="train", imgsz=128, batch_size=2, data={"nc": NC, "names": dict(enumerate(NAMES)),
        "channels": 3}, hyp=IterableSimpleNamespace(**{**DEFAULT_CFG_DICT, **settings}), task="detect", **arguments,
    )  # fmt: skip


def test_what_is_unknown_stays_unknown_all_over_a_mosaic(tmp_path: Path) -> None:
    random.seed(0)
    rng = np.random.default_rng(0)
    pictures = [
        written(tmp_path / f"{n}.png", rng.choice(np.array([0, 255], np.uint8), (96, 128, 3)), ignored=(
            Label(4, WHOLE),
        )) for n in range(6)
    ]  # fmt: skip
    moving = {**STILL, "mosaic": 1.0, "scale": 0.4, "translate": 0.1}
    mosaics = dataset(pictures, augment=True, **moving, augmentations=[])
    for n in range(60):
        made = mosaics[n % 6]
        shown = (made["img"].int() - GREY).abs().amax(0) > 2
        centre_x, centre_y, width, height = (made["bboxes"].T * 128).unbind()
        unknown = torch.zeros_like(shown)
        for x, y, w, h in zip(centre_x, centre_y, width, height, strict=True):
            x0, y0, x1, y1 = (round(float(edge)) for edge in (x - w / 2, y - h / 2, x + w / 2, y + h / 2))
            unknown[max(y0 - 1, 0) : y1 + 1, max(x0 - 1, 0) : x1 + 1] = True
        assert not (shown & ~unknown).any()


def red(path: Path) -> LabelledPicture:
    return written(path, np.full((96, 128, 3), (200, 40, 40), np.uint8))


def test_a_warm_light_is_warm_in_what_the_network_sees(tmp_path: Path) -> None:
    grey = written(tmp_path / "grey.png", np.full((128, 128, 3), 100, np.uint8))
    made = dataset([grey], augment=True, **STILL, augmentations=[Change("low_sun")])[0]["img"]
    means = made.float().mean((1, 2)).tolist()
    assert means[0] > means[1] + 2
    assert means[1] > means[2] + 2


def test_damage_is_laid_on_a_picture_in_its_colours(tmp_path: Path) -> None:
    class Watching:
        def paste(self, image: Image, *_: Any) -> tuple[Image, tuple[Label, ...]]:
            assert image[48, 64].tolist() == [200, 40, 40]
            return image, ()

    made = dataset([red(tmp_path / "red.png")], Watching(), augment=True, **STILL, augmentations=[])[0]["img"]
    assert made[:, 64, 64].tolist() == [200, 40, 40]


def test_an_overlay_is_painted_over_in_its_own_picture(tmp_path: Path) -> None:
    ramp = np.tile(np.arange(128, dtype=np.uint8)[None, :, None], (128, 1, 3))
    tall = written(tmp_path / "tall.png", ramp, hide=(0.8, 0.0, 1.0, 0.25))
    wide = written(tmp_path / "wide.png", ramp[:60])
    validated = dataset([tall, wide], augment=False, rect=True)
    painted = {Path(f).stem: bool(validated.load_image(n)[0][0, -1, 0] < 120) for n, f in enumerate(validated.im_files)}
    assert list(painted) == ["wide", "tall"], "put in another order"
    assert painted == {"wide": False, "tall": True}


def test_a_picture_that_lies_on_its_side_is_learnt_upright(tmp_path: Path) -> None:
    for name in ("images", "labels"):
        (tmp_path / name).mkdir()
    stored = np.full((96, 128, 3), 90, np.uint8)
    stored[10:30, 70:120] = 255
    written(tmp_path / "images" / "a.jpg", stored, orientation=6)  # to be turned to the right: x = 96 - y, y = x
    (tmp_path / "labels" / "a.txt").write_text(f"0 {76 / 96} {95 / 128} {20 / 96} {50 / 128}\n")
    (picture,) = read_pictures(tmp_path, read_card("rendered")).pictures
    assert (picture.width, picture.height) == (96, 128)
    assert read_image(picture.path, upright=True).shape[:2] == (128, 96)
    for settings in ({"augment": True, **STILL}, {"augment": False}):
        made = dataset([replace(picture, ignored=())], **settings, augmentations=[])[0]
        x, y, width, height = (made["bboxes"][0] * 128).tolist()
        assert (width, height) == pytest.approx((20, 50), abs=1)
        inside = made["img"][:, round(y - 20) : round(y + 20), round(x - 7) : round(x + 7)]
        assert inside.float().mean() > 240
