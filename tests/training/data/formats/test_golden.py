"""The files of each format as they were when they were checked by eye. `SCHOUW_WRITE_GOLDEN=1` writes them anew."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.training.data.formats.making import HEIGHT, WIDTH, make_dataset
from training.data.exporting import ExportOptions, export_dataset
from training.data.formats import rle
from training.data.formats.registry import FORMATS
from training.data.record import Annotation, Picture

GOLDEN = Path(__file__).parent / "golden"
TEXT = {".xml", ".json", ".txt", ".yaml"}


def records() -> list[Picture]:
    pixels = np.zeros((HEIGHT, WIDTH), np.uint8)
    pixels[10:14, 20:30] = 1
    pixels[12, 22:26] = 0
    hole = ((2.0, 2.0), (12.0, 2.5), (10.0, 9.0))
    annotations = (
        Annotation(label="pothole", box=(2, 2, 12, 9), outline=(hole,), severity="M", confidence=2, annotator="R1"),
        Annotation(label="longitudinal_crack", box=(20, 10, 30, 14), mask=rle.encode(pixels), occluded=True),
        Annotation(label="ravelling", box=(1.5, 20, 47, 31.25), difficult=True, track="4", attributes={"wet": "yes"}),
        Annotation(label="ignore", box=(30, 1, 40, 6), maybe=("pothole", "ravelling"), score=0.25),
    )
    common = {"name": "a", "path": "a", "width": WIDTH, "height": HEIGHT}
    first = Picture(
        **common,
        source="Japan",
        split="val",
        group="N346",
        looked_for=("pothole", "ravelling"),
        passes={"ravelling": ("R1", "R2")},
        lon=6.75,
        lat=52.25,
        annotations=annotations,
    )
    return [first, Picture(**common, source="ours", split="train", looked_for=("pothole",))]


@pytest.mark.parametrize("name", FORMATS)
def test_the_files_are_as_they_were(name: str, tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path, records())
    export_dataset(dataset, tmp_path / "export", ExportOptions(name))
    written = {p.relative_to(tmp_path / "export"): p for p in (tmp_path / "export").rglob("*") if p.suffix in TEXT}
    golden = GOLDEN / name
    if os.environ.get("SCHOUW_WRITE_GOLDEN"):
        shutil.rmtree(golden, ignore_errors=True)
        for relative, path in written.items():
            (golden / relative).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, golden / relative)
    kept = {p.relative_to(golden): p for p in golden.rglob("*") if p.is_file()}
    assert kept.keys() == written.keys()
    for relative, path in written.items():
        assert path.read_text(encoding="utf-8") == kept[relative].read_text(encoding="utf-8"), relative
