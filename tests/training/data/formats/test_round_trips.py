"""What goes out in a format comes back as it was, and so does what the format has no place for."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.training.data.formats.making import ORIGINS, comparable, make_dataset, pictures, there_and_back
from training.data.exporting import ExportOptions, export_dataset
from training.data.formats.registry import FORMATS, detect_format
from training.data.importing import ImportOptions, import_dataset
from training.data.record import Annotation, Picture


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(records=st.lists(pictures, min_size=1, max_size=3))
def test_nothing_is_lost(name: str, records: list[Picture]) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        dataset = make_dataset(folder, records)
        report = there_and_back(dataset, folder, name)
        assert not report.left_out
        assert report.dataset is not None
        assert comparable(report.dataset) == comparable(dataset)
        used = {picture.source for picture in dataset}
        assert report.dataset.sources == {key: origin for key, origin in ORIGINS.items() if key in used}


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "yolo-seg"])
def test_an_export_is_recognised(tmp_path: Path, name: str) -> None:
    a = Annotation(label="pothole", box=(1, 2, 10, 12))
    record = Picture(name="a", path="a", width=48, height=32, source="ours", looked_for=("pothole",), annotations=(a,))
    there_and_back(make_dataset(tmp_path, [record]), tmp_path, name)
    assert detect_format(tmp_path / "export") == name


def test_neither_a_folder_nor_a_source_names_the_place_and_split_of_voc_files(tmp_path: Path) -> None:
    known = {"name": "a", "path": "a", "width": 48, "height": 32, "looked_for": ("pothole",)}
    records = [Picture(**known, source="../../escaped"), Picture(**known, source="ours", split="val")]
    out = tmp_path / "work" / "exports" / "test"
    export_dataset(make_dataset(tmp_path, records), out, ExportOptions("voc"))
    assert {path.name for path in tmp_path.iterdir()} == {"dataset", "photos", "work"}
    assert {path.name for path in out.iterdir()} == {"__.._escaped", "ours", "schouw.json"}
    back = import_dataset(out, tmp_path / "back", ImportOptions()).dataset
    assert back is not None
    assert [(p.source, p.split) for p in back] == [("../../escaped", None), ("ours", "val")]
