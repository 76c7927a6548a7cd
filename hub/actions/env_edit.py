"""Edit the file of an environment: comments stay, the whole is checked, and only then is it written or committed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from generator.errors import ConfigError, Fault, Reason
from generator.model.environment import Environment
from generator.model.json_schemas import schema
from generator.model.overlay import BASE, unknown_environment
from generator.values.differing import difference
from generator.yaml.editing import Edit, edited
from generator.yaml.reader import load
from hub.actions.env_branches import must_hold
from hub.actions.environments import EnvironmentSet, environments_of, given_environments
from hub.actions.laid_out_files import LaidOutFiles
from hub.adapters.git.history import GitHistory
from hub.views.explained_field import explain
from reconcilers.plan import Plan, one_line
from reconcilers.ports.git import GitStore
from reconcilers.state.layout import plan_layout

Kind = Literal["set", "add", "remove"]


@dataclass(frozen=True, slots=True)
class EnvEdit:
    """What is to be done to the file of environment `name` (or `base`): `fields` are paths, or PATH=VALUE."""

    name: str
    kind: Kind
    fields: Sequence[str]
    requested_by: str = ""


@dataclass(frozen=True, slots=True)
class Edited:
    """A file before and after. `written`: where it was, empty where nothing was; each a branch with its commit.

    `reviews`: branches among those that are to be reviewed, each with an environment of the branch that it is for.
    """

    path: str
    before: str
    after: str
    is_dry: bool
    written: tuple[tuple[Plan, str], ...] = ()
    reviews: Mapping[str, Environment] = field(default_factory=dict)

    @property
    def diff(self) -> str:
        """The difference as a unified diff; empty where there is none."""
        return difference(self.path, self.before, self.after)


def edit_folder(asked: EnvEdit, folder: Path, *, is_dry: bool) -> Edited:
    """Edit it in a folder of environments. Raises `ConfigError` for a wrong field or value, before anything is written.

    Raises `OSError` where the file cannot be written.
    """
    found = given_environments(folder)
    result = _edited(asked, found)
    for name in found.names:
        result.environments.get(name)
    if not is_dry and result.edited.diff:
        path = folder.joinpath(*Path(result.edited.path).parts[1:]).resolve()  # a link stays one
        beside = path.with_name(f".{path.name}.new")
        beside.write_text(result.edited.after, encoding="utf-8")
        beside.replace(path)
    return replace(result.edited, is_dry=is_dry)


@dataclass(frozen=True, slots=True)
class EditParts:
    """What an edit of a repository works with: what is laid out, what the repository's commits hold, and the time."""

    files: LaidOutFiles
    history: GitHistory
    clock: Callable[[], datetime]


def edit_repository(asked: EnvEdit, store: GitStore, *, parts: EditParts, is_dry: bool) -> Edited:
    """Edit it in a state repository, with all that is laid out by it, in one commit a branch.

    To a branch that changes by review only the commit goes as a branch of its own, the same for the same edit. Raises,
    before anything is written, `ConfigError`, and `Stalled` (RepositoryRefused) where a branch of that name holds
    something else; and what the store raises.
    """
    known = store.snapshots()
    result = _edited(asked, environments_of(store, known))
    layout = parts.files.layout(result.environments)
    if is_dry or not result.edited.diff:
        return replace(result.edited, is_dry=is_dry)
    gated = _gated(layout.environments.values())
    trailers = (("Action", "env"), ("Requested-By", asked.requested_by))
    subject = one_line(f"{asked.kind.capitalize()} {', '.join(asked.fields)}")[:60] + f" of {asked.name}"
    plans, reviews, asked_before = list[Plan](), dict[str, Environment](), dict[str, str]()
    for plan in plan_layout(layout, store, known):
        if not plan.changes:
            continue
        own = replace(plan, subject=subject, trailers=trailers)
        if plan.branch in gated:
            wanted = layout.files(layout.branches()[plan.branch])
            branch = f"environment/{asked.name}/{_digest(wanted)}"
            reviews[branch] = gated[plan.branch]
            own = replace(own, branch=branch, expected=None)
            if branch in known:
                must_hold(known[branch], wanted, known.get(plan.branch), parts.history, store.location)
                asked_before[branch] = known[branch].commit
        plans.append(own)
    written = tuple((own, asked_before.get(own.branch) or store.commit(own, at=parts.clock())) for own in plans)
    return replace(result.edited, written=written, reviews=reviews)


def _gated(environments: Iterable[Environment]) -> dict[str, Environment]:
    """The branches that change by review only, each with an environment of it: one that names a forge before others."""
    ordered = sorted(environments, key=lambda one: one.spec.forge is not None)
    return {one.spec.branch: one for one in ordered if one.spec.gated}


def _digest(wanted: Mapping[PurePosixPath, bytes]) -> str:
    """Names what a branch is to have: the same for the same edit, however much of it the branch has by then."""
    each = (f"{path}\0".encode() + content for path, content in sorted(wanted.items()))
    return hashlib.sha256(b"\0".join(each)).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class _Result:
    edited: Edited
    environments: EnvironmentSet


def _edited(asked: EnvEdit, found: EnvironmentSet) -> _Result:
    if asked.name != BASE and asked.name not in found.names:
        raise unknown_environment(asked.name, (BASE, *found.names))
    path = f"environments/{asked.name}/environment.yaml"
    edits = [_edit(asked, one, found) for one in asked.fields]
    if asked.name == BASE and any(path in files for files in found.bases.values()):
        return _edited_bases(path, edits, found)
    before = found.files.get(path)
    if before is None:
        raise unknown_environment(asked.name, found.names)
    after = _after(before, path, edits)
    return _Result(Edited(path, before, after, False), replace(found, files={**found.files, path: after}))


def _edited_bases(path: str, edits: Sequence[Edit], found: EnvironmentSet) -> _Result:
    """Each branch's own file of `base`: where a change of it awaits a review, they differ.

    What one of them lacks is removed from the others. The first that differs is told.
    """
    bases, told, lacking = {**found.bases}, list[Edited](), list[ConfigError]()
    for branch, files in found.bases.items():
        if path in files:
            before = after = files[path]
            try:
                after = _after(before, path, edits)
            except ConfigError as err:
                if any(edit.kind != "remove" for edit in edits):
                    raise
                lacking.append(err)
            bases[branch] = {**files, path: after}
            told.append(Edited(path, before, after, False))
    if len(lacking) == len(told):
        raise lacking[0]
    return _Result(next((one for one in told if one.diff), told[0]), replace(found, bases=bases))


def _after(before: str, path: str, edits: Sequence[Edit]) -> str:
    load(before, path)  # tells what is wrong with it by its line
    return edited(before, path, edits)


def _edit(asked: EnvEdit, text: str, found: EnvironmentSet) -> Edit:
    """One edit. Raises `ConfigError` (InvalidValue) for a field that there is not, or a value of another type."""
    field, equals, value = text.partition("=")
    if asked.kind != "remove" and not (field and equals):
        raise ConfigError(Reason.INVALID_VALUE, Fault(f"{text[:80]!r} is not FIELD=VALUE"))
    root = field.split(".", 1)[0]
    whole = field if root in ("spec", "metadata", "apiVersion", "kind") else f"spec.{field}"
    told = explain(schema("environment"), whole)
    if not whole.startswith("spec."):
        fault = Fault("is what the file is known by", field=whole[:120], allowed="fields of spec")
        raise ConfigError(Reason.INVALID_VALUE, fault)
    path = tuple(whole.split("."))
    if asked.kind == "set":
        return Edit("set", path, _value(value, told.type, whole))
    is_list = "list of " in told.type
    if asked.kind == "add" or equals:
        if not is_list:
            fault = Fault(f"is no list, but {told.type}", field=whole[:120], remedy="use 'set', or 'remove' the field")
            raise ConfigError(Reason.INVALID_VALUE, fault)
        item = _value(value, told.type.partition("list of ")[2], whole)
        return Edit(asked.kind, path, item, _below(asked, path, found))
    return Edit("remove", path)


def _below(asked: EnvEdit, path: tuple[str, ...], found: EnvironmentSet) -> list[Any]:
    """The list that holds where the environment's own file has none: a list replaces, and is not added to."""
    if asked.name == BASE:
        return []
    node: Any = found.get(asked.name)[1].data
    for part in path:
        node = node.get(part) if isinstance(node, Mapping) else None
    return [*node] if isinstance(node, list) else []


def _value(text: str, kind: str, field: str) -> Any:
    """The value in `text`, by the type that the field has. Raises `ConfigError` (InvalidValue)."""
    if kind.startswith(("text", "'")) or kind == "one of these":
        return text
    if kind.startswith("list of ") and not text.lstrip().startswith("["):
        inner = kind.removeprefix("list of ")
        return [_value(one.strip(), inner, field) for one in text.split(",") if one.strip()]
    try:
        return load(text, field).data
    except ConfigError as err:
        faults = [Fault(f"{text[:80]!r}: {fault.message}", field=field[:120], allowed=kind) for fault in err.faults]
        raise ConfigError(Reason.INVALID_VALUE, faults) from err
