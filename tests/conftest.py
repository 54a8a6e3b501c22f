import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says how busy the machine is, not whether the code is right.
settings.register_profile("schouw", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("schouw")

REPOSITORY = Path(__file__).parent.parent


@pytest.fixture(scope="session", autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Networks read by tests are cached here, not in the user's own folder."""
    os.environ["SCHOUW_CACHE"] = str(tmp_path_factory.mktemp("cache"))


def shared_folder() -> Path:
    """The shared data: `SCHOUW_DATA`, or `../shared` beside the repository."""
    return Path(os.environ.get("SCHOUW_DATA", REPOSITORY.parent / "shared"))


@pytest.fixture(scope="session")
def shared() -> Path:
    folder = shared_folder()
    if not (folder / "DATA.md").is_file():
        pytest.skip(f"no shared data in {folder}; set SCHOUW_DATA to run this test")
    return folder
