"""What the end of a container means: rules as data."""

from __future__ import annotations

from generator.errors import Remedy, RemedyKind, ToDo
from reconcilers.causes.model import Audience, Layer, Rule, said

LOG: ToDo = "read its log: kubectl logs --previous -n {namespace} {pod} -c {container}"
JOB_LOG: ToDo = "read its log: kubectl logs -n {namespace} job/{name} --all-containers"
_START = Remedy(RemedyKind.START_WITH_IMAGE)
#: Times a container that runs again may have ended before: one that waits for its database ends once or twice.
FEW = 3


def _crash(code: str, meaning: str, *steps: ToDo, words: tuple[str, ...] = ()) -> Rule:
    return Rule(code, Layer.CRASH, Audience.DEVELOPER, meaning, steps, said(*words) if words else None)


OOM = _crash(
    "crash-oom",
    "The container used more memory than it has, and was killed.",
    "give the component more memory, or have it use less",
    Remedy(RemedyKind.ASK_FOR_MEMORY),
)
LIVENESS = _crash(
    "probe-liveness",
    "The liveness probe failed, so kubelet killed the container. It was not out of memory.",
    "check what the livenessProbe asks (port, path, timeout) and whether the component answers it in time",
    LOG,
)
STARTUP = _crash(
    "probe-startup",
    "The startup probe never succeeded, so kubelet killed the container.",
    "check that the component listens on its port and answers its healthPath before the startup probe gives up",
    LOG,
)
KILLED = _crash(
    "crash-killed",
    "The container was killed (SIGKILL), and not for its memory by what Kubernetes says.",
    "look whether its livenessProbe failed: kubectl describe pod -n {namespace} {pod}",
    LOG,
)
LOST = Rule(
    "container-lost",
    Layer.CRASH,
    Audience.PLATFORM,
    "Nobody can tell how the container ended: its node was shut down or replaced, or lost sight of it.",
    ("see what became of its node: kubectl get pod -n {namespace} {pod} -o wide; kubectl get nodes",),
)
TERMINATED = _crash(
    "crash-terminated",
    "The container was asked to end (SIGTERM) while it should run.",
    "look whether its livenessProbe or startup probe failed: kubectl describe pod -n {namespace} {pod}",
    LOG,
)
SEGFAULT = _crash(
    "crash-segfault",
    "The program ended by a fault of its own (SIGSEGV, SIGABRT, SIGILL, SIGBUS).",
    LOG,
    "look for native libraries that do not fit the image or its processor architecture",
)
NOT_FOUND = _crash(
    "crash-command-not-found",
    "The shell of the image did not find or could not execute a command (exit code 126 or 127).",
    "check the component's command and what the image has in it",
    LOG,
)
DONE = _crash(
    "crash-done",
    "The process ended by itself without an error (exit code 0); a component has to keep running.",
    "have the command stay in the foreground, and check that it is the one that serves",
    LOG,
)
EXIT = _crash("crash-exit", "The process ended with an error of its own, which its log tells.", LOG)
EVICTED = _crash(
    "pod-evicted-storage",
    "The pod wrote more to its disk than it may, and was evicted.",
    "have the component write less, or give it more ephemeral storage",
    words=("ephemeral-storage", "ephemeral local storage", "EmptyDir volume"),
)
#: What the last words of a process tell, when it left any (terminationMessagePolicy FallbackToLogsOnError).
LAST_WORDS = (
    _crash(
        "crash-heap-full",
        "The program ran out of the memory that it gives itself.",
        "give the component more memory, or its program a heap that fits in it",
        Remedy(RemedyKind.ASK_FOR_MEMORY),
        words=("OutOfMemoryError", "heap out of memory", "Reached heap limit", "MemoryError", "annot allocate memory"),
    ),
    _crash(
        "crash-wrong-platform",
        "The program was built for another architecture than that of the cluster, linux/amd64.",
        "build and push the image for the platform linux/amd64 (docker buildx build --platform)",
        _START,
        words=("exec format error", "rosetta error", "wrong ELF class"),
    ),
    _crash(
        "crash-module-missing",
        "The program misses a module or library in its image.",
        "build an image that has the module or library it names",
        LOG,
        words=(
            "Cannot find module",
            "ModuleNotFoundError",
            "No module named",
            "ClassNotFoundException",
            "error while loading shared libraries",
            "Could not find or load main class",
            r"Error loading shared library",
            "cannot load such file",
            r"version .GLIBC\S{0,20} not found",
        ),
    ),
    _crash(
        "crash-port-in-use",
        "The port it wants to listen on is taken, or one that only root may have.",
        "have it listen on the component's port, above 1024",
        LOG,
        words=(
            "EADDRINUSE",
            "address already in use",
            "was already in use",
            r"bind\(?\)?.{0,80}permission denied",
            r"listen EACCES",
        ),
    ),
    _crash(
        "crash-not-permitted",
        "The program may not read, write or do something; it runs without root.",
        "have it write only where its user may (/tmp, or a path that the image gives to that user)",
        LOG,
        words=("EACCES", "EROFS", "read-only file system", "permission denied", "operation not permitted", "EPERM"),
    ),
    Rule(
        "crash-aws-denied",
        Layer.CRASH,
        Audience.PLATFORM,
        "AWS does not let the program do something: it has no role, may not take it, or the role lacks a right.",
        (
            "see which role the pod's ServiceAccount has (kubectl get serviceaccounts -n {namespace} -o yaml): it has"
            " to trust this cluster and ServiceAccount, and have the right that the message names",
            LOG,
        ),
        said(
            "AssumeRoleWithWebIdentity",
            r"is not authorized to perform: ?[a-z0-9-]+:",
            "no identity-based policy allows",
            "Unable to locate credentials",
            "NoCredentialsError",
            "CredentialsProviderError",
            "Could not load credentials from any providers",
            "Unable to load (?:AWS )?credentials",
            "no EC2 IMDS role found",
            "NoCredentialProviders",
            "InvalidIdentityToken",
            "permissions to assume the associated role",
        ),
    ),
    _crash(
        "crash-database-missing",
        "The database server is there, and has no database or user of the name that the program gives.",
        "check the variables that hold the database's name and user, or have the database made before the program runs",
        LOG,
        words=(
            r"(?:database|role) \"[^\"]{1,80}\" does not exist",
            "Unknown database",
            "Database .{1,80} does not exist on the database server",
        ),
    ),
    _crash(
        "crash-migration-failed",
        "The database's tables are not as the program wants them: a migration failed, or was not run.",
        "repair the migration that it names, and have migrations run before the program begins to serve",
        "a database that only this preview has can begin empty: stop the preview, then start it",
        LOG,
        words=(
            r"\bP30(?:05|06|08|09|18)\b",
            "migrations? (?:are|is) pending",
            "PendingMigration",
            "failed migrations?",
            "migrations? (?:have )?failed",
            "Migration checksum mismatch",
            "Flyway(?:Validate|Migrate)?Exception",
            "Can't locate revision",
            "Dirty database version",
            r"liquibase\.exception",
            r"(?:relation|table) [\"'`][^\"'`]{1,120}[\"'`] (?:does not|doesn't|already) exists?",
            "no such table",
            "UndefinedTable",
            "unapplied migration",
        ),
    ),
    _crash(
        "crash-database-denied",
        "The database does not accept the name or password that the program gives.",
        "check the variables or secrets that hold the database's name, user and password",
        LOG,
        words=(
            "password authentication failed",
            "Access denied for user",
            "no pg_hba.conf entry",
            "SASL.{0,60}password",
        ),
    ),
    _crash(
        "crash-cannot-connect",
        "The program ends because it cannot reach something it needs.",
        "check the address it connects to, and that what is there runs",
        LOG,
        words=(
            "ECONNREFUSED",
            "connection refused",
            "ENOTFOUND",
            "EAI_AGAIN",
            "no such host",
            "could not translate host name",
            "could not connect to server",
            "connection timed out",
            "ETIMEDOUT",
            "i/o timeout",
            "Name or service not known",
            "Can't reach database server",
            "name resolution",
            r"lookup .{1,200}server misbehaving",
            "host not found in upstream",
            "could ?n.t resolve host",
            "UnknownHostException",
            "Communications link failure",
            "database system is (?:starting up|shutting down)",
        ),
    ),
    _crash(
        "crash-setting-missing",
        "The program misses a setting that it needs.",
        "set the variable or secret that it names",
        LOG,
        words=(
            r"(?:environment|env) var(?:iable)?s? .{0,80}(?:not set|is required|missing|must be)",
            r"missing (?:required )?(?:environment|env|config|setting)",
            "environment variable not found",
            r"KeyError: '[A-Z][A-Z0-9_]+'",
            r"\b[A-Z][A-Z0-9_]{2,} (?:is|must be|was) (?:not set|not defined|required|set)",
        ),
    ),
)
JOB_DEADLINE = Rule(
    "job-deadline",
    Layer.CRASH,
    Audience.DEVELOPER,
    "A Job took longer than it may.",
    (JOB_LOG, "have the seed do less, or raise the Job's deadline in the template"),
    said("DeadlineExceeded", "longer than specified deadline"),
    is_final=True,
)
JOB_FAILED = Rule(
    "job-failed", Layer.CRASH, Audience.DEVELOPER, "A Job failed as often as it may.", (JOB_LOG,), is_final=True
)
RULES = (
    OOM,
    LIVENESS,
    STARTUP,
    KILLED,
    LOST,
    TERMINATED,
    SEGFAULT,
    NOT_FOUND,
    DONE,
    EXIT,
    EVICTED,
    *LAST_WORDS,
    JOB_DEADLINE,
    JOB_FAILED,
)
