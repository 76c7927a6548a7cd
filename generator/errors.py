"""Error kinds, stable reasons and faults, shared by every layer.

A *kind* (the class) tells a loop what to do next; a *reason* (one CamelCase word) is stable and shows up in exit
codes, conditions and metrics; a *fault* is one thing that is wrong at one place. Only the CLI and the loop interpret
kinds. Nothing here prints or logs.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from dataclasses import field as dataclass_field
from enum import StrEnum


class Reason(StrEnum):
    """Why something was refused. `hub.output.exit_codes` gives each its process exit code; both are stable."""

    INVALID_ISSUE_KEY = "InvalidIssueKey"
    UNKNOWN_ENVIRONMENT = "UnknownEnvironment"
    UNKNOWN_BLUEPRINT = "UnknownBlueprint"
    UNKNOWN_COMPONENT = "UnknownComponent"
    INVALID_VALUE = "InvalidValue"
    IMAGE_NOT_PINNED = "ImageNotPinned"
    IMAGE_NOT_THERE = "ImageNotThere"
    IMAGE_UNFIT = "ImageUnfit"
    OVER_LIMIT = "OverLimit"
    INVALID_ENVIRONMENT = "InvalidEnvironment"
    INVALID_BLUEPRINT = "InvalidBlueprint"
    INVALID_SERVICES = "InvalidServices"
    INVALID_REGISTRIES = "InvalidRegistries"
    TEMPLATE_INVALID = "TemplateInvalid"
    TEMPLATE_UNBOUNDED = "TemplateUnbounded"
    MANIFEST_INVALID = "ManifestInvalid"
    UNREADABLE_YAML = "UnreadableYaml"
    NOT_A_STATE_REPOSITORY = "NotAStateRepository"
    REPOSITORY_DIRTY = "RepositoryDirty"
    LAYOUT_VERSION = "LayoutVersion"
    BRANCH_MOVED = "BranchMoved"
    REPOSITORY_UNREACHABLE = "RepositoryUnreachable"
    REPOSITORY_REFUSED = "RepositoryRefused"
    REPOSITORY_DENIED = "RepositoryDenied"
    GIT_UNUSABLE = "GitUnusable"
    UNREADABLE_ENTRY = "UnreadableEntry"
    PREVIEW_NOT_FOUND = "PreviewNotFound"
    CAPACITY_EXHAUSTED = "CapacityExhausted"
    TARGET_NOT_EMPTY = "TargetNotEmpty"
    INVALID_KUBECONFIG = "InvalidKubeconfig"
    UNKNOWN_CONTEXT = "UnknownContext"
    INVALID_FORGE = "InvalidForge"
    CLUSTER_UNREACHABLE = "ClusterUnreachable"
    CLUSTER_REFUSED = "ClusterRefused"
    NOT_IN_TIME = "NotInTime"
    PREVIEW_FAILED = "PreviewFailed"
    FORGE_UNREACHABLE = "ForgeUnreachable"
    FORGE_DENIED = "ForgeDenied"
    FORGE_REFUSED = "ForgeRefused"
    FORGE_LIMITED = "ForgeLimited"
    JIRA_UNREACHABLE = "JiraUnreachable"
    JIRA_REFUSED = "JiraRefused"
    JIRA_LIMITED = "JiraLimited"
    SLACK_UNREACHABLE = "SlackUnreachable"
    SLACK_REFUSED = "SlackRefused"
    SLACK_LIMITED = "SlackLimited"
    REGISTRY_UNREACHABLE = "RegistryUnreachable"
    REGISTRY_REFUSED = "RegistryRefused"
    REQUEST_NOT_FOUND = "RequestNotFound"
    MERGE_REFUSED = "MergeRefused"
    MERGE_NOT_READY = "MergeNotReady"
    ENVIRONMENT_MISSING = "EnvironmentMissing"
    FROZEN = "Frozen"
    CLOCK_BEHIND = "ClockBehind"
    DATABASE_UNREACHABLE = "DatabaseUnreachable"
    DATABASE_REVISION = "DatabaseRevision"
    IN_USE = "InUse"
    NOT_SIGNED_IN = "NotSignedIn"
    NOT_ALLOWED = "NotAllowed"
    TOO_MANY_REQUESTS = "TooManyRequests"
    NOT_FOUND = "NotFound"
    SERVER_UNREACHABLE = "ServerUnreachable"
    SERVER_REFUSED = "ServerRefused"
    PROVIDER_UNREACHABLE = "ProviderUnreachable"
    PROVIDER_REFUSED = "ProviderRefused"
    FILE_UNUSABLE = "FileUnusable"
    UNEXPECTED = "Unexpected"


class RemedyKind(StrEnum):
    """What can be done with the hub about a fault. Each edge words it: the command line as a command, others their way.

    `hub.output.remedies` has the command line's words.
    """

    ASK_ANEW = "AskAnew"
    ASK_AS_ACCOUNT = "AskAsAccount"
    ASK_FOR_LESS = "AskForLess"
    ASK_FOR_MEMORY = "AskForMemory"
    ASK_FOR_PARTS = "AskForParts"
    CHANGE_ENTRY = "ChangeEntry"
    CHANGE_FORGE = "ChangeForge"
    CHANGE_LAYOUT = "ChangeLayout"
    CLEAN_WORK_TREE = "CleanWorkTree"
    CONFIRM_REMOVALS = "ConfirmRemovals"
    EXTEND_LATER = "ExtendLater"
    FILL_AGAIN = "FillAgain"
    GIVE_IMAGE = "GiveImage"
    HAVE_NO_HOOKS_SHARED = "HaveNoHooksShared"
    HAVE_OFFICE_HOURS = "HaveOfficeHours"
    INSTALL_HOOK = "InstallHook"
    KEEP_CODE_OWNERS = "KeepCodeOwners"
    LAY_OUT = "LayOut"
    LAY_OUT_AGAIN = "LayOutAgain"
    LIST_BLUEPRINTS = "ListBlueprints"
    LIST_DEAD_JOBS = "ListDeadJobs"
    LIST_DELIVERIES = "ListDeliveries"
    LIST_PREVIEWS = "ListPreviews"
    LIST_REQUESTS = "ListRequests"
    LIST_TOKENS = "ListTokens"
    MAKE_TOKEN = "MakeToken"  # noqa: S105 - no password
    NAME_BARE_REPOSITORY = "NameBareRepository"
    NAME_REPOSITORY = "NameRepository"
    NAME_STATE_REPOSITORY = "NameStateRepository"
    OPEN_REQUEST = "OpenRequest"
    PROTECT = "Protect"
    PROTECT_OR_KNOW = "ProtectOrKnow"
    PROTECT_WITHOUT = "ProtectWithout"
    RAISE_SHARDS = "RaiseShards"
    REMOVE_FEWER = "RemoveFewer"
    REMOVE_WHOLE = "RemoveWhole"
    RENDER_ANEW = "RenderAnew"
    REPAIR_ENTRY = "RepairEntry"
    REPAIR_LEASE = "RepairLease"
    REPAIR_OR_STOP = "RepairOrStop"
    REPLACE_HOOK = "ReplaceHook"
    REQUEST_REMOVAL = "RequestRemoval"
    RESTART_AFTER_SYNC = "RestartAfterSync"
    RESTORE_LAYOUT = "RestoreLayout"
    RUN_DOCTOR = "RunDoctor"
    SEE_ALL_CAUSES = "SeeAllCauses"
    SEE_HISTORY = "SeeHistory"
    SERVE_ANEW = "ServeAnew"
    SET_FORGE = "SetForge"
    SHOW_DELIVERY = "ShowDelivery"
    START_ANEW = "StartAnew"
    START_FIRST = "StartFirst"
    START_IN_PLACE = "StartInPlace"
    START_OR_STOP = "StartOrStop"
    START_WITH_IMAGE = "StartWithImage"
    START_WITHOUT_QUEUE = "StartWithoutQueue"
    STOP = "Stop"
    STOP_AND_START = "StopAndStart"
    STOP_BOTH = "StopBoth"
    STOP_FIRST_TO_END = "StopFirstToEnd"
    STOP_OTHER = "StopOther"
    STOP_OWN = "StopOwn"
    UPGRADE_DATABASE = "UpgradeDatabase"
    USE_SPOT = "UseSpot"
    VALIDATE = "Validate"
    WAKE = "Wake"
    WAIT_TOO = "WaitToo"
    WRITE_BY_START = "WriteByStart"
    WRITE_BY_START_ONLY = "WriteByStartOnly"
    WRITE_TOGETHER = "WriteTogether"


@dataclass(frozen=True, slots=True)
class About:
    """What a remedy is about; empty where it does not matter. Texts as they are, quoted for nothing.

    `place`: the file to look at first. `path`: a folder or repository. `since` and `until`: times, RFC 3339.
    `may_wait`: waiting for room helps as well.
    """

    environment: str = ""
    issue: str = ""
    place: str = ""
    path: str = ""
    name: str = ""
    since: str = ""
    until: str = ""
    count: int = 0
    may_wait: bool = False


@dataclass(frozen=True, slots=True)
class Remedy:
    """What to do with the hub about a fault, as a value. Its text is for logs: an edge words it for people."""

    kind: RemedyKind
    about: About = About()

    def __str__(self) -> str:
        about = ((field.name, getattr(self.about, field.name)) for field in fields(About))
        told = ", ".join(f"{name}: {value}" for name, value in about if value)
        return f"{self.kind} ({told})" if told else str(self.kind)


#: What to do: with the hub, or a sentence about something else, which names no command of the hub. Empty: nothing.
ToDo = Remedy | str


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a text file: path as the reader knows it, line and column counted from 1 (0 = unknown)."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return ":".join([self.file, *(str(n) for n in (self.line, self.column) if n)])


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: what, where, which field, what is allowed and what to do about it.

    `cause`: the exception that nobody declared, where it came of one, for a log to tell with its traceback.
    """

    message: str
    where: Location | None = None
    field: str = ""
    allowed: str = ""
    nearest: str = ""
    remedy: ToDo = ""
    cause: Exception | None = dataclass_field(default=None, compare=False, repr=False)

    @classmethod
    def saying(cls, words: object, field: str = "", remedy: ToDo = "") -> Fault:
        """What a `ValueError` says: its words before and after "; allowed: " are message and what is allowed."""
        message, _, allowed = str(words).partition("; allowed: ")
        return cls(message, field=field, allowed=allowed, remedy=remedy)

    def __str__(self) -> str:
        return self.line(str(self.remedy))

    def line(self, remedy: str) -> str:
        """All of it on one line, with `remedy` as what to do: its own in an edge's words."""
        head = ": ".join(part for part in (str(self.where) if self.where else "", self.field, self.message) if part)
        tail = [f"allowed: {self.allowed}"] if self.allowed else []
        tail += [f"did you mean {self.nearest!r}?"] if self.nearest else []
        tail += [remedy] if remedy else []
        return "; ".join([head, *tail])


class HubError(Exception):
    """Base of all declared errors. `faults` is never empty; `str()` gives one fault a line.

    Raises `ValueError` when it is made without a fault: an error that says nothing cannot be acted on.
    """

    def __init__(self, reason: Reason, faults: Fault | str | Iterable[Fault], *, remedy: ToDo = "") -> None:
        if isinstance(faults, str):
            faults = Fault(faults, remedy=remedy)
        self.reason = reason
        self.faults: tuple[Fault, ...] = (faults,) if isinstance(faults, Fault) else tuple(faults)
        if not self.faults:
            raise ValueError(f"an error ({reason}) without a fault")
        super().__init__("\n".join(map(str, self.faults)))

    @property
    def words(self) -> str:
        """What is wrong, on one line: the faults' messages without place and remedy."""
        return "; ".join(fault.message for fault in self.faults)


class ConfigError(HubError):
    """A person's input is wrong. Stalled until the input changes."""


class Stalled(HubError):
    """The input is right, but no retry can help until somebody changes something else."""


class Waiting(HubError):
    """A dependency is not ready; nothing is wrong. Try again after `retry_after_seconds`.

    `awaited` names what it waits for, such as references of images, so that whoever brings one can wake who waits.
    """

    def __init__(
        self,
        reason: Reason,
        faults: Fault | str | Iterable[Fault],
        *,
        retry_after_seconds: float,
        awaited: Sequence[str] = (),
    ) -> None:
        super().__init__(reason, faults)
        self.retry_after_seconds, self.awaited = retry_after_seconds, tuple(awaited)


class Transient(HubError):
    """Network, throttling or a server's fault, after the adapter's own retries. Back off and try again."""


class Moved(HubError):
    """The world changed after it was observed. Drop the plan and observe again."""


class Unexpected(HubError):
    """A mistake of rtb-hub itself, caught where it keeps nothing else back; `__cause__` has its traceback."""


def unexpected(what: str, err: Exception) -> Unexpected:
    """What becomes of an exception that nobody declared, at the border of `what` it happened in, in words."""
    message = f"{what}: {type(err).__name__}: {str(err)[:300]}"
    remedy = "this is a mistake of rtb-hub; the log has its traceback: please report both"
    found = Unexpected(Reason.UNEXPECTED, Fault(message, remedy=remedy, cause=err))
    found.__cause__ = err
    return found


def declared(what: str, err: Exception) -> HubError:
    """`err` if it was declared, else `unexpected`: for the border of `what`, where everything is caught."""
    return err if isinstance(err, HubError) else unexpected(what, err)


def nearest(word: str, known: Sequence[str]) -> str:
    """The known name closest to `word` whatever the case, or an empty string when none is close."""
    folded = {name.lower(): name for name in known}
    return next((folded[name] for name in difflib.get_close_matches(word.lower(), folded, n=1, cutoff=0.6)), "")
