"""Every variable of a shell in a document is set in it before, or is said to be what it is: nothing comes from nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from worlds.doc_pages import blocks
from worlds.places import ROOT

FIRST = "INSTALL.md"
PAGES = [FIRST, "MULTI_ACCOUNT_AWS.md", "OPERATIONS.md", "PREVIEW_ENVIRONMENT.md", "RELEASING.md", "FIRST_TIME.md"]
#: What the job of a workflow has by itself.
GIVEN = {"ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL"}
_READ = re.compile(r"\$\{?([A-Za-z_]\w*)")
_SET = re.compile(r"(?:^|[\s;(&|])(?:([A-Za-z_]\w*)=|for ([A-Za-z_]\w*) in |read (?:-\w+ )*([A-Za-z_]\w*))")


def unset(page: str, known: set[str]) -> Iterator[str]:
    """Variables that are read before a line sets them, its own included; `known` gets what is set.

    One is said to be what it is where prose names it as `$name`, or a comment stands in its line.
    """
    known |= set(re.findall(r"`\$([A-Za-z_]\w*)`", page))
    for block in blocks(page):
        for line in block.text.splitlines() if block.language in ("bash", "sh") else ():
            code, _, comment = line.partition(" # ")
            known.update(name for found in _SET.findall(code) for name in found if name)
            if not comment:
                yield from (name for name in _READ.findall(re.sub(r"'[^']*'", "", code)) if name not in known)


@pytest.mark.parametrize("name", PAGES)
def test_no_variable_comes_from_nowhere(name: str) -> None:
    """INSTALL comes before every other page: what it says, they need not say again."""
    known = set(GIVEN)
    first = list(unset((ROOT / "docs" / FIRST).read_text(encoding="utf-8"), known))
    found = first if name == FIRST else list(unset((ROOT / "docs" / name).read_text(encoding="utf-8"), known))
    assert found == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a=1\necho $a $b", ["b"]),
        ("echo $a\na=1", ["a"]),
        ('for one in x; do echo "$one"; done', []),
        ("echo '$a'", []),
        ("echo $a # as it was printed", []),
        ("x | while read -r a; do echo ${a}; done", []),
    ],
)
def test_what_is_unset_is_found(text: str, found: list[str]) -> None:
    assert list(unset(f"```bash\n{text}\n```\n", set())) == found
