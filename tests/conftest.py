import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent


def shared_folder() -> Path:
    """The shared data: `SCHOUW_DATA`, or `../shared` beside the repository."""
    return Path(os.environ.get("SCHOUW_DATA", REPOSITORY.parent / "shared"))


@pytest.fixture(scope="session")
def shared() -> Path:
    folder = shared_folder()
    if not (folder / "DATA.md").is_file():
        pytest.skip(f"no shared data in {folder}; set SCHOUW_DATA to run this test")
    return folder
