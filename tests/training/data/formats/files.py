"""Pictures and label files of a test, and their import."""

from collections.abc import Mapping
from pathlib import Path

from PIL import Image

from training.data.dataset import Dataset
from training.data.importing import ImportOptions, ImportReport, import_dataset
from training.data.record import Picture


def draw(*paths: Path, size: tuple[int, int] = (40, 20)) -> None:
    for number, path in enumerate(paths):
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", size, (number, 7, 7)).save(path)


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def imported(source: Path, tmp_path: Path, **options: object) -> tuple[Mapping[str, Picture], ImportReport]:
    report = import_dataset(source, tmp_path / "dataset", ImportOptions(**options))  # type: ignore[arg-type]
    assert isinstance(report.dataset, Dataset)
    return {picture.name: picture for picture in report.dataset}, report
