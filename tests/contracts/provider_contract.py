"""What everybody whom people sign in by must do: run over the certified `oidc-provider` and over GitHub's own ways."""

from __future__ import annotations

from typing import Protocol
from urllib.parse import parse_qs, urlsplit

import pytest

from generator.errors import HubError, Reason
from hub.services.auth.providers import port
from hub.services.auth.providers.port import DeclinedError, Found, RefusedError, Returned

BACK = "https://hub.example.com/api/auth/callback"
STATE = "a-state-of-a-test"


class ProviderWorld(Protocol):
    """A provider, and the people there. Groups are named as RTB_HUB_ROLES names them."""

    provider: port.Provider

    def let_in(self, who: str | None, groups: list[str]) -> None:
        """Who goes there is let in as this person, who is in these groups; None: they decline."""

    def forget(self, who: str) -> None:
        """The person is there no more."""

    def answers(self, status: int) -> None:
        """It answers everything with a status from now on."""

    def through(self, url: str) -> str:
        """Where a browser that is sent to `url` comes back to."""

    def named(self, who: str) -> str:
        """What the hub calls a person."""


class ProviderContract:
    """Inherit it, and give a `world` fixture, and the groups that `GROUPS` names."""

    GROUPS: tuple[str, str]

    def returned(self, world: ProviderWorld, **changed: str) -> Returned:
        """What a browser comes back with."""
        begun = world.provider.begin(BACK, STATE)
        query = {name: values[0] for name, values in parse_qs(urlsplit(world.through(begun.url)).query).items()}
        return Returned({name: value for name, value in (query | changed).items() if value}, begun.kept, STATE, BACK)

    def signed_in(self, world: ProviderWorld, who: str = "alice", groups: list[str] | None = None) -> Found:
        world.let_in(who, [*self.GROUPS] if groups is None else groups)
        return world.provider.finish(self.returned(world))

    def test_it_begins_with_what_proves_the_end(self, world: ProviderWorld) -> None:
        one, other = (world.provider.begin(BACK, STATE) for _ in range(2))
        asked = parse_qs(urlsplit(one.url).query)
        assert (asked["state"], asked["redirect_uri"], asked["code_challenge_method"]) == ([STATE], [BACK], ["S256"])
        assert one.kept != other.kept, "each has secrets of its own"
        assert not any(secret in one.url for name, secret in one.kept.items() if name == "verifier")

    def test_who_it_is_never_changes_and_groups_are_those_of_now(self, world: ProviderWorld) -> None:
        first = self.signed_in(world)
        assert (first.name, first.groups) == (world.named("alice"), frozenset(self.GROUPS))
        again = self.signed_in(world, groups=[self.GROUPS[0]])
        assert (again.subject, again.groups) == (first.subject, {self.GROUPS[0]})
        assert self.signed_in(world, "bob").subject != first.subject

    def test_somebody_without_groups_is_somebody(self, world: ProviderWorld) -> None:
        found = self.signed_in(world, groups=[])
        assert (found.name, found.groups) == (world.named("alice"), frozenset())

    def test_it_is_asked_again_by_a_grant_that_is_used_once(self, world: ProviderWorld) -> None:
        first = self.signed_in(world)
        assert first.grant is not None
        assert first.grant not in repr(first)
        world.let_in("alice", [self.GROUPS[1]])
        second = world.provider.again(first.grant, first.subject)
        assert (second.subject, second.groups) == (first.subject, {self.GROUPS[1]})
        assert second.grant not in (None, first.grant)
        with pytest.raises(DeclinedError):
            world.provider.again(first.grant, first.subject)

    def test_a_grant_is_of_its_person(self, world: ProviderWorld) -> None:
        first, other = self.signed_in(world), self.signed_in(world, "bob")
        assert other.grant is not None
        with pytest.raises(RefusedError):
            world.provider.again(other.grant, first.subject)

    def test_somebody_who_is_gone_is_declined(self, world: ProviderWorld) -> None:
        found = self.signed_in(world)
        assert found.grant is not None
        world.forget("alice")
        with pytest.raises(DeclinedError):
            world.provider.again(found.grant, found.subject)

    def test_who_declines_is_not_let_in(self, world: ProviderWorld) -> None:
        world.let_in(None, [])
        with pytest.raises(DeclinedError):
            world.provider.finish(self.returned(world))

    def test_a_code_works_once_and_with_its_own_verifier(self, world: ProviderWorld) -> None:
        world.let_in("alice", [])
        come = self.returned(world)
        world.provider.finish(come)
        with pytest.raises((DeclinedError, RefusedError)):
            world.provider.finish(come)
        one, other = self.returned(world), self.returned(world)
        with pytest.raises((DeclinedError, RefusedError)):
            world.provider.finish(Returned(one.query, other.kept, STATE, BACK))

    @pytest.mark.parametrize("code", ["", "forged", "x" * 5000])
    def test_what_is_no_code_signs_nobody_in(self, world: ProviderWorld, code: str) -> None:
        world.let_in("alice", [])
        with pytest.raises((DeclinedError, RefusedError)):
            world.provider.finish(self.returned(world, code=code))

    @pytest.mark.parametrize("status", [500, 503, 429])
    def test_one_that_is_not_well_declines_nobody(self, world: ProviderWorld, status: int) -> None:
        """Else everybody would be signed out by a provider that is down."""
        found = self.signed_in(world)
        come = self.returned(world)
        assert found.grant is not None
        world.answers(status)
        for ask in (
            lambda: world.provider.again(found.grant or "", found.subject),
            lambda: world.provider.finish(come),
        ):
            with pytest.raises(HubError) as down:
                ask()
            assert down.value.reason is Reason.PROVIDER_UNREACHABLE
