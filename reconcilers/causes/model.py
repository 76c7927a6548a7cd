"""What a cause is: a rule, which is data, and a finding, which is a rule met by what was observed.

A rule says of a kind of situation whose job it is, whether waiting helps, and what to do. Texts that come from the
cluster are never part of a rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Literal

from generator.errors import About, Remedy, RemedyKind, ToDo
from reconcilers.causes.texts import named, one_line, shortened, without_accounts


class Layer(IntEnum):
    """Where in the way of a preview from Git to its URL a cause lies. The earlier layer is told first."""

    SET = 1
    PROJECT = 2
    ADMISSION = 3
    SECRETS = 4
    IMAGE = 5
    CONFIG = 6
    CRASH = 7
    SCHEDULING = 8
    NETWORK = 9
    READINESS = 10
    LOAD_BALANCER = 11
    ARGO = 12
    PROGRESS = 13
    REMOVAL = 14
    URL = 15

    @property
    def slug(self) -> str:
        """Its name in codes and documents."""
        return self.name.lower().replace("_", "-")


class Audience(StrEnum):
    """Whose job it is. `NOBODY`: it passes by itself."""

    DEVELOPER = "developer"
    PLATFORM = "platform"
    NOBODY = "nobody"


Overdue = Literal["failed", "stuck"]
#: How long a cause that may pass is waited for before it counts (design: patience by layer).
PATIENCE = {
    Layer.SET: timedelta(0),
    Layer.PROJECT: timedelta(minutes=3),
    Layer.ADMISSION: timedelta(0),
    Layer.SECRETS: timedelta(minutes=5),
    Layer.IMAGE: timedelta(0),
    Layer.CONFIG: timedelta(minutes=5),
    Layer.CRASH: timedelta(0),
    Layer.SCHEDULING: timedelta(minutes=5),
    Layer.NETWORK: timedelta(minutes=5),
    Layer.READINESS: timedelta(minutes=15),
    Layer.LOAD_BALANCER: timedelta(minutes=10),
    Layer.ARGO: timedelta(minutes=3),
    Layer.PROGRESS: timedelta(minutes=15),
    Layer.REMOVAL: timedelta(minutes=1),
    Layer.URL: timedelta(minutes=5),
}
#: What to do about what one node alone does wrong.
NODE_AT_FAULT = (
    "delete the pod, so that it is made anew: kubectl delete pod -n {namespace} {pod}",
    "replace the node if it goes on",
)
#: What is made of developers' work has failed; what waits for the platform is stuck.
_FAILS = frozenset({Layer.ADMISSION, Layer.SECRETS, Layer.IMAGE, Layer.CONFIG, Layer.CRASH, Layer.READINESS})


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of situation.

    `words`: what its message says, case ignored; None where the state alone tells. `not_words`: what it may not say.
    `is_final`: waiting does not help. `patience` None: that of its layer. `meaning` and `steps` are told to people;
    `{pod}`, `{container}`, `{namespace}`, `{name}`, `{kind}`, `{application}` in a step are names of what it is about.
    """

    code: str
    layer: Layer
    audience: Audience
    meaning: str
    steps: tuple[ToDo, ...] = ()
    words: re.Pattern[str] | None = None
    not_words: re.Pattern[str] | None = None
    is_final: bool = False
    patience: timedelta | None = None

    @property
    def overdue(self) -> Overdue:
        """The phase when it lasts longer than its patience."""
        waits = self.layer is Layer.ADMISSION and self.audience is Audience.NOBODY
        return "failed" if self.layer in _FAILS and not waits else "stuck"


def said(*alternatives: str) -> re.Pattern[str]:
    """What a message says: one of these regular expressions, case ignored."""
    return re.compile("|".join(f"(?:{one})" for one in alternatives), re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Ref:
    """The object a finding is about."""

    kind: str
    name: str
    container: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was looked at: an object, what it says (`reason`, `message` as they are), and when it began to say so.

    `source`: event, condition or state.
    """

    source: Literal["event", "condition", "state"]
    subject: Ref
    reason: str = ""
    message: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule met. `text` is one line of at most 300 characters; `since` is when it began, where that is known."""

    rule: Rule
    subject: Ref
    text: str
    steps: tuple[ToDo, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    since: datetime | None = None
    audience: Audience = Audience.NOBODY
    workload: str = ""

    @property
    def code(self) -> str:
        """The stable name of its kind."""
        return self.rule.code

    @property
    def is_final(self) -> bool:
        """True when waiting does not help."""
        return self.rule.is_final

    def is_overdue(self, now: datetime) -> bool:
        """True when it lasts longer than such things do. One of unknown age is not, unless nothing is waited for."""
        patience = PATIENCE[self.rule.layer] if self.rule.patience is None else self.rule.patience
        if not patience:
            return True
        return self.since is not None and now - self.since > patience


def classified(rules: Sequence[Rule], message: str) -> Rule | None:
    """The first rule whose words the message has."""
    for rule in rules:
        if rule.words is not None and rule.words.search(message):
            if rule.not_words is not None and rule.not_words.search(message):
                continue
            return rule
    return None


def unclassified(layer: Layer, *, is_final: bool = False, patience: timedelta | None = None) -> Rule:
    """The rule of a message that no rule knows: it is shown as it is, and never advised on."""
    return Rule(
        f"unclassified-{layer.slug}",
        layer,
        Audience.PLATFORM if layer not in (Layer.CRASH, Layer.READINESS, Layer.CONFIG) else Audience.DEVELOPER,
        "No rule knows this message. It is shown as it is, and nothing is advised.",
        (Remedy(RemedyKind.SEE_ALL_CAUSES),),
        is_final=is_final,
        patience=patience,
    )


def finding(  # noqa: PLR0913 - what a finding is made of
    rule: Rule,
    subject: Ref,
    before: str,
    message: str = "",
    *,
    names: dict[str, str] | None = None,
    evidence: Iterable[Evidence] = (),
    since: datetime | None = None,
    workload: str = "",
) -> Finding:
    """A finding told as `before: message`, its steps with the names filled in.

    `before` is ours; `message` is the cluster's: it is put on one line, and shortened around what the rule knows of it.
    """
    told = one_line(message)
    if rule.audience is Audience.DEVELOPER:
        told = without_accounts(told)
    found = rule.words.search(told) if rule.words else None
    head = one_line(before)
    text = shortened(f"{head}: {told}" if told else head, len(head) + 2, found.span() if found else None)
    fields = {
        "kind": subject.kind,
        "name": subject.name,
        "pod": subject.name if subject.kind == "Pod" else "",
        "container": subject.container,
        "namespace": "",
        "application": "",
        **(names or {}),
    }
    return Finding(
        rule=rule,
        subject=subject,
        text=text,
        steps=tuple(_filled(step, fields) for step in rule.steps),
        evidence=tuple(evidence),
        since=since,
        audience=rule.audience,
        workload=workload,
    )


def _filled(step: ToDo, fields: dict[str, str]) -> ToDo:
    if isinstance(step, str):
        return step.format_map({name: named(value) for name, value in fields.items()}) if "{" in step else step
    return step


def about(kind: RemedyKind, **fields: str) -> Remedy:
    """A remedy by the hub's commands, about something."""
    return Remedy(kind, About(**fields))  # type: ignore[arg-type]
