"""The loss must not punish a class where nobody looked for it, and must be Ultralytics' own everywhere else."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra: pip install -e '.[train]'")
pytest.importorskip("ultralytics", reason="needs the train extra: pip install -e '.[train]'")

from ultralytics.nn.tasks import DetectionModel  # noqa: E402
from ultralytics.utils import DEFAULT_CFG  # noqa: E402
from ultralytics.utils.loss import E2ELoss, v8DetectionLoss  # noqa: E402

from detector.taxonomy import CLASSES  # noqa: E402
from training.partial_labels import (  # noqa: E402
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
