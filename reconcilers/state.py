"""Reading the state repository: layout, environments and entries of one branch at one commit.

A bad entry never hides the others: it comes back as a record with its faults.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import PurePosixPath

from generator.blueprint import TemplateLibrary
from generator.environment import Environment
from generator.errors import ConfigError, Fault, HubError, Location, Reason, Stalled
from generator.naming import ENTRY_FILE, IssueKey, previews_folder, queue_folder
from generator.overlay import BASE, read_environment, unknown_environment
from generator.yaml_reader import load
from reconcilers.entries import (
    NOTHING_KEPT,
    EntryRecord,
    entry_files,
    must_have_read,
    parse_entry,
    read_entries,
    read_listed,
)
from reconcilers.facts import Facts
from reconcilers.ports import EntryCache, GitStore, Snapshot
from reconcilers.queued import Queue, QueuedRecord, queue_of, queued_record
from reconcilers.usage import Usage, share_of, total

__all__ = ["EntryRecord", "EnvironmentState", "parse_entry", "read_state", "read_states"]

LAYOUT = 1
LAYOUT_FILE = PurePosixPath("rtb-hub.yaml")
REQUEST_PREFIX = "preview/"
_ENVIRONMENTS = PurePosixPath("environments")
_POLICY = "environment.yaml"


@dataclass(frozen=True)
class EnvironmentState:
    """One environment as observed: its policy, its branch's snapshot, its templates (overlays among them), entries.

    `queued` are the files of its queue; `queue` is what they come to by today's policy.

    Of a gated environment: `request_snapshots` maps the previews that have a request branch to it, `requests` are
    the entries there that the environment's own branch does not have as they are, and `removals` names the previews
    whose request branch lacks the entry that the environment's own has. A branch that was merged is none of these.
    """

    environment: Environment
    snapshot: Snapshot
    library: TemplateLibrary
    entries: tuple[EntryRecord, ...]
    requests: tuple[EntryRecord, ...] = ()
    request_snapshots: Mapping[str, Snapshot] = field(default_factory=dict)
    removals: frozenset[str] = frozenset()
    queued: tuple[QueuedRecord, ...] = ()

    @cached_property
    def request_heads(self) -> Mapping[str, str]:
        """The commits of the request branches by preview."""
        return {name: snapshot.commit for name, snapshot in self.request_snapshots.items()}

    @cached_property
    def records(self) -> tuple[EntryRecord, ...]:
        """Entries, then requests."""
        return (*self.entries, *self.requests)

    def entry(self, key: IssueKey) -> EntryRecord | None:
        """The record of one preview on the environment's own branch."""
        return self.by_name.get(key.name)

    def request(self, key: IssueKey) -> EntryRecord | None:
        """The record of one preview that awaits approval."""
        return self._requests.get(key.name)

    def in_queue(self, key: IssueKey) -> QueuedRecord | None:
        """The file of one preview's request that waits for room."""
        return next((record for record in self.queued if record.name == key.name), None)

    @cached_property
    def by_name(self) -> Mapping[str, EntryRecord]:
        """The entries by preview name; of two with one name, the first."""
        return {record.name: record for record in reversed(self.entries)}

    @cached_property
    def usage(self) -> Usage:
        """What all previews take, those that await approval included."""
        facts: dict[str, list[Facts | None]] = {}
        for record in self.records:
            facts.setdefault(record.name, []).append(record.facts)
        return total(map(share_of, facts.values()))

    def share(self, name: str) -> Usage:
        """What one preview (`rtb-123`) takes of `usage`; nothing when it is not there."""
        found = [record for record in self.requests if record.name == name]
        if entry := self.by_name.get(name):
            found.append(entry)
        return share_of(record.facts for record in found) if found else Usage()

    @cached_property
    def queue(self) -> Queue:
        """Who waits for room, in order, and what is set aside."""
        return queue_of(self.queued, self.environment, self.library, self.by_name)

    @cached_property
    def _requests(self) -> Mapping[str, EntryRecord]:
        return {record.name: record for record in reversed(self.requests)}


def request_branch(environment: str, key: IssueKey) -> str:
    """The branch that a change to a gated environment is requested on."""
    return f"{REQUEST_PREFIX}{environment}/{key.name}"


def target(key: IssueKey, state: EnvironmentState) -> tuple[str, str, str | None]:
    """Where a change to one preview is committed: (branch, parent commit, commit the branch must still be at).

    A gated environment's own branch never moves: the change goes to a request branch, new from the environment's head
    or on top of what was requested before.
    """
    head = state.snapshot.commit
    if not state.environment.spec.gated:
        return state.snapshot.branch, head, head
    requested = state.request_heads.get(key.name)
    return request_branch(state.environment.name, key), requested or head, requested


def _check_layout(text: bytes | None, snapshot: Snapshot, location: str) -> None:
    """Raise `Stalled` when the branch is not a state repository's (NotAStateRepository) or is of another layout.

    `text` is that of its layout file, None when it has none.
    """
    if text is None:
        fault = Fault(
            f"{location} has no {LAYOUT_FILE} on branch {snapshot.branch}",
            remedy="name a state repository with --repo, or lay one out with 'rtb-hub init DIR'",
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


def read_queue(snapshot: Snapshot, environment: str, listing: Iterable[str]) -> tuple[QueuedRecord, ...]:
    """All files of an environment's queue among those of `listing`, sorted by name."""
    prefix = f"{queue_folder(environment)}/"
    paths = [PurePosixPath(file) for file in listing if file.startswith(prefix) and file.endswith(".yaml")]
    texts = read_listed(snapshot, sorted(paths))
    return tuple(queued_record(path, texts[path], environment) for path in sorted(paths))


def laid_out(snapshots: Mapping[str, Snapshot], location: str) -> dict[str, Snapshot]:
    """The branches that environments may live on. Raises `Stalled`, as `read_states` does."""
    found: dict[str, Snapshot] = {}
    for branch, snapshot in _own(snapshots, location).items():
        layout = snapshot.read([LAYOUT_FILE]).get(LAYOUT_FILE)
        if found and layout is None:
            continue  # a branch of somebody's own beside the environments'
        _check_layout(layout, snapshot, location)
        found[branch] = snapshot
    return found


def own_snapshots(snapshots: Mapping[str, Snapshot]) -> dict[str, Snapshot]:
    """The branches that environments live on: all but request branches."""
    return {branch: s for branch, s in snapshots.items() if not branch.startswith(REQUEST_PREFIX)}


def _own(snapshots: Mapping[str, Snapshot], location: str) -> dict[str, Snapshot]:
    """`own_snapshots`, of which there is one at least."""
    own = own_snapshots(snapshots)
    if not own:
        remedy = "lay it out with 'rtb-hub init DIR'"
        raise Stalled(Reason.NOT_A_STATE_REPOSITORY, f"{location} has no branch", remedy=remedy)
    return own


def read_states(
    store: GitStore, library: TemplateLibrary, *, cache: EntryCache = NOTHING_KEPT
) -> tuple[EnvironmentState, ...]:
    """All environments of the repository, sorted by name. Raises what `read_state` raises, and `Stalled`.

    `Stalled`: NotAStateRepository, or LayoutVersion for a repository of another release.
    """
    return tuple(one.state(cache) for one in _all_environments(store, library))


def read_state(
    store: GitStore, environment: str, library: TemplateLibrary, *, cache: EntryCache = NOTHING_KEPT
) -> EnvironmentState:
    """One environment of the repository. Raises `ConfigError` (UnknownEnvironment, InvalidEnvironment)."""
    found = _all_environments(store, library)
    for one in found:
        if one.environment.name == environment:
            return one.state(cache)
    raise unknown_environment(environment, [one.environment.name for one in found])


def read_each_state(
    store: GitStore, library: TemplateLibrary, *, cache: EntryCache = NOTHING_KEPT
) -> tuple[tuple[EnvironmentState, ...], Mapping[str, HubError]]:
    """The environments that can be read, sorted by name, and why others cannot, by their name (or their branch's).

    Raises what the store raises, and `Stalled` (NotAStateRepository) when there is nothing at all.
    """
    states: dict[str, EnvironmentState] = {}
    failures: dict[str, HubError] = {}
    for name, found in _environments(store, library):
        if isinstance(found, HubError):
            failures[name] = found
            continue
        try:
            states[name] = found.state(cache)
        except HubError as err:
            failures[name] = err
    strangers = {name for name, err in failures.items() if err.reason is Reason.NOT_A_STATE_REPOSITORY}
    if strangers and len(strangers) == len(failures) and not states:
        raise failures[min(strangers)]
    told = {name: failures[name] for name in sorted(failures) if name not in states and name not in strangers}
    return tuple(states[name] for name in sorted(states)), told


def environments_on(snapshot: Snapshot) -> tuple[Environment, ...]:
    """The environments that have a folder on this branch, sorted, without their entries. Raises `ConfigError`."""
    policies = _policies(snapshot.listing(_ENVIRONMENTS))
    texts = snapshot.read(policies)
    must_have_read(snapshot, policies, texts)
    return tuple(_environment(name, texts, TemplateLibrary({}))[0] for name in _names(policies))


def read_policies(
    snapshot: Snapshot, location: str, library: TemplateLibrary
) -> dict[str, tuple[Environment, TemplateLibrary]]:
    """The environments that have a folder at this commit, by name, with their templates. Raises as `read_states`."""
    policies = _policies(snapshot.listing(_ENVIRONMENTS))
    texts = snapshot.read([LAYOUT_FILE, *policies])
    _check_layout(texts.get(LAYOUT_FILE), snapshot, location)
    must_have_read(snapshot, policies, texts)
    return {name: _environment(name, texts, library) for name in _names(policies)}


@dataclass(frozen=True, slots=True)
class _Observed:
    """One environment of a branch before its entries are read. `listing` is that of all environments there."""

    environment: Environment
    library: TemplateLibrary
    snapshot: Snapshot
    listing: Mapping[str, str]
    branches: Mapping[str, Snapshot]

    def state(self, cache: EntryCache) -> EnvironmentState:
        """The environment with its entries and, when it is gated, its requests."""
        name = self.environment.name
        entries = read_entries(self.snapshot, name, entry_files(self.listing, name), cache)
        queued = read_queue(self.snapshot, name, self.listing)
        state = EnvironmentState(self.environment, self.snapshot, self.library, entries, queued=queued)
        return _with_requests(state, self, cache) if self.environment.spec.gated else state


def _all_environments(store: GitStore, library: TemplateLibrary) -> list[_Observed]:
    """All environments of the repository, sorted by name; raises the first error met."""
    found: dict[str, _Observed] = {}
    for name, one in _environments(store, library):
        if isinstance(one, HubError):
            raise one
        found[name] = one
    return [found[name] for name in sorted(found)]


def _environments(store: GitStore, library: TemplateLibrary) -> Iterator[tuple[str, _Observed | HubError]]:
    """Each environment by name, on its own branch, or why it cannot be read; a branch by its name when nothing can."""
    snapshots = store.snapshots()
    is_found = False
    for branch, snapshot in _own(snapshots, store.location).items():
        try:
            listing = snapshot.listing(_ENVIRONMENTS)
            policies = _policies(listing)
            texts = snapshot.read([LAYOUT_FILE, *policies])
            if is_found and LAYOUT_FILE not in texts:
                continue  # a branch of somebody's own beside the environments'
            _check_layout(texts.get(LAYOUT_FILE), snapshot, store.location)
            must_have_read(snapshot, policies, texts)
        except HubError as err:
            yield branch, err
            continue
        for name in _names(policies):
            try:
                environment, templates = _environment(name, texts, library)
            except HubError as err:
                yield name, err
                continue
            if environment.spec.branch == branch:
                is_found = True
                yield name, _Observed(environment, templates, snapshot, listing, snapshots)


def _policies(listing: Iterable[str]) -> list[PurePosixPath]:
    return [PurePosixPath(file) for file in listing if is_policy(file)]


def _names(policies: Iterable[PurePosixPath]) -> list[str]:
    """The environments that have an `environment.yaml` among the files, sorted."""
    return sorted({path.parts[1] for path in policies if path.name == _POLICY and len(path.parts) == 3} - {BASE})


def _environment(
    name: str, texts: Mapping[PurePosixPath, bytes], library: TemplateLibrary
) -> tuple[Environment, TemplateLibrary]:
    """An environment out of the policy files of its branch, with the library that its overlays make."""
    own = {str(p): _text(p, text) for p, text in texts.items() if len(p.parts) > 2 and p.parts[1] in (BASE, name)}
    overlay = {path: own.pop(path) for path in [*own] if "/templates/" in path}
    return read_environment(name, own)[0], TemplateLibrary({**library.files, **overlay})


def is_policy(file: str) -> bool:
    """Whether a file below `environments/` is an environment's `environment.yaml` or one of its templates."""
    parts = file.split("/", 3)
    return (len(parts) == 3 and parts[2] == _POLICY) or (len(parts) == 4 and parts[2] == "templates")


def _text(path: PurePosixPath, content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as err:
        raise ConfigError(Reason.INVALID_ENVIRONMENT, Fault("is not UTF-8", Location(str(path)))) from err


def _with_requests(state: EnvironmentState, observed: _Observed, cache: EntryCache) -> EnvironmentState:
    environment, below = state.environment.name, previews_folder(state.environment.name)
    prefix = f"{REQUEST_PREFIX}{environment}/"
    asked = {branch.removeprefix(prefix): s for branch, s in observed.branches.items() if branch.startswith(prefix)}
    standing: dict[str, list[EntryRecord]] = {name: [] for name in asked}
    for record in state.entries:
        if record.name in standing:
            standing[record.name].append(record)
    requests: list[EntryRecord] = []
    removals: set[str] = set()
    for name, snapshot in asked.items():
        changed = snapshot.changed(state.snapshot, below)
        files = {file: content for file, content in changed.items() if file.endswith(f"/{name}/{ENTRY_FILE}")}
        there = {file: content for file, content in files.items() if content is not None}
        own = {record.path: record.preview for record in standing[name]}
        found = read_entries(snapshot, environment, there, cache)
        requests += [r for r in found if r.preview is None or r.preview != own.get(r.path)]
        if own and not there and all(str(path) in files for path in own):
            removals.add(name)
    return replace(state, requests=tuple(requests), request_snapshots=asked, removals=frozenset(removals))
