"""What becomes of a delivery once its bytes are here: proved, kept, told of. Blocks; call it from a thread."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from generator.errors import ConfigError, Fault, Reason
from hub.actions.inbox.inbox import Arrived, Kept, accept
from hub.queue.jobs import Jobs
from hub.services.listener import proofs
from hub.services.listener.proofs import Secrets
from hub.store import audit, tokens
from hub.store.audit import Entry
from hub.store.deliveries import Source
from hub.telemetry.telemetry import SILENT, Telemetry

#: Refusals that are written down a minute: who may not come in does not fill our disk.
REFUSALS_A_MINUTE = 60
_SECRETS: Mapping[Source, str] = {
    "github": "github_webhook_secret", "jira": "jira_webhook_secret", "slack": "slack_signing_secret",
}  # fmt: skip
_SCOPE = "jira:event"


@dataclass(eq=False)
class Receiver:
    """Takes deliveries. `secret`: a secret of the settings by its field's name, as `Settings.secret`."""

    jobs: Jobs
    secret: Callable[[str], str | None]
    clock: Callable[[], datetime]
    telemetry: Telemetry = SILENT
    _refused: deque[float] = field(default_factory=lambda: deque(maxlen=REFUSALS_A_MINUTE))

    def __post_init__(self) -> None:
        """Nothing was refused yet."""
        self._lock = threading.Lock()

    def receive(self, source: Source, headers: Mapping[str, str], body: bytes, address: str) -> Kept | None:
        """Keep a delivery and its jobs; None: it proves nothing, and is not kept. `headers` have small names.

        Raises `ConfigError` where the source's secret is not set or cannot be read, `Transient` (DatabaseUnreachable).
        """
        verified_by = self._proof(source, headers, body)
        if verified_by is None:
            self.note_refused(source, "no signature that holds", address)
            return None
        return accept(self.jobs, Arrived(source, headers, body, verified_by))

    def note_refused(self, source: Source, why: str, address: str) -> None:
        """Write down that something was refused, unless too much was just now. Raises `Transient`."""
        with self._lock:
            now = self.telemetry.seconds()
            if len(self._refused) == REFUSALS_A_MINUTE and now - self._refused[0] < 60:
                return
            self._refused.append(now)
        entry = Entry("unknown", "webhook", "deliver", source, "refused", why, address=address[:100] or None)
        with self.jobs.database.write() as connection:
            audit.add(connection, entry, now=self.jobs.database.now(connection))

    def unset(self) -> list[str]:
        """The sources whose secret is not set. Raises `ConfigError` for a file that cannot be read."""
        return [source for source, name in _SECRETS.items() if self.secret(name) is None]

    def _proof(self, source: Source, headers: Mapping[str, str], body: bytes) -> str | None:
        if source == "jira-automation":
            return self._token(headers.get("authorization", ""))
        name = _SECRETS[source]
        current = self.secret(name)
        if current is None:
            fault = Fault(f"deliveries of {source} come, and their secret is not set", field=f"RTB_HUB_{name.upper()}")
            raise ConfigError(Reason.INVALID_VALUE, fault)
        secrets = Secrets(current, self.secret(f"{name}_previous"))
        if source == "github":
            return proofs.by_github(headers, body, secrets)
        if source == "jira":
            return proofs.by_jira(headers, body, secrets)
        return proofs.by_slack(headers, body, secrets, now=self.clock())

    def _token(self, authorization: str) -> str | None:
        """The id of the service token that is shown, if it holds and may tell of issues."""
        scheme, _, secret = authorization.partition(" ")
        if scheme.lower() != "bearer" or not secret.startswith(tokens.BEGINS) or not secret.isascii():
            return None
        database = self.jobs.database
        with database.write() as connection:
            now = database.now(connection)
            token = tokens.find(connection, secret.strip(), now=now)
            if token is None or _SCOPE not in token.scopes:
                return None
            tokens.note_use(connection, token.id, now=now)
        return f"token {token.id}"
