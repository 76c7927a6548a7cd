"""How previews of an environment begin, change and end: leases, office hours, expiry, drift, approval, and the forge.

Part of the shape of `environment.yaml`; `generator.model.environment` has the rest.
"""

from __future__ import annotations

from datetime import time, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from generator.model.entry import Model
from generator.values.formats import Duration, Text
from generator.values.office_hours import DAYS, OfficeTime, zone_of
from generator.values.quantities import duration


class LeasePolicy(Model):
    """How long a preview lives: by default, at most, and when people are warned before its end."""

    ttl: Duration = Field(description="when nobody asks for another length")
    cap: Duration = Field(description="at most, extensions included")
    warn_before: Duration = Field(description="people are warned this long before the end")

    @model_validator(mode="after")
    def _ordered(self) -> LeasePolicy:
        if not duration(self.warn_before) < duration(self.ttl) <= duration(self.cap):
            raise ValueError(f"warnBefore {self.warn_before} < ttl {self.ttl} <= cap {self.cap} must hold")
        return self


class ExpiryPolicy(Model):
    """How many previews one run of the expiry reconciler removes at most. Above that it removes none, and asks.

    A wrong clock, or a wrong file, makes many entries look due at once.
    """

    max_removals: Annotated[int, Field(ge=1, le=10_000, description="previews that one run removes at most")] = 20
    max_share: Annotated[
        int,
        Field(ge=1, le=100, description="percent of the previews that one run removes at most; up to 3 may always go"),
    ] = 50


def _zone(name: str) -> str:
    zone_of(name)
    return name


Zone = Annotated[
    str, AfterValidator(_zone), Field(max_length=100, json_schema_extra={"examples": ["Asia/Seoul", "Europe/Berlin"]})
]


ClockTime = Annotated[
    str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", json_schema_extra={"examples": ["09:00", "18:00"]})
]


Day = Literal["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


class OfficeHours(Model):
    """When the office is open: what a lease with `officeHours` counts. Its pods run, and are billed, all the time."""

    time_zone: Zone = Field(description="of the IANA database")
    days: Annotated[list[Day], Field(min_length=1, max_length=7, description="days of the week, each once")]
    opens: ClockTime = Field(alias="from", description="on the clocks of the zone, in quotes")
    closes: ClockTime = Field(alias="to", description="on the same day, an hour after `from` at least")

    @model_validator(mode="after")
    def _ordered(self) -> OfficeHours:
        if len(set(self.days)) < len(self.days):
            raise ValueError("a day stands twice in days")
        opens, closes = (timedelta(hours=clock.hour, minutes=clock.minute) for clock in self._clocks())
        # A minute a week would put the end of a long lease beyond the calendar's.
        if closes - opens < timedelta(hours=1):
            raise ValueError(f"from {self.opens} is not before to {self.closes} by an hour at least")
        return self

    def _clocks(self) -> tuple[time, time]:
        return time.fromisoformat(self.opens), time.fromisoformat(self.closes)

    def office_time(self) -> OfficeTime:
        """The same, to count with."""
        return OfficeTime(zone_of(self.time_zone), frozenset(map(DAYS.index, self.days)), *self._clocks())

    def __str__(self) -> str:
        return f"{', '.join(self.days)} {self.opens}–{self.closes} {self.time_zone}"


class DriftPolicy(Model):
    """What the drift reconciler does about a preview that is not what today's templates render.

    A correction restarts the preview's pods. 50 a run keep one run's work in Argo CD to about a minute (100 previews in
    one commit were healthy after 104 s), so starts do not queue behind a roll-out, and a bad template shows early.
    """

    mode: Literal["correct", "report"] = Field(
        "correct", description="correct: written anew; a gated environment only reports, whatever this says"
    )
    per_run: Annotated[int, Field(ge=1, le=1000)] = Field(
        50, description="previews written anew in one run at most; the next run goes on"
    )


#: Shorter, and a lunch ends it; longer, and leases end before.
_SHORTEST_IDLE, _LONGEST_IDLE = timedelta(minutes=30), timedelta(days=7)


class SleepPolicy(Model):
    """When previews sleep: nothing of them runs but what keeps data in its pod. People may always ask for it.

    Waking restarts all pods of a preview: 50 a run are healthy in Argo CD within about two minutes (see `DriftPolicy`).
    """

    outside_office_hours: bool = Field(
        False, description="true: the reconciler puts previews to sleep when `officeHours` close, and wakes them"
    )
    after_idle: Annotated[
        Duration | None,
        Field(
            description="how long no request came to a preview before the reconciler puts it to sleep, 30m to 7d; it"
            " wakes when somebody wakes it. Requests are those that CloudWatch counts; none = not by this"
        ),
    ] = None
    lease: Literal["goes-on", "stops"] = Field(
        "goes-on", description="stops: time asleep is added to the lease on waking, up to the cap"
    )
    per_run: Annotated[int, Field(ge=1, le=1000)] = Field(
        50, description="previews put to sleep or woken in one run at most; the next run goes on"
    )

    @field_validator("after_idle")
    @classmethod
    def _bounded(cls, text: str | None) -> str | None:
        if text is not None and not _SHORTEST_IDLE <= duration(text) <= _LONGEST_IDLE:
            raise ValueError(f"{text} is no time to wait for a request; allowed: 30m to 7d")
        return text


#: An account at the forge as rules name it.
_IDENTITY = r"^(app:[1-9][0-9]{0,11}|user:[A-Za-z0-9][A-Za-z0-9_.-]{0,99})$"


class Approval(Model):
    """Who approves changes to a gated environment, how many of them, and how long a request may wait for them."""

    team: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z0-9]([A-Za-z0-9-]{0,38})/[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$",
            description="whose approvals count, as the Git host names a team: `organisation/team`",
            examples=["acme/prd-approvers"],
        ),
    ]
    required: Annotated[int, Field(ge=1, le=10)] = Field(1, description="how many of the team must approve")
    deadline: Duration = Field("72h", description="a request that is not approved within this time is closed")
    checks: list[Text] = Field(
        default_factory=lambda: ["guard"], description="names that must have passed on the request, beside all others"
    )
    hub_identity: Annotated[
        str | None,
        Field(
            pattern=_IDENTITY,
            description="the hub's own account, which alone may merge what was approved: a GitHub App by its id, or an"
            " account",
            examples=["app:12344", "user:rtb-hub"],
        ),
    ] = None
    check_identity: Annotated[
        str | None,
        Field(
            pattern=r"^app:[1-9][0-9]{0,11}$",
            description="the GitHub App that alone may report `checks`; by default the forge's own CI",
            examples=["app:15368"],
        ),
    ] = None
    expiry_identity: Annotated[
        str | None,
        Field(
            pattern=_IDENTITY,
            description="the one account that may push past the review, to begin and end leases: a GitHub App by its"
            " id, or an account",
            examples=["app:12345", "user:expiry-bot"],
        ),
    ] = None

    @model_validator(mode="after")
    def _two_identities(self) -> Approval:
        if self.hub_identity and self.hub_identity.casefold() == (self.expiry_identity or "").casefold():
            raise ValueError("hubIdentity is expiryIdentity: who asks would be past the review; allowed: two accounts")
        return self


class ForgePolicy(Model):
    """Where requests to change a gated environment are reviewed. Keys to it are never here: see docs/FORGES.md."""

    kind: Literal["github", "gitea", "local"] = Field(description="gitea: Forgejo too; local: beside a bare repository")
    url: Annotated[
        str | None,
        Field(
            pattern=r"^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?$",
            max_length=200,
            description="github: the API, https://api.github.com by default; gitea: the repository's page",
            examples=["https://git.example.com/acme/preview-state"],
        ),
    ] = None
    repository: Annotated[
        str | None,
        Field(
            pattern=r"^[A-Za-z0-9-]{1,39}/[A-Za-z0-9._-]{1,100}$",
            description="github: the state repository, as owner/name",
            examples=["acme/preview-state"],
        ),
    ] = None
    machines: list[Text] = Field(
        default_factory=list, description="accounts of machines that the forge takes for people"
    )

    @model_validator(mode="after")
    def _whole(self) -> ForgePolicy:
        needed = {"github": self.repository, "gitea": self.url, "local": ""}[self.kind]
        if needed is None:
            raise ValueError(f"{self.kind} needs {'repository' if self.kind == 'github' else 'url'}")
        return self
