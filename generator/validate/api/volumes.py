"""Volumes of a pod, and claims."""

from __future__ import annotations

from collections.abc import Mapping

from generator.objects.cursor import Cursor
from generator.validate.api import formats
from generator.validate.api.checks import Found, amount, at_least, fits, given, once, one_of
from generator.validate.api.containers import inner_path, is_subscripted
from generator.validate.api.metadata import labels, selector

#: Kind of volume → fields that must have a text.
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "awsElasticBlockStore": ("volumeID",),
    "configMap": ("name",),
    "hostPath": ("path",),
    "nfs": ("server", "path"),
    "persistentVolumeClaim": ("claimName",),
    "secret": ("secretName",),
}
_DOWNWARD = ("metadata.name", "metadata.namespace", "metadata.uid", "metadata.labels", "metadata.annotations")
_PROJECTED = ("configMap", "secret", "downwardAPI", "serviceAccountToken", "clusterTrustBundle", "podCertificate")


def volumes(pod: Cursor) -> Found:
    """The volumes of the pod spec at `pod`."""
    places = pod.items("volumes")
    yield from once([(v.text("name"), v.at("name")) for v in places], "api/volume", "volume")
    for volume in places:
        yield from given(volume, "name", "api/volume")
        if volume.text("name"):
            yield from fits(volume.at("name"), formats.dns_label, "api/volume")
        sources = [key for key, value in volume.entries() if key != "name" and value.data is not None]
        if len(sources) > 1:
            remedy = f"keep one of {', '.join(sources)}"
            yield volume.at(sources[1]).finding("api/volume", f"stands beside {sources[0]}", remedy)
        for source in sources:
            yield from _source(volume.at(source), source)


def _source(place: Cursor, kind: str) -> Found:
    for field in _NEEDED.get(kind, ()):
        yield from given(place, field, "api/volume")
    yield from at_least(place, 0, "defaultMode", rule="api/volume", highest=0o777)
    yield from _files(place)
    if kind == "downwardAPI":
        yield from _downward(place)
    if kind == "emptyDir":
        yield from amount(place.at("sizeLimit"))
    elif kind == "hostPath" and ".." in str(place.get("path")).split("/"):
        yield place.at("path").finding("api/volume", "leads up by '..'", "write the path without it")
    elif kind == "nfs" and place.text("path") and not str(place.get("path")).startswith("/"):
        yield place.at("path").finding("api/volume", "is not absolute", "begin it with '/'")
    elif kind == "projected":
        yield from _projected(place)
    elif kind == "ephemeral":
        claim = place.at("volumeClaimTemplate")
        if claim.data is None:
            yield claim.finding("api/volume", "is missing", "set it")
        else:
            yield from labels(claim.at("metadata"))
            yield from claim_spec(claim.at("spec"))


def _downward(place: Cursor) -> Found:
    """Files of a pod's own fields."""
    for item in place.items("items"):
        yield from one_of(item, ("fieldRef", "resourceFieldRef"), "api/volume")
        field = item.at("fieldRef", "fieldPath")
        path = field.data
        known = isinstance(path, str) and (path in _DOWNWARD or is_subscripted(path))
        if isinstance(item.get("fieldRef"), dict) and not known:
            yield field.finding(
                "api/volume", f"{str(path)[:80]!r} is no field of a pod for a file", "such as metadata.labels"
            )


def _projected(place: Cursor) -> Found:
    for source in place.items("sources"):
        chosen = source.chosen(_PROJECTED)
        if len(chosen) > 1:
            remedy = f"keep one of {', '.join(chosen)}"
            yield source.at(chosen[1]).finding("api/volume", f"stands beside {chosen[0]}", remedy)
        for one in chosen:
            yield from _files(source.at(one))
        yield from _downward(source.at("downwardAPI"))
        yield from inner_path(source.at("serviceAccountToken", "path"))
        for one in ("configMap", "secret"):
            yield from given(source.at(one), "name", "api/volume")
        yield from given(source.at("serviceAccountToken"), "path", "api/volume")


def _files(place: Cursor) -> Found:
    """`items`: keys that become files."""
    for item in place.items("items"):
        yield from given(item, "path", "api/volume")
        yield from inner_path(item.at("path"))
        yield from at_least(item, 0, "mode", rule="api/volume", highest=0o777)
        if "key" in (item.data if isinstance(item.data, dict) else {}):
            yield from given(item, "key", "api/volume")


def claim_spec(spec: Cursor) -> Found:
    """The spec of a PersistentVolumeClaim."""
    if spec.data is None:
        yield spec.finding("api/claim", "is missing", "set it")
        return
    modes = spec.get("accessModes")
    if not modes:
        yield spec.at("accessModes").finding("api/claim", "is missing", "such as [ReadWriteOnce]")
    elif isinstance(modes, list) and "ReadWriteOncePod" in modes and len(modes) > 1:
        yield spec.at("accessModes").finding("api/claim", "ReadWriteOncePod stands with others", "keep it alone")
    for mode in spec.items("accessModes"):
        if mode.data == {}:
            yield mode.finding("api/claim", "is null", "such as ReadWriteOnce")
    storage = spec.at("resources", "requests", "storage")
    if storage.data is None:
        yield storage.finding("api/claim", "is missing", "such as 10Gi")
    for which in ("requests", "limits"):
        for _, value in spec.entries("resources", which):
            yield from amount(value)
    yield from selector(spec.at("selector"))
    yield from fits(spec.at("storageClassName"), _class_name, "api/claim")


def _class_name(text: str) -> str | None:
    return formats.subdomain(text) if text else None


def claim_templates(spec: Cursor) -> Found:
    """The claims of a StatefulSet."""
    templates = spec.items("volumeClaimTemplates")
    yield from once(
        [(t.at("metadata").text("name"), t.at("metadata", "name")) for t in templates], "api/claim", "claim"
    )  # the API server takes it, and the second claim is never made
    for template in templates:
        yield from claim_spec(template.at("spec"))


def mountable(pod: Cursor, set_spec: Cursor | None) -> tuple[str, ...]:
    """Names that the pod's containers may mount: its volumes', and those of a StatefulSet's claims."""
    names = [volume.text("name") for volume in pod.items("volumes")]
    if set_spec is not None:
        names += [claim.at("metadata").text("name") for claim in set_spec.items("volumeClaimTemplates")]
    return tuple(name for name in names if name)
