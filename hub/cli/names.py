"""Names that completion offers where an option or an argument takes one: keys, environments, components and so on.

They are those of the state repository as it is here, of the shipped blueprints and of the kubeconfig; through a server,
those that it told last (`hub.adapters.server_names`). Nothing is fetched meanwhile: what cannot be read, or not within
a second, is not offered. `hub.cli.shells` has the scripts that ask.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from hub.adapters.git.glance import Glance, Seen
    from hub.adapters.server_names import ServerNames
    from hub.settings.places import Places

#: At most so many are offered: a shell asks before it shows more than a screen or two of them.
_MOST = 1000
_PHASES = (
    "active", "expiring soon", "expired", "awaiting approval", "endless", "sleeping", "starting", "running",
    "stopping", "failed", "stuck", "removed", "unknown",
)  # fmt: skip
Names = Iterable["str | tuple[str, str]"]


def offered(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """What fits where `incomplete` is typed as a value of `parameter`, with a word about it where there is one."""
    name = parameter.name or ""
    source = _SOURCES.get((_command(ctx), name)) or _SOURCES.get(("", name))
    if source is None:
        return []
    from click.shell_completion import CompletionItem

    found = ((name, "") if isinstance(name, str) else name for name in source(_Asked(ctx, incomplete)))
    fitting = [
        CompletionItem(name, help=told or None)
        for name, told in found
        if name.startswith(incomplete) and not (name == incomplete and name.endswith(("=", ".")))
    ]
    return fitting[:_MOST]


def _command(ctx: click.Context) -> str:
    """The command's name, such as `env show`."""
    return ctx.command_path.partition(" ")[2]


class _Asked:
    """What is typed so far, and what there is for it; looked for once, when it is first needed."""

    def __init__(self, ctx: click.Context, incomplete: str) -> None:
        from hub.cli.server import context_named
        from hub.settings.contexts import environ_in
        from hub.settings.places import places

        self.ctx, self.incomplete = ctx, incomplete
        self.environ = environ_in(context_named(ctx))
        self.places: Places = places(self.environ)
        self._glance: Glance | None = None
        self._seen: Seen | None = None
        self._server: ServerNames | None = None

    def said(self, name: str) -> str:
        """The value of an option or argument that is typed already; empty: none, or several."""
        value = self.ctx.params.get(name)
        if isinstance(value, tuple) and len(value) == 1:
            value = value[0]
        return str(value) if isinstance(value, str | Path) else ""

    @property
    def repo(self) -> str:
        """The state repository; empty: the command works through a server."""
        named = os.path.expandvars(self.said("repo"))
        if named or "repo" not in {one.name for one in self.ctx.command.params}:
            return named or str(Path.cwd())
        if self.ctx.meta.get("hub.cli.server") or self.places.is_server_named:
            return ""
        return self.places.repo or str(Path.cwd())

    @property
    def glance(self) -> Glance:
        """The state repository as it is here."""
        if self._glance is None:
            from hub.adapters.git.glance import Glance

            self._glance = Glance(self.repo, cache=self.places.cache, environ=self.places.git_environ)
        return self._glance

    @property
    def seen(self) -> Seen:
        """The names in it."""
        if self._seen is None:
            from hub.adapters.git.glance import Seen

            self._seen = self.glance.names() if self.repo else Seen(self.server.environments)
        return self._seen

    @property
    def server(self) -> ServerNames:
        """What the server told last that the command works through."""
        if self._server is None:
            from hub.adapters.server_names import names_of

            self._server = names_of(self.ctx.meta.get("hub.cli.server"), self.environ, self.places.cache)
        return self._server

    @property
    def key(self) -> str:
        """The issue that is typed already."""
        return (self.said("key") or self.said("issue")).upper()

    def entry(self) -> str:
        """The text of the preview's entry that is meant so far; empty: there is none."""
        env, places = self.said("env"), self.seen.environments
        if not self.repo:
            return ""
        found = (name for name, place in places.items() if self.key in place.entries and env in ("", name))
        where = next(found, None)
        return self.glance.content(self.seen.entry(where, self.key)) if where else ""

    def components(self) -> dict[str, dict[str, list[str]]]:
        """The components of the preview or blueprint that is meant so far: the fields each has, and names in these."""
        if not self.repo:
            told = self.server.components(self.said("env"), self.key, self.said("blueprint"))
            return {name: {} for name in told}
        entry = self.entry()
        named = self.said("blueprint") or _scalar(entry, "  blueprint: ") or "web-api"
        found = components_in(self.blueprint(named))
        for name, fields in components_in(entry).items():
            found.setdefault(name, {}).update(fields)
        return found

    def own_blueprints(self) -> dict[str, str]:
        """The blueprints of the state repository, or of the environment that is said, each with its commit."""
        env = self.said("env")
        places = [place for name, place in self.seen.environments.items() if env in ("", name)]
        return {name: place.commit for place in places for name in place.blueprints}

    def blueprint(self, name: str) -> str:
        """The text of a blueprint's file, the team's own first; empty: there is none."""
        folder = self.said("blueprints")
        if folder and name in _names_in(Path(folder)):
            return _text(Path(folder) / name / "blueprint.yaml")
        if (commit := self.own_blueprints().get(name)) is not None:
            return self.glance.content(f"{commit}:blueprints/{name}/blueprint.yaml")
        return _text(_blueprints() / name / "blueprint.yaml") if name in _names_in(_blueprints()) else ""


def _keys(asked: _Asked) -> Names:
    env = asked.said("env")
    where: dict[str, list[str]] = {}
    for name in asked.seen.environments:
        for key in asked.seen.keys(name):
            where.setdefault(key, []).append(name)
    # As typed in small letters, which `options.KEY` takes: the shell replaces the word by one that begins like it.
    form = str.lower if asked.incomplete[:1].islower() else str
    found = sorted(where, key=lambda key: (key.partition("-")[0], len(key), key))
    return ((form(key), ", ".join(where[key])) for key in found if not env or env in where[key])


def _environments(asked: _Asked) -> Names:
    folder = asked.ctx.params.get("environments")
    if "environments" in {one.name for one in asked.ctx.command.params}:
        named = asked.said("repo") or asked.places.repo
        if folder is not None or not named:
            found = folder or asked.places.environments or _shipped("environments")
            return sorted(one.parent.name for one in found.glob("*/environment.yaml") if _is_name(one.parent.name))
    environments = [*asked.seen.environments]
    with_key = [name for name in environments if asked.key in asked.seen.keys(name)]
    return with_key if with_key and _command(asked.ctx) not in _STARTING else environments


def _revivable(_: _Asked) -> Names:
    return ()  # they are not there any more


def _names_of_blueprints(asked: _Asked) -> Names:
    if not asked.repo:
        return asked.server.blueprints
    folder = asked.said("blueprints")
    own = _names_in(Path(folder)) if folder else asked.own_blueprints()
    return sorted({*_names_in(_blueprints()), *own})


def _names_in(folder: Path) -> list[str]:
    """The names of the blueprints in a folder."""
    return sorted(one.parent.name for one in folder.glob("*/blueprint.yaml") if _is_name(one.parent.name))


def _images(asked: _Asked) -> Names:
    return [f"{name}=" for name in asked.components()]


def _component(asked: _Asked) -> Names:
    return [*components_in(asked.entry())] or [*asked.components()]


def _settings(asked: _Asked) -> Names:
    from hub.views.settable import FIELDS

    for component, present in asked.components().items():
        if "." not in asked.incomplete and component != asked.incomplete:
            yield f"{component}."
            continue
        for field, about in FIELDS.items():
            group, dot, _ = field.partition(".")
            yield from ((f"{component}.{group}.{name}=", about) for name in (present.get(group, ()) if dot else ()))
            yield f"{component}.{group}." if dot else f"{component}.{field}=", about


def _set_already(asked: _Asked) -> Names:
    from hub.views.settable import FIELDS

    yield from ("branch", "compute")
    groups = {field.partition(".")[0] for field in FIELDS}
    described = asked.components()
    for component, present in components_in(asked.entry()).items():
        if "required" in described[component]:  # only an optional one says so
            yield component
        for field, names in present.items():
            if field in groups:
                yield from (f"{component}.{field}.{name}" for name in names)
                yield f"{component}.{field}"


def _contexts(asked: _Asked) -> Names:
    return dict.fromkeys(name for path in asked.places.kubeconfigs for name in contexts_in(_text(path)))


def _phases(_: _Asked) -> Names:
    return _PHASES


def _commands(asked: _Asked) -> Names:
    at: click.Command | None = asked.ctx.find_root().command
    for name in asked.ctx.params.get("names") or ():
        at = at.commands.get(name) if isinstance(at, click.Group) else None
    return at.commands if isinstance(at, click.Group) else ()


#: Commands that take an environment where the issue need not be yet.
_STARTING = frozenset({"start", "diff", "render", "price", "revive"})


def _own_contexts(_: _Asked) -> Names:
    """Those of `rtb-hub context`, each with where it is."""
    from generator.errors import ConfigError
    from hub.settings.contexts import file_of, read

    try:
        found = read(file_of()).found
    except ConfigError:
        return []
    return [(name, one.repo or one.server or "") for name, one in sorted(found.items())]


#: By the command's name (empty: any) and the parameter's.
_SOURCES: Mapping[tuple[str, str], Callable[[_Asked], Names]] = {
    ("", "key"): _keys,
    ("revive", "key"): _revivable,
    ("", "issue"): _keys,
    ("", "env"): _environments,
    ("", "blueprint"): _names_of_blueprints,
    ("", "image"): _images,
    ("", "settings"): _settings,
    ("", "unset"): _set_already,
    ("unset", "paths"): _set_already,
    ("", "component"): _component,
    ("", "phase"): _phases,
    ("", "cluster"): _contexts,
    **{(f"env {one}", "name"): _environments for one in ("show", "set", "add", "remove")},
    ("blueprint show", "name"): _names_of_blueprints,
    ("help", "names"): _commands,
    ("", "context"): _own_contexts,
    ("context use", "name"): _own_contexts,
    ("context show", "name"): _own_contexts,
    ("context remove", "name"): _own_contexts,
}


def components_in(text: str) -> dict[str, dict[str, list[str]]]:
    """The components in an entry or a blueprint as the hub writes them, each with its fields and the names in these.

    It goes by the indentation, two columns a level; in what somebody laid out otherwise there are none to be seen.
    """
    found: dict[str, dict[str, list[str]]] = {}
    component: dict[str, list[str]] = {}
    names: list[str] = []
    is_inside = False
    for line in text.splitlines():
        name, colon, _ = line.strip().partition(":")
        depth = len(line) - len(line.lstrip(" "))
        if not colon or not _is_name(name) or not line.isascii():
            continue
        if depth <= 2:
            is_inside = line.rstrip() == "  components:"
        elif is_inside and depth == 4:
            component = found.setdefault(name, {})
        elif is_inside and depth == 6:
            names = component.setdefault(name, [])
        elif is_inside and depth == 8:
            names.append(name)
    return found


def contexts_in(text: str) -> list[str]:
    """The names of the contexts in a kubeconfig as kubectl and the clouds' tools write it."""
    found, is_inside = [], False
    for line in text.splitlines():
        if line[:1] not in (" ", "-", "#", ""):
            is_inside = line.rstrip() == "contexts:"
        elif is_inside and line.lstrip(" -").startswith("name: ") and len(line) - len(line.lstrip(" -")) in (2, 4):
            name = line.partition("name: ")[2].strip().strip("'\"")
            found += [name] if _is_name(name) else []
    return found


def _is_name(text: str) -> bool:
    """Whether a shell takes it as one word and no more: other people may have written it."""
    return (
        0 < len(text) <= 253
        and text.isascii()
        and text[0].isalnum()
        and all(c.isalnum() or c in "._:/@-" for c in text)
    )


def _scalar(text: str, before: str) -> str:
    """What stands on the line that begins with `before`; empty: on none."""
    found = next((line.removeprefix(before) for line in text.splitlines() if line.startswith(before)), "")
    return found.strip().strip("\"'")


def _shipped(name: str) -> Path:
    from hub.assets import ROOT

    return ROOT / name


def _blueprints() -> Path:
    return _shipped("templates") / "preview"


def _text(path: Path) -> str:
    """The beginning of a file, a megabyte at most; empty when it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(2**20).decode("utf-8", "replace")
    except OSError:
        return ""
