from pathlib import Path

import pytest

from detector.errors import InputError
from training.config import read_config, start_weights

CONFIGS = sorted((Path(__file__).parents[2] / "training" / "configs").glob("*.yaml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda p: p.stem)
def test_the_shipped_configs_are_valid(path: Path) -> None:
    assert read_config(path).name == path.stem


def test_a_typo_is_an_error_that_names_the_key(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(CONFIGS[0].read_text() + "\nlearning_rat: 0.1\n")
    with pytest.raises(InputError, match="'learning_rat'"):
        read_config(path)


def test_an_impossible_value_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(CONFIGS[0].read_text().replace("input_px: ", "input_px: 7 #"))
    with pytest.raises(InputError, match="'input_px'"):
        read_config(path)


@pytest.mark.parametrize("text", [b"a: [", b"just words", b"name: caf\xe9", b"\xff\xfe bad"])
def test_not_a_config(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(text)
    with pytest.raises(InputError, match=r"a\.yaml"):
        read_config(path)


def test_a_run_starts_from_a_model_of_ours_or_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "weights" / "third").mkdir(parents=True)
    checkpoint = tmp_path / "weights" / "third" / "model.pt"
    checkpoint.touch()
    monkeypatch.setenv("SCHOUW_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("SCHOUW_DATA", str(tmp_path / "data"))
    assert start_weights(Path("third")) == checkpoint
    assert start_weights(checkpoint.parent) == checkpoint
    assert start_weights(Path("coco/yolo26n.pt")) == tmp_path / "data" / "coco" / "yolo26n.pt"
    assert start_weights(Path("/elsewhere/a.pt")) == Path("/elsewhere/a.pt")


def test_a_missing_config(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is missing"):
        read_config(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("one2many_only: true\nend_to_end: true", "drops the end-to-end head"),
        ("log: [wandb]", "'log.0'"),
        ("copy_paste: 1.5", "'copy_paste'"),
        ("freeze: 24", "'freeze'"),
        ("seed: -5", "'seed'"),
        ("seed: 99999999999", "'seed'"),
        ("weight_decay: -1", "'weight_decay'"),
        ("learning_rate: .inf", "'learning_rate'"),
        ("warmup_epochs: .nan", "'warmup_epochs'"),
        ("hours: .inf", "'hours'"),
        ("name: b\nname: c", "'name' is given twice"),
        ("val: [{folder: a, folder: b}]", "'folder' is given twice"),
        ("name: weights", "'name': .*keeps other things in its folder 'weights'"),
        ("name: rendered", "'name': .*keeps other things in its folder 'rendered'"),
        ("name: default", "'name': .*names the model in service"),
        ("name: ''", "'name': String should match pattern"),
        ("name: ../x", "'name': String should match pattern"),
        ("window: [640, 512]\nmosaic: 0.5", "set mosaic to 0"),
        ("input_px: 640\nwindow: [640, 672]\nmosaic: 0", "is larger than input_px"),
        ("window: [640]\nmosaic: 0", "'window.1': Field required"),
        ("window: [640, 500]\nmosaic: 0", "'window.1'"),
    ],
)
def test_options_that_do_not_fit(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "a.yaml"
    keys = [part.split(":")[0] + ":" for part in line.split("\n")]
    kept = [given for given in CONFIGS[0].read_text().split("\n") if not given.startswith(tuple(keys))]
    path.write_text("\n".join([*kept, line, ""]))
    with pytest.raises(InputError, match=said):
        read_config(path)


def test_a_manifest_needs_a_split(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("name: a\nstart: a.pt\ntrain: [{folder: a, manifest: m.json}]\nval: [{folder: a, split: val}]\n")
    with pytest.raises(InputError, match="a manifest needs `split`"):
        read_config(path)
