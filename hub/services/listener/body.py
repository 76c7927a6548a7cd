"""A request's body as it came: no more of it than is allowed, for no longer than is allowed."""

from __future__ import annotations

import asyncio

from fastapi import Request


class TooLarge(Exception):  # noqa: N818 - what it is, not that it failed
    """The body has more bytes than are taken, or says that it will have."""


async def read_raw(request: Request, *, most: int, seconds: float) -> bytes:
    """All bytes. Raises `TooLarge`, `TimeoutError`, and starlette's `ClientDisconnect` for one that was cut off."""
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared[:20]) > most:
        raise TooLarge
    read = bytearray()
    async with asyncio.timeout(seconds):
        async for part in request.stream():
            read += part
            if len(read) > most:
                raise TooLarge
    return bytes(read)
