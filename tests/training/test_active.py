import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.errors import InputError
from detector.results import SurveyResult
from detector.scene.camera import default_camera
from detector.types import Coverage, Detection, Frame, Pose
from training.active import Candidate, candidates, choose, entropy, of_footage, read_reviews

CAMERA = default_camera(160, 120)
METRE = 1 / 111_320


def frame(index: int, metres: float, source: str = "drive.mp4") -> Frame:
    return Frame(index, source, index / 10, Pose(index, 6.9, 52.2 + metres * METRE, 0, 10, 1, metres), 160, 120)


def candidate(index: int, metres: float, doubt: float = 0.0, disputed: bool = False) -> Candidate:
    return Candidate("a", frame(index, metres), CAMERA, (), doubt, disputed)


def looks(*directions: int) -> np.ndarray:
    """Signatures that are alike where the number is the same and unlike otherwise."""
    return np.eye(32, dtype=np.float32)[list(directions)]


def order(found: list[Candidate], signatures: np.ndarray, count: int = 10) -> list[int]:
    return [c.candidate.frame.index for c in choose(found, signatures, count)]


@given(st.floats(0, 1))
def test_doubt_is_highest_in_the_middle_and_the_same_on_both_sides(p: float) -> None:
    assert 0 <= entropy(p) <= entropy(0.5) == 1
    assert entropy(p) == pytest.approx(entropy(1 - p))


def test_what_is_disputed_comes_first_and_what_is_doubtful_next() -> None:
    found = [candidate(0, 0), candidate(1, 100, doubt=0.9), candidate(2, 200, disputed=True)]
    chosen = choose(found, looks(0, 1, 2), 3)
    assert [(c.candidate.frame.index, c.reason) for c in chosen] == [(2, "disputed"), (1, "doubtful"), (0, "new")]


def test_the_same_view_and_the_same_place_are_not_labelled_twice() -> None:
    found = [candidate(0, 0, doubt=1.0), candidate(1, 500, doubt=0.99), candidate(2, 0, doubt=0.98), candidate(3, 900)]
    assert order(found, looks(0, 0, 1, 2)) == [0, 3]


def test_choices_are_spread_over_the_road() -> None:
    found = [candidate(n, 2.0 * n, doubt=0.5) for n in range(30)]
    places = sorted(2.0 * n for n in order(found, looks(*range(30)), count=3))
    assert np.diff(places).min() > 15


@given(
    st.lists(st.tuples(st.floats(0, 1000), st.floats(0, 1), st.booleans(), st.integers(0, 31)), min_size=1),
    st.integers(1, 9),
)
def test_no_frame_is_chosen_twice_nor_more_than_asked(frames: list, count: int) -> None:  # type: ignore[type-arg]
    found = [candidate(n, m, doubt, disputed) for n, (m, doubt, disputed, _) in enumerate(frames)]
    chosen = order(found, looks(*(f[3] for f in frames)), count)
    assert len(chosen) == len(set(chosen)) <= count
    assert chosen


def survey_result() -> SurveyResult:
    frames = [frame(n, 3.0 * n) for n in range(4)]
    coverage = [Coverage(n, 2, 20, n != 3, "" if n != 3 else "too dark") for n in range(4)]
    seen = [(1, Detection((20, 80, 60, 100), 0.5, 3)), (1, Detection((60, 80, 90, 100), 0.99, 3))]
    meta = {"cameras": [asdict(CAMERA) | {"origin": "assumed"}]}
    return SurveyResult(meta, frames, coverage, seen, [], [])


def test_candidates_are_frames_that_show_the_road_with_their_least_sure_detection() -> None:
    found = candidates("a", survey_result(), {"drive.mp4": [0.2004], "other.mp4": [0.0]})
    assert [(c.frame.index, c.doubt, c.disputed) for c in found] == [(0, 0, False), (1, 1, False), (2, 0, True)]
    assert found[0].camera == CAMERA


@pytest.mark.parametrize(
    ("said", "sources", "placed"),
    [
        (["/srv/drive.mp4"], ["/home/drive.mp4"], {"/srv/drive.mp4": "/home/drive.mp4"}),
        (["/srv/mon/GX.mp4"], ["/a/mon/GX.mp4", "/a/tue/GX.mp4"], {"/srv/mon/GX.mp4": "/a/mon/GX.mp4"}),
        (["d:\\mon\\GX.mp4"], ["/a/mon/GX.mp4", "/a/tue/GX.mp4"], {"d:\\mon\\GX.mp4": "/a/mon/GX.mp4"}),
        (["/srv/GX.mp4"], ["/a/mon/GX.mp4", "/a/tue/GX.mp4"], {}),
        (["/srv/mon/GX.mp4", "/srv/tue/GX.mp4"], ["/a/tue/GX.mp4"], {"/srv/tue/GX.mp4": "/a/tue/GX.mp4"}),
        (["/srv/other.mp4"], ["/a/tue/GX.mp4"], {}),
    ],
)
def test_disputed_frames_are_of_the_footage_whose_path_ends_most_alike(
    said: list[str], sources: list[str], placed: dict[str, str]
) -> None:
    times = {path: float(n) for n, path in enumerate(said)}
    assert of_footage(times.items(), sources) == {source: [times[path]] for path, source in placed.items()}


def kept(number: int, defect: int, decision: str, time_s: float | None = 1.5) -> dict[str, object]:
    return {
        "id": number,
        "defect": defect,
        "decision": decision,
        "snapshot": {"source": "x/drive.mp4", "media_time_s": time_s},
    }


def test_only_the_last_word_on_a_defect_counts(tmp_path: Path) -> None:
    said = [kept(1, 7, "reject", 1.0), kept(2, 8, "relabel", 2.0), kept(3, 7, "undo", 1.0), kept(4, 9, "accept", 3.0)]
    path = tmp_path / "reviews.json"
    path.write_text(json.dumps({"reviews": [*said, kept(5, 10, "reject", None)], "next": None}))
    assert read_reviews(str(path)) == [("x/drive.mp4", 2.0)]


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"reviews": [{"id": 1}]}', '{"reviews": [{"id": 1, "defect": 2, "decision": "reject"}]}']
)
def test_something_else_is_no_list_of_reviews(tmp_path: Path, text: str) -> None:
    (tmp_path / "reviews.json").write_text(text)
    with pytest.raises(InputError, match="GET /v1/reviews"):
        read_reviews(str(tmp_path / "reviews.json"))


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(InputError, match="can't be read"):
        read_reviews("nowhere.json")


@pytest.fixture
def server() -> Iterator[str]:
    """Reviews in two pages, for whoever has the token."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            since = int(parse_qs(urlparse(self.path).query)["since"][0])
            if self.headers["Authorization"] == "Bearer loop":
                self.send_response(200)
                self.end_headers()
                self.wfile.write(json.dumps({"reviews": [], "next": since}).encode())
                return
            allowed = self.headers["Authorization"] == "Bearer secret" and urlparse(self.path).path == "/v1/reviews"
            page = {"reviews": [kept(since + 1, since + 1, "reject", since + 0.5)], "next": 1 if since == 0 else None}
            self.send_response(200 if allowed else 401)
            self.end_headers()
            self.wfile.write(json.dumps(page).encode() if allowed else b"")

        def log_message(self, *_: object) -> None:
            pass

    http = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=http.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{http.server_port}"
    http.shutdown()
    thread.join()
    http.server_close()


def test_a_server_whose_pages_have_no_end(server: str) -> None:
    with pytest.raises(InputError, match="says that more follow after 0"):
        read_reviews(server, "loop")


@pytest.mark.parametrize("ending", ["", "/", "/v1/reviews"])
def test_a_server_is_asked_for_all_its_pages(server: str, ending: str) -> None:
    assert read_reviews(server + ending, "secret") == [("x/drive.mp4", 0.5), ("x/drive.mp4", 1.5)]


def test_a_server_that_refuses_is_named(server: str) -> None:
    with pytest.raises(InputError, match=r"401.*check the address and the token"):
        read_reviews(server)


@pytest.fixture(params=[b"", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"], ids=["hangs up", "stops halfway"])
def rude(request: pytest.FixtureRequest) -> Iterator[str]:
    """A server that hangs up before its answer is whole."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(request.param)

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        thread.join()


def test_a_server_that_hangs_up_is_named(rude: str) -> None:
    with pytest.raises(InputError, match=r"can't be read .*check the address and the token"):
        read_reviews(rude)


@pytest.mark.parametrize("address", ["http://[::1", "http://a b", "http://host:port"])
def test_an_address_that_is_none(address: str) -> None:
    with pytest.raises(InputError, match=r"can't be read .*check the address and the token"):
        read_reviews(address)
