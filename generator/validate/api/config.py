"""ConfigMaps, Secrets, claims, volumes, quotas and limits."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from generator.objects.cursor import Cursor
from generator.objects.manifest import Manifest
from generator.validate.api import formats
from generator.validate.api.checks import Found, amount, once, readable, says
from generator.validate.api.scheduling import required_nodes
from generator.validate.api.volumes import claim_spec
from generator.validate.known import content_of, unless_good

_MOST_BYTES = 1024 * 1024
_SECRET_KEYS = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}
_TOKEN, _TOKEN_OF = "kubernetes.io/service-account-token", "kubernetes.io/service-account.name"
_SOURCES = frozenset(
    {
        *("awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "csi", "fc", "flexVolume", "flocker"),
        *("gcePersistentDisk", "glusterfs", "hostPath", "iscsi", "local", "nfs", "photonPersistentDisk"),
        *("portworxVolume", "quobyte", "rbd", "scaleIO", "storageos", "vsphereVolume"),
    }
)
_COMPUTE = ("cpu", "memory", "ephemeral-storage")
_QUOTA = frozenset(
    {
        *_COMPUTE,
        *(f"{which}.{name}" for which in ("requests", "limits") for name in _COMPUTE),
        *("requests.storage", "pods", "resourcequotas", "services", "replicationcontrollers", "secrets"),
        *("persistentvolumeclaims", "configmaps", "services.nodeports", "services.loadbalancers"),
    }
)
_WHOLE = _QUOTA - {name for name in _QUOTA if name.rpartition(".")[2] in (*_COMPUTE, "storage")}
_LIMITS = ("min", "default", "defaultRequest", "max", "maxLimitRequestRatio")
#: Smaller → larger in one limit of a LimitRange.
_ORDER = (
    ("min", "max"),
    ("min", "defaultRequest"),
    ("min", "default"),
    ("defaultRequest", "default"),
    ("defaultRequest", "max"),
    ("default", "max"),
)


def config_map(manifest: Manifest) -> Found:
    """A ConfigMap."""
    root = Cursor.of(manifest)
    yield from _data(root, plain="data", coded="binaryData")


def secret(manifest: Manifest) -> Found:
    """A Secret, which previews may not have but other folders may."""
    root = Cursor.of(manifest)
    yield from _data(root, plain="stringData", coded="data")
    if root.get("type") == _TOKEN and not root.at("metadata", "annotations").get(_TOKEN_OF):
        place = root.at("metadata", "annotations", _TOKEN_OF)
        yield place.finding("api/data", f"is missing for type {_TOKEN}", "name the ServiceAccount")
    had = {key for where in ("data", "stringData") for key, _ in root.entries(where)}
    for key in _SECRET_KEYS.get(str(root.get("type")), ()):
        if key not in had:
            yield root.at("data", key).finding("api/data", f"is missing for type {root.get('type')}", "add it")
    if root.get("type") == "kubernetes.io/basic-auth" and not had & {"username", "password"}:
        remedy = "add username or password"
        yield root.at("data").finding("api/data", "has neither of what type kubernetes.io/basic-auth holds", remedy)


def _data(root: Cursor, *, plain: str, coded: str) -> Found:
    size = 0
    for where in (plain, coded):
        for key, value in root.entries(where):
            if wrong := formats.data_key(key):
                yield value.finding("api/data", wrong, "rename it")
            if isinstance(value.data, str):
                size += len(value.data.encode()) if where == plain else len(value.data) * 3 // 4
    if plain == "data" and root.get(coded):
        both = {key for key, _ in root.entries(plain)} & {key for key, _ in root.entries(coded)}
        for key in sorted(both):
            yield root.at(coded, key).finding("api/data", "stands in data and in binaryData", "keep one")
    if size > _MOST_BYTES:
        yield root.at(plain).finding("api/data", f"{size} bytes in all", "1 MiB at most")


def claim(manifest: Manifest) -> Found:
    """A PersistentVolumeClaim."""
    yield from claim_spec(Cursor.of(manifest).at("spec"))


def volume(manifest: Manifest) -> Found:
    """A PersistentVolume."""
    spec = Cursor.of(manifest).at("spec")
    if spec.data is None or not spec.get("capacity"):
        yield spec.at("capacity").finding("api/claim", "is missing", "such as {storage: 10Gi}")
    if not spec.get("accessModes"):
        yield spec.at("accessModes").finding("api/claim", "is missing", "such as [ReadWriteOnce]")
    for _, value in spec.entries("capacity"):
        yield from amount(value)
    sources = spec.chosen(_SOURCES)
    if isinstance(spec.data, dict) and len(sources) != 1:
        message = f"{sources[1]} stands beside {sources[0]}" if sources else "names no kind of volume"
        yield spec.finding("api/claim", message, "name one, such as csi")
    if isinstance(spec.get("nodeAffinity"), dict):
        yield from required_nodes(spec.at("nodeAffinity", "required"))


def limit_range(manifest: Manifest) -> Found:
    """A LimitRange."""
    spec = Cursor.of(manifest).at("spec")
    yield from unless_good("api limits", content_of(spec.data), _limits(spec))


def _limits(spec: Cursor) -> Found:
    limits = spec.items("limits")
    yield from once([(one.text("type"), one.at("type")) for one in limits], "api/limits", "type")
    for limit in limits:
        for which in _LIMITS:
            for name, value in limit.entries(which):
                yield from amount(value)
                yield from says(value, formats.qualified_name(name), "api/limits", "rename it")
        yield from _limit(limit, {which: readable(limit.at(which)) for which in _LIMITS})


def _limit(limit: Cursor, read: Mapping[str, Mapping[str, Decimal]]) -> Found:
    kind = limit.get("type")
    for which in ("default", "defaultRequest") if kind == "Pod" else ():
        if limit.get(which):
            yield limit.at(which).finding("api/limits", "is not allowed for type: Pod", "use type: Container")
    if kind == "PersistentVolumeClaim" and "storage" not in {**read["min"], **read["max"]}:
        yield limit.at("max", "storage").finding("api/limits", "is missing", "set min or max of storage")
    for low, high in _ORDER:
        for name, small in read[low].items():
            if name in read[high] and small > read[high][name]:
                yield limit.at(low, name).finding("api/limits", f"is more than {high}", "make it less")
    for name, ratio in read["maxLimitRequestRatio"].items():
        if ratio < 1:
            yield limit.at("maxLimitRequestRatio", name).finding("api/limits", "is less than 1", "1 or more")


def resource_quota(manifest: Manifest) -> Found:
    """A ResourceQuota."""
    spec = Cursor.of(manifest).at("spec")
    yield from unless_good("api quota", content_of(spec.data), _quota(spec))


def _quota(spec: Cursor) -> Found:
    for name, value in spec.entries("hard"):
        yield from amount(value)
        counted = "/" in name or "hugepages-" in name
        if not counted and name not in _QUOTA:
            yield value.finding(
                "api/limits", f"{name[:80]!r} is no resource of a quota", "such as requests.cpu or pods"
            )
        elif counted:
            yield from says(value, formats.qualified_name(name), "api/limits", "rename it")
    for name, read in readable(spec.at("hard")).items():
        if name in _WHOLE and read % 1:
            value = spec.at("hard", name)
            yield value.finding("api/limits", f"{value.data!r} is no whole number", "these are counted")
