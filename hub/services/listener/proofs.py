"""Whether a delivery is from whom it says it is: by its bytes as they came, before anything is parsed.

Comparisons take the same time wherever they differ, and both secrets are always tried: the one that holds, and the one
before it while a secret is changed. Sources: GitHub, "Validating webhook deliveries"; Jira's administrators' webhooks
sign alike, in `X-Hub-Signature`; https://docs.slack.dev/authentication/verifying-requests-from-slack.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

#: A request of Slack's that is older, or of a clock that goes so wrong, is refused: it may be somebody's who kept it.
SLACK_WINDOW: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, repr=False)
class Secrets:
    """What a source signs with, and signed with before."""

    current: str
    previous: str | None = None


def by_github(headers: Mapping[str, str], body: bytes, secrets: Secrets) -> str | None:
    """Which secret signed a delivery of GitHub's: `secret` or `previous secret`; None: neither."""
    return _signed(body, headers.get("x-hub-signature-256", ""), "sha256=", secrets)


def by_jira(headers: Mapping[str, str], body: bytes, secrets: Secrets) -> str | None:
    """As `by_github`, of a webhook that a Jira administrator made. Only SHA-256 counts, whatever method is named."""
    return _signed(body, headers.get("x-hub-signature", ""), "sha256=", secrets)


def by_slack(headers: Mapping[str, str], body: bytes, secrets: Secrets, *, now: datetime) -> str | None:
    """As `by_github`, of a request of Slack's that is no older than `SLACK_WINDOW`."""
    sent = headers.get("x-slack-request-timestamp", "")
    if not (sent.isascii() and sent.isdigit() and len(sent) <= 11):
        return None
    if abs(now.timestamp() - int(sent)) > SLACK_WINDOW.total_seconds():
        return None
    return _signed(b"v0:" + sent.encode() + b":" + body, headers.get("x-slack-signature", ""), "v0=", secrets)


def _signed(text: bytes, signature: str, scheme: str, secrets: Secrets) -> str | None:
    given = signature.encode("utf-8", "surrogatepass")
    found: str | None = None
    for name, secret in (("previous secret", secrets.previous), ("secret", secrets.current)):
        if secret is None:
            continue
        made = scheme + hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()
        if hmac.compare_digest(made.encode(), given):
            found = name
    return found
