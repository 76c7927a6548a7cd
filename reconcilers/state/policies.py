"""Which environments a state repository has, by the policy files of its branches at one commit each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from generator.errors import (
    About,
    ConfigError,
    Fault,
    HubError,
    Location,
    Reason,
    Remedy,
    RemedyKind,
    Stalled,
    declared,
)
from generator.model.blueprint import FILE as BLUEPRINT
from generator.model.blueprint import OWN, TemplateLibrary
from generator.model.environment import Environment
from generator.model.overlay import BASE, read_environment, unknown_environment
from generator.yaml.reader import load
from reconcilers.ports.git import GitStore, Snapshot
from reconcilers.state.entries import must_have_read
from reconcilers.state.environment import LAYOUT, LAYOUT_FILE, REQUEST_PREFIX

ENVIRONMENTS = PurePosixPath("environments")
POLICY = "environment.yaml"
#: Folders in `blueprints/` that are read.
_MOST_BLUEPRINTS = 200


@dataclass(frozen=True, slots=True)
class Observed:
    """One environment of a branch before its entries are read.

    `listing` is that of all environments on its branch, None when it is not known yet; `branches` are those of the
    whole repository.
    """

    environment: Environment
    library: TemplateLibrary
    snapshot: Snapshot
    listing: Mapping[str, str] | None
    branches: Mapping[str, Snapshot]

    def files(self) -> Mapping[str, str]:
        """The files of all environments on its branch, with their content ids. Raises what listing raises."""
        return self.snapshot.listing(ENVIRONMENTS) if self.listing is None else self.listing


@dataclass(frozen=True, slots=True)
class Environments:
    """Each environment by name, or why it cannot be read; and branches of which nothing can be, by theirs."""

    found: Mapping[str, Observed | HubError]
    unreadable: Mapping[str, HubError]

    def one(self, name: str) -> Observed:
        """One by name. Raises why it, or a branch that it may be on, cannot be read, and UnknownEnvironment."""
        one = self.found.get(name)
        if isinstance(one, Observed):
            return one
        for err in self.unreadable.values() if one is None else (one,):
            raise err
        raise unknown_environment(name, list(self.found))

    def each(self) -> tuple[tuple[Observed, ...], Mapping[str, HubError]]:
        """Those that can be read, sorted by name, and why others cannot, by their name (or their branch's)."""
        read = tuple(one for one in self.found.values() if isinstance(one, Observed))
        failed = {name: one for name, one in self.found.items() if isinstance(one, HubError)}
        return read, {**failed, **self.unreadable}


def own_snapshots(snapshots: Mapping[str, Snapshot]) -> dict[str, Snapshot]:
    """The branches that environments live on: all but request branches."""
    return {branch: s for branch, s in snapshots.items() if not branch.startswith(REQUEST_PREFIX)}


def read_policies(
    snapshot: Snapshot, location: str, library: TemplateLibrary
) -> dict[str, tuple[Environment, TemplateLibrary]]:
    """The environments that have a folder at this commit, by name, with their templates. Raises as `read_states`."""
    policies = [*_policies(snapshot.listing(ENVIRONMENTS)), *blueprint_files(snapshot)]
    texts = snapshot.read([LAYOUT_FILE, *policies])
    _check_layout(texts.get(LAYOUT_FILE), snapshot, location)
    must_have_read(snapshot, policies, texts)
    return {name: _environment(name, texts, library) for name in _names(policies)}


def is_policy(file: str) -> bool:
    """Whether a file is an environment's `environment.yaml`, one of its templates, or of a blueprint of the team's."""
    parts = file.split("/", 3)
    return (
        parts[0] == str(OWN)
        or (len(parts) == 3 and parts[2] == POLICY)
        or (len(parts) == 4 and parts[2] == "templates")
    )


def blueprint_files(snapshot: Snapshot) -> list[PurePosixPath]:
    """The files of the team's own blueprints at a commit: `blueprints/<name>/blueprint.yaml`, and templates beside it.

    Raises `ConfigError` (InvalidBlueprint) when there are more than are read.
    """
    names = snapshot.names(OWN)
    if len(names) > _MOST_BLUEPRINTS:
        fault = Fault(f"{OWN}/ has {len(names)} folders", Location(str(OWN)), allowed=f"at most {_MOST_BLUEPRINTS}")
        raise ConfigError(Reason.INVALID_BLUEPRINT, fault)
    return [
        OWN / name / file
        for name in names
        for file in snapshot.names(OWN / name)
        if file == BLUEPRINT or file.endswith(".yaml.j2")
    ]


def blueprint_text(content: bytes) -> str:
    """The text of such a file. One that is no UTF-8 is refused when the blueprint is read: others do not suffer."""
    return content.decode("utf-8", "surrogateescape")


def observed_environments(store: GitStore, library: TemplateLibrary) -> list[Observed]:
    """All environments of a repository, sorted by name. Raises the first error met."""
    environments = find_environments(store.snapshots(), store.location, library)
    for err in (*environments.found.values(), *environments.unreadable.values()):
        if isinstance(err, HubError):
            raise err
    return [one for one in environments.found.values() if isinstance(one, Observed)]


def find_environments(branches: Mapping[str, Snapshot], location: str, library: TemplateLibrary) -> Environments:
    """The environments on these `branches` of the repository at `location` (for people), sorted by name.

    A branch that is not laid out is somebody's own where another is, unless an environment says that it lives on it.
    Raises `Stalled` (NotAStateRepository) when there is no environment at all, and nothing but such branches.
    """
    found: dict[str, Observed | HubError] = {}
    unreadable: dict[str, HubError] = {}
    for branch, snapshot in _own(branches, location).items():
        try:
            for name, one in _on_branch(branch, snapshot, branches, location, library):
                if not isinstance(found.get(name), Observed):
                    found[name] = one
        except Exception as err:  # noqa: BLE001 - the border of a branch
            unreadable[branch] = declared(f"branch {branch} cannot be read", err)
    strangers = {name: err for name, err in unreadable.items() if err.reason is Reason.NOT_A_STATE_REPOSITORY}
    if not found and len(strangers) == len(unreadable) and strangers:
        raise strangers[min(strangers)]
    told = {name: unreadable[name] for name in sorted(unreadable) if name not in strangers}
    return Environments({name: found[name] for name in sorted(found)}, told)


def _on_branch(
    branch: str, snapshot: Snapshot, branches: Mapping[str, Snapshot], location: str, library: TemplateLibrary
) -> Iterator[tuple[str, Observed | HubError]]:
    """The environments that live on a branch. Raises `HubError` when none of it can be read, or it is not laid out."""
    listing = snapshot.listing(ENVIRONMENTS)
    policies = [*_policies(listing), *blueprint_files(snapshot)]
    texts = snapshot.read([LAYOUT_FILE, *policies])
    unlaid: HubError | None = None
    try:
        _check_layout(texts.get(LAYOUT_FILE), snapshot, location)
    except Stalled as err:
        if err.reason is not Reason.NOT_A_STATE_REPOSITORY:
            raise
        unlaid = err
    must_have_read(snapshot, policies, texts)
    lives = False
    for name in _names(policies):
        try:
            environment, templates = _environment(name, texts, library)
        except Exception as err:  # noqa: BLE001 - the border of an environment
            if unlaid is None:
                yield name, declared(f"{name} cannot be read", err)
            continue
        if environment.spec.branch == branch:
            lives = True
            yield (
                name,
                _unmarked(unlaid, branch) if unlaid else Observed(environment, templates, snapshot, listing, branches),
            )
    if unlaid is not None and not lives:
        raise unlaid


def _unmarked(unlaid: HubError, branch: str) -> Stalled:
    """The error of an environment that lives on a branch whose layout file went."""
    remedy = Remedy(RemedyKind.RESTORE_LAYOUT, About(name=str(LAYOUT_FILE), path=branch))
    return Stalled(unlaid.reason, Fault(unlaid.words, remedy=remedy))


def _own(snapshots: Mapping[str, Snapshot], location: str) -> dict[str, Snapshot]:
    """`own_snapshots`, of which there is one at least."""
    own = own_snapshots(snapshots)
    if not own:
        remedy = Remedy(RemedyKind.LAY_OUT)
        raise Stalled(Reason.NOT_A_STATE_REPOSITORY, f"{location} has no branch", remedy=remedy)
    return own


def must_be_laid_out(
    branches: Mapping[str, Snapshot], wanted: Collection[str], location: str, *, is_unused: bool
) -> None:
    """Raise `ConfigError` (TargetNotEmpty) for a repository that is somebody else's: where one would be laid out.

    `branches` are those there are, `wanted` those that would be written. It is ours when one has the mark of a state
    repository (`rtb-hub.yaml`) and none of those that would be written lacks it; without a branch, when it `is_unused`.
    Raises `Stalled` (LayoutVersion) for one of another release.
    """
    own = own_snapshots(branches)
    remedy = (
        f"name a new or empty folder; if it was a state repository, bring {LAYOUT_FILE} back first, by reverting the"
        " commit that removed it"
    )
    if not branches and not is_unused:
        message = f"{location} is not empty, and is no state repository; nothing was changed"
        raise ConfigError(Reason.TARGET_NOT_EMPTY, Fault(message, remedy=remedy))
    marked = {name for name, snapshot in own.items() if _is_marked(snapshot, location)}
    lacking = [name for name in sorted(own) if name in wanted and name not in marked]
    if lacking or (branches and not marked):
        which = lacking[0] if lacking else min(own, default=min(branches))
        message = (
            f"{location} is a repository of something else: its branch {which} has no {LAYOUT_FILE} of a state"
            " repository; nothing was changed"
        )
        raise ConfigError(Reason.TARGET_NOT_EMPTY, Fault(message, remedy=remedy))


def _is_marked(snapshot: Snapshot, location: str) -> bool:
    text = snapshot.read([LAYOUT_FILE]).get(LAYOUT_FILE)
    if text is None:
        return False
    try:
        data = load(text, str(LAYOUT_FILE)).data
    except ConfigError:
        return False
    if not isinstance(data, Mapping) or data.get("kind") != "StateRepository":
        return False
    _check_layout(text, snapshot, location)
    return True


def _check_layout(text: bytes | None, snapshot: Snapshot, location: str) -> None:
    """Raise `Stalled` when the branch is not a state repository's (NotAStateRepository) or is of another layout.

    `text` is that of its layout file, None when it has none.
    """
    if text is None:
        fault = Fault(
            f"{location} has no {LAYOUT_FILE} on branch {snapshot.branch}",
            remedy=Remedy(RemedyKind.NAME_STATE_REPOSITORY),
        )
        raise Stalled(Reason.NOT_A_STATE_REPOSITORY, fault)
    document = load(text, str(LAYOUT_FILE))
    spec = document.data.get("spec") if isinstance(document.data, Mapping) else None
    layout = spec.get("layout") if isinstance(spec, Mapping) else None
    if layout != LAYOUT:
        fault = Fault(
            f"the repository has layout {layout!r}",
            document.nearest_location(("spec", "layout")),
            field="spec.layout",
            allowed=str(LAYOUT),
            remedy="use the release of rtb-hub that knows this layout; nothing was changed",
        )
        raise Stalled(Reason.LAYOUT_VERSION, fault)


def _policies(listing: Iterable[str]) -> list[PurePosixPath]:
    return [PurePosixPath(file) for file in listing if is_policy(file)]


def _names(policies: Iterable[PurePosixPath]) -> list[str]:
    """The environments that have an `environment.yaml` among the files, sorted."""
    found = {path.parts[1] for path in policies if path.name == POLICY and len(path.parts) == 3}
    return sorted(found - {BASE})


def _environment(
    name: str, texts: Mapping[PurePosixPath, bytes], library: TemplateLibrary
) -> tuple[Environment, TemplateLibrary]:
    """An environment out of the policy files of its branch, with the library that its overlays make."""
    below = {p: text for p, text in texts.items() if p.is_relative_to(ENVIRONMENTS)}
    own = {str(p): _text(p, text) for p, text in below.items() if len(p.parts) > 2 and p.parts[1] in (BASE, name)}
    overlay = {path: own.pop(path) for path in [*own] if "/templates/" in path}
    blueprints = {str(p): blueprint_text(text) for p, text in texts.items() if p.is_relative_to(OWN)}
    return read_environment(name, own)[0], TemplateLibrary({**library.files, **blueprints, **overlay})


def _text(path: PurePosixPath, content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as err:
        raise ConfigError(Reason.INVALID_ENVIRONMENT, Fault("is not UTF-8", Location(str(path)))) from err
