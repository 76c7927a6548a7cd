"""Names, labels and selectors, by the kind's own format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from generator.objects.cursor import Cursor
from generator.objects.manifest import Manifest
from generator.validate.api import formats
from generator.validate.api.checks import Found, fits, given
from generator.validate.api.formats import Check

_RBAC = "rbac.authorization.k8s.io"
#: Kinds whose names are no subdomains, with what the name is.
_NAMES: Mapping[tuple[str, str], Check] = {
    ("", "Namespace"): formats.dns_label,
    ("", "Service"): formats.dns_label_1035,
    ("apps", "StatefulSet"): formats.dns_label,
    ("policy", "PodDisruptionBudget"): formats.path_segment,
    **{(_RBAC, kind): formats.path_segment for kind in ("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding")},
}
#: The API server names it itself.
_LIMITS = ("", "LimitRange")
_SERVICE, _CRON_JOB = ("", "Service"), ("batch", "CronJob")
#: From this version on a Service may begin with a digit (KEP-5311).
_RELAXED = (1, 36)
_ANNOTATIONS_BYTES = 256 * 1024


def metadata(manifest: Manifest, oldest: tuple[int, int]) -> Found:
    """The object's own metadata. `oldest`: the lowest Kubernetes version that must take it."""
    place = Cursor.of(manifest).at("metadata")
    yield from _name(place, manifest.group_kind, oldest)
    if (namespace := place.text("namespace")) and (wrong := formats.dns_label(namespace)):
        yield place.at("namespace").finding("api/name", wrong, "rename it")
    yield from labels(place)
    yield from _owners(place.items("ownerReferences"))
    for item in place.items("finalizers"):
        yield from fits(item, formats.qualified_name, "api/name")
    annotations = place.get("annotations")
    had = annotations.items() if isinstance(annotations, dict) else ()
    size = sum(len(key.encode()) + len(str(value).encode(errors="surrogatepass")) for key, value in had)
    if size > _ANNOTATIONS_BYTES:
        message = f"{size} bytes of annotations"
        yield place.at("annotations").finding("api/annotations", message, "256 KiB at most")


def _owners(owners: Sequence[Cursor]) -> Found:
    """Who owns the object: each named with its UID, which only the cluster gives; one controller at most."""
    for owner in owners:
        for field in ("apiVersion", "kind", "name", "uid"):
            yield from given(owner, field, "api/owner")
    controllers = [owner.at("controller") for owner in owners if owner.get("controller") is True]
    for second in controllers[1:]:
        yield second.finding("api/owner", "is true for two owners", "one controls at most")


def _name(place: Cursor, kind: tuple[str, str], oldest: tuple[int, int]) -> Found:
    check = _NAMES.get(kind, formats.subdomain)
    if kind == _SERVICE and oldest >= _RELAXED:
        check = formats.dns_label
    key, name = "name", place.get("name")
    if name in (None, ""):
        key, name = "generateName", place.get("generateName")
        if name in (None, ""):
            if kind != _LIMITS and (place.data is None or isinstance(place.data, dict)):
                yield place.at("name").finding("api/name", "is missing", "give it a name")
            return
    if not isinstance(name, str):
        return
    # What is generated goes on behind a dash.
    tried = name[:-1] + "a" if key == "generateName" and name.endswith("-") else name
    if wrong := check(tried):
        yield place.at(key).finding("api/name", wrong, "rename it")
    if kind == _CRON_JOB and len(name) > 52:
        yield place.at(key).finding("api/name", "is longer than 52 characters", "its Jobs add 11; rename it")


def labels(place: Cursor) -> Found:
    """Labels and annotations of the metadata at `place`."""
    yield from pairs(place, "labels")
    annotations = place.get("annotations")
    for key in annotations if isinstance(annotations, dict) else ():
        if wrong := formats.qualified_name(key.lower()):
            yield place.at("annotations", key).finding("api/annotations", wrong, "rename it")


def pairs(place: Cursor, key: str) -> Found:
    """A plain mapping of labels at `key`, such as a node selector."""
    found = place.get(key)
    for name, value in found.items() if isinstance(found, dict) else ():
        wrong = formats.qualified_name(name) or (formats.label_value(value) if isinstance(value, str) else None)
        if wrong:
            yield place.at(key, name).finding("api/label", wrong, "rename it")


def selector(place: Cursor) -> Found:
    """A label selector: `matchLabels` and `matchExpressions`."""
    yield from pairs(place, "matchLabels")
    for term in place.items("matchExpressions"):
        yield from given(term, "key", "api/selector")
        yield from fits(term.at("key"), formats.qualified_name, "api/selector")
        operator, values = term.get("operator"), term.get("values")
        if operator in ("In", "NotIn") and not values:
            yield term.at("values").finding("api/selector", f"is missing for {operator}", "name one value at least")
        elif operator in ("Exists", "DoesNotExist") and values:
            yield term.at("values").finding("api/selector", f"stands with {operator}", "remove it")
        for value in term.items("values"):
            yield from fits(value, formats.label_value, "api/selector")


def chooses(wanted: object, had: Mapping[str, object]) -> bool:
    """Whether the label selector `wanted` fits the labels `had`; True for what cannot be judged here."""
    if not isinstance(wanted, Mapping):
        return True
    equal = wanted.get("matchLabels")
    if isinstance(equal, Mapping) and any(had.get(key) != value for key, value in equal.items()):
        return False
    terms = wanted.get("matchExpressions")
    return all(_holds(term, had) for term in terms) if isinstance(terms, list) else True


def _holds(term: object, had: Mapping[str, object]) -> bool:
    if not isinstance(term, Mapping):
        return True
    key, values = str(term.get("key")), term.get("values")
    among = isinstance(values, list) and key in had and had[key] in values
    return {
        "In": among,
        "NotIn": not among,
        "Exists": key in had,
        "DoesNotExist": key not in had,
    }.get(str(term.get("operator")), True)
