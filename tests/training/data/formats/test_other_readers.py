"""What we write, read by the programs that define the format."""

import json
from pathlib import Path

import numpy as np
import pytest
from faster_coco_eval import COCO
from faster_coco_eval.core import mask as coco_mask
from PIL import Image

from tests.training.data.formats.making import HEIGHT, WIDTH, make_dataset
from tests.training.data.formats.test_golden import records
from training.data.exporting import ExportOptions, export_dataset
from training.data.formats import rle
from training.data.formats.yolo import CLASSES
from training.data.record import Annotation, Picture


@pytest.fixture
def exported(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    dataset = make_dataset(tmp_path, records())
    export_dataset(dataset, tmp_path / "export", ExportOptions(request.param))
    return tmp_path / "export"


@pytest.mark.parametrize("exported", ["coco"], indirect=True)
def test_coco_api_finds_every_box_and_pixel(exported: Path) -> None:
    api = COCO(json.loads((exported / "annotations" / "instances_val.json").read_text()))
    entries = api.loadAnns(api.getAnnIds())
    assert [api.loadCats([e["category_id"]])[0]["name"] for e in entries] == [
        "pothole",
        "longitudinal_crack",
        "ravelling",
        "ignore",
    ]
    assert int(coco_mask.decode(entries[1]["segmentation"]).sum()) == 10 * 4 - 4


def test_coco_areas_are_of_what_is_drawn_not_of_its_box(tmp_path: Path) -> None:
    box, square = (0, 0, 20, 20), ((0, 0), (20, 0), (20, 20), (0, 20))
    double = np.zeros((2 * HEIGHT, 2 * WIDTH), np.uint8)
    double[:10, :10] = 1
    shapes = ({}, {"outline": [square[:3]]}, {"outline": [square, ((5, 5), (10, 5), (10, 10), (5, 10))]})
    annotations = tuple(
        Annotation.model_validate({"label": "pothole", "box": box, **shape})
        for shape in (*shapes, {"mask": rle.encode(double)})
    )
    common = {"name": "a", "path": "a", "width": WIDTH, "height": HEIGHT, "source": "ours", "looked_for": ("pothole",)}
    dataset = make_dataset(tmp_path, [Picture(**common, annotations=annotations)])
    export_dataset(dataset, tmp_path / "export", ExportOptions("coco"))
    content = json.loads((tmp_path / "export" / "annotations" / "instances_unsplit.json").read_text())
    assert [entry["area"] for entry in content["annotations"]] == [400, 200, 400 - 25, 25]


@pytest.mark.parametrize(("exported", "outlines"), [("yolo", False), ("yolo-seg", True)], indirect=["exported"])
def test_ultralytics_finds_nothing_wrong(exported: Path, outlines: bool) -> None:
    from ultralytics.data.utils import verify_image_label

    picture, labels = exported / "images/val/wég.png", exported / "labels/val/wég.txt"
    _, found, shape, segments, _, missing, _, empty, corrupt, message = verify_image_label(
        (str(picture), str(labels), "", False, len(CLASSES), 0, 0, False)
    )
    assert (missing, empty, corrupt, message) == (0, 0, 0, "")
    assert shape == (HEIGHT, WIDTH)
    assert found[:, 0].tolist() == [3, 0, 4, 5]
    assert [len(s) for s in segments] == ([3, 4, 4, 4] if outlines else [])


@pytest.mark.parametrize("exported", ["masks"], indirect=True)
def test_masks_hold_one_bit_a_pixel(exported: Path) -> None:
    with Image.open(exported / "masks" / "wég_longitudinal_crack.png") as mask:
        assert (mask.mode, mask.size, mask.histogram()[255]) == ("1", (WIDTH, HEIGHT), 36)
