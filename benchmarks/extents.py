"""What a detector that saw every pixel of a crack, and no other, would score against DNIT's boxes.

    python -m benchmarks.extents [--split val] [--json FILE]

DNIT published pixels; the boxes of `road-damage` were made of them: pixels that lie near to each other are one crack.
How near, is a choice that no road tells. Here boxes are made anew of the true pixels, for one reach after another, and
scored against the labels as if a detector had found them, kinds of cracks left aside.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.progress import track

from detector.types import Detection, Floats
from training.config import data_folder
from training.data.card import read_card
from training.data.crack_kinds import mask_of
from training.data.formats.masks import joined
from training.data.formats.rle import Pixels
from training.data.pictures import Label, LabelledPicture, fractions, read_pictures
from training.evaluation.figures import cracks_as_one
from training.evaluation.scores import f1_over

REACHES = (8, 10, 12, 14, 16, 18, 20)  # px of 1,024: pixels no farther apart, each way, are one crack
LEAST_PX = 40  # of a box's longer side; the labels have few smaller ones
CRACKS = (0, 1, 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--split", choices=("train", "val"), default="val")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    folder = data_folder() / "road-damage" / given.split
    known = read_pictures(folder, read_card("road-damage")).pictures
    pictures = [only_cracks(p) for p in known if p.source == "dnit"]
    drawn = {reach: {p.path.stem: boxes_of(p, reach) for p in pictures} for reach in track(REACHES, "Boxes of pixels")}
    found = {}
    for reach, boxes in drawn.items():
        scores = [f1_over(cracks_as_one(pictures, boxes, iou)) for iou in (0.5, 0.3)]
        found[reach] = {
            "boxes": sum(map(len, boxes.values())),
            "F1": round(scores[0].f1, 3),
            "precision": round(scores[0].precision, 3),
            "recall": round(scores[0].recall, 3),
            "F1 at IoU 0.3": round(scores[1].f1, 3),
            "F1 against a reach of 2 px less": against(pictures, boxes, drawn.get(reach - 2)),
        }
    print(f"{len(pictures)} pictures, {sum(len(p.labels) for p in pictures)} labelled cracks")
    for reach, figures in found.items():
        print(f"{reach:3} px:", ", ".join(f"{what} {value}" for what, value in figures.items()))
    if given.json:
        given.json.write_text(json.dumps({"pictures": len(pictures), "by_reach_px": found}, indent=2))


def only_cracks(picture: LabelledPicture) -> LabelledPicture:
    """The picture with the cracks of its labels, and nothing ignored."""
    return replace(picture, labels=tuple(x for x in picture.labels if x.class_id in CRACKS), ignored=())


def boxes_of(picture: LabelledPicture, reach: int) -> list[Detection]:
    """Boxes, in the picture's pixels, of the cracks that its mask shows; pixels up to `reach` px apart are one."""
    pixels = mask_of(picture.path, "CRACK")
    if pixels is None or not pixels.any():
        return []
    scale = np.array([picture.width / pixels.shape[1], picture.height / pixels.shape[0]] * 2)
    boxes = boxes_around(pixels, reach)
    large = boxes[(boxes[:, 2:] - boxes[:, :2]).max(axis=1) >= LEAST_PX]
    return [Detection((x0, y0, x1, y1), 1.0, CRACKS[0]) for x0, y0, x1, y1 in (large * scale).tolist()]


def boxes_around(pixels: Pixels, reach: int) -> Floats:
    """Boxes (n, 4) around the pixels that are set, those that lie within `reach` of each other in one."""
    count, patches = joined(pixels, reach)
    rows, columns = np.nonzero(pixels)
    number = patches[rows, columns] - 1
    boxes = np.tile([np.inf, np.inf, -np.inf, -np.inf], (count - 1, 1))
    for side, edge, take in ((0, columns, np.minimum), (1, rows, np.minimum),
                             (2, columns + 1, np.maximum), (3, rows + 1, np.maximum)):  # fmt: skip
        take.at(boxes[:, side], number, edge)
    return boxes


def against(
    pictures: Sequence[LabelledPicture], boxes: dict[str, list[Detection]], others: dict[str, list[Detection]] | None
) -> float | None:
    """F1 of the boxes of one reach, as if those of another were the labels; None without another."""
    if others is None:
        return None
    told = [
        replace(p, labels=tuple(Label(x.class_id, fractions(x.box, p.width, p.height)) for x in others[p.path.stem]))
        for p in pictures
    ]
    return round(f1_over(cracks_as_one(told, boxes, 0.5)).f1, 3)


if __name__ == "__main__":
    main()
