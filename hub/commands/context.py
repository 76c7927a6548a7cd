"""`rtb-hub context`: where the user works, by a name."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from generator.errors import ConfigError, Fault, Reason
from generator.values.formats import check_dns_label
from hub.adapters.git.location import is_url
from hub.commands.config import check_address
from hub.output.console import Format, emit, printable
from hub.settings import load_settings
from hub.settings.contexts import Context, Contexts, file_of, read
from hub.settings.own_files import changing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console


def add(context: Context, *, replace: bool, output: Format) -> None:
    """Keep a context; the first one is in use at once. Raises `ConfigError` (InvalidValue, FileUnusable)."""
    made = _checked(context)
    with _changing() as held:
        if made.name in held.found and not replace:
            remedy = "--replace writes it anew, 'rtb-hub context show' tells what it says"
            raise _invalid(f"there is a context {made.name!r} already", "NAME", remedy=remedy)
        held.found[made.name] = made
        if len(held.found) == 1:
            held.current = made.name
        is_current = held.current == made.name
    words = "is kept, and in use" if is_current else f"is kept; 'rtb-hub context use {made.name}' takes it into use"
    emit(_data(made, is_current=is_current), output, lambda console: console.print(f"✓ context {made.name} {words}"))


def use(name: str | None, output: Format) -> None:
    """Take a context into use; None: none. Raises `ConfigError` (UnknownContext, FileUnusable)."""
    with _changing() as held:
        held.current = held.get(name, "NAME").name if name is not None else None
        current = held.found[held.current] if held.current else None
    data = _data(current, is_current=True) if current else {"name": None}
    words = f"✓ context {name} is in use" if name else "✓ no context is in use"
    emit(data, output, lambda console: console.print(words))


def remove(name: str, output: Format) -> None:
    """Forget a context; of what it names nothing is touched. Raises `ConfigError` (UnknownContext, FileUnusable)."""
    with _changing() as held:
        gone = held.found.pop(held.get(name, "NAME").name)
        was_current = held.current == name
        held.current = None if was_current else held.current
    words = "; none is in use now" if was_current else ""
    emit(_data(gone, is_current=False), output, lambda console: console.print(f"✓ context {name} is removed{words}"))


def show(name: str | None, output: Format) -> None:
    """Print a context, else the one in use. Raises `ConfigError` (UnknownContext, FileUnusable)."""
    held = read(file_of())
    if name is None and held.current is None:
        fault = Fault("no context is in use", remedy="name one; 'rtb-hub context list' tells which there are")
        raise ConfigError(Reason.UNKNOWN_CONTEXT, fault)
    found = held.get(name or held.current or "", "NAME")
    data = _data(found, is_current=held.current == found.name)

    def people(console: Console) -> None:
        from rich.text import Text

        for label, value in data.items():
            told = {None: "–", True: "yes", False: "no"}.get(value, value)
            console.print(Text.assemble((f"{label:<12}", "dim"), printable(str(told))))

    emit(data, output, people)


def list_all(output: Format) -> None:
    """Print all contexts, the one in use marked. Raises `ConfigError` (FileUnusable)."""
    path = file_of()
    held = read(path)
    found = [_data(one, is_current=held.current == name) for name, one in sorted(held.found.items())]

    def people(console: Console) -> None:
        from hub.output.columns import tell_table

        if not found:
            console.print("there are no contexts; 'rtb-hub context add' makes one")
            return
        rows = [
            [
                "*" if one["inUse"] else "",
                printable(one["name"]),
                printable(one["server"] or one["repo"] or ""),
                *(printable(one[name] or "–") for name in ("environment", "actor")),
            ]
            for one in found
        ]
        tell_table(console, ("", "NAME", "REPOSITORY OR SERVER", "ENV", "ACTOR"), rows)

    emit({"file": str(path), "contexts": found}, output, people)


def _data(one: Context, *, is_current: bool) -> dict[str, Any]:
    return {
        "name": one.name,
        "inUse": is_current,
        "repo": one.repo,
        "server": one.server,
        "environment": one.environment,
        "actor": one.actor,
    }


def _checked(context: Context) -> Context:
    """As it is kept: a path is whole, so that it means the same from every folder. Raises `ConfigError`."""
    for field, name in (("NAME", context.name), ("--env", context.environment)):
        if name is not None:
            try:
                check_dns_label(name)
            except ValueError as err:
                raise ConfigError(Reason.INVALID_VALUE, Fault.saying(err, field=field)) from err
    if context.actor is not None:
        load_settings({"RTB_HUB_ACTOR": context.actor})
    if context.server is not None:
        check_address(context.server, "--server")
        return context
    repo = context.repo or ""
    if not repo or not repo.isprintable():
        raise _invalid("names no repository", "--repo", remedy="a path or a URL")
    if not is_url(repo):
        return Context(context.name, str(Path(repo).expanduser().absolute()), None, context.environment, context.actor)
    if _has_secret(repo):
        remedy = "name it without; a credential helper of git, or an ssh key, gives them (docs/INSTALL.md)"
        raise _invalid(
            "the URL holds a user name, a password or a token, and no secret is kept here", "--repo", remedy=remedy
        )
    return context


def _has_secret(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return True  # nothing that can be told apart is kept
    is_named = parts.scheme in ("http", "https") and "@" in parts.netloc
    return is_named or parts.password is not None or bool(parts.query)


@contextmanager
def _changing() -> Iterator[Contexts]:
    with changing(file_of(), read, Contexts.data) as held:
        yield held


def _invalid(message: str, field: str, *, remedy: str) -> ConfigError:
    return ConfigError(Reason.INVALID_VALUE, Fault(message, field=field, remedy=remedy))
