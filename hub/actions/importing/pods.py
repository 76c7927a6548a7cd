"""A component of the pods that a workload of manifests runs: containers, variables, probes, volumes, sizes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from generator.values.formats import image_digest
from hub.actions.importing.model import NotTaken, Tree, label_of, unpinned, within
from hub.actions.importing.mounts import Mounts
from hub.actions.importing.objects import Workload
from hub.actions.importing.probes import probes_of
from hub.actions.importing.reached import Reached, port_names, served_besides
from hub.actions.importing.sizes import sizes_of
from hub.actions.importing.trees import Read, at, mapping_at, mappings_at, number_at, text_at, words_at
from hub.actions.importing.variables import Surroundings, Variables

#: Hooks of Helm and Argo CD, and when a job of theirs runs. Others run no preview.
_HOOKS: Final = {
    "pre-install": "before", "pre-upgrade": "before", "PreSync": "before", "post-install": "after",
    "post-upgrade": "after", "PostSync": "after", "Sync": "beside",
}  # fmt: skip
_HOOK_ANNOTATIONS: Final = ("helm.sh/hook", "argocd.argoproj.io/hook")
_OF_CONTAINERS: Final = frozenset(
    {
        "name", "image", "imagePullPolicy", "command", "args", "env", "envFrom", "ports", "resources", "startupProbe",
        "readinessProbe", "livenessProbe", "volumeMounts", "securityContext", "terminationMessagePath",
        "terminationMessagePolicy", "restartPolicy",
    }
)  # fmt: skip
_OF_PODS: Final = frozenset(
    {
        "containers", "initContainers", "volumes", "securityContext", "imagePullSecrets", "restartPolicy", "dnsPolicy",
        "schedulerName", "automountServiceAccountToken", "enableServiceLinks", "terminationGracePeriodSeconds",
    }
)  # fmt: skip
_OF_WORKLOADS: Final = frozenset(
    {
        "selector", "template", "replicas", "serviceName", "strategy", "updateStrategy", "revisionHistoryLimit",
        "podManagementPolicy", "progressDeadlineSeconds", "minReadySeconds", "volumeClaimTemplates", "schedule",
        "jobTemplate", "successfulJobsHistoryLimit", "failedJobsHistoryLimit", "ttlSecondsAfterFinished",
        "concurrencyPolicy", "startingDeadlineSeconds",
    }
)  # fmt: skip
_WHY: Final = {
    "serviceAccountName": "pods of a preview have one service account, which has no rights",
    "serviceAccount": "pods of a preview have one service account, which has no rights",
    "hostNetwork": "each pod has a network of its own",
    "hostPID": "each pod has processes of its own",
    "hostIPC": "each pod has processes of its own",
    "nodeSelector": "the environment says where pods run",
    "affinity": "the environment says where pods run",
    "tolerations": "the environment says where pods run",
    "topologySpreadConstraints": "the environment says where pods run",
    "priorityClassName": "previews have one priority",
    "workingDir": "the image says it; build it in",
    "lifecycle": "pods of services wait before they end; more has to be in the program",
    "suspend": "a preview runs what it has",
    "timeZone": "schedules are told in UTC: change 'schedule'",
}
_NOTHING_LIKE_IT: Final = "a blueprint has nothing like it"
_USER: Final = "pods do not run as root: say a number in 'runAsUser'"


def when_of(workload: Workload) -> str | None:
    """When a Job runs, by its hook; None: a hook that no preview has, such as a test."""
    hooks = [text_at(workload.annotations, name) for name in _HOOK_ANNOTATIONS]
    named = [hook.strip() for text in hooks for hook in text.split(",") if hook.strip()]
    found = [_HOOKS[hook] for hook in named if hook in _HOOKS]
    return found[0] if found else "beside" if not named else None


@dataclass
class Pods:
    """The component `name` of a workload, which is reached as `reached` says, among its `surroundings`."""

    workload: Workload
    name: str
    reached: Reached
    surroundings: Surroundings
    left: list[NotTaken] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.mounts = Mounts(self.workload, self.surroundings.objects, self.leave)
        self.taken: dict[int, str] = {}

    def leave(self, what: str, why: str) -> None:
        """Tell that something is not taken."""
        self.left.append(NotTaken(self.name, what, why))

    def component(self) -> Tree:
        """The component."""
        for what, why in self.reached.left:
            self.leave(what, why)
        own, beside = self._containers()
        tree: Tree = {"summary": f"{self.workload.kind} {self.workload.name}"[:200], **self._role()}
        self._unlike(self.workload.manifest.data.get("spec") if self.workload.template else None, "", _OF_WORKLOADS)
        self._unlike(self.workload.pod, "", _OF_PODS)
        tree |= self._image(own, "")
        if tree.get("role", "service") in ("service", "worker"):
            tree |= self._ports(own, tree)
        tree |= self._told(own, "", is_own=True)
        if user := self._user(own):
            tree["runAsUser"] = user
        sidecars, init = self._besides(beside, "sidecars"), self._inits()
        for key, found in (("init", init), ("sidecars", {**sidecars, **self._native_sidecars()})):
            if found:
                tree[key] = found
        return tree | self.mounts.fields()

    def _role(self) -> Tree:
        kind, spec = self.workload.kind, mapping_at(self.workload.manifest.data, "spec")
        if kind == "Job":
            return {"role": "job", "when": when_of(self.workload) or "beside"}
        if kind == "CronJob":
            return {"role": "scheduled", "schedule": text_at(spec, "schedule")}
        tree: Tree = {} if self.reached.main is not None else {"role": "worker"}
        replicas = number_at(spec, "replicas")
        if kind == "DaemonSet":
            self.leave("DaemonSet", "it runs once, and not on each node")
        if replicas is not None and not 1 <= replicas <= 10:
            self.leave("replicas", f"{replicas} is no number of pods that a component has: 1 to 10")
        elif replicas is not None and replicas > 1:
            tree["replicas"] = replicas
        return tree

    def _containers(self) -> tuple[Read, list[Read]]:
        """The component's own container, which its Service leads to, and those beside it."""
        found = self.workload.containers()
        main = self.reached.main
        own = next(
            (one for one in found if main in [at(port, "containerPort") for port in mappings_at(one, "ports")]), None
        )
        own = own or next((one for one in found if one.get("name") in (self.name, self.workload.name)), None)
        own = own or next(iter(found), {})
        return own, [one for one in found if one is not own]

    def _unlike(self, tree: Any, where: str, known: frozenset[str]) -> None:
        for key in sorted(map(str, (tree if hasattr(tree, "keys") else {}).keys() - known)):
            self.leave(f"{where}{key}", _WHY.get(key, _NOTHING_LIKE_IT))

    def _image(self, container: Read, where: str) -> Tree:
        image = text_at(container, "image")
        if image_digest(image):
            return {"image": image}
        source = self.surroundings.image_of.get(image)
        if source is not None and source != self.name:
            return {"imageOf": source}
        if not where:
            self.leave("image", unpinned(image))
        elif source is None:
            why = f"its image {image[:100]!r} is not pinned by digest: pin it, and import again"
            self.leave(where.removesuffix(": "), why)
        return {}

    def _ports(self, own: Read, tree: Tree) -> Tree:
        found: Tree = self.reached.fields()
        if self.reached.main is not None:
            self.taken[self.reached.main] = self.reached.protocol
        ports = port_names(own, self.taken, self.reached)
        beside = {number for one in self.workload.containers() if one is not own for number in _numbers(one)}
        ports |= served_besides(self.reached, self.taken | dict.fromkeys(beside, ""))
        return {**found, **({"ports": ports} if ports and tree.get("role") != "job" else {})}

    def _told(self, container: Read, where: str, *, is_own: bool) -> Tree:
        """What a container is told, needs and mounts."""
        self._unlike(container, where, _OF_CONTAINERS)
        self._raised(container, where)
        found: Tree = {key: words for key in ("command", "args") if (words := words_at(container, key))}
        leave = within(where, self.leave)
        variables = Variables(self.surroundings, leave)
        variables.read(container, self.name)
        if variables.env:
            found["env"] = variables.env
        if is_own and variables.secrets:
            found["secrets"] = variables.secrets
        elif variables.secrets:
            self.leave(
                f"{where}env: {', '.join(sorted(variables.secrets))}"[:200],
                "only the component's own container has 'secrets'",
            )
        found |= sizes_of(container, leave)
        if self.workload.kind not in ("Job", "CronJob"):
            probes = probes_of(container, self._named(container, is_own=is_own), leave)
            found |= {"probes": probes} if probes else {}
        self.mounts.of(container, where)
        return found

    def _named(self, container: Read, *, is_own: bool) -> dict[object, str | None]:
        """What a probe names a port of the container by → the port's name in the blueprint; None is the main port."""
        others = {n for one in self.workload.containers() if one is not container for n in _numbers(one)}
        own = self.taken.keys() - others if is_own else self.taken.keys() & _numbers(container)
        found: dict[object, str | None] = {n: None if n == self.reached.main else self.taken[n] for n in own}
        for port in mappings_at(container, "ports"):
            if port.get("containerPort") in own and port.get("name"):
                found[str(port["name"])] = found[port["containerPort"]]
        return found

    def _user(self, container: Read) -> int | None:
        found = at(container, "securityContext", "runAsUser")
        user = at(self.workload.pod, "securityContext", "runAsUser") if found is None else found
        if isinstance(user, int) and 0 < user < 2**31:
            return int(user)
        if user is not None:
            self.leave("securityContext: runAsUser", _USER)
        return None

    def _raised(self, container: Read, where: str) -> None:
        context = mapping_at(container, "securityContext")
        if context.get("privileged") or context.get("allowPrivilegeEscalation"):
            self.leave(f"{where}securityContext", "pods are never privileged: Pod Security 'restricted', and Fargate")
        if at(context, "capabilities", "add"):
            self.leave(f"{where}securityContext: capabilities", "capabilities can only be dropped")

    def _inits(self) -> dict[str, Tree]:
        found = [
            one for one in mappings_at(self.workload.pod, "initContainers") if one.get("restartPolicy") != "Always"
        ]
        return self._besides(found, "init")

    def _native_sidecars(self) -> dict[str, Tree]:
        found = [
            one for one in mappings_at(self.workload.pod, "initContainers") if one.get("restartPolicy") == "Always"
        ]
        return self._besides(found, "sidecars")

    def _besides(self, containers: list[Read], field_name: str) -> dict[str, Tree]:
        return {name: tree for one in containers for name, tree in self._beside(one, field_name)}

    def _beside(self, container: Read, field_name: str) -> Iterator[tuple[str, Tree]]:
        """A container of the pod beside the component's own; none: its image is not known to a start."""
        name = label_of(text_at(container, "name"), 63, "container")
        name = f"{name[:55].rstrip('-')}-{field_name}"[:63] if name == self.name else name
        where = f"{field_name}.{name}: "
        tree = self._image(container, where)
        own = self.surroundings.image_of.get(text_at(container, "image")) == self.name
        if not tree and not own:
            return
        if field_name == "sidecars":
            ports = port_names(container, self.taken, self.reached)
            tree |= {"ports": ports} if ports else {}
        tree |= self._told(container, where, is_own=False)
        if field_name == "init":
            tree.pop("probes", None)
        yield name, tree


def _numbers(container: Read) -> set[int]:
    return {number for port in mappings_at(container, "ports") if (number := number_at(port, "containerPort"))}
