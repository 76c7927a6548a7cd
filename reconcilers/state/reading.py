"""Reading the state repository: layout, environments, entries, queues and requests of its branches at one commit each.

A bad entry never hides the others: it comes back as a record with its faults.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from generator.errors import ConfigError, Fault, HubError, Location, Reason, Stalled
from generator.model.blueprint import TemplateLibrary
from generator.model.environment import Environment
from generator.model.overlay import BASE, read_environment, unknown_environment
from generator.values.naming import ENTRY_FILE, previews_folder, queue_folder
from generator.yaml.reader import load
from reconcilers.ports.git import EntryCache, GitStore, Snapshot
from reconcilers.state.entries import NOTHING_KEPT, EntryRecord, entry_files, must_have_read, read_entries, read_listed
from reconcilers.state.environment import LAYOUT, LAYOUT_FILE, REQUEST_PREFIX, EnvironmentState
from reconcilers.state.queue_files import QueuedRecord, queued_record

_ENVIRONMENTS = PurePosixPath("environments")
_POLICY = "environment.yaml"


@dataclass(frozen=True, slots=True)
class Observed:
    """One environment of a branch before its entries are read.

    `listing` is that of all environments on its branch, `branches` are those of the whole repository.
    """

    environment: Environment
    library: TemplateLibrary
    snapshot: Snapshot
    listing: Mapping[str, str]
    branches: Mapping[str, Snapshot]

    def state(self, cache: EntryCache) -> EnvironmentState:
        """The environment with its entries and, when it is gated, its requests."""
        name = self.environment.name
        entries = read_entries(self.snapshot, name, entry_files(self.listing, name), cache)
        queued = read_queued(self.snapshot, name, self.listing)
        state = EnvironmentState(self.environment, self.snapshot, self.library, entries, queued=queued)
        return with_requests(state, requested_on(self.branches, self.environment), cache)


def own_snapshots(snapshots: Mapping[str, Snapshot]) -> dict[str, Snapshot]:
    """The branches that environments live on: all but request branches."""
    return {branch: s for branch, s in snapshots.items() if not branch.startswith(REQUEST_PREFIX)}


def read_states(
    store: GitStore, library: TemplateLibrary, *, cache: EntryCache = NOTHING_KEPT
) -> tuple[EnvironmentState, ...]:
    """All environments of the repository, sorted by name. Raises what `read_state` raises, and `Stalled`.

    `Stalled`: NotAStateRepository, or LayoutVersion for a repository of another release.
    """
    return tuple(one.state(cache) for one in observed_environments(store, library))


def read_state(
    store: GitStore, environment: str, library: TemplateLibrary, *, cache: EntryCache = NOTHING_KEPT
) -> EnvironmentState:
    """One environment of the repository. Raises `ConfigError` (UnknownEnvironment, InvalidEnvironment)."""
    found = observed_environments(store, library)
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
    for name, found in _environments(store.snapshots(), store.location, library):
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


def observed_environments(store: GitStore, library: TemplateLibrary) -> list[Observed]:
    """All environments of the repository, sorted by name; raises the first error met."""
    return observed_on(store.snapshots(), store.location, library)


def observed_on(branches: Mapping[str, Snapshot], location: str, library: TemplateLibrary) -> list[Observed]:
    """All environments on these `branches` of the repository at `location`, as `observed_environments`."""
    found: dict[str, Observed] = {}
    for name, one in _environments(branches, location, library):
        if isinstance(one, HubError):
            raise one
        found[name] = one
    return [found[name] for name in sorted(found)]


def read_policies(
    snapshot: Snapshot, location: str, library: TemplateLibrary
) -> dict[str, tuple[Environment, TemplateLibrary]]:
    """The environments that have a folder at this commit, by name, with their templates. Raises as `read_states`."""
    policies = _policies(snapshot.listing(_ENVIRONMENTS))
    texts = snapshot.read([LAYOUT_FILE, *policies])
    _check_layout(texts.get(LAYOUT_FILE), snapshot, location)
    must_have_read(snapshot, policies, texts)
    return {name: _environment(name, texts, library) for name in _names(policies)}


def is_policy(file: str) -> bool:
    """Whether a file below `environments/` is an environment's `environment.yaml` or one of its templates."""
    parts = file.split("/", 3)
    return (len(parts) == 3 and parts[2] == _POLICY) or (len(parts) == 4 and parts[2] == "templates")


def _environments(
    snapshots: Mapping[str, Snapshot], location: str, library: TemplateLibrary
) -> Iterator[tuple[str, Observed | HubError]]:
    """Each environment by name, on its own branch, or why it cannot be read; a branch by its name when nothing can."""
    is_found = False
    for branch, snapshot in _own(snapshots, location).items():
        try:
            listing = snapshot.listing(_ENVIRONMENTS)
            policies = _policies(listing)
            texts = snapshot.read([LAYOUT_FILE, *policies])
            if is_found and LAYOUT_FILE not in texts:
                continue  # a branch of somebody's own beside the environments'
            _check_layout(texts.get(LAYOUT_FILE), snapshot, location)
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
                yield name, Observed(environment, templates, snapshot, listing, snapshots)


def _own(snapshots: Mapping[str, Snapshot], location: str) -> dict[str, Snapshot]:
    """`own_snapshots`, of which there is one at least."""
    own = own_snapshots(snapshots)
    if not own:
        remedy = "lay it out with 'rtb-hub init DIR'"
        raise Stalled(Reason.NOT_A_STATE_REPOSITORY, f"{location} has no branch", remedy=remedy)
    return own


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


def _text(path: PurePosixPath, content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as err:
        raise ConfigError(Reason.INVALID_ENVIRONMENT, Fault("is not UTF-8", Location(str(path)))) from err


def read_queued(snapshot: Snapshot, environment: str, listing: Iterable[str]) -> tuple[QueuedRecord, ...]:
    """All files of an environment's queue among those of `listing`, sorted by name."""
    paths = sorted(map(PurePosixPath, queue_files(listing, environment)))
    texts = read_listed(snapshot, paths)
    return tuple(queued_record(path, texts[path], environment) for path in paths)


def queue_files(files: Iterable[str], environment: str) -> list[str]:
    """The files of an environment's queue among `files`."""
    prefix = f"{queue_folder(environment)}/"
    return [file for file in files if file.startswith(prefix) and file.endswith(".yaml")]


def requested_on(branches: Mapping[str, Snapshot], environment: Environment) -> Mapping[str, Snapshot]:
    """The request branches of an environment by preview; none when it is not gated."""
    prefix = f"{REQUEST_PREFIX}{environment.name}/"
    found = {branch.removeprefix(prefix): s for branch, s in branches.items() if branch.startswith(prefix)}
    return found if environment.spec.gated else {}


def with_requests(state: EnvironmentState, asked: Mapping[str, Snapshot], cache: EntryCache) -> EnvironmentState:
    """The state with what its request branches, by preview, ask for."""
    if not asked and not state.request_snapshots:
        return state
    environment, below = state.environment.name, previews_folder(state.environment.name)
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
