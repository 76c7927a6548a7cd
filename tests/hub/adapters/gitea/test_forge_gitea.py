"""The Gitea adapter: what it makes of answers, and how it fails. The contract runs on a real Gitea, in `make e2e`."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from generator.errors import ConfigError, HubError, Moved, Reason, Stalled, Transient, Waiting
from hub.adapters.gitea.access import GiteaAccess, open_gitea
from hub.adapters.gitea.forge import GiteaForge
from hub.adapters.http import SenderParts
from worlds.gitea_api import BASE_AT, HEAD, LOST, MERGE, GiteaApi, Reply, merged, open_gitea_forge, pull, review, user

TOKEN = "0123456789abcdef-the-hubs"
SINCE = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def api() -> Iterator[GiteaApi]:
    with GiteaApi() as server:
        yield server


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def forge(api: GiteaApi, slept: list[float]) -> GiteaForge:
    return open_gitea_forge(f"{api.url}/acme/state", token=TOKEN, machines=["Robot"], sleep=slept.append)


def refused(kind: type[HubError], reason: Reason, call: Callable[[], object]) -> HubError:
    with pytest.raises(kind) as caught:
        call()
    assert caught.value.reason == reason, caught.value
    assert TOKEN not in f"{caught.value!r} {caught.value}"
    return caught.value


# The address


@pytest.mark.parametrize(
    "url",
    [
        "", "state", "ftp://git.example.com/acme/state", "http://git.example.com/acme/state", "https://git.example.com",
        "https://git.example.com/state", "https://me:secret@git.example.com/acme/state", "https:///acme/state",
        "https://git.example.com/acme/state?x=1", "https://git.example.com/acme/st ate", "https://git.example.com/a%2f/b", "https://git.example.com/../b",
    ],
)  # fmt: skip
def test_an_address_that_is_none_or_would_tell_the_token_is_refused(url: str) -> None:
    error = refused(ConfigError, Reason.INVALID_FORGE, lambda: open_gitea_forge(url, token=TOKEN))
    assert "secret" not in str(error)
    assert "https://HOST" in str(error)


@pytest.mark.parametrize("token", ["", "short", "with space in it", "line\nbreak-of-it", "é" * 20])
def test_a_token_that_is_none_is_refused(token: str) -> None:
    refused(ConfigError, Reason.INVALID_FORGE, lambda: open_gitea_forge("https://git.example.com/a/b", token=token))


def test_a_server_may_live_below_a_path() -> None:
    forge = open_gitea_forge("https://example.com/forge/acme/state.git", token=TOKEN)
    assert (forge.location, forge.api.server) == ("https://example.com/forge/acme/state", "https://example.com/forge")
    assert TOKEN not in repr(forge)


# The server


def test_a_server_that_is_down_is_tried_some_times(slept: list[float]) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/acme/state"
        forge = open_gitea_forge(url, token=TOKEN, sleep=slept.append)
        refused(Transient, Reason.FORGE_UNREACHABLE, forge.whoami)
    assert len(slept) == 3


def test_a_fault_that_passes_is_not_seen(api: GiteaApi, forge: GiteaForge, slept: list[float]) -> None:
    api.on("GET pulls/1", Reply("<html>", 502), Reply(None, LOST), Reply(pull()))
    assert forge.request(1).head == HEAD
    assert len(slept) == 2


def test_a_limit_is_waited_for_when_it_is_short_and_told_when_it_is_long(
    api: GiteaApi, forge: GiteaForge, slept: list[float]
) -> None:
    api.on("GET pulls/1", Reply({}, 429, {"Retry-After": "7"}), Reply(pull()))
    assert forge.request(1).number == 1
    assert slept == [7.0]
    api.on("GET pulls/1", Reply({}, 429, {"Retry-After": "120"}))
    error = refused(Waiting, Reason.FORGE_LIMITED, lambda: forge.request(1))
    assert isinstance(error, Waiting)
    assert error.retry_after_seconds == 120
    api.on("GET pulls/1", Reply({}, 429))
    refused(Waiting, Reason.FORGE_LIMITED, lambda: forge.request(1))


def test_what_may_have_worked_is_not_sent_again(api: GiteaApi, forge: GiteaForge) -> None:
    api.on("GET pulls/1", Reply(pull()))
    api.on("GET issues/1/comments", Reply([]))
    for lost in (Reply(None, LOST), Reply("", 502)):
        api.seen.clear()
        api.on("POST issues/1/comments", lost)
        refused(Transient, Reason.FORGE_UNREACHABLE, lambda: forge.put_comment(1, "status", "text"))
        assert api.count("POST") == 1


def test_a_token_goes_nowhere_else(api: GiteaApi, forge: GiteaForge) -> None:
    with GiteaApi() as other:
        moved = f"{other.url}/api/v1/repos/acme/elsewhere/pulls/1"
        api.on("GET pulls/1", Reply(None, 301, {"Location": moved}))
        error = refused(Stalled, Reason.FORGE_REFUSED, lambda: forge.request(1))
        assert "acme/elsewhere now" in str(error)
        assert other.seen == []


@pytest.mark.parametrize(
    ("reply", "kind", "reason"),
    [
        (Reply({}, 401), Stalled, Reason.FORGE_DENIED),
        (Reply({"message": "no scope\x1b[31m\nEvil: yes"}, 403), Stalled, Reason.FORGE_DENIED),
        (Reply({"message": "acme/state is archived"}, 423), Stalled, Reason.FORGE_DENIED),
        (Reply({"message": "nonsense"}, 422), Stalled, Reason.FORGE_REFUSED),
        (Reply("<html>sign in</html>"), Transient, Reason.FORGE_UNREACHABLE),
        (Reply(None), Transient, Reason.FORGE_UNREACHABLE),
        (Reply([]), Transient, Reason.FORGE_UNREACHABLE),
        (Reply(pull(title=None)), Transient, Reason.FORGE_UNREACHABLE),
        (Reply(pull(head={"label": "x", "ref": "x", "sha": "", "repo_id": 1})), Transient, Reason.FORGE_UNREACHABLE),
        (Reply(merged(merge_commit_sha=None)), Transient, Reason.FORGE_UNREACHABLE),
        (Reply(pull(created_at="yesterday")), Transient, Reason.FORGE_UNREACHABLE),
    ],
    ids=[
        "key", "rights", "archived", "other", "page", "nothing", "list", "no title", "no head", "no merge", "no time",
    ],
)  # fmt: skip
def test_an_answer_becomes_a_kind(
    api: GiteaApi, forge: GiteaForge, reply: Reply, kind: type[HubError], reason: Reason
) -> None:
    api.on("GET pulls/1", reply)
    assert str(refused(kind, reason, lambda: forge.request(1))).isprintable()


def test_a_repository_that_is_gone_is_not_a_request_that_is_none(api: GiteaApi, forge: GiteaForge) -> None:
    refused(Stalled, Reason.REQUEST_NOT_FOUND, lambda: forge.request(1))
    api.on("GET ", Reply({"message": "not found"}, 404))
    refused(Stalled, Reason.FORGE_REFUSED, lambda: forge.request(1))


def test_what_gitea_would_write_in_an_archived_repository_is_not_written(api: GiteaApi, forge: GiteaForge) -> None:
    api.on("GET pulls/1", Reply(pull(base=pull()["base"] | {"repo": {"archived": True}})))
    for call in (
        lambda: forge.update(1, title="new", body="new"),
        lambda: forge.close(1, "no"),
        lambda: forge.set_labels(1, ["preview:x"]),
        lambda: forge.ask_review(1, "acme/approvers"),
        lambda: forge.put_comment(1, "status", "text"),
    ):
        assert "archived" in str(refused(Stalled, Reason.FORGE_DENIED, call))
    assert all(call.startswith("GET ") for call in api.seen)


# Lists


def rows(count: int) -> list[dict[str, Any]]:
    return [
        {"id": n, "context": f"c{n:02}", "status": "success", "creator": user("alice")} for n in range(1, count + 1)
    ]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5])
def test_a_list_is_read_to_its_end_whatever_a_page_is(count: int, slept: list[float]) -> None:
    with GiteaApi(pages=2) as api:
        forge = open_gitea_forge(f"{api.url}/acme/state", token=TOKEN, sleep=slept.append)
        api.on(f"GET statuses/{HEAD}", Reply(rows(count)))
        assert [check.name for check in forge.checks(HEAD)] == [row["context"] for row in rows(count)]


@pytest.mark.parametrize(
    "reply",
    [
        Reply(rows(3), 200, {"X-Total-Count": "4"}),
        Reply(rows(2) + rows(1), 200, {"X-Total-Count": "3"}),
        Reply(rows(3), 200, {"X-Total-Count": "many"}),
        Reply({}, 200, {"X-Total-Count": "0"}),
    ],
    ids=["a row is missing", "a row came twice", "no count", "no list"],
)
def test_a_list_that_is_not_whole_is_not_given(api: GiteaApi, forge: GiteaForge, reply: Reply) -> None:
    api.on(f"GET statuses/{HEAD}", reply)
    refused(Transient, Reason.FORGE_UNREACHABLE, lambda: forge.checks(HEAD))


def test_a_list_that_changes_meanwhile_is_begun_again(slept: list[float]) -> None:
    with GiteaApi(pages=2) as api:
        forge = open_gitea_forge(f"{api.url}/acme/state", token=TOKEN, sleep=slept.append)
        first = Reply(rows(2), 200, {"X-Total-Count": "3"})
        grown = Reply(rows(4)[2:], 200, {"X-Total-Count": "4"})
        api.on(f"GET statuses/{HEAD}", first, grown, Reply(rows(4)))
        assert len(forge.checks(HEAD)) == 4


def ended(number: int, day: int, changed: int = 0) -> dict[str, Any]:
    at, updated = (f"2026-11-{n:02}T00:00:00Z" for n in (day, changed or day))
    return merged(number, closed_at=at, updated_at=updated)


@pytest.fixture
def small(slept: list[float]) -> Iterator[tuple[GiteaApi, GiteaForge]]:
    """A server whose pages have two rows."""
    with GiteaApi(pages=2) as api:
        yield api, open_gitea_forge(f"{api.url}/acme/state", token=TOKEN, sleep=slept.append)


def test_ended_requests_are_read_as_far_as_is_needed(small: tuple[GiteaApi, GiteaForge]) -> None:
    api, forge = small
    closed = [ended(1, 25), ended(2, 20, changed=24), ended(3, 23), ended(4, 22), ended(5, 21), ended(6, 20)]
    api.on("GET pulls", Reply([]), *[Reply(closed)] * 3, Reply([]))
    found = forge.requests("prd", prefix="preview/", closed_since=SINCE)
    assert [one.number for one in found] == [1, 3]
    assert "page=3" not in "".join(api.seen)


def test_a_row_that_moved_forward_while_the_list_is_read_is_not_lost(small: tuple[GiteaApi, GiteaForge]) -> None:
    """6 is commented on between two pages: it was not on the first, and is not on the second any more."""
    api, forge = small
    before = [ended(n, 25) for n in (1, 2, 3, 4, 5, 6)]
    after = [before[5], *before[:5]]
    api.on("GET pulls", Reply([]), Reply(before), *[Reply(after)] * 7, Reply([]))
    assert [one.number for one in forge.requests("prd", prefix="", closed_since=SINCE)] == [1, 2, 3, 4, 5, 6]


def test_a_request_reopened_while_the_listing_is_read_is_in_it(api: GiteaApi, forge: GiteaForge) -> None:
    """Closed when the open ones were read, open when the closed ones were."""
    api.on("GET pulls", Reply([]), Reply([]), Reply([pull(4)]))
    assert [one.number for one in forge.requests("prd", prefix="", closed_since=SINCE)] == [4]


# Accounts, reviews, checks


def test_reviews_that_are_none_are_left_out_and_ghosts_are_nobody(api: GiteaApi, forge: GiteaForge) -> None:
    api.on("GET pulls/1", Reply(pull()))
    told = [
        review("bob", "PENDING"),
        review("", "REQUEST_REVIEW", user=None),
        review("Ghost", "APPROVED", user=user("Ghost", -1)),
        review("gitea-actions", "APPROVED", user=user("gitea-actions", -2)),
        review("robot", "APPROVED"),
        review("rtb-hub", "APPROVED"),
        review("bob", "APPROVED"),
    ]
    api.on("GET pulls/1/reviews", Reply([one | {"id": n} for n, one in enumerate(told)]))
    assert [(one.author.login, one.author.is_bot) for one in forge.reviews(1)] == [
        ("", False), ("gitea-actions", True), ("robot", True), ("rtb-hub", True), ("bob", False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("told", "states"),
    [
        ([("REQUEST_CHANGES", True), ("APPROVED", False)], ["changes-requested", "approved"]),
        ([("APPROVED", True), ("REQUEST_CHANGES", False)], ["dismissed", "changes-requested"]),
        ([("REQUEST_CHANGES", True), ("COMMENT", False)], ["dismissed", "commented"]),
        ([("APPROVED", True)], ["dismissed"]),
    ],
    ids=["superseded by an approval", "superseded by a refusal", "dismissed, then a comment", "dismissed"],
)
def test_a_superseded_request_for_changes_was_not_dismissed(
    api: GiteaApi, forge: GiteaForge, told: list[tuple[str, bool]], states: list[str]
) -> None:
    api.on("GET pulls/1", Reply(pull()))
    trees = [review("bob", state, dismissed=gone, id=n) for n, (state, gone) in enumerate(told)]
    api.on("GET pulls/1/reviews", Reply(trees))
    assert [one.state for one in forge.reviews(1)] == states


def change(kind: str, at: str) -> dict[str, Any]:
    return {"id": 1, "type": kind, "created_at": at}


@pytest.mark.parametrize(
    ("timeline", "elsewhere"),
    [
        ([], False),
        ([change("comment", "2026-11-23T01:40:00Z")], False),
        ([change("change_target_branch", "2026-11-23T01:29:59Z")], False),
        ([change("change_target_branch", "2026-11-23T01:30:00Z")], True),
        ([change("change_target_branch", "2026-11-23T01:30:01Z")], True),
        ([*(change("comment", "2026-11-23T01:00:00Z") for _ in range(60)), change("change_target_branch", "2026-11-23T01:31:00Z")], True),
    ],
    ids=["nothing", "a comment", "before", "in that second", "after", "on another page"],
)  # fmt: skip
def test_an_approval_from_before_a_retarget_is_told_as_that(
    api: GiteaApi, forge: GiteaForge, timeline: list[Any], elsewhere: bool
) -> None:
    api.on("GET pulls/1", Reply(pull()))
    api.on("GET pulls/1/reviews", Reply([review("bob", "APPROVED")]))
    api.on("GET issues/1/timeline", Reply(timeline))
    assert [one.is_elsewhere for one in forge.reviews(1)] == [elsewhere]


def test_a_page_that_gitea_emptied_is_not_the_last(api: GiteaApi, forge: GiteaForge) -> None:
    api.on("GET pulls/1", Reply(pull()))
    api.on("GET pulls/1/reviews", Reply([review("bob", "APPROVED", comments_count=99)]))
    counted = {"X-Total-Count": "0"}
    late = [change("change_target_branch", "2026-11-23T01:40:00Z")]
    api.on("GET issues/1/timeline", Reply(None, 200, counted), Reply(late, 200, counted), Reply(None, 200, counted))
    assert [one.is_elsewhere for one in forge.reviews(1)] == [True]


def test_without_a_timeline_no_approval_is_known_to_be_of_this_base(api: GiteaApi, forge: GiteaForge) -> None:
    api.on("GET pulls/1", Reply(pull()))
    api.on("GET pulls/1/reviews", Reply([review("bob", "APPROVED")]))
    assert [one.is_elsewhere for one in forge.reviews(1)] == [True]


def test_accounts_are_found_by_login_shown_e_mail_and_id(api: GiteaApi, forge: GiteaForge) -> None:
    api.on("GET /api/v1/users/Bob", Reply(user("bob", 3)))
    api.on("GET /api/v1/users/old", Reply("", 307, {"Location": "/api/v1/users/new"}))
    found = {"ok": True, "data": [user("bobby", 4), user("bob", 3)]}
    api.on("GET /api/v1/users/search", Reply(found))
    assert (forge.account("Bob").login, forge.account("Bob").id) == ("bob", "3")
    assert forge.account("BOB@example.com").login == "bob"
    assert not forge.account("carol@example.com").is_known
    assert not forge.account("old").is_known
    assert not forge.account("nobody").is_known
    assert forge.account_of("4").login == "bobby"
    assert not forge.account_of("5").is_known
    assert forge.account("rtb-hub@example.com").is_known is False
    api.on("GET /api/v1/users/search", Reply({"ok": True, "data": None}))
    assert not forge.account_of("4").is_known


def test_a_state_of_a_later_gitea_is_not_guessed(api: GiteaApi, forge: GiteaForge) -> None:
    api.on("GET pulls/1", Reply(pull()))
    api.on("GET pulls/1/reviews", Reply([review("bob", "LOOKS_FINE")]))
    refused(Transient, Reason.FORGE_UNREACHABLE, lambda: forge.reviews(1))
    api.on(f"GET statuses/{HEAD}", Reply([rows(1)[0] | {"status": "mostly"}]))
    refused(Transient, Reason.FORGE_UNREACHABLE, lambda: forge.checks(HEAD))


def test_a_warning_is_no_success(api: GiteaApi, forge: GiteaForge) -> None:
    told = zip(rows(4), ("warning", "skipped", "error", "pending"), strict=True)
    api.on(f"GET statuses/{HEAD}", Reply([row | {"status": state} for row, state in told]))
    assert [check.state for check in forge.checks(HEAD)] == ["failed", "passed", "failed", "pending"]


def test_commits_that_gitea_has_not_taken_in_are_not_judged(api: GiteaApi, forge: GiteaForge) -> None:
    who = {"name": "n", "email": "e"}
    old = {"sha": BASE_AT, "author": None, "committer": None, "commit": {"author": who, "committer": who}}
    api.on("GET pulls/1", Reply(pull()))
    api.on("GET pulls/1/commits", Reply([old]), Reply([old | {"sha": HEAD}, old]))
    assert {one.commit for one in forge.committers(1)} == {HEAD, BASE_AT}
    api.on("GET pulls/1/commits", Reply([old]))
    refused(Transient, Reason.FORGE_UNREACHABLE, lambda: forge.committers(1))


def test_a_team_is_not_asked_where_gitea_would_not_ask_it(api: GiteaApi, forge: GiteaForge) -> None:
    api.on("GET pulls/1", Reply(pull()))
    api.on("GET pulls/1/reviews", Reply([]))
    api.on("GET /api/v1/orgs/other/teams", Reply([{"id": 3, "name": "approvers"}]))
    api.on("GET /api/v1/teams/3/members", Reply([user("bob")]))
    api.on("POST pulls/1/requested_reviewers", Reply([], 201))
    refused(Stalled, Reason.FORGE_REFUSED, lambda: forge.ask_review(1, "other/approvers"))


# Merging


@pytest.fixture
def commit(api: GiteaApi) -> None:
    api.on(f"GET git/commits/{MERGE}", Reply({"parents": [{"sha": BASE_AT}, {"sha": HEAD}]}))


@pytest.mark.usefixtures("commit")
class TestMerge:
    def test_a_refusal_that_passes_is_not_seen(self, api: GiteaApi, forge: GiteaForge) -> None:
        api.on("GET pulls/1", Reply(pull(mergeable=False)), Reply(pull()), Reply(pull()), Reply(merged()))
        api.on("POST pulls/1/merge", Reply({"message": "Please try again later"}, 405), Reply("", 200))
        assert forge.merge(1, HEAD) == MERGE

    @pytest.mark.parametrize(
        ("tree", "reply", "kind", "reason", "says"),
        [
            (pull(), Reply({"message": "not enough approvals"}, 405), Stalled, Reason.MERGE_REFUSED, "enough approvals"),
            (pull(), Reply({}, 409), Waiting, Reason.MERGE_NOT_READY, "moving"),
            (pull(), Reply({}, 423), Stalled, Reason.FORGE_DENIED, "archived"),
            (pull(), Reply("", 500), Transient, Reason.FORGE_UNREACHABLE, "500"),
            (pull(mergeable=False), Reply(""), Stalled, Reason.MERGE_REFUSED, "conflicts"),
            (pull(draft=True), Reply(""), Stalled, Reason.MERGE_REFUSED, "draft"),
            (pull(state="closed", closed_at="2026-11-23T02:00:00Z"), Reply(""), Stalled, Reason.MERGE_REFUSED, "closed"),
            (pull(head=pull()["head"] | {"sha": BASE_AT}), Reply(""), Moved, Reason.BRANCH_MOVED, BASE_AT[:12]),
        ],
        ids=["rule", "base moves", "archived", "fault", "conflict", "draft", "closed", "another head"],
    )  # fmt: skip
    def test_a_refusal_is_told_apart(  # noqa: PLR0917 - a row's columns
        self,
        api: GiteaApi,
        forge: GiteaForge,
        tree: dict[str, Any],
        reply: Reply,
        kind: type[HubError],
        reason: Reason,
        says: str,
    ) -> None:
        api.on("GET pulls/1", Reply(tree))
        api.on("POST pulls/1/merge", reply)
        assert says in str(refused(kind, reason, lambda: forge.merge(1, HEAD)))
        assert api.count("POST") <= 5

    @pytest.mark.parametrize("status", [404, 500])
    def test_a_request_that_is_being_closed_is_not_merged(self, api: GiteaApi, forge: GiteaForge, status: int) -> None:
        closed = pull(state="closed", closed_at="2026-11-23T02:00:00Z")
        api.on("GET pulls/1", *[Reply(pull())] * 3, Reply(closed))
        api.on("POST pulls/1/merge", Reply({}, status))
        refused(Stalled, Reason.MERGE_REFUSED, lambda: forge.merge(1, HEAD))

    def test_a_lost_answer_is_made_good_by_the_next_call(self, api: GiteaApi, forge: GiteaForge) -> None:
        api.on("GET pulls/1", Reply(pull()), Reply(merged()))
        api.on("POST pulls/1/merge", Reply(None, LOST))
        refused(Transient, Reason.FORGE_UNREACHABLE, lambda: forge.merge(1, HEAD))
        assert forge.merge(1, HEAD) == MERGE
        assert api.count("POST") == 1

    def test_a_merge_of_another_commit_is_not_ours(self, api: GiteaApi, forge: GiteaForge) -> None:
        """The branch is at the judged commit again, but what was merged is not."""
        api.on("GET pulls/1", Reply(merged()))
        api.on(f"GET git/commits/{MERGE}", Reply({"parents": [{"sha": BASE_AT}, {"sha": "d" * 40}]}))
        refused(Moved, Reason.BRANCH_MOVED, lambda: forge.merge(1, HEAD))


# Mistakes, the server's and ours


@pytest.mark.parametrize(
    "fields",
    [
        {"number": "x"}, {"title": None}, {"user": 7}, {"labels": [1]}, {"labels": None}, {"head": {}}, {"base": None}, {"created_at": "soon"},
        {"created_at": "2026-11-23T01:00:00"}, {"merged": True}, {"head": pull()["head"] | {"sha": "x"}},
    ],
    ids="-".join,
)  # fmt: skip
def test_a_request_that_makes_no_sense_is_transient(api: GiteaApi, forge: GiteaForge, fields: dict[str, Any]) -> None:
    api.on("GET pulls/1", Reply(pull(**fields)))
    error = refused(Transient, Reason.FORGE_UNREACHABLE, lambda: forge.request(1))
    assert "makes no sense" in str(error)


@pytest.mark.parametrize(
    "mistake", [KeyError("x"), TypeError("x"), ValueError("x"), AttributeError("x"), StopIteration()]
)
def test_a_mistake_of_ours_is_not_told_as_one_of_the_server(
    api: GiteaApi, forge: GiteaForge, monkeypatch: pytest.MonkeyPatch, mistake: Exception
) -> None:
    """It was told as 'try again', for ever."""

    def broken(*_: object) -> None:
        raise mistake

    monkeypatch.setattr("hub.adapters.gitea.objects.request", broken)
    api.on("GET pulls/1", Reply(pull()))
    with pytest.raises(type(mistake)):
        forge.request(1)


def test_a_list_without_end_is_bounded(small: tuple[GiteaApi, GiteaForge], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.adapters.gitea.api.MAX_PAGES", 3)
    api, forge = small
    api.on(f"GET statuses/{HEAD}", Reply(rows(2), 200, {"X-Total-Count": "999999999"}))
    assert "more than 3 pages" in str(refused(Stalled, Reason.FORGE_REFUSED, lambda: forge.checks(HEAD)))


@pytest.mark.parametrize("key", [None, [], {}, True, 1.5], ids=repr)
def test_a_row_that_has_no_key_is_no_row(api: GiteaApi, forge: GiteaForge, key: object) -> None:
    api.on(f"GET statuses/{HEAD}", Reply([rows(1)[0] | {"id": key}]))
    if key is True:  # an integer to Python, and none to Gitea
        assert len(forge.checks(HEAD)) == 1
    else:
        refused(Transient, Reason.FORGE_UNREACHABLE, lambda: forge.checks(HEAD))


@pytest.mark.parametrize(
    "url", ["https://me:pa@ss/hush@git.example.com/acme/state", "https://me:pa ss hush@git.example.com/acme/state", "https://me:p?hush@h/a/b"]
)  # fmt: skip
def test_no_part_of_a_password_is_told(url: str) -> None:
    assert "hush" not in str(refused(ConfigError, Reason.INVALID_FORGE, lambda: open_gitea_forge(url, token=TOKEN)))


def test_a_token_that_is_renewed_in_its_file_is_used(api: GiteaApi) -> None:
    tokens = iter(["0123456789-old", "0123456789-old", "0123456789-new"])
    access = GiteaAccess(f"{api.url}/acme/state", lambda: next(tokens))
    forge = open_gitea(access, SenderParts())
    forge.whoami()
    forge.whoami()
    assert api.tokens == {"token 0123456789-old", "token 0123456789-new"}
