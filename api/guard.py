"""What every request passes: a limit on bodies that are no uploads, and headers that keep browsers on the safe side."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import Problem, problem, refusal

UPLOADS = "/v1/uploads"  # has its own limit
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "X-Frame-Options": "SAMEORIGIN",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class Guard:
    """ASGI middleware around the application."""

    def __init__(self, app: ASGIApp, body_bytes: int) -> None:
        self.app, self.body_bytes = app, body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in ALWAYS.items():
                    headers.setdefault(name, value)
            await send(message)

        headers = Headers(scope=scope)
        if "\0" in scope["path"]:  # names nothing, and PostgreSQL can't be asked for it
            await problem(refusal("no_address"), headers.get("accept-language", ""))(scope, receive, guarded)
            return
        if scope["path"].startswith(UPLOADS):
            await self.app(scope, receive, guarded)
            return
        length = headers.get("content-length", "0")
        if length.isdigit() and int(length) > self.body_bytes:
            await problem(self._too_large(), headers.get("accept-language", ""))(scope, receive, guarded)
            return
        came = 0

        async def counted() -> Message:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            if came > self.body_bytes:
                raise self._too_large()
            return message

        await self.app(scope, counted, guarded)

    def _too_large(self) -> Problem:
        return refusal("body_too_large", most=self.body_bytes)
