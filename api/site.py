"""The web app's files: hashed ones are kept by browsers for ever, the page itself is asked for every time."""

from mimetypes import guess_type
from pathlib import Path
from urllib.parse import urlparse

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope
from typing_extensions import override

PACKED = (("br", ".br"), ("gzip", ".gz"))  # content encoding, and how a file that was packed by the build ends
HASHED = "assets/"  # where the build puts files whose names change with their contents
NOT_BUILT = (
    "the web app is not built: run `npm ci && npm run build` in api/web, or install the wheel; /openapi.json says what"
    " else is here"
)


def content_policy(basemap: str) -> str:
    """What a browser may load: the server's own files, and the basemap's tiles. MapLibre's worker is a blob."""
    parts = urlparse(basemap)
    tiles = f" {parts.scheme}://{parts.netloc}" if parts.netloc else ""
    return "; ".join(
        (
            "default-src 'self'",
            f"img-src 'self' data: blob:{tiles}",
            f"connect-src 'self'{tiles}",
            "style-src 'self' 'unsafe-inline'",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'self'",
        )
    )


class Site(StaticFiles):
    """A folder of static files, packed ones first."""

    def __init__(self, folder: Path, basemap: str) -> None:
        super().__init__(directory=folder, html=True)
        self.policy = content_policy(basemap)

    @override
    async def get_response(self, path: str, scope: Scope) -> Response:
        name, encoding = self._packed(path, scope)
        response = await super().get_response(name, scope)
        if encoding:
            response.headers["Content-Encoding"] = encoding
            response.headers["Content-Type"] = guess_type(path)[0] or "application/octet-stream"
        response.headers["Vary"] = "Accept-Encoding"
        kept = path.startswith(HASHED) and response.status_code in (200, 206, 304)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if kept else "no-cache"
        response.headers["Content-Security-Policy"] = self.policy
        return response

    def _packed(self, path: str, scope: Scope) -> tuple[str, str]:
        """The file as the build packed it, where there is one that the browser takes; and its encoding."""
        headers = Headers(scope=scope)
        taken = [part.partition(";")[0].strip() for part in headers.get("accept-encoding", "").split(",")]
        for encoding, ending in PACKED:
            if encoding in taken and "range" not in headers and self.lookup_path(path + ending)[1]:
                return path + ending, encoding
        return path, ""
