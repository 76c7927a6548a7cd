"""Whether a database still has what it was filled with: the data of a pod ends with the pod. Pure."""

from __future__ import annotations

from generator.values.formats import format_time
from reconcilers.ports.cluster import NamespaceDetails


def lost_data(details: NamespaceDetails) -> str:
    """Says when the pod of a database is younger than the Job that filled it; empty when it is not.

    Jobs are not run again for a new pod; one whose image, command or variables changed is another Job, and counts.
    """
    filled = [
        done.since
        for workload in details.workloads
        if workload.kind == "Job" and (done := workload.condition("Complete")) and done.holds and done.since
    ]
    pods = [pod for pod in details.pods if pod.keeps_data and pod.deleting_since is None]
    if not filled or not pods:
        return ""
    pod, last = max(pods, key=lambda pod: pod.created), max(filled)
    if pod.created <= last:
        return ""
    return (
        f"the database was replaced after it was filled, and its data is gone: pod {pod.name} is from"
        f" {format_time(pod.created)}, and the Job had ended at {format_time(last)}"
    )
