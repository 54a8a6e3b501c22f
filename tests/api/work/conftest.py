"""A short rendered drive, and surveys of its files that are complete in the storage."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.context import Context
from api.store.schema import File, Survey
from api.surveys.announce import Announced, announce, files_of
from training.synthesis.survey import render_survey

Arrived = Callable[..., str]


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short rendered drive."""
    return render_survey(tmp_path_factory.mktemp("sample") / "drive", seconds=5.0, width=480, height=272, fps=8.0)


@pytest.fixture
def arrived(context: Context, tmp_path: Path) -> Arrived:
    """Make a survey of files (path, or name and path) that are all in the storage."""

    def make(*files: Path | tuple[str, Path], options: dict[str, Any] | None = None, state: str = "waiting") -> str:
        named = [(one.name, one) if isinstance(one, Path) else one for one in files]
        with context.database.write() as session:
            new = [Announced(name, max(1, path.stat().st_size)) for name, path in named]
            survey = announce(session, context.settings, "anna", "Rit", options or {}, new).id
            session.get_one(Survey, survey).state = state
            rows = files_of(session, survey)
        for row, (_, path) in zip(rows, named, strict=True):
            copy = shutil.copy(path, tmp_path / "copy")
            context.blobs.put(f"footage/{survey}/{row.extra['stored']}", Path(copy))
        with context.database.write() as session:
            for row in files_of(session, survey):
                file = session.get_one(File, row.id)
                file.state, file.key = "complete", f"footage/{survey}/{file.extra['stored']}"
        return survey

    return make
