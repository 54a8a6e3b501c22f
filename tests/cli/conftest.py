"""The command as a user types it, and a short rendered drive."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.main import main
from training.synthesis.survey import render_survey

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def run_command(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["schouw", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run_command


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short rendered drive."""
    return render_survey(tmp_path_factory.mktemp("sample") / "drive", seconds=5.0, width=480, height=272, fps=8.0)
