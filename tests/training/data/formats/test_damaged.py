"""Files damaged at random: what can be read is read, the rest is one sentence; never a traceback."""

import random
import re
from pathlib import Path

import pytest

from detector.errors import SchouwError
from tests.training.data.formats.making import make_dataset
from tests.training.data.formats.test_golden import records
from training.data.exporting import ExportOptions, export_dataset
from training.data.formats.registry import FORMATS
from training.data.importing import ImportOptions, import_dataset

JUNK = ("null", '""', "-1", "[]", "{}", '"x"', "1e999", "nan", "9" * 30, "<a/>", "&", "true", " ", ":", "\x00", "é")
TOKEN = re.compile(r'-?\d+\.?\d*|"[^"]*"|\[[^\[\]]*\]|\{[^{}]*\}|<[^>]*>')


def damage(text: str, chance: random.Random) -> str:
    """Put junk in place of a value, or cut some characters out."""
    tokens = list(TOKEN.finditer(text))
    if tokens and chance.random() < 0.8:
        token = chance.choice(tokens)
        return text[: token.start()] + chance.choice(JUNK) + text[token.end() :]
    start = chance.randrange(len(text) + 1)
    return text[:start] + text[start + chance.randrange(20) :]


@pytest.mark.parametrize("name", FORMATS)
def test_damage_is_never_a_traceback(name: str, tmp_path: Path) -> None:
    export_dataset(make_dataset(tmp_path, records()), tmp_path / "export", ExportOptions(name))
    skipped = {"labels.json", "label_config.xml"}
    files = [p for p in sorted((tmp_path / "export").rglob("*.*")) if p.suffix != ".png" and p.name not in skipped]
    options = ImportOptions(format="yolo" if "yolo" in name else name, looked_for=("pothole",))
    outcomes = set()
    for seed in range(40):
        chance = random.Random(seed)
        path = chance.choice(files)
        whole = path.read_text(encoding="utf-8")
        path.write_text(damage(whole, chance), encoding="utf-8")
        try:
            import_dataset(tmp_path / "export", tmp_path / "back", options)
            outcomes.add("read")
        except SchouwError:
            outcomes.add("refused")
        path.write_text(whole, encoding="utf-8")
    assert outcomes == {"read", "refused"}
