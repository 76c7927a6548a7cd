"""Reading the state repository: layout, environments and entries of one branch at one commit.

A bad entry never hides the others: it comes back as a record with its faults.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from pydantic import ValidationError

from generator.blueprint import TemplateLibrary
from generator.entry import Preview
from generator.environment import Environment
from generator.errors import ConfigError, Fault, HubError, Location, Reason, Stalled, Transient
from generator.model_faults import faults_of
from generator.naming import ENTRY_FILE, IssueKey, preview_folder, previews_folder
from generator.overlay import BASE, read_environment, unknown_environment
from generator.yaml_reader import load
from reconcilers.facts import Facts, facts_of
from reconcilers.ports import GitStore, Snapshot

LAYOUT = 1
LAYOUT_FILE = PurePosixPath("rtb-hub.yaml")
REQUEST_PREFIX = "preview/"
_ENVIRONMENTS = PurePosixPath("environments")


@dataclass(frozen=True, slots=True)
class EntryRecord:
    """One `preview.yaml` in a snapshot: the entry, or why it cannot be read."""

    path: PurePosixPath
    snapshot: Snapshot
    preview: Preview | None
    faults: tuple[Fault, ...] = ()

    @property
    def name(self) -> str:
        """The preview's name by its folder."""
        return self.path.parent.name

    @property
    def facts(self) -> Facts | None:
        """The entry in short, without reading it anew; None when it cannot be read."""
        return None if self.preview is None else facts_of(self.preview)


@dataclass(frozen=True, slots=True)
class EnvironmentState:
    """One environment as observed: its policy, its branch's snapshot, its templates (overlays among them), entries.

    Of a gated environment: `request_heads` maps the previews that have a request branch to its commit, `requests` are
    the entries there that the environment's own branch does not have as they are, and `removals` names the previews
    whose request branch lacks the entry that the environment's own has. A branch that was merged is none of these.
    """

    environment: Environment
    snapshot: Snapshot
    library: TemplateLibrary
    entries: tuple[EntryRecord, ...]
    requests: tuple[EntryRecord, ...] = ()
    request_heads: Mapping[str, str] = field(default_factory=dict)
    removals: frozenset[str] = frozenset()

    @property
    def records(self) -> tuple[EntryRecord, ...]:
        """Entries, then requests."""
        return (*self.entries, *self.requests)

    def entry(self, key: IssueKey) -> EntryRecord | None:
        """The record of one preview on the environment's own branch."""
        return next((record for record in self.entries if record.name == key.name), None)

    def request(self, key: IssueKey) -> EntryRecord | None:
        """The record of one preview that awaits approval."""
        return next((record for record in self.requests if record.name == key.name), None)


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


def check_layout(snapshot: Snapshot, location: str) -> None:
    """Raise `Stalled` when the branch is not a state repository's (NotAStateRepository) or is of another layout."""
    text = snapshot.read([LAYOUT_FILE]).get(LAYOUT_FILE)
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


def own_snapshots(snapshots: Mapping[str, Snapshot]) -> dict[str, Snapshot]:
    """The branches that environments live on: all but request branches."""
    return {branch: s for branch, s in snapshots.items() if not branch.startswith(REQUEST_PREFIX)}


def read_states(store: GitStore, library: TemplateLibrary) -> tuple[EnvironmentState, ...]:
    """All environments of the repository, sorted by name. Raises what `read_state` and `check_layout` raise."""
    states: dict[str, EnvironmentState] = {}
    snapshots = store.snapshots()
    own = own_snapshots(snapshots)
    if not own:
        remedy = "lay it out with 'rtb-hub init DIR'"
        raise Stalled(Reason.NOT_A_STATE_REPOSITORY, f"{store.location} has no branch", remedy=remedy)
    for branch, snapshot in own.items():
        if states and LAYOUT_FILE not in snapshot.read([LAYOUT_FILE]):
            continue  # a branch of somebody's own beside the environments'
        check_layout(snapshot, store.location)
        for name in environment_names(snapshot):
            state = _environment_state(name, snapshot, library)
            if state.environment.spec.branch == branch:
                states[name] = _with_requests(state, snapshots) if state.environment.spec.gated else state
    return tuple(states[name] for name in sorted(states))


def read_state(store: GitStore, environment: str, library: TemplateLibrary) -> EnvironmentState:
    """One environment of the repository. Raises `ConfigError` (UnknownEnvironment, InvalidEnvironment)."""
    states = read_states(store, library)
    for state in states:
        if state.environment.name == environment:
            return state
    raise unknown_environment(environment, [state.environment.name for state in states])


def environment_names(snapshot: Snapshot) -> tuple[str, ...]:
    """The environments that have a folder with an `environment.yaml` on this branch, sorted."""
    found = (path for path in snapshot.files(_ENVIRONMENTS) if path.name == "environment.yaml" and len(path.parts) == 3)
    return tuple(sorted(path.parent.name for path in found if path.parent.name != BASE))


def read_entries(snapshot: Snapshot, environment: str) -> tuple[EntryRecord, ...]:
    """All entries of an environment in one round trip, sorted by folder."""
    paths = [path for path in snapshot.files(previews_folder(environment)) if path.name == ENTRY_FILE]
    texts = read_listed(snapshot, paths)
    return tuple(_record(path, texts[path], snapshot, environment) for path in paths)


def read_listed(snapshot: Snapshot, paths: Sequence[PurePosixPath]) -> Mapping[PurePosixPath, bytes]:
    """The contents of files that the snapshot lists. Raises `Transient` when one does not come: the read is partial."""
    texts = snapshot.read(paths) if paths else {}
    missing = [str(path) for path in paths if path not in texts]
    if missing:
        message = f"{missing[0]} is listed on {snapshot.branch} at {snapshot.commit[:12]}, but was not read"
        raise Transient(
            Reason.REPOSITORY_UNREACHABLE, message, remedy="try again; if it stays so, run 'git fsck' there"
        )
    return texts


def parse_entry(text: bytes | str, source: str) -> Preview:
    """The entry in `text`. Raises `ConfigError` (UnreadableEntry) with every fault, its line and column."""
    try:
        document = load(text, source)
        return Preview.model_validate(document.data)
    except ValidationError as err:
        raise ConfigError(Reason.UNREADABLE_ENTRY, faults_of(err, Preview, document.nearest_location)) from err
    except ConfigError as err:
        raise ConfigError(Reason.UNREADABLE_ENTRY, err.faults) from err


def _record(path: PurePosixPath, text: bytes, snapshot: Snapshot, environment: str) -> EntryRecord:
    try:
        preview = parse_entry(text, str(path))
    except HubError as err:
        return EntryRecord(path, snapshot, None, err.faults)
    home = preview_folder(environment, preview.key) / ENTRY_FILE
    faults = tuple(_misplaced(preview, environment, path, home))
    return EntryRecord(path, snapshot, None if faults else preview, faults)


def _misplaced(preview: Preview, environment: str, path: PurePosixPath, home: PurePosixPath) -> Iterator[Fault]:
    where = Location(str(path))
    if preview.metadata.name != preview.key.name:
        yield Fault("is not the issue key in lower case", where, "metadata.name", allowed=preview.key.name)
    if preview.spec.environment != environment:
        yield Fault("is not the environment of its folder", where, "spec.environment", allowed=environment)
    if path != home:
        yield Fault("stands in another preview's folder", where, "spec.issue", allowed=str(home))


def _environment_state(name: str, snapshot: Snapshot, library: TemplateLibrary) -> EnvironmentState:
    folder = _ENVIRONMENTS / name
    layers = [_ENVIRONMENTS / BASE / "environment.yaml", folder / "environment.yaml"]
    overlay_paths = [p for base in (_ENVIRONMENTS / BASE, folder) for p in snapshot.files(base / "templates")]
    layer_texts, overlay_texts = snapshot.read(layers), read_listed(snapshot, overlay_paths)
    environment, _ = read_environment(name, {str(p): _text(p, layer_texts[p]) for p in layers if p in layer_texts})
    templates = TemplateLibrary({**library.files, **{str(p): _text(p, text) for p, text in overlay_texts.items()}})
    return EnvironmentState(environment, snapshot, templates, read_entries(snapshot, name))


def _text(path: PurePosixPath, content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as err:
        raise ConfigError(Reason.INVALID_ENVIRONMENT, Fault("is not UTF-8", Location(str(path)))) from err


def _with_requests(state: EnvironmentState, snapshots: Mapping[str, Snapshot]) -> EnvironmentState:
    environment, standing = state.environment.name, {record.path: record.preview for record in state.entries}
    prefix = f"{REQUEST_PREFIX}{environment}/"
    asked = {branch.removeprefix(prefix): s for branch, s in snapshots.items() if branch.startswith(prefix)}
    found = {
        name: [record for record in read_entries(snapshot, environment) if record.name == name]
        for name, snapshot in asked.items()
    }
    requests = tuple(
        record
        for records in found.values()
        for record in records
        if record.preview is None or record.preview != standing.get(record.path)
    )
    heads = {name: snapshot.commit for name, snapshot in asked.items()}
    removals = frozenset(
        record.name
        for record in state.entries
        if found.get(record.name) == [] and _lacks(asked[record.name], environment, record.path)
    )
    return replace(state, requests=requests, request_heads=heads, removals=removals)


def _lacks(snapshot: Snapshot, environment: str, entry: PurePosixPath) -> bool:
    """Whether an entry is gone from a branch. The same listing must show what stays: an empty answer is no removal."""
    folder = _ENVIRONMENTS / environment
    listed = snapshot.files(folder)
    return folder / "environment.yaml" in listed and entry not in listed
