"""Whom people sign in by, in this process: says what a test has it say."""

from __future__ import annotations

from dataclasses import dataclass, field

from generator.errors import Reason, Transient
from hub.services.auth.providers.port import Begun, DeclinedError, Found, Returned
from hub.settings.sign_in import ProviderName


@dataclass
class Provider:
    """`groups` by subject. `is_down`: it does not answer. `gone`: subjects it knows no longer. Grants are used once."""

    id: ProviderName = "oidc"
    label: str = "People"
    groups: dict[str, frozenset[str]] = field(default_factory=dict)
    is_down: bool = False
    gone: set[str] = field(default_factory=set)
    asked: int = 0
    grants: dict[str, str] = field(default_factory=dict)
    gives_grants: bool = True

    def found(self, subject: str) -> Found:
        if self.is_down:
            raise Transient(Reason.PROVIDER_UNREACHABLE, "down")
        if subject in self.gone:
            raise DeclinedError("gone")
        grant = f"grant-{len(self.grants)}" if self.gives_grants else None
        if grant is not None:
            self.grants[grant] = subject
        return Found(subject, subject, self.groups.get(subject, frozenset()), grant)

    def begin(self, redirect: str, state: str) -> Begun:
        if self.is_down:
            raise Transient(Reason.PROVIDER_UNREACHABLE, "down")
        return Begun(f"https://people.example/authorize?state={state}&back={redirect}", {"nonce": f"n-{state}"})

    def finish(self, returned: Returned) -> Found:
        assert returned.kept == {"nonce": f"n-{returned.state}"}
        if "error" in returned.query:
            raise DeclinedError(returned.query["error"])
        return self.found(returned.query["code"])

    def again(self, grant: str, subject: str) -> Found:
        self.asked += 1
        if self.is_down:
            raise Transient(Reason.PROVIDER_UNREACHABLE, "down")
        if self.grants.pop(grant, None) != subject:
            raise DeclinedError("the grant was used before")
        return self.found(subject)
