"""What was read of one preview at one moment, as objects of the API server: for bug reports and for tests.

A file is YAML or JSON: `now`, `environment`, `compute`, `entry` (`present`, `askedSecondsAgo` or `removedSecondsAgo`),
`objects` by `plural.group`, `unread` by `plural.group` with the reason, `reachable`, what asking its address came to,
and `targetGroups`, names in AWS of one that is gone (`left`), or why they are not known (`unread`). Other fields are
for people. Nobody vouches for a file: it is bounded in bytes, depth and nodes, and what is no object of Kubernetes is
an error with its place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from generator.bootstrap.argocd import project_name
from generator.errors import ConfigError, Fault, Location, Reason
from generator.values.formats import format_time
from generator.values.naming import NAMESPACE_PREFIX
from generator.yaml.reader import MAX_NODES, Document, load
from hub.adapters.kubernetes import inside, objects
from hub.adapters.kubernetes.fields import Tree, inner, mapping, moment, text, texts
from reconcilers.causes.exposure import RULES, Reached
from reconcilers.causes.texts import one_line
from reconcilers.health.phase import Asked, Seen
from reconcilers.ports.target_groups import TargetGroup, Targets

LIMIT_BYTES = 16 * 1024 * 1024
#: Longer ago than this, nothing was asked for.
_LONGEST = timedelta(days=3650)
_APPLICATIONS, _SETS = "applications.argoproj.io", "applicationsets.argoproj.io"
#: Kinds inside a namespace that causes are found in, by `plural.group`.
INSIDE = {
    "pods": "Pod",
    "deployments.apps": "Deployment",
    "statefulsets.apps": "StatefulSet",
    "replicasets.apps": "ReplicaSet",
    "jobs.batch": "Job",
    "ingresses.networking.k8s.io": "Ingress",
    "targetgroupbindings.elbv2.k8s.aws": "TargetGroupBinding",
    "externalsecrets.external-secrets.io": "ExternalSecret",
    "secretstores.external-secrets.io": "SecretStore",
    "clustersecretstores.external-secrets.io": "ClusterSecretStore",
    "persistentvolumeclaims": "PersistentVolumeClaim",
    "events": "Event",
}
#: Kinds that are read; of others a recording may hold what it likes.
_READ = frozenset({*INSIDE, _APPLICATIONS, _SETS, "namespaces"})
_NOT_NAMESPACED = frozenset({"clustersecretstores.external-secrets.io"})


@dataclass(frozen=True, slots=True)
class Recording:
    """Objects by `plural.group`, at `now`. `asked_since`: since when Git has its entry; None when it has none.

    `removed_at`: since when it has none any more, where that is known.
    """

    now: datetime
    environment: str
    compute: str = ""
    is_asked: bool = False
    asked_since: datetime | None = None
    objects: Mapping[str, Sequence[Tree]] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)
    reached: Reached | None = None
    removed_at: datetime | None = None
    targets: Targets | None = None

    @property
    def target(self) -> str:
        """The preview it is about, by the name of its Application or namespace; empty when it holds neither.

        Of several it is the one that most objects are in.
        """
        named = [
            tree["metadata"]["name"] for kind in (_APPLICATIONS, "namespaces") for tree in self.objects.get(kind, ())
        ]
        found = {name for name in named if name.startswith(NAMESPACE_PREFIX)}
        count = dict.fromkeys(found, 0)
        for kind in INSIDE:
            for tree in self.objects.get(kind, ()):
                place = tree["metadata"].get("namespace")
                if isinstance(place, str) and place in count:
                    count[place] += 1
        return min(found, key=lambda name: (-count[name], name), default="")

    def seen(self, target: str, asked: Asked | None = None) -> Seen:
        """What was seen of one preview by the name of its namespace. `asked`: its entry, where it is at hand."""
        sets = {tree["metadata"]["name"]: tree for tree in self.objects.get(_SETS, ())}
        chosen = sets.get(project_name(self.environment)) or next(iter(sets.values()), None)
        application = self._one(_APPLICATIONS, target)
        namespace = self._one("namespaces", target)
        return Seen(
            entry=asked or self._asked(),
            application=objects.application(application) if application else None,
            namespace=objects.namespace(namespace) if namespace else None,
            details=inside.details(
                {kind: self._inside(name, target) for name, kind in INSIDE.items()}, unread=self.unread
            ),
            applications=objects.application_set(chosen) if chosen else None,
            unread=next((self.unread[kind] for kind in (_APPLICATIONS, "namespaces") if kind in self.unread), ""),
            reached=self.reached,
            removed_at=self.removed_at,
            targets=self.targets,
        )

    def _asked(self) -> Asked | None:
        if not self.is_asked:
            return None
        return Asked(begun=format_time(self.asked_since) if self.asked_since else None, compute=self.compute)

    def _one(self, kind: str, name: str) -> Tree | None:
        return next((tree for tree in self.objects.get(kind, ()) if tree["metadata"]["name"] == name), None)

    def _inside(self, name: str, target: str) -> list[Tree]:
        found = self.objects.get(name, ())
        if name in _NOT_NAMESPACED:
            return [*found]
        return [tree for tree in found if tree["metadata"].get("namespace", target) == target]

    def tree(self) -> dict[str, Any]:
        """The recording as it is written to a file."""
        entry: dict[str, Any] = {"present": self.is_asked}
        if self.asked_since is not None:
            entry["askedSecondsAgo"] = max(0, int((self.now - self.asked_since).total_seconds()))
        if self.removed_at is not None:
            entry["removedSecondsAgo"] = max(0, int((self.now - self.removed_at).total_seconds()))
        return {
            "now": format_time(self.now),
            "environment": self.environment,
            **({"compute": self.compute} if self.compute else {}),
            "entry": entry,
            **({"unread": dict(self.unread)} if self.unread else {}),
            **({"reachable": reached_data(self.reached)} if self.reached else {}),
            **({"targetGroups": _targets_data(self.targets)} if self.targets else {}),
            "objects": {kind: [*trees] for kind, trees in self.objects.items() if trees},
        }


def reached_data(reached: Reached) -> dict[str, Any]:
    """What asking an address came to, as it is written to a file."""
    return {
        "host": one_line(reached.host),
        "at": format_time(reached.at.replace(microsecond=0)),
        "status": reached.status,
        "failure": reached.failure,
        "error": one_line(reached.error),
    }


def _targets_data(targets: Targets) -> dict[str, Any]:
    return {"unread": targets.unread} if targets.unread else {"left": [one.name for one in targets.found]}


def _targets(tree: object) -> Targets | None:
    if not isinstance(tree, dict):
        return None
    return Targets(tuple(TargetGroup(name, "", "") for name in texts(tree.get("left"))), text(tree.get("unread")))


def _reached(tree: Tree) -> Reached | None:
    at, failure = moment(tree.get("at")), text(tree.get("failure"))
    if at is None or failure not in ("", *RULES):
        return None
    status = tree.get("status")
    number_ = status if isinstance(status, int) and not isinstance(status, bool) else None
    return Reached(text(tree.get("host")), at, number_, failure, text(tree.get("error")))


def read_recording(content: bytes, source: str) -> Recording:
    """A recording from a file's content; `source` is its name for people.

    Raises `ConfigError`: UnreadableYaml, or InvalidValue for what is no recording, with the place of each fault.
    """
    if len(content) > LIMIT_BYTES:
        raise _invalid([Fault(f"is larger than {LIMIT_BYTES // 1024 // 1024} MiB", Location(source))])
    document = load(content, source, nodes=MAX_NODES)
    return _Reader(document).recording()


class _Reader:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.faults: list[Fault] = []

    def recording(self) -> Recording:
        data = self.document.data
        if not isinstance(data, dict) or not isinstance(data.get("objects"), dict):
            self._fault("is no recording: it has no map 'objects' of lists of objects by plural.group", ())
            raise _invalid(self.faults)
        now = moment(data.get("now"))
        if now is None:
            self._fault("'now' is no time such as 2026-11-23T02:00:00Z", ("now",))
        entry = inner(data, "entry")
        if not isinstance(entry.get("present"), bool):
            self._fault("'entry.present' says neither true nor false", ("entry",))
        asked, removed = (self._seconds_ago(entry, name) for name in ("askedSecondsAgo", "removedSecondsAgo"))
        found = {str(kind): self._objects(str(kind), trees) for kind, trees in data["objects"].items()}
        if self.faults or now is None:
            raise _invalid(self.faults)
        is_asked = entry["present"] is True
        return Recording(
            now=now,
            environment=text(data.get("environment")),
            compute=text(data.get("compute")),
            is_asked=is_asked,
            asked_since=now - asked if is_asked and asked is not None else None,
            objects=found,
            unread={str(kind): text(why) for kind, why in mapping(data.get("unread")).items()},
            reached=_reached(inner(data, "reachable")),
            removed_at=now - removed if not is_asked and removed is not None else None,
            targets=_targets(data.get("targetGroups")),
        )

    def _seconds_ago(self, entry: Tree, name: str) -> timedelta | None:
        seconds = entry.get(name)
        if seconds is None and name not in entry:
            return None
        if isinstance(seconds, bool) or not isinstance(seconds, int) or not 0 <= seconds <= _LONGEST.total_seconds():
            self._fault(f"'entry.{name}' is no number of seconds", ("entry",))
            return None
        return timedelta(seconds=seconds)

    def _objects(self, kind: str, trees: object) -> list[Tree]:
        if not isinstance(trees, list):
            self._fault(f"'objects' has no list of {kind[:80]!r}", ("objects", kind))
            return []
        for index, tree in enumerate(trees):
            if kind in _READ and not objects.is_object(tree):
                message = "is no object of Kubernetes: it needs metadata.name and metadata.creationTimestamp"
                self._fault(message, ("objects", kind, index))
        return trees

    def _fault(self, message: str, path: tuple[str | int, ...]) -> None:
        if len(self.faults) < 20:
            self.faults.append(Fault(message, self.document.nearest_location(path) or Location(self.document.source)))


def _invalid(faults: list[Fault]) -> ConfigError:
    remedy = "record one anew with --save"
    return ConfigError(Reason.INVALID_VALUE, [Fault(f.message, f.where, remedy=remedy) for f in faults])
