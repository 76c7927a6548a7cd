"""What a person asks for by the options of `start`, `diff`, `render` and `price`."""

from __future__ import annotations

from dataclasses import dataclass

from generator.model.entry import Compute
from generator.render.asked import Request
from generator.values.naming import IssueKey
from hub.commands.pairs import pairs, settings_of
from reconcilers.lifecycle.start import StartRequest


@dataclass(frozen=True, slots=True)
class Arguments:
    """The options of `start`, `set`, `unset`, `diff` and `render` as typed."""

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
    unset: tuple[str, ...] = ()
    reset: bool = False
    must_exist: bool = False

    def parsed(self, requested_by: str) -> StartRequest:
        """The request. Raises `ConfigError` for a wrong key or an option that is not NAME=VALUE."""
        key = IssueKey.parse(self.key)
        request = Request(
            pairs("image", self.image), settings_of(self.settings), self.compute, self.branch, self.unset, self.reset
        )
        return StartRequest(
            key, requested_by, request, self.blueprint, self.ttl, self.office_hours,
            queue=self.queue, must_exist=self.must_exist,
        )  # fmt: skip
