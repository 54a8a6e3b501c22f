from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api import app
from api.context import Context

WEB = Path(app.__file__).parent / "web" / "dist"


@pytest.mark.skipif(not WEB.is_dir(), reason="the web app is not built: run make web")
def test_the_api_is_described_by_files_of_our_own(context: Context) -> None:
    with TestClient(app.create_app(context)) as client:
        page = client.get("/docs")
        assert page.status_code == 200
        assert page.url.path == "/docs.html"
        assert "http" not in page.text.replace("http://testserver", "")
        assert "script-src" not in page.headers["content-security-policy"]  # so default-src 'self' holds for scripts
        assert "default-src 'self'" in page.headers["content-security-policy"]
