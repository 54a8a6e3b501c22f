"""The commands of a server, as a user types them."""

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.api.serving import process, until

Run = Callable[..., tuple[int, str, str]]


@pytest.mark.slow
def test_from_the_command_line_to_the_map(run: Run, sample: Path, tmp_path: Path) -> None:
    shutil.copy(sample / "drive.mp4", tmp_path / "Rit Noord.mp4")
    given = [tmp_path / "Rit Noord.mp4", sample / "camera.yaml", "--track", sample / "drive.gpx", "--name", "Noord"]
    with process(tmp_path / "home", "--roads", sample / "network.gpkg") as served:
        code, printed, error = run("upload", *given, "--server", served.url)
        assert code == 0, error
        assert printed.startswith("Noord: ")
        (survey,) = httpx.get(f"{served.url}/v1/surveys").json()["surveys"]
        until(
            "it is on the map", lambda: httpx.get(f"{served.url}/v1/surveys/{survey['id']}").json()["state"] == "done"
        )
        code, printed, _ = run("upload", *given[:-2], "--server", served.url, "--lang", "en")
        assert code == 0
        assert "was uploaded before" in printed
        code, printed, _ = run("upload", tmp_path / "Rit Noord.mp4", "--server", served.url)
        assert code == 1  # it has no GPS of its own
        assert "stop: In ‘Rit Noord.mp4’" in printed
    network = ["--roads", sample / "network.gpkg", "--section", "20m"]
    command = [sys.executable, "-c", "from cli.main import main; main()", "serve", "--home", tmp_path / "home"]
    other = subprocess.run([*command, *network], capture_output=True, text=True, check=False, timeout=120)
    assert other.returncode == 2
    assert "another network" in other.stderr


@pytest.mark.slow
def test_an_upload_goes_on_after_the_server_was_away(run: Run, sample: Path, tmp_path: Path) -> None:
    with process(tmp_path / "home", "--workers", "0") as served:
        survey = httpx.post(
            f"{served.url}/v1/surveys",
            json={"files": [{"name": "drive.mp4", "size": (sample / "drive.mp4").stat().st_size}]},
        ).json()
        headers = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
        part = (sample / "drive.mp4").read_bytes()[:5000]
        httpx.patch(served.url + survey["files"][0]["upload"], headers=headers, content=part)
        port = served.port
        served.kill()
    with process(tmp_path / "home", port=port) as served:
        code, printed, _ = run("upload", sample / "drive.mp4", "--server", served.url)
        assert code == 1, printed  # without a track
        assert survey["id"] in printed  # it is the same survey
        assert len(httpx.get(f"{served.url}/v1/surveys").json()["surveys"]) == 1
        assert served.end(signal.SIGINT) == 0


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (["upload", "none.mp4", "--server", "http://127.0.0.1:9"], "there is no such file"),
        (["upload", __file__, "--server", "ftp://x"], "no address of a server"),
        (["upload", __file__, "--server", "http://127.0.0.1:9"], "does not answer"),
        (["serve", "--roads", "none.gpkg"], "none.gpkg"),
        (["worker", "--home", __file__ + "/x"], "SCHOUW_HOME"),
    ],
)
def test_mistakes_are_one_line(
    run: Run, command: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, error = run(*command)
    assert code == 2
    (line,) = [one for one in error.splitlines() if one.startswith("schouw: ")]
    assert sentence in line
    assert "Traceback" not in error


def test_an_open_server_that_others_reach_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    from api.serve import check_open
    from api.settings import read_settings

    assert check_open(read_settings(), "127.0.0.1", asked=True) is None
    assert re.search("anyone", check_open(read_settings(), "0.0.0.0", asked=True) or "")
    assert check_open(read_settings(user_header="X-User"), "0.0.0.0", asked=True) is None
