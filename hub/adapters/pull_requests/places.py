"""Where messages stand among pull requests, and what a forge does for them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from hub.adapters.http import Route
from reconcilers.messages.channels import Place

#: What previews are called at a forge, before the environment's name.
PREVIEW: Final = "preview"
AT: Final = re.compile(r"(?P<repository>[^/#\s]+/[^/#\s]+)#(?P<number>[0-9]{1,12})(?:/(?P<build>[0-9a-f]{1,64}))?")


@dataclass(frozen=True, slots=True)
class At:
    """A pull request, and which build of its preview."""

    repository: str
    number: int
    build: str = ""

    @staticmethod
    def of(place: Place) -> At:
        """Where a message stands. Raises `ValueError` for what is no such place."""
        found = AT.fullmatch(place.at)
        if found is None:
            raise ValueError(f"no pull request: {place.at[:200]!r}")
        return At(found["repository"], int(found["number"]), found["build"] or "")

    def route(self, template: str, *values: object) -> Route:
        """Below the repository."""
        return Route.of("/repos/{+}", self.repository).below(template, *values)


def environment_of(place: Place) -> str:
    """What previews of an environment are called at a forge: no environment that others deploy to."""
    return f"{PREVIEW}/{place.environment}"


class Requests(Protocol):
    """Pull requests of a forge, written to by the hub's own account; others' comments and statuses are not told of.

    Raises what `reconcilers.messages.channels` says.
    """

    def comments(self, place: Place) -> list[tuple[int, str]] | None:
        """Ids and texts of the hub's own, in any order; None: the pull request is not there."""

    def comment(self, place: Place, body: str) -> str | None:
        """The id of a new one; None as of `comments`. It is not tried again here."""

    def edit_comment(self, place: Place, comment: str, body: str) -> bool:
        """False: it is gone."""

    def remove_comment(self, place: Place, comment: str) -> None:
        """That it is gone already is well."""

    def commit(self, place: Place) -> str | None:
        """Which commit a build's preview is of, as far as the forge knows; None as of `comments`."""

    def newest_status(self, place: Place, commit: str) -> str | None:
        """The state of the hub's newest status of this place's environment; None: there is none."""

    def set_status(self, place: Place, commit: str, status: Mapping[str, str]) -> bool:
        """One more: `state`, `context`, `description`, `target_url`. False: the commit or repository is not there."""
