"""The blocks, headings and named tests of documents."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from worlds.places import TESTS

_LINES = re.compile(
    r"^(?:#{1,6} (?P<title>[^\n]+)|<!-- needs: (?P<needs>[^\n]+) -->|```(?P<language>\w*)\n(?P<text>.*?)^```)$",
    re.M | re.S,
)
NAMED = re.compile(r"`(test_\w+\.py)::(test_\w+)`")


@dataclass(frozen=True)
class Block:
    """A block of code below the heading `section`. `needs`: what it takes beside this machine; None: nothing."""

    section: str
    language: str
    needs: str | None
    text: str


def blocks(page: str) -> Iterator[Block]:
    """The blocks of a page, in order."""
    section, needs = "", None
    for found in _LINES.finditer(page):
        if found["title"] is not None:
            section = found["title"]
        elif found["needs"] is not None:
            needs = found["needs"]
        else:
            yield Block(section, found["language"], needs, found["text"])
            needs = None


def headings(page: str) -> list[str]:
    """The headings of a page, in order."""
    return [found["title"] for found in _LINES.finditer(page) if found["title"] is not None]


def slug(title: str) -> str:
    """The anchor of a heading, as GitHub and MkDocs make it of ASCII."""
    return re.sub(r"[^\w\- ]", "", re.sub(r"[`*]", "", title).lower()).strip().replace(" ", "-")


@cache
def every_test() -> frozenset[tuple[str, str]]:
    """File and name of each test."""
    return frozenset(
        (path.name, one.name)
        for path in TESTS.rglob("test_*.py")
        for one in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(one, ast.FunctionDef) and one.name.startswith("test_")
    )
