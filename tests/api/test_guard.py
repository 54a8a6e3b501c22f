"""What every request passes, and how the web app's files are served."""

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from api.app import create_app
from api.context import Context, open_context
from api.settings import Limits, read_settings
from api.site import Site, content_policy


@pytest.fixture
def small(tmp_path: Path) -> TestClient:
    opened: Context = open_context(read_settings(home=tmp_path / "home", limits=Limits(body_bytes=1000)))
    with TestClient(create_app(opened)) as client:
        yield client


def test_a_body_that_is_too_large(small: TestClient) -> None:
    answer = small.post("/v1/surveys", content=b"x" * 1001)
    assert answer.status_code == 413
    assert "body_bytes" in answer.json()["detail"]
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_body_that_does_not_tell_its_length(small: TestClient) -> None:
    answer = small.post(
        "/v1/surveys", content=iter([b"x" * 600, b"x" * 600]), headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 413
    assert "body_bytes" in answer.json()["detail"]


def test_uploads_have_a_limit_of_their_own(small: TestClient) -> None:
    survey = small.post("/v1/surveys", json={"files": [{"name": "a.mp4", "size": 5000}]}).json()
    headers = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
    assert small.patch(survey["files"][0]["upload"], headers=headers, content=b"x" * 5000).status_code == 204


def test_headers_on_the_safe_side(small: TestClient) -> None:
    answer = small.get("/v1/surveys", headers={"Origin": "https://elsewhere.example"})
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.fixture
def site(tmp_path: Path) -> TestClient:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<p>page</p>")
    (tmp_path / "assets" / "app-1a2b.js").write_text("plain")
    (tmp_path / "assets" / "app-1a2b.js.gz").write_bytes(b"packed")
    app = Starlette()
    app.mount("/", Site(tmp_path, "https://tiles.example/{z}/{x}/{y}.png"))
    return TestClient(app)


def test_the_page_is_asked_for_every_time_and_what_is_hashed_never_again(site: TestClient) -> None:
    page = site.get("/")
    assert (page.text, page.headers["Cache-Control"]) == ("<p>page</p>", "no-cache")
    assert "https://tiles.example" in page.headers["Content-Security-Policy"]
    script = site.get("/assets/app-1a2b.js", headers={"Accept-Encoding": "identity"})
    assert (script.text, script.headers["Cache-Control"]) == ("plain", "public, max-age=31536000, immutable")
    assert site.get("/", headers={"If-None-Match": page.headers["etag"]}).status_code == 304
    missing = site.get("/assets/gone.js")
    assert missing.status_code == 404


def test_a_packed_file_goes_before(site: TestClient) -> None:
    with site.stream("GET", "/assets/app-1a2b.js", headers={"Accept-Encoding": "br, gzip"}) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert "javascript" in answer.headers["Content-Type"]
        assert b"".join(answer.iter_raw()) == b"packed"


@pytest.mark.parametrize(
    ("basemap", "part"),
    [
        ("https://tiles.example/{z}/{x}/{y}.png", "img-src 'self' data: blob: https://tiles.example;"),
        ("", "img-src 'self' data: blob:;"),
        ("tiles/{z}/{x}/{y}.png", "img-src 'self' data: blob:;"),
    ],
)
def test_what_a_browser_may_load(basemap: str, part: str) -> None:
    policy = content_policy(basemap)
    assert part in policy
    assert "worker-src 'self' blob:" in policy
    assert "script-src" not in policy or "unsafe" not in policy.partition("script-src")[2].partition(";")[0]
