"""Deliveries as GitHub, Jira and Slack send them: signed over the bytes, with their own headers."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.testclient import TestClient

from hub.queue.jobs import Jobs
from hub.services.listener.app import make_app
from hub.services.listener.receiving import Receiver
from hub.store import deliveries
from hub.store.deliveries import DeliveryRow
from hub.store.jobs import JobRow
from hub.store.tables import AUDIT

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
GUID = "72d3162e-cc78-11e3-81ab-4c9367dc0958"
SECRETS = {
    "github_webhook_secret": "git-new",
    "github_webhook_secret_previous": "git-old",
    "jira_webhook_secret": "jira-new",
    "slack_signing_secret": "slack-new",
    "slack_signing_secret_previous": "slack-old",
}


@dataclass
class Inbox:
    """A listener in this process, and what it kept."""

    jobs: Jobs
    receiver: Receiver
    client: TestClient

    def send(self, path: str, body: bytes, headers: Mapping[str, str]) -> Any:
        return self.client.post(f"/api/webhook/{path}", content=body, headers=dict(headers))

    def kept(self) -> list[DeliveryRow]:
        with self.jobs.database.read() as connection:
            return deliveries.listed(connection, limit=1000)

    def put(self) -> list[JobRow]:
        return sorted(self.jobs.listed(limit=1000), key=lambda one: one.seq)

    def audited(self) -> list[tuple[str, str, str | None]]:
        with self.jobs.database.read() as connection:
            rows = connection.execute(AUDIT.select().order_by(AUDIT.c.id)).all()
        return [(one.object, one.outcome, one.reason) for one in rows]


def inbox(jobs: Jobs, *, secrets: Mapping[str, str] = SECRETS, read_seconds: float = 10.0) -> Inbox:
    receiver = Receiver(jobs, secrets.get, lambda: NOW)
    client = TestClient(make_app(receiver, read_seconds=read_seconds), raise_server_exceptions=False)
    return Inbox(jobs, receiver, client)


def hexed(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def as_json(tree: Any) -> bytes:
    return json.dumps(tree).encode()


def from_github(
    body: bytes, *, event: str = "pull_request", guid: str = GUID, secret: str = "git-new"
) -> dict[str, str]:
    return {
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": guid,
        "X-Hub-Signature-256": f"sha256={hexed(secret, body)}",
        "Content-Type": "application/json",
    }


def from_jira(body: bytes, *, name: str = "1732700000-1", secret: str = "jira-new") -> dict[str, str]:
    return {
        "X-Atlassian-Webhook-Identifier": name,
        "X-Hub-Signature": f"sha256={hexed(secret, body)}",
        "Content-Type": "application/json; charset=UTF-8",
    }


def from_slack(
    body: bytes, *, at: datetime = NOW, secret: str = "slack-new", kind: str = "application/json"
) -> dict[str, str]:
    sent = str(int(at.timestamp()))
    return {
        "X-Slack-Request-Timestamp": sent,
        "X-Slack-Signature": f"v0={hexed(secret, b'v0:' + sent.encode() + b':' + body)}",
        "Content-Type": kind,
    }


def pull(number: Any = 7, *, action: str = "labeled", repo: Any = "acme/web") -> bytes:
    return as_json({"action": action, "pull_request": {"number": number}, "repository": {"full_name": repo}})


def issue(key: Any = "RTB-123", *, event: str = "jira:issue_updated") -> bytes:
    return as_json({"webhookEvent": event, "timestamp": 1732700000000, "issue": {"id": "10001", "key": key}})
