"""People in Slack, and what Slack sends of what they ask for: signed by a sender of our own."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from slack_sdk.signature import SignatureVerifier

from hub.queue.jobs import Jobs
from hub.store import people, sessions
from hub.store.people import Account
from hub.store.sessions import Beginning
from worlds.delivering import NOW, SECRETS, inbox
from worlds.serving import Serving

HOOK = "https://hooks.slack.com/actions/T0TEAM/123/abc"
ALICE, BOB, EVE = "U0ALICE", "U0BOB", "U0EVE"


def person(serving: Serving, name: str, user: str, *roles: str, signed_in: bool = True) -> str:
    """Somebody who signs in by OpenID Connect, and whose account in Slack an admin linked."""
    database = serving.database
    with database.write() as connection:
        now = database.now(connection)
        found = people.known(connection, Account("oidc", name, name), now=now)
        people.link(connection, found, Account("slack", user, name), by="admin", now=now)
        if signed_in:
            given = Beginning(found, "browser", "oidc", name, tuple(roles), None, "", "")
            sessions.begin(connection, given, now=now)
    return found


def signed(body: str, at: datetime = NOW) -> dict[str, str]:
    sent = str(int(at.timestamp()))
    signature = SignatureVerifier(SECRETS["slack_signing_secret"]).generate_signature(timestamp=sent, body=body)
    kind = "application/x-www-form-urlencoded"
    return {"x-slack-request-timestamp": sent, "x-slack-signature": signature or "", "content-type": kind}


def command(jobs: Jobs, text: str, user: str = ALICE, trigger: str = "7.8", **changed: str) -> Any:
    """What Slack sends of `/preview TEXT`, signed."""
    told = {
        "token": "gone", "team_id": "T0TEAM", "team_domain": "acme", "channel_id": "C0TEAM", "user_id": user,
        "user_name": f"n-{user}", "command": "/preview", "text": text, "response_url": HOOK, "trigger_id": trigger,
        **changed,
    }  # fmt: skip
    body = urlencode(told)
    return inbox(jobs).send("slack", body.encode(), signed(body))
