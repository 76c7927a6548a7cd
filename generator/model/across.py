"""What fields of an environment say of one another: one account, one region, and what is kept apart.

Each is right by itself, and together they would stall a load-balancer group, or let previews reach what is not theirs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from generator.values.aws import Arn, partition_of
from generator.values.formats import split_secret

#: `generator.model.environment.EnvironmentSpec`, which checks itself by this module.
Spec = Any
#: Path below `spec` in the names that files use, the value there, and what is wrong.
Contradiction = tuple[tuple[str | int, ...], Any, str]


def contradictions(spec: Spec) -> Iterator[Contradiction]:
    """Every field that does not fit another."""
    yield from _of_another_place(spec)
    yield from _not_apart(spec)
    yield from _secrets(spec)
    yield from _sleep(spec)
    if spec.hub is not None:
        yield from _hub(spec)


def argocd_secrets(spec: Spec) -> tuple[tuple[str, str], ...]:
    """(Field, name in AWS Secrets Manager) of what is Argo CD's own."""
    named = {
        "webhookSecret": spec.argocd.webhook_secret,
        "repositoryCredentials": spec.argocd.repository_credentials,
    }
    return tuple((field, split_secret(reference)[0]) for field, reference in named.items() if reference)


def covers(prefix: str, name: str) -> bool:
    """Whether previews that may name secrets by `prefix` may name this one."""
    return name.startswith(prefix)


def shared_secret(one: Spec, other: Spec) -> str | None:
    """What previews of one could read that is another's, in words; None: nothing.

    Names in AWS Secrets Manager are an account's in one region: elsewhere, equal ones are other secrets.
    """
    if (one.account, one.region) != (other.account, other.region):
        return None
    for previews, owner in ((one, other), (other, one)):
        for prefix in previews.secrets.prefixes:
            for name in _reserved(owner):
                if covers(prefix, name):
                    return f"{name}, Argo CD's own of the other"
            if owner.hub is not None and _meet(prefix, owner.hub.secrets):
                return f"{max(prefix, owner.hub.secrets, key=len)}*, the hub's own of the other"
    both = ((a, b) for a in one.secrets.prefixes for b in other.secrets.prefixes if _meet(a, b))
    return next((f"{max(pair, key=len)}*, which previews of both may name" for pair in both), None)


def _meet(one: str, other: str) -> bool:
    return covers(one, other) or covers(other, one)


def _reserved(spec: Spec) -> Iterator[str]:
    return (name for _, name in argocd_secrets(spec))


def _of_another_place(spec: Spec) -> Iterator[Contradiction]:
    partition = partition_of(spec.region)
    arns: list[tuple[tuple[str | int, ...], str]] = [(("cluster", "roleArn"), spec.cluster.role_arn)]
    arns += [(("exposure", "certificates", n), arn) for n, arn in enumerate(spec.exposure.certificates)]
    if spec.hub is not None:
        arns += [(("hub", "certificates", n), arn) for n, arn in enumerate(spec.hub.certificates)]
        roles = {
            "workerRole": spec.hub.worker_role,
            "dashboardRole": spec.hub.dashboard_role,
            "listenerRole": spec.hub.listener_role,
            "reconcilerRole": spec.hub.reconciler_role,
        }
        arns += [(("hub", name), role) for name, role in roles.items() if role is not None]
    for path, text in arns:
        arn = Arn.parse(text)
        for what, found, wanted in (
            ("partition", arn.partition, partition),
            ("account", arn.account, spec.account),
            ("region", arn.region or spec.region, spec.region),
        ):
            if found != wanted:
                yield path, text, f"{text!r} is of {what} {found}, and the environment of {wanted}"


def _not_apart(spec: Spec) -> Iterator[Contradiction]:
    cluster = {spec.cluster.security_group: "the cluster's own"}
    cluster |= dict.fromkeys(spec.cluster.node_security_groups, "the nodes'")
    for number, group in enumerate(spec.isolation.security_groups):
        if group in cluster:
            message = (
                f"{group} is {cluster[group]} group: its members may all reach one another, so it isolates nothing"
            )
            yield ("isolation", "securityGroups", number), group, message
    if spec.argocd.secret_store == spec.secrets.store:
        message = f"{spec.secrets.store} is the store of previews: it can read what they may read, and only that"
        yield ("argocd", "secretStore"), spec.secrets.store, message


def _secrets(spec: Spec) -> Iterator[Contradiction]:
    for number, prefix in enumerate(spec.secrets.prefixes):
        for field, name in argocd_secrets(spec):
            if covers(prefix, name):
                message = f"{prefix!r} covers {name!r} (argocd.{field}): a preview could read Argo CD's own secret"
                yield ("secrets", "prefixes", number), prefix, message


def _sleep(spec: Spec) -> Iterator[Contradiction]:
    if spec.sleep.after_idle is not None and spec.gated:
        message = "what is gated changes by a reviewed request only, and nothing sleeps there by itself; leave this out"
        yield ("sleep", "afterIdle"), spec.sleep.after_idle, message
    if not spec.sleep.outside_office_hours:
        return
    if spec.office_hours is None:
        message = "there are no officeHours to sleep outside of; give them, or leave this out"
        yield ("sleep", "outsideOfficeHours"), True, message
    if spec.gated:
        message = "what is gated changes by a reviewed request only, and nobody reviews at night; leave this out"
        yield ("sleep", "outsideOfficeHours"), True, message


def _hub(spec: Spec) -> Iterator[Contradiction]:
    """Previews run what nobody has reviewed: neither their pages nor their pods come near the hub's."""
    host, domain = spec.hub.host, spec.domain
    if f".{host}".endswith(f".{domain}") or f".{domain}".endswith(f".{host}"):
        message = (
            f"{host} and the previews' {domain} lie one below the other: pages of previews could set the hub's cookies"
        )
        yield ("hub", "host"), host, message
    if spec.hub.secret_store == spec.secrets.store:
        message = f"{spec.secrets.store} is the store of previews: it can read what they may read, and only that"
        yield ("hub", "secretStore"), spec.secrets.store, message
    for number, prefix in enumerate(spec.secrets.prefixes):
        if covers(prefix, spec.hub.secrets) or covers(spec.hub.secrets, prefix):
            message = (
                f"{prefix!r} and {spec.hub.secrets!r} (hub.secrets) overlap: a preview could read the hub's secrets"
            )
            yield ("secrets", "prefixes", number), prefix, message
    reached = {"dashboardRole": spec.hub.dashboard_role, "listenerRole": spec.hub.listener_role}
    for name, role in reached.items():
        if role is not None and role == spec.hub.worker_role:
            yield ("hub", name), role, "the worker's role: what the internet reaches must not act as what commits"
