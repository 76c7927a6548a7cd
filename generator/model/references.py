"""References in a blueprint's texts: `${preview.host}`, `${environment.name}`, `${db.DATABASE_URL}`, `${self.host}`.

Only texts of a blueprint have them. What people ask for at a start is taken letter by letter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

#: Values of the preview and its environment that a text may have.
OF_PREVIEW: Final = ("name", "issue", "namespace", "branch", "owner", "host", "url")
OF_ENVIRONMENT: Final = ("name", "account", "region")
#: Those that nobody chooses freely: a text that a shell or another program reads has no others.
FIXED: Final = ("name", "issue", "namespace")
#: Values of a component that a text may have, beside the names of its `generated`.
OF_COMPONENT: Final = ("host", "port", "url")
SELF: Final = "self"
PASSWORD: Final = "${password}"  # noqa: S105 - how it is written, no password
_TOKEN = re.compile(r"\$\$|\$\{([^{}$]{0,120})\}")
_REFERENCE = re.compile(r"([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)\.([A-Za-z_][A-Za-z0-9_]{0,252})")


class Reference(NamedTuple):
    """`${of.name}`: a value of the preview, of the environment, or of a component."""

    of: str
    name: str

    def __str__(self) -> str:
        return f"${{{self.of}.{self.name}}}"


def parts(text: str) -> Iterator[str | Reference]:
    """The text in parts. `$$` is `$`; a `$` that begins neither is itself. Raises `ValueError` for `${…}` of no form.

    Joining the parts, each reference replaced by its value, gives what the text means.
    """
    end = 0
    for match in _TOKEN.finditer(text):
        if match.start() > end:
            yield text[end : match.start()]
        end = match.end()
        if match[0] == "$$":
            yield "$"
            continue
        found = _REFERENCE.fullmatch(match[1])
        if found is None:
            raise ValueError(f"{match[0][:80]!r} is no reference; allowed: such as ${{preview.host}}, or $$ for a $")
        yield Reference(found[1], found[2])
    if end < len(text):
        yield text[end:]


def references(text: str) -> tuple[Reference, ...]:
    """The references in a text, in their order. Raises as `parts`."""
    return tuple(part for part in parts(text) if isinstance(part, Reference)) if "$" in text else ()


def whole(text: str) -> Reference | None:
    """The reference that a text is, and nothing beside it; None: it is something else."""
    found = tuple(parts(text)) if text.startswith("${") else ()
    return found[0] if len(found) == 1 and isinstance(found[0], Reference) else None


def resolved(text: str, value_of: Callable[[Reference], str]) -> str:
    """The text with the value of each reference in its place. Raises what `parts` and `value_of` raise."""
    if "$" not in text:
        return text
    return "".join(part if isinstance(part, str) else value_of(part) for part in parts(text))
