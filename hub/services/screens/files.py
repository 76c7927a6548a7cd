"""The built dashboard as an answer to a path: from what was read at start, so that no path leads anywhere else.

Names of files below `assets/` carry a digest of their content and are kept by browsers for ever. The page that names
them is asked for anew each time, so that a new release is seen at once. The paths of screens (`screens.json`, made by
the build from the router's own list) are answered with that page; any other path is the application's.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import mimetypes
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub import assets

#: Nothing of another origin, nothing inline: what is shown came from people, and could hold markup.
CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PAGE_HEADERS: Final = {"Content-Security-Policy": CSP}
_IMMUTABLE: Final = "public, max-age=31536000, immutable"
#: What is worth compressing, and from how many bytes on.
_TEXTS: Final = ("text/", "application/javascript", "application/json", "image/svg+xml", "application/manifest+json")
_COMPRESSED_FROM: Final = 1000
#: The way to a preview, of any environment or of one.
_WAY: Final = re.compile(r"/preview/[^/]+(?:/[^/]+)?")
NOT_BUILT: Final = "The dashboard is not built: 'make dashboard' does it in a checkout. The API is at /api/v1/.\n"
#: The page that is open says so in better words.
ANOTHER_RELEASE: Final = "This file is of another release: load the page anew.\n"


@dataclass(frozen=True)
class BuiltFile:
    """One file: its media type, its bytes, and whether its name says which bytes these are."""

    media_type: str
    content: bytes
    is_hashed: bool = False

    @cached_property
    def compressed(self) -> bytes | None:
        """By gzip; None where that is not worth it."""
        if len(self.content) < _COMPRESSED_FROM or not self.media_type.startswith(_TEXTS):
            return None
        return gzip.compress(self.content, mtime=0)

    @cached_property
    def etag(self) -> str:
        """Of the content."""
        return f'"{hashlib.sha256(self.content).hexdigest()[:20]}"'

    def answer(self, asked: Headers, more: Mapping[str, str]) -> Response:
        """The answer to a request with these headers; 304 for who has it."""
        cache = _IMMUTABLE if self.is_hashed else "no-cache"
        headers = {**more, "Cache-Control": cache, "ETag": self.etag, "Vary": "Accept-Encoding"}
        if self.etag in {one.strip().removeprefix("W/") for one in asked.get("if-none-match", "").split(",")}:
            return Response(status_code=304, headers=headers)
        takes = {one.partition(";")[0].strip() for one in asked.get("accept-encoding", "").split(",")}
        if self.compressed is not None and "gzip" in takes:
            headers["Content-Encoding"] = "gzip"
            return Response(self.compressed, headers=headers, media_type=self.media_type)
        return Response(self.content, headers=headers, media_type=self.media_type)


@dataclass(frozen=True)
class BuiltDashboard:
    """All files by their path (`/assets/index-abc.js`), and the paths of screens such as `/previews/:env/:key`."""

    files: Mapping[str, BuiltFile] = field(default_factory=dict)
    screens: tuple[str, ...] = ()

    @classmethod
    def read(cls, folder: Path | None = None) -> BuiltDashboard:
        """What was built; empty where nothing was."""
        folder = folder or assets.dashboard_folder()
        if not (folder / "index.html").is_file():
            return cls()
        files = {}
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                name = path.relative_to(folder).as_posix()
                media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
                files[f"/{name}"] = BuiltFile(media_type, path.read_bytes(), name.startswith("assets/"))
        return cls(files, tuple(json.loads(files.pop("/screens.json").content)))

    @property
    def is_built(self) -> bool:
        """Whether there is one."""
        return "/index.html" in self.files

    @cached_property
    def _screen(self) -> re.Pattern[str]:
        """Matches the paths of screens: a part of a path stands for each `:name`."""
        forms = (
            "/".join("[^/]+" if part[:1] == ":" else re.escape(part) for part in one.split("/")) for one in self.screens
        )
        return re.compile("|".join(f"(?:{form})" for form in forms))

    def answer(self, path: str, asked: Headers) -> Response | None:
        """The answer to a path; None: it is none of ours."""
        if not self.is_built:
            return PlainTextResponse(NOT_BUILT, 404, {"Cache-Control": "no-store"}) if path == "/" else None
        if path in self.files and path != "/index.html":
            return self.files[path].answer(asked, {})
        if path.startswith("/assets/"):
            return PlainTextResponse(ANOTHER_RELEASE, 404, {"Cache-Control": "no-store"})
        return self.page(asked) if self._screen.fullmatch(path) else None

    def page(self, asked: Headers) -> Response:
        """The page, whatever its path is."""
        return self.files["/index.html"].answer(asked, PAGE_HEADERS)


@dataclass(frozen=True, slots=True)
class Screens:
    """ASGI: answers what browsers load; all else is the application's."""

    app: ASGIApp
    built: BuiltDashboard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"}:
            await self.app(scope, receive, send)
            return
        asked = Headers(scope=scope)
        found = self.built.answer(scope["path"], asked)
        if found is not None:
            await found(scope, receive, send)
        elif self.built.is_built and _WAY.fullmatch(scope["path"]):
            await self._way(scope, receive, send, asked)
        else:
            await self.app(scope, receive, send)

    async def _way(self, scope: Scope, receive: Receive, send: Send, asked: Headers) -> None:
        """The way to a preview: there by a redirect, if the application knows the way; else the page, which waits."""
        is_redirect = False

        async def led(message: Message) -> None:
            nonlocal is_redirect
            if message["type"] == "http.response.start":
                is_redirect = 300 <= message["status"] < 400
                status = 404 if message["status"] == 404 else 200
            if is_redirect:
                await send(message)
            elif message["type"] == "http.response.start":
                page = self.built.page(Headers({"accept-encoding": asked.get("accept-encoding", "")}))
                page.status_code = status
                await page(scope, receive, send)

        await self.app(scope, receive, led)


def screens() -> Middleware:
    """`Screens` of what was built, for an application to put round itself."""
    return Middleware(Screens, built=BuiltDashboard.read())
