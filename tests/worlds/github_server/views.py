"""Answers' bodies. What a client decides by is set here; `filled` adds the rest of what GitHub's description wants."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from worlds.github_server import rules
from worlds.github_server.git import Repository
from worlds.github_server.schemas import EPOCH, filled
from worlds.github_server.state import (
    Account,
    App,
    CheckRun,
    Comment,
    Delivered,
    Deployment,
    Key,
    Pull,
    Review,
    Ruleset,
    State,
    Status,
    now,
    stamp,
)

#: What GitHub shows as merge commit of an open request: its own trial merge, which is on no branch.
TRIAL_MERGE = "e" * 40


@dataclass
class Views:
    state: State
    git: Repository
    base: str

    def user(self, account: Account) -> dict[str, Any]:
        page = f"https://github.example.com/{account.login.removesuffix('[bot]')}"
        named = {"login": account.login, "id": account.id, "type": account.type, "html_url": page}
        return filled("simple-user", self.base, **named)

    def public_user(self, account: Account) -> dict[str, Any]:
        more = {"user_view_type": "public", "email": account.profile_email or None}
        return filled("public-user", self.base, **self.user(account), **more)

    def searched(self, account: Account) -> dict[str, Any]:
        return filled("user-search-result-item", self.base, **self.user(account), score=1.0)

    def collaborator(self, account: Account) -> dict[str, Any]:
        names = ("pull", "triage", "push", "maintain", "admin")
        granted = dict.fromkeys(names, account.role == "admin")
        return filled("collaborator", self.base, **self.user(account), permissions=granted, role_name=account.role)

    def event(self, number: int, event: str, at: datetime) -> dict[str, Any]:
        named = {"id": number, "event": event, "created_at": stamp(at)}
        return filled("added-to-project-issue-event", self.base, **named)

    def repository(self, name: str = "") -> dict[str, Any]:
        owner, _, repo = (name or self.state.full_name).partition("/")
        return filled(
            "repository",
            self.base,
            id=self.state.id,
            name=repo,
            full_name=f"{owner}/{repo}",
            owner=filled("simple-user", self.base, login=owner, id=1, type="Organization"),
            archived=self.state.is_archived,
            private=True,
            default_branch="main",
            license=None,
        )

    def full_repository(self, key: Key) -> dict[str, Any]:
        dates = dict.fromkeys(("created_at", "pushed_at", "updated_at"), EPOCH)
        may = {"pull": True, "push": key.account.role in ("write", "admin"), "admin": key.account.role == "admin"}
        return filled("full-repository", self.base, **{**self.repository(), **dates, "permissions": may})

    def app(self, app: App) -> dict[str, Any]:
        owner = filled("simple-user", self.base, login=self.state.owner, id=1, type="Organization")
        named = {"id": app.id, "slug": app.slug, "name": app.slug}
        return filled("integration", self.base, **named, owner=owner, permissions=app.permissions)

    def installation(self, app: App) -> dict[str, Any]:
        return filled(
            "installation",
            self.base,
            id=app.installation,
            app_id=app.id,
            app_slug=app.slug,
            permissions=app.permissions,
            account=filled("simple-user", self.base, login=self.state.owner, id=1, type="Organization"),
            repository_selection="selected",
            events=[],
            target_type="Organization",
            suspended_at=None,
            suspended_by=None,
            single_file_name=None,
        )

    def branch(self, name: str, head: str) -> dict[str, Any]:
        least = filled("branch-with-protection", self.base, name=name)
        commit = {**least["commit"], "sha": head}
        return {**least, "commit": commit, "protected": bool(rules.rules_for(self.state, name))}

    def pull_simple(self, pull: Pull) -> dict[str, Any]:
        return filled("pull-request-simple", self.base, **self._pull(pull))

    def pull(self, pull: Pull, key: Key) -> dict[str, Any]:
        mergeable, state = self._mergeable(pull, key)
        commits = self.git.commits(self._since(pull), pull.seen)
        return filled(
            "pull-request",
            self.base,
            **self._pull(pull),
            merged=pull.merged_at is not None,
            mergeable=mergeable,
            mergeable_state=state,
            commits=len(commits),
            comments=len(pull.comments),
        )

    def commits(self, pull: Pull) -> list[dict[str, Any]]:
        return [self._commit(record) for record in self.git.commits(self._since(pull), pull.seen)]

    def review(self, pull: Pull, review: Review) -> dict[str, Any]:
        return filled(
            "pull-request-review",
            self.base,
            id=review.id,
            user=self.user(review.user) if review.user else None,
            body=review.body,
            state=review.state,
            commit_id=review.commit,
            submitted_at=stamp(review.at),
            author_association="MEMBER",
        )

    def comment(self, comment: Comment) -> dict[str, Any]:
        return filled(
            "issue-comment",
            self.base,
            id=comment.id,
            body=comment.body,
            user=self.user(comment.user),
            created_at=stamp(comment.at),
            updated_at=stamp(comment.at),
            author_association="MEMBER",
        )

    def label(self, name: str) -> dict[str, Any]:
        return filled("label", self.base, id=abs(hash(name)) % 10**6, name=name, color="ededed", description="")

    def team(self, slug: str, *, schema: str = "team") -> dict[str, Any]:
        number, _ = self.state.teams[slug]
        return filled(schema, self.base, id=number, slug=slug, name=slug, permission="push", parent=None)

    def asked(self, pull: Pull) -> dict[str, Any]:
        return {"users": [], "teams": [self.team(slug) for slug in pull.asked]}

    def run(self, run: CheckRun) -> dict[str, Any]:
        done = run.status == "completed"
        return filled(
            "check-run",
            self.base,
            id=run.id,
            name=run.name,
            head_sha=run.commit,
            status=run.status,
            conclusion=run.conclusion,
            external_id=run.external_id,
            details_url=run.details_url,
            output={
                "title": None,
                "summary": None,
                "text": None,
                **run.output,
                "annotations_count": 0,
                "annotations_url": f"{self.base}/x",
            },
            app=self.app(run.app),
            started_at=stamp(now()),
            completed_at=stamp(now()) if done else None,
        )

    def status(self, status: Status) -> dict[str, Any]:
        return filled(
            "status",
            self.base,
            id=status.id,
            context=status.context,
            state=status.state,
            description=status.description,
            target_url=status.target_url or None,
            creator=self.user(status.creator),
            created_at=stamp(status.at),
            updated_at=stamp(status.at),
        )

    def deployment(self, one: Deployment) -> dict[str, Any]:
        asked = {"task": "deploy", "environment": "production", "payload": "", "description": "", **one.asked}
        kept = ("task", "environment", "payload", "description", "transient_environment", "production_environment")
        return filled(
            "deployment",
            self.base,
            id=one.id,
            ref=one.ref,
            sha=one.commit,
            creator=self.user(one.creator),
            **{name: asked[name] for name in kept if name in asked},
        )

    def deployment_status(self, one: Deployment, status: dict[str, Any]) -> dict[str, Any]:
        kept = ("state", "description", "environment", "environment_url", "log_url")
        known = {name: status[name] for name in kept if name in status}
        return filled("deployment-status", self.base, creator=self.user(one.creator), **known)

    def delivered(self, one: Delivered) -> dict[str, Any]:
        return filled(
            "hook-delivery-item",
            self.base,
            id=one.id,
            guid=one.guid,
            delivered_at=stamp(one.at),
            status="OK" if one.status == 202 else "Invalid HTTP Response: 503",
            status_code=one.status,
            event=one.event,
        )

    def ruleset(self, ruleset: Ruleset, key: Key, *, is_short: bool = False) -> dict[str, Any]:
        body = {
            "id": ruleset.id,
            "name": ruleset.name,
            "target": "branch",
            "source_type": "Repository",
            "source": self.state.full_name,
            "enforcement": ruleset.enforcement,
            "node_id": "RRS_x",
        }
        if is_short:
            return body
        body |= {"conditions": ruleset.conditions, "rules": ruleset.rules}
        if key.may("administration", "write"):
            body["bypass_actors"] = ruleset.bypass
        return body

    def rule(self, ruleset: Ruleset, rule: dict[str, Any]) -> dict[str, Any]:
        source = {"ruleset_source_type": "Repository", "ruleset_source": self.state.full_name, "ruleset_id": ruleset.id}
        return {**rule, **source}

    def _pull(self, pull: Pull) -> dict[str, Any]:
        return {
            "id": 50000 + pull.number,
            "number": pull.number,
            "html_url": f"https://github.example.com/{self.state.full_name}/pull/{pull.number}",
            "title": pull.title,
            "body": pull.body,
            "user": self.user(pull.user),
            "state": pull.state,
            "draft": pull.draft,
            "labels": [self.label(name) for name in pull.labels],
            "created_at": stamp(pull.created),
            "updated_at": stamp(pull.updated),
            "closed_at": stamp(pull.closed_at),
            "merged_at": stamp(pull.merged_at),
            "merge_commit_sha": pull.merge_commit or TRIAL_MERGE,
            "head": self._end(pull.head_repo or self.state.full_name, pull.branch, pull.seen),
            "base": self._end(self.state.full_name, pull.base, self.git.head(pull.base) or pull.base_at),
            "requested_teams": [self.team(slug) for slug in pull.asked],
            "author_association": "MEMBER",
        }

    def _end(self, repo: str, branch: str, commit: str) -> dict[str, Any]:
        owner = repo.partition("/")[0]
        user = filled("simple-user", self.base, login=owner, id=1, type="Organization")
        named = self.repository(repo)
        return {"label": f"{owner}:{branch}", "ref": branch, "sha": commit, "user": user, "repo": named}

    def _mergeable(self, pull: Pull, key: Key) -> tuple[bool | None, str]:
        if pull.computing > 0:
            pull.computing -= 1
            return None, "unknown"
        base = self.git.head(pull.base)
        if pull.state == "closed" or base is None:
            return None, "unknown"
        if self.git.merged_tree(base, pull.seen) is None:
            return False, "dirty"
        if pull.draft:
            return True, "draft"
        if rules.is_behind(self.state, self.git, pull, key):
            return True, "behind"
        blocked = any(rules.objections(self.state, self.git, pull, key, "merge"))
        return True, "blocked" if blocked else "clean"

    def _since(self, pull: Pull) -> str:
        return pull.base_at if pull.state == "closed" else self.git.head(pull.base) or pull.base_at

    def _commit(self, record: list[str]) -> dict[str, Any]:
        sha, tree, parents, author, author_email, authored, committer, committer_email, committed, message = record
        accounts = [self.state.by_email(email) for email in (author_email, committer_email)]
        by, through = (self.user(account) if account else None for account in accounts)
        return filled(
            "commit",
            self.base,
            sha=sha,
            commit={
                "url": f"{self.base}/x",
                "author": {"name": author, "email": author_email, "date": authored},
                "committer": {"name": committer, "email": committer_email, "date": committed},
                "message": message,
                "tree": {"sha": tree, "url": f"{self.base}/x"},
                "comment_count": 0,
            },
            author=by,
            committer=through,
            parents=[{"sha": parent, "url": f"{self.base}/x"} for parent in parents.split()],
        )
