"""Files as other programs and publishers write them."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from detector.errors import InputError
from tests.training.data.formats.files import draw, imported, write
from training.data.formats.cvat_video import Shape, fill_in
from training.data.record import Annotation


def voc(*objects: tuple[str, int, int, int, int], size: str = "40,20") -> str:
    width, height = size.split(",")
    boxes = "".join(
        f"<object><name>{name}</name><bndbox><xmin>{a}</xmin><ymin>{b}</ymin><xmax>{c}</xmax><ymax>{d}</ymax></bndbox>"
        "</object>"
        for name, a, b, c, d in objects
    )
    return f"<annotation><size><width>{width}</width><height>{height}</height></size>{boxes}</annotation>"


def test_rdd2022_as_published(tmp_path: Path) -> None:
    root = tmp_path / "RDD2022"
    draw(root / "Japan/train/images/Japan_000001.jpg", root / "Japan/test/images/Japan_000002.jpg")
    draw(root / "China_MotorBike/train/images/China_MotorBike_000001.jpg", size=(30, 30))
    write(root / "Japan/train/annotations/xmls/Japan_000001.xml", voc(("D00", 1, 2, 10, 12), ("D44", 3, 3, 9, 9)))
    write(
        root / "China_MotorBike/train/annotations/xmls/China_MotorBike_000001.xml",
        voc(("Repair", 1, 1, 9, 9), ("D40", 10, 10, 20, 20), size="30,30"),
    )
    pictures, report = imported(root, tmp_path, card="rdd2022")
    japan = pictures["Japan_000001.jpg"]
    assert (report.format, japan.source, japan.split) == ("voc", "rdd2022_japan", "train")
    assert japan.looked_for == ("longitudinal_crack", "transverse_crack", "alligator_crack", "pothole")
    assert [(a.label, a.box) for a in japan.annotations] == [("longitudinal_crack", (1, 2, 10, 12))]
    china = pictures["China_MotorBike_000001.jpg"]
    assert china.source == "rdd2022_china_motorbike"
    assert [(a.label, len(a.maybe)) for a in china.annotations] == [("ignore", 4), ("pothole", 0)]
    assert report.mapped[("D44", "left out")] == 1
    assert sorted((x.what, x.fault) for x in report.left_out) == [("class", False), ("picture", True)]


def test_voc_as_pascal_and_rdd2018_lay_it_out(tmp_path: Path) -> None:
    root = tmp_path / "road_damage_dataset"
    draw(root / "Adachi/JPEGImages/Adachi_1.jpg", root / "Adachi/JPEGImages/Adachi_2.jpg")
    for n in (1, 2):
        write(root / f"Adachi/Annotations/Adachi_{n}.xml", voc(("D40", 1, 2, 10, 12)))
    write(root / "Adachi/ImageSets/Main/val.txt", "Adachi_2\n")
    pictures, _ = imported(root, tmp_path, card="rdd2018")
    assert {name: picture.split for name, picture in pictures.items()} == {"Adachi_1.jpg": None, "Adachi_2.jpg": "val"}
    assert {picture.group for picture in pictures.values()} == {"Adachi"}


def test_voc_is_found_out_though_a_file_is_broken_and_macos_left_its_own(tmp_path: Path) -> None:
    root = tmp_path / "RDD2022"
    draw(*(root / f"Japan/train/images/Japan_{n}.jpg" for n in (1, 2)))
    xmls = root / "Japan/train/annotations/xmls"
    write(xmls / "._Japan_1.xml", "\x00\x05\x16\x07Mac OS X")
    write(xmls / "Japan_1.xml", "")
    write(xmls / "Japan_2.xml", voc(("D40", 1, 2, 10, 12)))
    pictures, report = imported(root, tmp_path, card="rdd2022")
    assert list(pictures) == ["Japan_2.jpg"]
    assert [x.file.name for x in report.left_out] == ["Japan_1.xml"]


def test_what_other_programs_say_of_a_voc_object(tmp_path: Path) -> None:
    root = tmp_path / "set"
    draw(root / "images/a.jpg")
    pairs = "".join(
        f"<attribute><name>{name}</name><value>{value}</value></attribute>"
        for name, value in (("rotation", "30.0"), ("confidence", "high"))
    )
    more = f"<truncated/><pose>Left</pose><severity>M</severity><lane>2</lane><attributes>{pairs}</attributes></object>"
    write(root / "annotations/xmls/a.xml", voc(("pothole", 1, 2, 10, 12)).replace("</object>", more))
    pictures, _ = imported(root, tmp_path, looked_for=("pothole",))
    (a,) = pictures["a.jpg"].annotations
    assert (a.severity, a.truncated, a.confidence) == ("M", False, None)
    assert a.attributes == {"pose": "Left", "lane": "2", "rotation": "30.0", "confidence": "high"}


@pytest.mark.parametrize(
    ("form", "file"),
    [("yolo", file) for file in ("labels/classes.txt", "sources.tsv", "ravelling.csv", "list.txt", "data.yaml")]
    + [("voc", "ImageSets/Main/train.txt")],
)
def test_text_that_is_not_utf_8_is_one_sentence(tmp_path: Path, form: str, file: str) -> None:
    root = tmp_path / "set"
    draw(root / "images/a.png")
    write(root / "labels/a.txt", "")
    write(root / "annotations/xmls/a.xml", voc())
    if file == "list.txt":
        write(root / "data.yaml", "train: list.txt\nnames: [pothole]\n")
    write(root / file, "")
    (root / file).write_bytes("wég".encode("latin-1"))
    with pytest.raises(InputError, match=r"is not UTF-8 text; save it as UTF-8") as problem:
        imported(root, tmp_path, format=form, looked_for=("pothole",))
    assert problem.value.path == root / file


def test_coco_with_run_lengths_and_a_crowd(tmp_path: Path) -> None:
    root = tmp_path / "coco"
    draw(root / "val2017/a.jpg", size=(4, 3))
    shape = {"size": [3, 4], "counts": [3, 2, 1, 2, 4]}
    content = {
        "images": [{"id": 7, "file_name": "a.jpg", "width": 4, "height": 3}],
        "categories": [{"id": 3, "name": "pothole"}],
        "annotations": [
            {"id": 1, "image_id": 7, "category_id": 3, "bbox": [1, 0, 2, 2], "segmentation": shape, "iscrowd": 1},
            {"id": 2, "image_id": 9, "category_id": 3, "bbox": [0, 0, 1, 1]},
        ],
    }
    write(root / "annotations/instances_val2017.json", json.dumps(content))
    pictures, report = imported(root, tmp_path, looked_for=("pothole",))
    (a,) = pictures["a.jpg"].annotations
    assert (report.format, a.difficult, a.box, pictures["a.jpg"].split) == ("coco", True, (1, 0, 3, 2), "val")
    assert a.mask is not None
    assert ["image 9" in str(x) for x in report.left_out] == [True]


def coco(root: Path, annotations: list[dict[str, object]], *images: dict[str, object]) -> Path:
    """COCO's file of pictures 1, 2, ... with what is said of each."""
    draw(*(root / f"{n}.jpg" for n, _ in enumerate(images, start=1)))
    said = [{"id": n, "file_name": f"{n}.jpg", **image} for n, image in enumerate(images, start=1)]
    content = {"images": said, "categories": [{"id": 1, "name": "pothole"}], "annotations": annotations}
    write(root / "labels.json", json.dumps(content))
    return root


def test_coco_keeps_what_other_programs_say(tmp_path: Path) -> None:
    more = {"score": 0.5, "track_id": 7, "severity": "M", "label": "deep", "drawn": "by hand"}
    attributes = {"occluded": True, "wet": None, "weather": "dry"}
    entry = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 9, 9], "attributes": attributes, **more}
    root = coco(tmp_path / "coco", [entry], {"lat": 52.25, "lon": 6.75, "licence": 3})
    pictures, _ = imported(root, tmp_path, looked_for=("pothole",))
    (a,) = pictures["1.jpg"].annotations
    assert (a.label, a.score, a.severity, a.occluded) == ("pothole", 0.5, "M", True)
    assert a.attributes == {"track_id": "7", "label": "deep", "drawn": "by hand", "weather": "dry"}
    assert (pictures["1.jpg"].lon, pictures["1.jpg"].lat) == (6.75, 52.25)


def test_coco_with_an_empty_ring(tmp_path: Path) -> None:
    entry = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 9, 9], "segmentation": [[]]}
    pictures, report = imported(coco(tmp_path / "coco", [entry], {}), tmp_path, looked_for=("pothole",))
    assert [a.box for a in pictures["1.jpg"].annotations] == [(1, 1, 10, 10)]
    assert not report.left_out


def test_coco_images_of_one_id_are_left_out(tmp_path: Path) -> None:
    entry = {"id": 1, "image_id": 7, "category_id": 1, "bbox": [1, 1, 9, 9]}
    root = coco(tmp_path / "coco", [entry], {"id": 7}, {"id": 7}, {})
    pictures, report = imported(root, tmp_path, looked_for=("pothole",))
    assert list(pictures) == ["3.jpg"]
    assert sum("several images have the id 7" in x.reason for x in report.left_out) == 2


def test_a_folder_called_as_a_label_file_is_passed_over(tmp_path: Path) -> None:
    root = coco(tmp_path / "coco", [], {})
    (root / "x.json").mkdir()
    pictures, _ = imported(root, tmp_path, looked_for=("pothole",))
    assert list(pictures) == ["1.jpg"]


CVAT_IMAGES = """<annotations><version>1.1</version>
<image id="0" name="drive/a.jpg" subset="Train" width="40" height="20">
 <box label="pothole" source="manual" occluded="1" xtl="1.00" ytl="2.00" xbr="10.50" ybr="12.00" z_order="0">
  <attribute name="severity">E</attribute><attribute name="confidence">high</attribute>
 </box>
 <polygon label="ravelling" occluded="0" points="1.00,1.00;9.00,1.00;9.00,5.00" z_order="0"/>
 <mask label="pothole" occluded="0" rle="1, 2, 1" left="4" top="6" width="2" height="2" z_order="0"/>
 <polyline label="pothole" points="1,1;2,2"/>
 <box label="pothole" occluded="0" xtl="10" ytl="5" xbr="20" ybr="15" rotation="90"/>
</image></annotations>"""


def test_cvat_for_images(tmp_path: Path) -> None:
    root = tmp_path / "task"
    draw(root / "images/drive/a.jpg")
    write(root / "annotations.xml", CVAT_IMAGES)
    pictures, report = imported(root, tmp_path, looked_for=("pothole",))
    box, polygon, mask, turned = pictures["a.jpg"].annotations
    assert (report.format, pictures["a.jpg"].split) == ("cvat", "train")
    assert (box.box, box.occluded, box.severity, box.attributes) == (
        (1, 2, 10.5, 12),
        True,
        "E",
        {"confidence": "high"},
    )
    assert (polygon.box, len(polygon.outline[0])) == ((1, 1, 9, 5), 3)
    assert mask.box == (4, 6, 6, 8)
    assert turned.box == (10, 5, 20, 15)
    assert ["polyline" in str(x) for x in report.left_out] == [True]


def test_cvat_names_frames_of_a_video_without_their_suffix(tmp_path: Path) -> None:
    root = tmp_path / "task"
    draw(root / "images/a/frame_000000.PNG", root / "images/b/frame_000000.PNG")
    image = '<image id="{}" name="{}/frame_000000" width="40" height="20"/>'
    write(root / "annotations.xml", f"<annotations>{image.format(0, 'a')}{image.format(1, 'b')}</annotations>")
    _, report = imported(root, tmp_path, looked_for=("pothole",))
    assert report.dataset is not None
    assert len(report.dataset) == 2
    assert not report.left_out


CVAT_VIDEO = """<annotations><version>1.1</version>
<meta><task><original_size><width>40</width><height>20</height></original_size></task></meta>
<track id="5" label="pothole" source="manual">
 <box frame="0" outside="0" occluded="0" keyframe="1" xtl="0" ytl="0" xbr="4" ybr="4" z_order="0"/>
 <box frame="2" outside="0" occluded="1" keyframe="1" xtl="4" ytl="0" xbr="8" ybr="4" z_order="0"/>
 <box frame="3" outside="1" occluded="0" keyframe="1" xtl="4" ytl="0" xbr="8" ybr="4" z_order="0"/>
</track>
<track id="6" label="ravelling">
 <box frame="3" outside="0" occluded="0" keyframe="1" xtl="1" ytl="1" xbr="9" ybr="9" z_order="0"/>
</track></annotations>"""


def test_cvat_for_video_fills_frames_in_and_stops_outside(tmp_path: Path) -> None:
    root = tmp_path / "task_8"
    draw(*(root / f"images/frame_{n:06d}.png" for n in range(5)))
    write(root / "annotations.xml", CVAT_VIDEO)
    pictures, report = imported(root, tmp_path, looked_for=("pothole", "ravelling"))
    seen = [
        [(a.label, a.box[0], a.track, a.interpolated) for a in pictures[f"frame_{n:06d}.png"].annotations]
        for n in range(5)
    ]
    assert report.format == "cvat-video"
    assert seen == [
        [("pothole", 0, "5", False)],
        [("pothole", 2, "5", True)],
        [("pothole", 4, "5", False)],
        [("ravelling", 1, "6", False)],
        [("ravelling", 1, "6", True)],
    ]
    assert {picture.group for picture in pictures.values()} == {"task_8"}


def test_a_label_for_a_frame_without_a_picture_is_listed(tmp_path: Path) -> None:
    root = tmp_path / "task_8"
    draw(root / "images/frame_000000.png", root / "images/frame_000003.png")
    write(root / "annotations.xml", CVAT_VIDEO)
    _, report = imported(root, tmp_path, looked_for=("pothole", "ravelling"))
    assert [x.reason for x in report.left_out] == [
        "frame 1 has 1 labels but no picture",
        "frame 2 has 1 labels but no picture",
    ]


def test_outlines_with_unlike_corners_are_not_blended() -> None:
    def shape(frame: int, corners: int) -> Shape:
        ring = tuple((float(frame + n % 2), float(n)) for n in range(corners))
        return Shape(frame, Annotation(label="pothole", box=(frame, 0, frame + 1, corners), outline=(ring,)), False)

    filled = list(fill_in([shape(0, 3), shape(2, 4)], last=2))
    assert [s.annotation.box[0] for s in filled] == [0, 0, 2]


def region(kind: str, label: str, **value: object) -> dict[str, object]:
    size = {"original_width": 40, "original_height": 20, "image_rotation": 0}
    return {"id": "r1", "type": kind, "from_name": "label", "value": {kind: [label], **value}, **size}


def test_label_studio_with_two_annotators(tmp_path: Path) -> None:
    root = tmp_path / "project"
    draw(root / "upload/1/0123abcd-a b.jpg", root / "upload/1/b.jpg", root / "upload/1/c.jpg")
    box = region("rectanglelabels", "ravelling", x=10, y=10, width=50, height=50, rotation=0)
    choice = {"id": "r1", "type": "choices", "from_name": "severity", "value": {"choices": ["E"]}}
    polygon = region("polygonlabels", "pothole", points=[[0, 0], [50, 0], [50, 50]])
    brush = region("brushlabels", "pothole", format="rle", rle=[1])
    tasks = [
        {
            "id": 1,
            "data": {"image": "/data/upload/1/0123abcd-a b.jpg"},
            "annotations": [
                {"result": [box, choice], "completed_by": {"id": 3, "email": "ann@example.org"}},
                {"result": [], "completed_by": 4},
                {"result": [polygon], "completed_by": 5, "was_cancelled": True},
            ],
        },
        {"id": 2, "data": {"image": "s3://bucket/upload/1/b.jpg"}, "annotations": [{"result": [polygon, brush]}]},
        {"id": 3, "data": {"image": "/data/upload/1/c.jpg"}, "annotations": [], "predictions": [{"result": [box]}]},
    ]
    write(root / "export.json", json.dumps(tasks))
    pictures, report = imported(root, tmp_path, looked_for=("ravelling",))
    first, second = pictures["0123abcd-a b.jpg"], pictures["b.jpg"]
    (a,) = first.annotations
    assert (a.box, a.severity, a.annotator) == ((4, 2, 24, 12), "E", "ann@example.org")
    assert first.passes == {"ravelling": ("ann@example.org", "4")}
    assert [b.box for b in second.annotations] == [(0, 0, 20, 10)]
    assert len(report.left_out) == 2
    assert any("brushlabels" in str(x) for x in report.left_out)
    assert any("c.jpg" in str(x) and "nobody labelled it" in str(x) for x in report.left_out)


def answer(x: float, **more: object) -> dict[str, object]:
    return {"result": [region("rectanglelabels", "pothole", x=x, y=10, width=20, height=50)], **more}


@pytest.mark.parametrize(
    ("answers", "passes", "annotators"),
    [
        ([answer(10)], (), [None]),
        ([answer(10), {"result": []}], ("annotator 1", "annotator 2"), ["annotator 1"]),
        ([answer(10, completed_by=5), answer(20, completed_by=6)], ("5", "6"), ["5", "6"]),
    ],
)
def test_label_studio_answers_and_their_boxes_have_one_name(
    tmp_path: Path, answers: list[object], passes: tuple[str, ...], annotators: list[str | None]
) -> None:
    root = tmp_path / "project"
    draw(root / "a.jpg")
    write(root / "export.json", json.dumps([{"id": 1, "data": {"image": "a.jpg"}, "annotations": answers}]))
    pictures, _ = imported(root, tmp_path, looked_for=("pothole",))
    assert pictures["a.jpg"].passes.get("pothole", ()) == passes
    assert [a.annotator for a in pictures["a.jpg"].annotations] == annotators


@pytest.mark.parametrize("times", [("", ""), ("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z")])
def test_label_studio_counts_the_latest_answer_of_a_person(tmp_path: Path, times: tuple[str, str]) -> None:
    root = tmp_path / "project"
    draw(root / "a.jpg")
    first, second = (answer(10 * n, completed_by=5, updated_at=time) for n, time in enumerate(times, start=1))
    write(root / "export.json", json.dumps([{"id": 1, "data": {"image": "a.jpg"}, "annotations": [first, second]}]))
    pictures, report = imported(root, tmp_path, looked_for=("pothole",))
    assert [a.box[0] for a in pictures["a.jpg"].annotations] == [4 if times[0] > times[1] else 8]
    assert pictures["a.jpg"].passes == {}
    assert [(x.what, x.fault) for x in report.left_out] == [("changed", False)]


def test_label_studio_encodes_names_and_its_export_may_lie_beside_the_tasks(tmp_path: Path) -> None:
    root = tmp_path / "project"
    draw(root / "x/a b.jpg", root / "y/a b.jpg")
    task = {"id": 1, "data": {"image": "/data/local-files/?d=x/a%20b.jpg"}}
    write(root / "a.json", json.dumps([{**task, "predictions": [answer(10)]}]))
    write(root / "b.json", json.dumps([{**task, "annotations": [answer(10)]}]))
    pictures, report = imported(root, tmp_path, looked_for=("pothole",))
    assert [len(p.annotations) for p in pictures.values()] == [1]
    assert [x.file.parent.name for x in report.left_out] == ["y"]


def test_label_studio_choices_do_not_change_what_a_region_is(tmp_path: Path) -> None:
    root = tmp_path / "project"
    draw(root / "a.jpg")
    choice = {"id": "r1", "type": "choices", "from_name": "label", "value": {"choices": ["deep"]}}
    box = region("rectanglelabels", "pothole", x=10, y=10, width=20, height=50)
    task = {"id": 1, "data": {"image": "a.jpg"}, "annotations": [{"result": [box, choice]}]}
    write(root / "export.json", json.dumps([task]))
    pictures, _ = imported(root, tmp_path, looked_for=("pothole",))
    assert [(a.label, a.attributes) for a in pictures["a.jpg"].annotations] == [("pothole", {"label": "deep"})]


def test_masks_of_dnit_as_published(tmp_path: Path) -> None:
    root = tmp_path / "Dataset"
    draw(root / "1001_RS_386_x/1001_RS_386_x_RAW.jpg", size=(200, 100))
    crack = np.zeros((100, 200), np.uint8)
    crack[10:12, 10:60] = 255
    crack[11:13, 61:80] = 255  # torn by a pixel
    crack[80:90, 150:155] = 255
    Image.fromarray(crack).save(root / "1001_RS_386_x/1001_RS_386_x_CRACK.png")
    Image.fromarray(np.zeros((50, 100), np.uint8)).save(root / "1001_RS_386_x/1001_RS_386_x_LANE.png")
    hole = np.zeros((50, 100), np.uint8)
    hole[5:10, 5:10] = 255
    Image.fromarray(hole).convert("1").save(root / "1001_RS_386_x/1001_RS_386_x_POTHOLE.png")
    pictures, report = imported(root, tmp_path, card="dnit")
    (picture,) = pictures.values()
    boxes = sorted((a.label, a.box) for a in picture.annotations)
    assert (report.format, picture.group, picture.looked_for) == ("masks", "RS_386", ("pothole",))
    assert [box for label, box in boxes if label == "ignore"] == [(10, 10, 80, 13), (150, 80, 155, 90)]
    assert [label for label, _ in boxes] == ["ignore", "ignore", "pothole"]


def test_a_mask_whose_name_says_no_class_is_told_so(tmp_path: Path) -> None:
    root = tmp_path / "set"
    draw(root / "images/a.jpg", root / "masks/a.png")
    with pytest.raises(InputError, match=r"a\.png: its name lacks the class: a_<CLASS>\.png is expected"):
        imported(root, tmp_path, format="masks", looked_for=("pothole",))
    draw(root / "images/b.jpg", root / "masks/b_pothole.png", root / "masks/c_pothole.png")
    _, report = imported(root, tmp_path, looked_for=("pothole",))
    assert [x.reason for x in report.left_out if x.what == "label file"] == [
        "its name lacks the class: a_<CLASS>.png is expected",
        "its picture is missing",
    ]


@pytest.mark.parametrize(
    ("edit", "kept"), [("<xmin>1</xmin>", True), ("<xmin>0.99</xmin>", True), ("<xmin>3</xmin>", False)]
)
def test_an_outline_is_dropped_when_its_box_was_moved(tmp_path: Path, edit: str, kept: bool) -> None:
    root = tmp_path / "set"
    draw(root / "images/a.jpg")
    ring = json.dumps([[[1, 2], [10, 2], [10, 12]]])
    ours = f"<schouw><outline>{ring}</outline><drawn>[1, 2, 10, 12]</drawn></schouw></object>"
    text = voc(("pothole", 1, 2, 10, 12)).replace("<xmin>1</xmin>", edit).replace("</object>", ours)
    write(root / "annotations/xmls/a.xml", text)
    pictures, report = imported(root, tmp_path, looked_for=("pothole",))
    assert bool(pictures["a.jpg"].annotations[0].outline) is kept
    assert [x.what for x in report.left_out] == ([] if kept else ["changed"])
