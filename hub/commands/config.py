"""`rtb-hub config`: every setting as it holds, whence, and its default."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from generator.errors import ConfigError, Fault, HubError, Reason
from generator.model.services import SERVICES_FILE
from hub.output.console import Format, emit, printable
from hub.settings import load_settings
from hub.settings.server import URL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from hub.settings import Shown

#: What is wrong with the file itself.
_MISTAKES = frozenset({Reason.INVALID_SERVICES, Reason.UNREADABLE_YAML})


def run(*, output: Format) -> None:
    """Print one row a setting, and which rules of the state repository that they name start previews.

    Raises `ConfigError` (InvalidValue, InvalidForge, InvalidRegistries), and after printing what is wrong with
    hub/services.yaml (InvalidServices, UnreadableYaml).
    """
    settings = load_settings()
    if settings.server is not None:
        check_address(settings.server)
    if settings.registries is not None:
        from hub.adapters.registry.configured import read_file

        read_file(settings.registries)
    shown = list(settings.shown())
    unknown = [{"name": name, "nearest": near} for name, near in settings.unknown()]
    rules = _rules() if settings.repo is not None else None
    data = {"settings": [one._asdict() for one in shown], "unknown": unknown, "rules": rules.data() if rules else None}

    def tell(console: Console) -> None:
        _tell(console, shown, unknown)
        if rules is not None:
            rules.tell(console)

    emit(data, output, tell)
    if rules is not None and rules.error is not None and rules.error.reason in _MISTAKES:
        raise rules.error


def check_address(url: str, field: str = URL) -> None:
    """Raise `ConfigError` (InvalidValue) for a server's address that is none."""
    from hub.adapters.http.origin import Origin, OriginError

    try:
        Origin.parse(url)
    except OriginError as err:
        remedy = "such as https://hub.example.com; http is for this machine alone"
        raise ConfigError(Reason.INVALID_VALUE, Fault(str(err), field=field, remedy=remedy)) from err


@dataclass(frozen=True)
class _Rules:
    """The Jira projects that hub/services.yaml of each branch has rules for, or why that is not known."""

    projects: Mapping[str, Sequence[str]] = field(default_factory=dict)
    error: HubError | None = None

    def data(self) -> dict[str, Any]:
        """The same for machines."""
        return {"projects": self.projects, "unread": self.error.words if self.error else None}

    def tell(self, console: Console) -> None:
        """The same for people. A mistake in the file is told as an error."""
        from rich.text import Text

        if self.error is not None and self.error.reason not in _MISTAKES:
            console.print(Text(printable(f"{SERVICES_FILE} is not read: {self.error.words}"), "yellow"))
        for branch, names in self.projects.items():
            console.print(Text(printable(f"{SERVICES_FILE} on {branch} has rules for {', '.join(names)}")))


def _rules() -> _Rules:
    from hub.wiring import hub
    from reconcilers.state.project_rules import rules_by_branch

    try:
        found = rules_by_branch(hub().repository(None).read().environments)
    except HubError as err:
        return _Rules(error=err)
    return _Rules({branch: sorted(one.projects) for branch, one in sorted(found.items())})


def _tell(console: Console, shown: Sequence[Shown], unknown: Sequence[dict[str, str]]) -> None:
    from rich.text import Text

    from hub.output.columns import Cell, tell_table

    rows = [
        (
            Cell(one.name, "cyan"),
            printable(one.value) or "-",
            Cell(one.source, "dim" if one.source == "default" else ""),
            Cell(printable(one.default) or "-", "dim"),
        )
        for one in shown
    ]
    tell_table(console, ("SETTING", "VALUE", "SOURCE", "DEFAULT"), rows)
    for name in unknown:
        hint = f"; did you mean {name['nearest']}?" if name["nearest"] else ""
        console.print(Text(f"{printable(name['name'])} is no setting of this release{hint}", "yellow"))
