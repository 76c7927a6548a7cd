"""What a person asks for by the options of `start`, `diff`, `render` and `price`."""

from __future__ import annotations

from dataclasses import dataclass

from generator.errors import ConfigError, Fault, Reason
from generator.model.entry import Compute
from generator.render.request import Request
from generator.values.naming import IssueKey
from hub.output.console import printable
from reconcilers.lifecycle.start import StartRequest


@dataclass(frozen=True, slots=True)
class Arguments:
    """The options of `start`, `diff` and `render` as typed."""

    key: str
    env: str
    image: list[str]
    settings: list[str]
    blueprint: str | None
    branch: str | None
    compute: Compute | None
    ttl: str | None
    office_hours: bool | None = None
    queue: bool = False

    def parsed(self, requested_by: str) -> StartRequest:
        """The request. Raises `ConfigError` for a wrong key or an option that is not NAME=VALUE."""
        key = IssueKey.parse(self.key)
        request = Request(_pairs("image", self.image), _settings(self.settings), self.compute, self.branch)
        return StartRequest(key, requested_by, request, self.blueprint, self.ttl, self.office_hours, queue=self.queue)


def _pairs(option: str, texts: list[str]) -> dict[str, str]:
    """`NAME=VALUE` texts as a mapping. The value is all after the first '=', whatever it is."""
    pairs: dict[str, str] = {}
    faults = []
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            faults.append(Fault(f"{printable(text[:80])!r} is not NAME=VALUE", field=f"--{option}"))
        elif name in pairs:
            faults.append(Fault(f"{printable(name[:80])!r} is given twice", field=f"--{option}"))
        pairs[name] = value
    if faults:
        raise ConfigError(Reason.INVALID_VALUE, faults)
    return pairs


def _settings(texts: list[str]) -> tuple[tuple[str, str], ...]:
    """`PATH=TEXT` texts in order; a list's path may stand several times, once an item."""
    faults = [Fault(f"{t[:80]!r} is not PATH=TEXT", field="--set") for t in texts if "=" not in t or t.startswith("=")]
    if faults:
        raise ConfigError(Reason.INVALID_VALUE, faults)
    return tuple((path, value) for path, _, value in (text.partition("=") for text in texts))
