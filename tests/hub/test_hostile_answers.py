"""Hostile answers of forges to every read, from users to rulesets: a value, or an error that is declared.

Each read is made on a server first, and its answers are kept; then it is made again and again, with one of them changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from test_hostile_inputs import every, hostile, mutated, places

from contracts.forge_contract import BASE, PREFIX, ask
from generator.errors import HubError
from hub.adapters.http import Answer, Request, Sender
from reconcilers.ports.forge import BranchProtection, Forge
from worlds.builders import NOW
from worlds.gitea_api import BASE_AT, HEAD, GiteaApi, Reply, merged, open_gitea_forge, pull, review, user
from worlds.github_world import GitHubWorld

READS: dict[str, Callable[[Forge, str], object]] = {
    "who am I": lambda forge, _: forge.whoami(),
    "an account": lambda forge, _: forge.account("bob"),
    "an account by e-mail": lambda forge, _: forge.account("bob@example.com"),
    "an account by id": lambda forge, _: forge.account_of("2"),
    "requests": lambda forge, _: forge.requests(BASE, prefix=PREFIX, closed_since=NOW - timedelta(days=9000)),
    "reviews": lambda forge, _: forge.reviews(1),
    "committers": lambda forge, _: forge.committers(1),
    "a team": lambda forge, _: forge.team_members("acme/prd-approvers"),
    "checks": lambda forge, head: forge.checks(head),
    "protection": lambda forge, _: forge.protection(BASE),
    "who reports checks": lambda forge, _: forge.check_reporter(),
}


@pytest.fixture
def inputs(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("--inputs"))


@pytest.fixture
def github(tmp_path: Path) -> Iterator[tuple[Callable[[], Forge], str]]:
    with GitHubWorld(tmp_path / "state.git") as world:
        request = ask(world)
        world.review(request.number, "bob", "approved")
        world.review(request.number, "carol", "changes-requested")
        world.report(request.head, "guard", "passed")
        world.report(request.head, "status", "failed")
        rules = BranchProtection(requests_only=True, approvals=1, approver_team=world.team, checks=frozenset({"guard"}), no_force_push=True, no_deletion=True)  # fmt: skip
        world.forge.protect(BASE, rules)
        yield world.as_app, request.head


@pytest.fixture
def gitea() -> Iterator[tuple[Callable[[], Forge], str]]:
    with GiteaApi() as api:
        signed = {"name": "alice", "email": "alice@example.com", "date": "2026-11-23T01:00:00Z"}
        commit = {"sha": HEAD, "author": user("alice", 3), "committer": user("alice", 3), "commit": {"author": signed, "committer": signed, "message": "x"}}  # fmt: skip
        status = {"id": 1, "context": "guard", "status": "success", "creator": user("ci", 9), "updated_at": "2026-11-23T01:00:00Z"}  # fmt: skip
        rule = {
            "rule_name": BASE, "enable_push": False, "enable_push_whitelist": False, "push_whitelist_usernames": [],
            "push_whitelist_teams": [], "push_whitelist_deploy_keys": False, "enable_force_push": False,
            "enable_status_check": True, "status_check_contexts": ["guard"], "required_approvals": 1,
            "enable_approvals_whitelist": True, "approvals_whitelist_username": [],
            "approvals_whitelist_teams": ["prd-approvers"], "block_on_rejected_reviews": True,
            "dismiss_stale_approvals": True, "ignore_stale_approvals": False, "unprotected_file_patterns": "",
            "block_admin_merge_override": True,
        }  # fmt: skip
        branch = {"name": BASE, "commit": {"id": BASE_AT}, "protected": True, "effective_branch_protection_name": BASE}
        for call, body in {
            "GET pulls/1": pull(), "GET pulls/1/reviews": [review("bob", "APPROVED")], "GET issues/1/timeline": [],
            "GET pulls/1/commits": [commit], f"GET statuses/{HEAD}": [status], "GET branch_protections": [rule], f"GET branches/{BASE}": branch,
            "GET /api/v1/users/bob": user("bob", 2), "GET /api/v1/users/search": {"data": [user("bob", 2)], "ok": True},
            "GET /api/v1/orgs/acme/teams": [{"id": 5, "name": "prd-approvers"}], "GET /api/v1/teams/5/members": [user("bob", 2)],
        }.items():  # fmt: skip
            api.on(call, Reply(body))
        api.on("GET pulls", Reply([pull()]), Reply([merged(2)]), Reply([pull()]))
        yield (
            lambda: open_gitea_forge(
                f"{api.url}/acme/state", token="0" * 40, teams_token="1" * 40, sleep=lambda _: None
            ),
            HEAD,
        )


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("kind", ["github", "gitea"])
def test_what_a_forge_answers_to_a_read(
    kind: str, read: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, inputs: int
) -> None:
    opened, head = request.getfixturevalue(kind)
    kept: dict[str, Answer] = {}
    send = Sender.send

    def kept_send(sender: Sender, asked: Request) -> Answer:
        kept[asked.target] = send(sender, asked)
        return kept[asked.target]

    monkeypatch.setattr(Sender, "send", kept_send)
    READS[read](opened(), head)
    if not kept:
        return  # it is known without being asked
    answers = {target: answer for target, answer in kept.items() if answer.data is not None}

    def replayed(changed: tuple[str, Any]) -> None:
        told = {**answers, changed[0]: replace(answers[changed[0]], data=changed[1])}
        monkeypatch.setattr(
            Sender, "send", lambda _, one: told.get(one.target, Answer(404, {}, b"", {"message": "no"}))
        )
        try:
            READS[read](opened(), head)
        except HubError:
            return

    one_changed = st.sampled_from(sorted(answers)).flatmap(
        lambda target: st.tuples(
            st.just(target),
            st.one_of(mutated(answers[target].data), hostile) if list(places(answers[target].data)) else hostile,
        )
    )
    every(max(10, inputs // 20), one_changed, replayed)
