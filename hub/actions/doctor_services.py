"""What the hub's services need outside, and whether they have it: tokens, rights and clocks of Jira and Slack."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from generator.errors import Location, Stalled, Transient, Waiting
from hub.actions.doctor_asking import unread
from hub.actions.doctor_tokens import check_end
from hub.adapters.http import Secret
from hub.adapters.jira.rights import READING, TELLING, rights_in
from hub.adapters.jira.site import JiraSite
from hub.adapters.jira.tokens import token_end
from hub.adapters.slack.rights import ASKED_NEEDS, NEEDS, App, app_of, room_of
from hub.adapters.slack.site import NO_PLACE, SlackSite
from reconcilers.doctor.repository import Diagnosis
from reconcilers.state.environment import EnvironmentState

#: Further apart, times that a message names mislead people.
_APART = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class JiraAccess:
    """The site that is asked, whether messages are written there, and the token that asks."""

    site: JiraSite
    tells: bool
    token: Secret = field(default=str, repr=False)


def projects_of(states: Iterable[EnvironmentState]) -> tuple[str, ...]:
    """The projects whose issues have previews, sorted."""
    return tuple(sorted({record.name.rpartition("-")[0].upper() for state in states for record in state.records}))


def check_jira(
    access: JiraAccess, projects: Iterable[str], *, clock: Callable[[], datetime]
) -> tuple[list[Diagnosis], tuple[str, ...]]:
    """What keeps the account from its work in these projects, and which of them the site answered about.

    A site that cannot be asked is told once, as is a clock that is far away, and a token that ends.
    """
    where, needed = Location(access.site.name), TELLING if access.tells else READING
    found, answered, apart = list[Diagnosis](), list[str](), timedelta()
    for project in projects:
        try:
            rights = rights_in(access.site, project, needed, now=clock())
        except (Stalled, Transient, Waiting) as err:
            found.append(unread("jira-unread", err, where))
            break
        answered.append(project)
        apart = max(apart, abs(rights.ahead or apart))
        if rights.lacking:
            names = ", ".join(rights.lacking)
            step = f"give it {names} in the permission scheme of {project}, or remove what is not to be told there"
            found.append(
                Diagnosis("error", "jira-rights", where, f"the hub's account lacks in {project}: {names}", (step,))
            )
    if apart > _APART:
        seconds = int(apart.total_seconds())
        told = f"its clock and this machine's are {seconds} s apart: times in messages are this machine's"
        found.append(Diagnosis("warning", "jira-clock", where, told, ("set this machine's clock by NTP",)))
    edition = access.site.edition
    if edition.tokens and not any(one.rule == "jira-unread" for one in found):
        end = token_end(access.site, access.token())
        found += check_end("RTB_HUB_JIRA_TOKEN", "the hub's token at Jira", end, edition.how_to_renew, now=clock())
    return found, tuple(answered)


@dataclass(frozen=True, slots=True)
class SlackAccess:
    """The workspace that is asked, the channels that are told in, and whether the token is one that is rotated.

    `has_buttons`: messages have them; `is_proved`: there is a secret that proves what the app sends; `hub`: the URL of
    the hub's pages (None: unknown). What people ask for there is looked at where one of the first two says so.
    """

    site: SlackSite
    channels: tuple[str, ...]
    is_rotated: bool
    has_buttons: bool = False
    is_proved: bool = False
    hub: str | None = None

    @property
    def is_asked(self) -> bool:
        """Whether the app is to send what people ask for."""
        return self.has_buttons or self.is_proved


def check_slack(access: SlackAccess, *, clock: Callable[[], datetime]) -> tuple[list[Diagnosis], str | None]:
    """What keeps the app from telling in these channels, and the workspace that answered; None: it did not."""
    where, found, team = Location(access.site.name), list[Diagnosis](), None
    try:
        app = app_of(access.site, now=clock())
        team = app.team
        found += _app_findings(app, where)
        if access.is_asked:
            found += _asked_findings(access, app, where)
        for channel in access.channels:
            room = room_of(access.site, channel)
            if room.wrong:
                called = f"channel {channel} (#{room.name})" if room.name else f"channel {channel}"
                told = f"{called} cannot be posted in: {room.wrong}"
                found.append(Diagnosis("error", "slack-channel", where, told, (NO_PLACE[room.wrong],)))
    except (Stalled, Transient, Waiting) as err:
        found.append(unread("slack-unread", err, where))
    if access.is_rotated:
        told = "the hub's token is one that ends 12 hours after it was made, and the hub does not rotate it"
        step = "install the app without token rotation, or have the file of RTB_HUB_SLACK_TOKEN_FILE renewed in time"
        found.append(Diagnosis("warning", "slack-token", where, told, (step,)))
    return found, team


def _asked_findings(access: SlackAccess, app: App, where: Location) -> list[Diagnosis]:
    """What keeps people from asking for something. What the app has for request URLs, no token of a bot may read."""
    found = []
    if app.lacking_asked:
        told = ", ".join(f"{scope} ({ASKED_NEEDS[scope]})" for scope in app.lacking_asked)
        step = "make the app anew from docs/reference/slack-app.yaml, or add them, and install it anew"
        found.append(Diagnosis("warning", "slack-asked-scopes", where, f"the hub's token lacks {told}", (step,)))
    if not access.is_proved:
        told = "messages have buttons, and nothing proves what the app sends: each click is refused where this holds"
        step = "give the listener the app's signing secret: RTB_HUB_SLACK_SIGNING_SECRET_FILE"
        found.append(Diagnosis("warning", "slack-unproved", where, told, (step,)))
    if access.hub is None or not access.hub.startswith("https://"):
        told = "people cannot link their own accounts, and links show nothing: the hub has no https address"
        step = "set RTB_HUB_PUBLIC_URL to its https address, and the app's request URLs to it and /api/webhook/slack"
        found.append(Diagnosis("warning", "slack-address", where, told, (step,)))
    return found


def _app_findings(app: App, where: Location) -> list[Diagnosis]:
    found = []
    if app.lacking:
        told = ", ".join(f"{scope} ({NEEDS[scope]})" for scope in app.lacking)
        step = "add them to the bot's scopes (OAuth & Permissions), and install the app anew"
        found.append(Diagnosis("error", "slack-scopes", where, f"the hub's token lacks {told}", (step,)))
    if app.ahead is not None and abs(app.ahead) > _APART:
        seconds = int(abs(app.ahead).total_seconds())
        told = f"its clock and this machine's are {seconds} s apart: requests of Slack's are refused after 300 s"
        found.append(Diagnosis("warning", "slack-clock", where, told, ("set this machine's clock by NTP",)))
    return found
