"""Sessions: refreshed with the roles of now, ended for good, and of use to one only."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from generator.errors import ConfigError, Reason, Transient
from hub.services.auth.context import Auth
from hub.services.auth.sessions import LOCAL, Sessions, Signed, Whence
from hub.services.auth.tidying import tidy
from hub.store import people, sessions
from hub.store.audit import listed as audited
from hub.store.database import Database
from hub.store.people import Account, OthersAccountError
from hub.store.tables import REFRESH_TOKENS, SESSIONS
from worlds.people import Provider
from worlds.sign_in import sign_in

BEGIN = datetime(2026, 11, 27, 2, 0, tzinfo=UTC)
ROLES = "viewer=all; developer=devs; admin=platform"
HERE = Whence("browser", "Firefox", "192.0.2.1", "req-1")


@dataclass
class World:
    database: Database
    now: datetime = BEGIN
    provider: Provider = field(default_factory=Provider)
    counted: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.database._clock = lambda: self.now
        self.auth: Auth = sign_in(self.database, "https://hub.example.com", clock=lambda: self.now, ROLES=ROLES)
        one = self.auth.sessions
        self.sessions = Sessions(
            one.database, one.issuer, one.sealed, {"oidc": self.provider}, one.rules, self.counted.append
        )
        self.provider.groups["alice"] = frozenset({"all", "devs"})

    def begin(self, who: str = "alice") -> Signed:
        return self.sessions.begin("oidc", self.provider.found(who), HERE)

    def later(self, **by: float) -> None:
        self.now += timedelta(**by)

    def refresh(self, secret: str) -> Signed:
        return self.sessions.refresh(secret, HERE)

    def roles(self, signed: Signed) -> tuple[str, ...]:
        return self.auth.access.sign_in.verify(signed.access.token).roles  # type: ignore[misc]

    def refused(self, secret: str) -> str:
        with pytest.raises(ConfigError) as found:
            self.refresh(secret)
        assert found.value.reason is Reason.NOT_SIGNED_IN
        return found.value.words

    def deeds(self) -> list[tuple[str, str, str | None]]:
        with self.database.read() as connection:
            return [(one.entry.action, one.entry.outcome, one.entry.reason) for one in reversed(audited(connection))]


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    database = Database(database_url)
    yield World(database)
    database.close()


class TestRefreshing:
    def test_each_token_makes_the_next_and_slides_up_to_seven_days(self, world: World) -> None:
        signed = world.begin()
        assert signed.access.expires_at == world.now + timedelta(minutes=10)
        assert signed.expires_at == world.now + timedelta(hours=12)
        secrets = {signed.refresh}
        for _ in range(15):
            world.later(hours=11)
            signed = world.refresh(signed.refresh)
            secrets.add(signed.refresh)
        assert len(secrets) == 16
        assert signed.expires_at == BEGIN + timedelta(days=7)
        world.later(hours=4)
        assert "ended" in world.refused(signed.refresh)

    def test_unused_for_twelve_hours_it_ends(self, world: World) -> None:
        signed = world.begin()
        world.later(hours=12)
        assert "ended" in world.refused(signed.refresh)

    def test_replayed_refresh_ends_the_family(self, world: World) -> None:
        first = world.begin()
        second = world.refresh(first.refresh)
        world.later(seconds=11)
        assert "used by two" in world.refused(first.refresh)
        assert "ended" in world.refused(second.refresh)
        assert world.counted.count("reuse") == 1
        assert ("refresh", "refused", "the refresh token was used before") in world.deeds()

    def test_stolen_refresh_ends_for_the_thief_too(self, world: World) -> None:
        """The thief is first, the person comes back later with the same token: nobody goes on."""
        other = world.begin()
        stolen = world.begin()
        thief = world.refresh(stolen.refresh)
        world.later(minutes=10)
        world.refused(stolen.refresh)
        world.refused(thief.refresh)
        assert world.refresh(other.refresh), "other sign-ins of the person go on"

    def test_a_thief_within_the_grace_is_found_by_the_next_refresh(self, world: World) -> None:
        first = world.begin()
        person, thief = world.refresh(first.refresh), world.refresh(first.refresh)
        assert person.refresh == thief.refresh
        world.refresh(thief.refresh)
        world.later(minutes=9)
        assert "used by two" in world.refused(person.refresh)

    def test_two_tabs_at_once_come_to_one_token(self, world: World) -> None:
        first = world.begin()
        found: list[Signed] = []
        start = threading.Barrier(4)

        def tab() -> None:
            start.wait()
            found.append(world.refresh(first.refresh))

        threads = [threading.Thread(target=tab) for _ in range(4)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert len({one.refresh for one in found}) == 1
        world.later(seconds=9)
        assert world.refresh(first.refresh).refresh == found[0].refresh, "an answer that was lost is given again"
        world.later(minutes=5)
        assert world.refresh(found[0].refresh)
        assert world.provider.asked <= 2, "and the provider was not asked for each"

    @pytest.mark.parametrize("secret", ["", "rtbr_x", "rtbr_" + "x" * 200, "x" * 43, "rtbr_\0"])
    def test_what_is_no_token(self, world: World, secret: str) -> None:
        world.begin()
        assert "not known" in world.refused(secret)

    def test_the_database_gives_nobody_a_token(self, world: World) -> None:
        signed = world.begin()
        following = world.refresh(signed.refresh)
        with world.database.read() as connection:
            kept = repr(connection.execute(REFRESH_TOKENS.select()).all())
            kept += repr(connection.execute(SESSIONS.select()).all())
        for secret in (signed.refresh, following.refresh, "grant-"):
            assert secret not in kept


class TestRolesOfNow:
    def test_groups_removed(self, world: World) -> None:
        signed = world.begin()
        assert world.roles(signed) == ("viewer", "developer")
        world.provider.groups["alice"] = frozenset({"all"})
        signed = world.refresh(signed.refresh)
        assert world.roles(signed) == ("viewer",)
        world.provider.groups["alice"] = frozenset()
        assert world.roles(world.refresh(signed.refresh)) == ()

    def test_provider_down_leaves_what_somebody_may_for_an_hour(self, world: World) -> None:
        signed = world.begin()
        world.provider.is_down = True
        for _ in range(6):
            world.later(minutes=10)
            signed = world.refresh(signed.refresh)
            assert world.roles(signed) == ("viewer", "developer")
        world.later(minutes=1)
        with pytest.raises(Transient) as found:
            world.refresh(signed.refresh)
        assert found.value.reason is Reason.PROVIDER_UNREACHABLE
        with pytest.raises(Transient):
            world.refresh(signed.refresh)
        world.provider.is_down = False
        world.provider.groups["alice"] = frozenset({"all"})
        assert world.roles(world.refresh(signed.refresh)) == ("viewer",), "the same token holds once it answers"

    def test_somebody_whom_the_provider_no_longer_knows_is_signed_out(self, world: World) -> None:
        signed = world.begin()
        world.provider.gone.add("alice")
        assert "no longer knows" in world.refused(signed.refresh)
        assert "ended" in world.refused(signed.refresh)
        assert ("refresh", "refused", "declined") in world.deeds()

    def test_without_a_grant_people_sign_in_again_each_hour(self, world: World) -> None:
        world.provider.gives_grants = False
        signed = world.begin()
        world.later(minutes=59)
        signed = world.refresh(signed.refresh)
        world.later(minutes=2)
        assert "new sign-in" in world.refused(signed.refresh)

    def test_a_provider_that_was_taken_away_ends_its_sign_ins_in_an_hour(self, world: World) -> None:
        signed = world.begin()
        world.sessions = Sessions(
            world.database, world.auth.sessions.issuer, world.auth.sealed, {}, world.auth.sessions.rules, print
        )
        world.later(hours=1, minutes=1)
        world.refused(signed.refresh)

    def test_on_this_machine_nobody_is_asked(self, world: World) -> None:
        signed = world.sessions.begin(LOCAL, world.provider.found("me"), HERE)
        world.later(hours=11)
        assert world.roles(world.refresh(signed.refresh)) == ("admin",)


class TestEnding:
    def test_logout_ends_the_family(self, world: World) -> None:
        first = world.begin()
        second = world.refresh(first.refresh)
        world.sessions.end(first.refresh, HERE)
        world.refused(second.refresh)
        world.sessions.end(second.refresh, HERE)
        world.sessions.end("rtbr_unknown", HERE)
        assert [one for one in world.deeds() if one[0] == "sign-out"] == [("sign-out", "allowed", None)]

    def test_ended_everywhere_nothing_that_the_provider_gave_is_left(self, world: World) -> None:
        for _ in range(3):
            signed = world.begin()
        with world.database.write() as connection:
            assert len(sessions.end(connection, signed.session.principal_id, "logout", now=world.now)) == 3
            assert sessions.listed(connection, signed.session.principal_id, now=world.now) == []
            assert {row.grant for row in connection.execute(SESSIONS.select())} == {None}

    def test_the_fifty_first_ends_the_oldest(self, world: World) -> None:
        first = world.begin()
        for _ in range(50):
            world.later(seconds=1)
            last = world.begin()
        world.refused(first.refresh)
        world.refresh(last.refresh)

    def test_those_that_ended_long_ago_are_deleted(self, world: World) -> None:
        signed = world.begin()
        world.later(days=8)
        assert tidy(world.auth) == 0
        world.later(days=1)
        assert tidy(world.auth) == 1
        assert "not known" in world.refused(signed.refresh)


class TestPeople:
    def test_a_person_is_known_by_what_never_changes(self, world: World) -> None:
        first = world.begin()
        with world.database.write() as connection:
            people.take_turn(connection, world.database)
            again = people.known(connection, Account("oidc", "alice", "alice.new"), now=world.now)
            other = people.known(connection, Account("oidc", "other", "Alice.New"), now=world.now)
            found, second = people.find(connection, again), people.find(connection, other)
        assert again == first.session.principal_id
        assert found is not None
        assert found.name == "alice.new"
        assert second is not None
        assert second.name == f"Alice.New~{other[-8:]}", "nobody takes another's name, whatever its capitals"

    def test_a_login_of_the_forge_wins_over_any_other_name(self, world: World) -> None:
        with world.database.write() as connection:
            people.take_turn(connection, world.database)
            squatter = people.known(connection, Account("oidc", "s", "alice"), now=world.now)
            alice = people.known(connection, Account("github", "583231", "alice"), now=world.now)
            names = [people.find(connection, one) for one in (squatter, alice)]
        assert [one.name for one in names if one] == [f"alice~{squatter[-8:]}", "alice"]

    def test_an_account_is_linked_once(self, world: World) -> None:
        one, other = world.begin(), world.begin("bob")
        github = Account("github", "583231", "octo")
        with world.database.write() as connection:
            people.link(connection, one.session.principal_id, github, by="sign-in", now=world.now)
            with pytest.raises(OthersAccountError):
                people.link(connection, other.session.principal_id, github, by="root", now=world.now)
            renamed = people.find(connection, one.session.principal_id)
            assert renamed is not None
            assert renamed.name == "octo"
            moved = Account("github", "1", "octo2")
            people.link(connection, one.session.principal_id, moved, by="root", now=world.now)
            assert people.owner(connection, "github", "583231") is None
            assert people.unlink(connection, one.session.principal_id, "github")
            assert not people.unlink(connection, one.session.principal_id, "github")

    def test_two_first_sign_ins_at_once_make_one_person(self, world: World) -> None:
        found: list[str] = []
        threads = [
            threading.Thread(target=lambda: found.append(world.begin("new").session.principal_id)) for _ in range(6)
        ]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert len(found) == 6
        assert len(set(found)) == 1
