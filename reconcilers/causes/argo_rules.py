"""What Argo CD's messages mean: rules as data."""

from __future__ import annotations

from generator.errors import Remedy, RemedyKind
from reconcilers.causes.model import Audience, Layer, Rule, said

_REPO_SERVER = (
    "see whether Argo CD's repo-server runs: kubectl get pods -n argocd -l app.kubernetes.io/name=argocd-repo-server;"
    " it is tried again by itself"
)
_REFRESH = (
    "have Argo CD look anew (hard refresh): kubectl annotate application -n argocd {application}"
    " argocd.argoproj.io/refresh=hard --overwrite"
)
_APPLY = "an administrator applies argocd/<environment> (kubectl apply -k), which brings the AppProject as it should be"
_TERMINATE = "terminate the operation: argocd app terminate-op {application}"
AGAIN = Remedy(RemedyKind.STOP_AND_START)


def _rule(
    code: str,
    meaning: str,
    *steps: str | Remedy,
    words: tuple[str, ...],
    layer: Layer = Layer.ARGO,
    final: bool = False,
) -> Rule:
    return Rule(code, layer, Audience.PLATFORM, meaning, steps, said(*words) if words else None, is_final=final)


RULES = (
    _rule(
        "argo-project-missing",
        "The AppProject that the Application names is not there.",
        _APPLY,
        words=(
            "which does not exist",
            "or the project does not exist",
            r"project\b.{0,120}not found",
            "app is not allowed in project",
        ),
        layer=Layer.PROJECT,
    ),
    _rule(
        "argo-project-forbids",
        "The AppProject does not allow the object, the destination or the repository.",
        _APPLY,
        words=(
            "is not permitted",
            "not permitted in project",
            "do(?:es)? not match any of the allowed destinations",
            "not allowed in project",
        ),
        layer=Layer.PROJECT,
        final=True,
    ),
    _rule(
        "argo-destination-unknown",
        "Argo CD knows no cluster by the name or address that the Application names.",
        "register the cluster in Argo CD (a cluster Secret), or correct the destination in argocd/<environment>",
        words=(
            "there are no clusters with this name",
            "unable to find destination",
            "cluster .{0,120}(?:not found|not been configured)",
        ),
        layer=Layer.PROJECT,
    ),
    _rule(
        "argo-redis-down",
        "Argo CD's own Redis does not answer, or does not accept its password. Nothing of the preview is at fault.",
        "see whether Argo CD's Redis runs, and whether its parts have its password: kubectl get pods -n argocd -l"
        " app.kubernetes.io/name=argocd-redis",
        words=("NOAUTH", "WRONGPASS", r"\bredis: ", ":6379"),
    ),
    _rule(
        "argo-git-denied",
        "Argo CD may not read the state repository.",
        "give Argo CD credentials for the state repository (a repository Secret in its namespace)",
        words=(
            "authentication required",
            "Repository not found",
            "permission denied \\(publickey\\)",
            "could not read Username",
            "Invalid username or (?:password|token)",
            "authorization failed",
            "ssh: handshake failed",
            "authentication failed",
            r"returned error: 40[13]",
            "knownhosts",
            "Host key verification failed",
            "SSH_AUTH_SOCK",
        ),
    ),
    _rule(
        "argo-revision-missing",
        "The state repository has no such branch or commit.",
        "check that the branch that the Application names is in the state repository: argocd app get {application}",
        words=(
            r"unable to resolve '.{0,200}' to a commit",
            "couldn't find remote ref",
            "reference not found",
            "not our ref",
        ),
    ),
    _rule(
        "argo-git-unreachable",
        "Argo CD's repo-server cannot reach the Git host.",
        "see whether the Git host can be reached from the cluster (network, DNS, its certificate); it is tried again",
        words=(
            "failed to list refs",
            "ls-remote",
            "failed to (?:fetch|initialize|clone)",
            "repository not accessible",
            "git fetch",
            "Could not resolve host",
            "unable to access '",
            r"Get \"https?://[^\"]{1,200}info/refs",
            "x509:",
        ),
    ),
    _rule(
        "argo-path-missing",
        "Argo CD does not find the preview's folder at the commit it looks at. It may remember an earlier answer.",
        _REFRESH,
        words=("app path does not exist", "path does not exist", "lstat .{0,200}no such file or directory"),
    ),
    _rule(
        "argo-manifest-unreadable",
        "Argo CD cannot parse the rendered manifest.",
        Remedy(RemedyKind.START_ANEW),
        Remedy(RemedyKind.VALIDATE),
        words=(
            "Failed to unmarshal",
            "error (?:un)?marshal",
            "error converting YAML",
            "yaml: ",
            "invalid YAML",
            "mapping values",
            "did not find expected",
            "cannot unmarshal",
            "invalid character",
            "unable to decode",
            "unable to parse",
        ),
        final=True,
    ),
    _rule(
        "argo-repo-server-full",
        "Argo CD's repo-server has come to a limit of its own: its disk, its open files, or the size of an answer.",
        "give the repo-server more room: its disk (emptyDir or ephemeral storage), its memory, and"
        " reposerver.grpc.max.size in argocd-cmd-params-cm",
        words=("no space left on device", "code = ResourceExhausted", "too many open files", "message larger than max"),
    ),
    _rule(
        "argo-render-timeout",
        "Argo CD's repo-server did not finish making the manifests in the time it gives itself.",
        "give the repo-server more cpu, or more time (ARGOCD_EXEC_TIMEOUT)",
        words=("failed timeout after",),
    ),
    _rule(
        "argo-repo-server-down",
        "Argo CD's repo-server did not answer. Nothing of the preview is at fault.",
        _REPO_SERVER,
        words=(
            "code = Unavailable",
            "code = DeadlineExceeded",
            "code = Canceled",
            "repo-server",
            "error reading from server",
            ":8081",
            "transport is closing",
            "error while dialing",
            r"(?:target state|manifest|revision).{0,300}context deadline exceeded",
        ),
    ),
    _rule(
        "argo-cluster-denied",
        "Argo CD's credentials for the destination cluster are not accepted.",
        "renew Argo CD's credentials for the cluster (its cluster Secret or role)",
        words=("asked for the client to provide credentials", "Unauthorized", "failed to get token", "assume role"),
    ),
    _rule(
        "argo-cluster-ignored",
        "The application controller that has the Application is told to leave its cluster to another one.",
        "see how the controllers share the clusters: ARGOCD_CONTROLLER_REPLICAS, and shard in its cluster Secret",
        words=("configured to ignore cluster",),
    ),
    _rule(
        "argo-duplicate-entry",
        "An object has two entries of the same key in a list, such as a variable or port that is named twice.",
        "name each variable, port and volume once in the template, and in what the component adds to it",
        words=("duplicate entries for key",),
    ),
    _rule(
        "argo-diff-failed",
        "Argo CD cannot compare an object, since its own version knows fields otherwise than the cluster's.",
        "use a version of Argo CD that was tested with the cluster's version, or ServerSideDiff for the Application",
        words=("typedLive", "pre-diff normalization", "structured merge diff", "error building typed value"),
    ),
    _rule(
        "argo-cluster-unreachable",
        "Argo CD cannot reach the destination cluster, or not read all of it.",
        "see whether Argo CD's application controller reaches the cluster's API server, and which API does not answer:"
        " kubectl get apiservices",
        words=(
            "failed to (?:get|load) (?:cluster|server|live|initial|api)",
            "error getting cluster",
            "cluster cache",
            "sync cluster",
            "currently unable to handle the request",
            "failed to list resources",
            "i/o timeout",
            "connection refused",
            "no such host",
            "dial tcp",
            "TLS handshake timeout",
        ),
    ),
    _rule(
        "argo-kind-unknown",
        "The cluster does not know a kind of the preview: an operator's definitions are not installed.",
        "install the operator whose kind it names (its CustomResourceDefinition)",
        words=(
            "could not find the requested resource",
            "no matches for kind",
            "could not find .{0,80}for requested resource",
            "ensure CRDs are installed",
            "resource mapping not found",
            "could not find version",
            "custom resource definition is terminating",
        ),
        final=True,
    ),
    _rule(
        "argo-namespace-missing",
        "The preview's namespace is gone, or was not made yet, while its objects are applied.",
        AGAIN,
        words=(r"namespaces? \"preview-[a-z0-9-]+\" not found",),
    ),
    _rule(
        "argo-shared-resource",
        "An object of the preview belongs to another Application as well, and the two overwrite each other.",
        "have the object in one Application only: remove the other Application, or the object from it",
        words=("is part of applications", "Shared resource found", "shared resource"),
    ),
    _rule(
        "argo-field-conflict",
        "Another controller owns a field that Argo CD applies, and neither gives way.",
        "leave that field out of the template, or have the other controller leave it: kubectl get with"
        " --show-managed-fields tells who owns it",
        words=(r"Apply failed with \d+ conflicts?",),
    ),
    _rule(
        "argo-window",
        "A sync window of the AppProject does not allow syncs now.",
        "wait for the window, or change the sync windows of the AppProject",
        words=("sync window", "Blocked by sync window", "Cannot sync"),
    ),
)
HOOK_FAILED = Rule(
    "argo-hook-failed",
    Layer.ARGO,
    Audience.DEVELOPER,
    "A hook of the sync failed, such as the Job that seeds the database.",
    ("read the log of the hook's pods: kubectl logs -n {namespace} -l job-name --all-containers --prefix",),
    said("specified backoff limit", "longer than specified deadline", r"hook .{0,120}fail", "completed unsuccessfully"),
    is_final=True,
)
SILENT = _rule(
    "argo-silent",
    "Argo CD's application controller has not looked at the Application.",
    "see whether the application controller runs: kubectl get pods -n argocd -l"
    " app.kubernetes.io/name=argocd-application-controller",
    words=(),
)
WAITS = _rule(
    "argo-sync-waits",
    "A sync waits for an object to become healthy, and nothing that was read tells why it does not.",
    "see the object that it waits for: argocd app get {application}",
    words=(),
)
HOOK_WAITS = _rule(
    "argo-hook-waits",
    "Argo CD waits for a hook that has ended or is gone, and does not notice.",
    _TERMINATE,
    "then have it synced anew: argocd app sync {application}",
    words=(),
)
DEGRADED = Rule(
    "argo-degraded",
    Layer.ARGO,
    Audience.DEVELOPER,
    "Argo CD reports an object as Degraded, and nothing that was read tells why.",
    ("see which object it is: argocd app get {application}",),
)
ALL = (*RULES, HOOK_FAILED, SILENT, WAITS, HOOK_WAITS, DEGRADED)
