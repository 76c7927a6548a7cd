"""What makes pods: replicas, strategies, selectors, Jobs and CronJobs."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from generator.objects.cursor import Cursor, whole
from generator.objects.manifest import Manifest
from generator.objects.pods import template_path
from generator.validate.api import formats
from generator.validate.api.checks import Found, at_least, says
from generator.validate.api.containers import containers, users
from generator.validate.api.fields import POD
from generator.validate.api.metadata import chooses, labels, selector
from generator.validate.api.places import check_places
from generator.validate.api.scheduling import identity, scheduling
from generator.validate.api.volumes import claim_templates, mountable, volumes
from generator.validate.known import content_of, unless_good, without_images
from generator.values.cron import check_schedule

_COUNTS = ("replicas", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds")
_JOB_COUNTS = (
    *("parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished"),
    *("backoffLimitPerIndex", "maxFailedIndexes"),
)
_ONLY_ALWAYS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController"})
_INDEXED = ("backoffLimitPerIndex", "maxFailedIndexes", "successPolicy")


def workload(manifest: Manifest) -> Found:
    """Everything of a kind that makes pods; nothing of another."""
    template_at = template_path(manifest)
    if template_at is None:
        return
    root, kind = Cursor.of(manifest), manifest.kind
    spec = root.at("spec")
    if kind in ("Job", "CronJob"):
        job = spec if kind == "Job" else spec.at("jobTemplate", "spec")
        if kind == "CronJob":
            yield from _cron_job(spec)
        yield from _job(job)
    elif kind in _ONLY_ALWAYS:
        yield from at_least(spec, 0, *_COUNTS)
        yield from _strategy(spec, kind)
    template = root.through(template_at)
    if kind != "Pod":
        yield from labels(template.at("metadata"))
        yield from _selector(spec, template, kind)
    pod = template.at("spec")
    if kind == "Pod" and pod.get("ephemeralContainers"):
        message = "cannot be set before the pod is there"
        yield pod.at("ephemeralContainers").finding("api/container", message, "remove it; kubectl debug adds one")
    if pod.data is None:
        yield pod.finding("api/pod", "is missing", "a pod has one container at least")
        return
    yield from _restart_policy(pod, kind)
    owned = spec if kind == "StatefulSet" else None
    if owned is not None:
        yield from claim_templates(owned)
    mounts = mountable(pod, owned)
    same = pod.with_data(without_images(pod.data))
    yield from unless_good(("api pod", mounts), content_of(same.data), pod_spec(same, mounts))


def pod_spec(pod: Cursor, mounts: tuple[str, ...]) -> Found:
    """The pod spec at `pod`, whose containers may mount `mounts`. Which images they have is not looked at."""
    yield from volumes(pod)
    yield from containers(pod, mounts)
    yield from scheduling(pod)
    yield from identity(pod)
    yield from users(pod.at("securityContext"))
    yield from check_places(pod, POD)


def _selector(spec: Cursor, template: Cursor, kind: str) -> Found:
    had = template.at("metadata").get("labels")
    found = had if isinstance(had, dict) else {}
    place = spec.at("selector")
    if kind == "ReplicationController":
        wanted = place.data
        if isinstance(wanted, dict) and any(found.get(key) != value for key, value in wanted.items()):
            yield place.finding("api/selector", "does not fit the template's labels", "make them equal")
        if not wanted and not found:
            yield place.finding("api/selector", "is missing", "give the template labels")
    elif kind in ("Job", "CronJob"):
        job = spec if kind == "Job" else spec.at("jobTemplate", "spec")
        if job.get("selector") and job.get("manualSelector") is not True:
            yield job.at("selector").finding("api/selector", "needs manualSelector: true", "remove it")
    elif kind in _ONLY_ALWAYS:
        if isinstance(place.data, dict) and not (place.get("matchLabels") or place.get("matchExpressions")):
            yield place.finding("api/selector", "is empty", "name the template's labels")
        yield from selector(place)
        if not chooses(place.data, found):
            yield place.finding("api/selector", "does not fit the template's labels", "make them equal")


def _restart_policy(pod: Cursor, kind: str) -> Found:
    policy, place = pod.get("restartPolicy"), pod.at("restartPolicy")
    if kind in ("Job", "CronJob") and policy in (None, "", "Always"):
        said = "is Always" if policy else "is missing, which means Always"
        yield place.finding("api/restart-policy", f"{said}: no {kind} may", "Never or OnFailure")
    elif kind in _ONLY_ALWAYS:
        if policy in ("Never", "OnFailure"):
            yield place.finding("api/restart-policy", f"{policy!r} is not allowed in a {kind}", "Always, or a Job")
        if pod.get("activeDeadlineSeconds") is not None:
            message = f"is not allowed in a {kind}"
            yield pod.at("activeDeadlineSeconds").finding("api/restart-policy", message, "remove it, or write a Job")


def _strategy(spec: Cursor, kind: str) -> Found:
    place = spec.at("updateStrategy" if kind in ("StatefulSet", "DaemonSet") else "strategy")
    rolling, type_ = place.at("rollingUpdate"), place.get("type") or "RollingUpdate"
    if type_ != "RollingUpdate" and rolling.data is not None:
        yield rolling.finding("api/strategy", f"stands with type: {type_}", "remove it")
        return
    for field in ("maxSurge", "maxUnavailable"):
        value = rolling.get(field)
        yield from says(rolling.at(field), formats.count_or_percent(value), "api/strategy", "such as 1 or 25%")
    yield from at_least(rolling, 0, "partition", rule="api/strategy")
    if isinstance(out := rolling.get("maxUnavailable"), str) and (share := _percent(out)) and share > 100:
        yield rolling.at("maxUnavailable").finding("api/strategy", f"{out!r} is more than 100%", "100% at most")
    yield from _standstill(rolling, kind)
    deadline, ready = spec.number("progressDeadlineSeconds"), spec.number("minReadySeconds") or 0
    if kind == "Deployment" and deadline is not None and 0 <= deadline <= ready:
        message = f"{deadline} is not more than minReadySeconds, {ready}"
        yield spec.at("progressDeadlineSeconds").finding("api/strategy", message, "raise it")


def _standstill(rolling: Cursor, kind: str) -> Found:
    """A rolling update that can replace no pod, or the other way round for a DaemonSet."""
    place, surge, out = rolling.at("maxUnavailable"), rolling.get("maxSurge"), rolling.get("maxUnavailable")
    if kind == "DaemonSet" and rolling.data is not None:
        surge, out = (0 if surge is None else surge), (1 if out is None else out)
        if _zero(surge) is False and _zero(out) is False:
            yield place.finding("api/strategy", "and maxSurge are both set", "set one of them to 0")
    if kind in ("Deployment", "DaemonSet") and _zero(surge) and _zero(out):
        yield place.finding("api/strategy", "is 0, and so is maxSurge: no pod could ever be replaced", "raise one")


def _percent(text: str) -> int | None:
    return None if formats.count_or_percent(text) else int(text[:-1][:9])


def _zero(value: object) -> bool | None:
    """Whether a count or percentage is 0; None when there is none that can be read."""
    if isinstance(value, str):
        share = _percent(value)
        return None if share is None else share == 0
    number = whole(value)
    return None if number is None else number == 0


def _job(spec: Cursor) -> Found:
    yield from at_least(spec, 0, *_JOB_COUNTS, rule="api/job")
    if spec.get("completionMode") == "Indexed":
        if spec.get("completions") is None:
            yield spec.at("completions").finding("api/job", "is missing for Indexed", "set it")
        yield from at_least(spec, 0, "parallelism", rule="api/job", highest=100_000)
    else:
        for field in spec.chosen(_INDEXED):
            yield spec.at(field).finding("api/job", "needs completionMode: Indexed", "remove it")
    if spec.get("maxFailedIndexes") is not None and spec.get("backoffLimitPerIndex") is None:
        yield spec.at("backoffLimitPerIndex").finding("api/job", "is missing for maxFailedIndexes", "set it")
    policy = spec.at("template", "spec", "restartPolicy")
    if spec.get("podFailurePolicy") is not None and policy.data == "OnFailure":
        yield policy.finding("api/job", "must be Never with podFailurePolicy", "Never")


def _cron_job(spec: Cursor) -> Found:
    limits = ("startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit")
    yield from at_least(spec, 0, *limits, rule="api/job")
    yield from labels(spec.at("jobTemplate", "metadata"))
    schedule = spec.text("schedule")
    if schedule is not None:
        place = spec.at("schedule")
        if "TZ" in schedule:
            yield place.finding("api/schedule", "names a time zone", "use timeZone")
        else:
            try:
                check_schedule(schedule)
            except ValueError as err:
                yield place.finding("api/schedule", str(err), "such as '*/15 * * * *' or @daily")
    zone = spec.text("timeZone")
    if zone is not None and not _is_zone(zone):
        message = f"there is no time zone {zone[:80]!r}"
        yield spec.at("timeZone").finding("api/schedule", message, "a name such as Asia/Seoul or Etc/UTC")


def _is_zone(name: str) -> bool:
    if not name or name.lower() == "local":
        return False
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
