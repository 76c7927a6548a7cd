"""An environment as it was observed, and where a change to a preview goes. `reconcilers.state.reading` reads it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import InitVar, dataclass, field
from functools import cached_property
from pathlib import PurePosixPath

from generator.errors import ConfigError, Fault, Reason
from generator.model.blueprint import TemplateLibrary
from generator.model.environment import Environment
from generator.objects.manifest import Manifest, manifests_in
from generator.values.model_faults import is_of_another_release
from generator.values.naming import MANIFEST_FILE, IssueKey
from reconcilers.capacity.facts import Facts
from reconcilers.capacity.usage import Usage, share_of, total
from reconcilers.ports.git import Snapshot
from reconcilers.state.entries import EntryRecord
from reconcilers.state.queue_files import Queue, QueuedRecord, queue_of

LAYOUT = 1
LAYOUT_FILE = PurePosixPath("rtb-hub.yaml")
REQUEST_PREFIX = "preview/"


@dataclass(slots=True)
class Counts:
    """What is made of a state's entries and queue, each when it is first asked for (until then None).

    Who makes a state out of another gives those that are known of it: counting thousands anew is what takes the time.
    """

    by_name: Mapping[str, EntryRecord] | None = None
    usage: Usage | None = None
    queue: Queue | None = None


@dataclass(frozen=True)
class EnvironmentState:
    """One environment as observed: its policy, its branch's snapshot, its templates (overlays among them), entries.

    `queued` are the files of its queue; `queue` is what they come to by today's policy. `shared` says which secrets
    another environment shares with it that must not: what reads secrets is not started there while it does.

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
    shared: tuple[Fault, ...] = ()
    known: InitVar[Counts | None] = None
    counts: Counts = field(init=False, repr=False, compare=False)

    def __post_init__(self, known: Counts | None) -> None:
        """`known` are counts of this very state; a copy that says nothing of them counts anew."""
        object.__setattr__(self, "counts", known or Counts())

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

    def manifest_beside(self, record: EntryRecord) -> bytes | None:
        """The text of the manifest beside one of the records, on the branch that it stands on; None: there is none."""
        is_request = self._requests.get(record.name) is record
        snapshot = self.request_snapshots[record.name] if is_request else self.snapshot
        manifest = record.path.parent / MANIFEST_FILE
        return snapshot.read([manifest]).get(manifest)

    def manifests_of(self, record: EntryRecord) -> tuple[Manifest, ...]:
        """The objects committed beside one of the records. Raises `ConfigError` for a manifest that cannot be read."""
        return manifests_in(self.manifest_beside(record) or b"", str(record.path.parent / MANIFEST_FILE))

    def in_queue(self, key: IssueKey) -> QueuedRecord | None:
        """The file of one preview's request that waits for room."""
        return next((record for record in self.queued if record.name == key.name), None)

    @property
    def by_name(self) -> Mapping[str, EntryRecord]:
        """The entries by preview name; of two with one name, the first."""
        if self.counts.by_name is None:
            self.counts.by_name = {record.name: record for record in reversed(self.entries)}
        return self.counts.by_name

    @property
    def usage(self) -> Usage:
        """What all previews take, those that await approval included."""
        if self.counts.usage is None:
            facts: dict[str, list[Facts | None]] = {}
            for record in self.records:
                facts.setdefault(record.name, []).append(record.facts)
            self.counts.usage = total(map(share_of, facts.values()))
        return self.counts.usage

    def share(self, name: str) -> Usage:
        """What one preview (`rtb-123`) takes of `usage`; nothing when it is not there."""
        found = [record for record in self.requests if record.name == name]
        if entry := self.by_name.get(name):
            found.append(entry)
        return share_of(record.facts for record in found) if found else Usage()

    def usage_after(self, changed: EnvironmentState, names: Iterable[str]) -> Usage:
        """What all take in `changed`, a state in which only previews of these names are others than here."""
        usage = self.usage
        for name in names:
            usage = usage.minus(self.share(name)).plus(changed.share(name))
        return usage

    @property
    def queue(self) -> Queue:
        """Who waits for room, in order, and what is skipped."""
        if self.counts.queue is None:
            self.counts.queue = queue_of(self.queued, self.environment, self.library, self.by_name)
        return self.counts.queue

    @cached_property
    def _requests(self) -> Mapping[str, EntryRecord]:
        return {record.name: record for record in reversed(self.requests)}


def request_branch(environment: str, key: IssueKey) -> str:
    """The branch that a change to a gated environment is requested on."""
    return f"{REQUEST_PREFIX}{environment}/{key.name}"


def issue_of(name: str) -> IssueKey | None:
    """The issue whose request branches end with `name` to the letter; None: the hub calls none so."""
    try:
        key = IssueKey.parse(name.upper())
    except ConfigError:
        return None
    return key if key.name == name else None


def must_be_of_this_release(key: IssueKey, state: EnvironmentState) -> None:
    """Raise `ConfigError` (UnreadableEntry) for a preview of which another release wrote a file that this cannot read.

    It may run as it should, so this release neither replaces nor removes it.
    """
    for record in (state.request(key), state.entry(key), state.in_queue(key)):
        if record is not None and is_of_another_release(record.faults):
            raise ConfigError(Reason.UNREADABLE_ENTRY, record.faults)


def must_not_share(manifests: Iterable[Manifest], state: EnvironmentState) -> None:
    """Raise `ConfigError` (InvalidEnvironment) for what reads secrets, where these may be another environment's."""
    if state.shared and any(manifest.kind == "ExternalSecret" for manifest in manifests):
        raise ConfigError(Reason.INVALID_ENVIRONMENT, state.shared)


def target(key: IssueKey, state: EnvironmentState) -> tuple[str, str, str | None]:
    """Where a change to one preview is committed: (branch, parent commit, commit the branch must still be at).

    A gated environment's own branch never moves: the change goes to a request branch, new from the environment's head
    or on top of what was requested before. Raises `ConfigError` as `must_be_of_this_release` does.
    """
    must_be_of_this_release(key, state)
    head = state.snapshot.commit
    if not state.environment.spec.gated:
        return state.snapshot.branch, head, head
    requested = state.request_heads.get(key.name)
    return request_branch(state.environment.name, key), requested or head, requested
