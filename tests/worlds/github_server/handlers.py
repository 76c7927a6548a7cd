"""What each call does. A handler gets the call and returns a status and a body; `ApiError` is a refusal as GitHub words it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from worlds.github_server import rules
from worlds.github_server.git import Repository
from worlds.github_server.state import App, CheckRun, Comment, Key, Pull, Review, Ruleset, State, Status, now
from worlds.github_server.views import Views

DOCS = "https://docs.github.com/rest"


@dataclass
class ApiError(Exception):
    """A refusal. `errors` as in GitHub's 422: objects or sentences, which of them its description says."""

    status: int
    message: str
    errors: tuple[dict[str, str] | str, ...] = ()

    def body(self) -> dict[str, Any]:
        told = {"message": self.message, "documentation_url": DOCS, "status": str(self.status)}
        return {**told, **({"errors": list(self.errors)} if self.errors else {})}


@dataclass
class Call:
    """One call: by whom, the path's parameters, the query, the body."""

    key: Key
    parameters: dict[str, str]
    query: dict[str, str]
    body: Any


Answer = tuple[int, Any]
Handler = Callable[["Handlers", Call], Answer]
#: By operation: the permission that an App needs, its level, and what is done.
TABLE: dict[str, tuple[str, str, Handler]] = {}
REPO, PULL = "/repos/{owner}/{repo}", "/repos/{owner}/{repo}/pulls/{pull_number}"
ISSUE = "/repos/{owner}/{repo}/issues/{issue_number}"


def route(operation: str, permission: str = "metadata", level: str = "read") -> Callable[[Handler], Handler]:
    def take(handler: Handler) -> Handler:
        TABLE[operation] = (permission, level, handler)
        return handler

    return take


@dataclass
class Handlers:
    state: State
    git: Repository
    views: Views
    #: How many looks at a changed request find that mergeability is still being computed.
    computing: int = 0
    #: Called between looking at `base` and merging: what a busy repository does.
    meanwhile: Callable[[], None] | None = None
    looked_at: dict[str, str] = field(default_factory=dict)

    def pull_of(self, call: Call) -> Pull:
        number = int(call.parameters.get("pull_number") or call.parameters["issue_number"])
        if number not in self.state.pulls:
            raise ApiError(404, "Not Found")
        return self.state.pulls[number]

    def refresh(self) -> None:
        """See what pushes, merges and deletions by Git did to open requests."""
        heads = self.git.heads()
        if heads == self.looked_at:
            return
        self.looked_at = heads
        for pull in self.state.pulls.values():
            if pull.state == "closed" or pull.head_repo:
                continue
            head, base = heads.get(pull.branch), heads.get(pull.base)
            if head is None or base is None:
                pull.state, pull.closed_at, pull.updated = "closed", now(), now()
                continue
            if head != pull.seen:
                pull.seen, pull.computing, pull.updated = head, self.computing, now()
            if self.git.contains(base, head):
                pull.state, pull.closed_at, pull.updated = "closed", now(), now()
                if not self.git.contains(pull.base_at, head):
                    pull.merged_at, pull.merge_commit = now(), base

    @route(f"get {REPO}")
    def repository(self, call: Call) -> Answer:
        return 200, self.views.full_repository(call.key)

    @route(f"get {REPO}/branches/{{branch}}", "contents")
    def branch(self, call: Call) -> Answer:
        head = self.git.head(call.parameters["branch"])
        if head is None:
            raise ApiError(404, "Branch not found")
        return 200, self.views.branch(call.parameters["branch"], head)

    @route(f"get {REPO}/pulls", "pull_requests")
    def pulls(self, call: Call) -> Answer:
        query = call.query
        state, base, head = query.get("state", "open"), query.get("base"), query.get("head")
        found = [
            pull
            for pull in self.state.pulls.values()
            if state in ("all", pull.state)
            and base in (None, pull.base)
            and head in (None, f"{(pull.head_repo or self.state.owner).partition('/')[0]}:{pull.branch}")
        ]
        field = {"created": "created", "updated": "updated"}[query.get("sort", "created")]
        descending = query.get("direction", "desc") == "desc"
        found.sort(key=lambda pull: (getattr(pull, field), pull.number), reverse=descending)
        return 200, [self.views.pull_simple(pull) for pull in found]

    @route(f"post {REPO}/pulls", "pull_requests", "write")
    def open(self, call: Call) -> Answer:
        title, branch, base = call.body["title"], call.body["head"].rpartition(":")[2], call.body["base"]
        head, base_at = self.git.head(branch), self.git.head(base)
        for end, commit in (("head", head), ("base", base_at)):
            if commit is None:
                raise ApiError(
                    422, "Validation Failed", ({"resource": "PullRequest", "field": end, "code": "invalid"},)
                )
        assert head is not None
        assert base_at is not None
        if any((p.branch, p.base, p.state) == (branch, base, "open") for p in self.state.pulls.values()):
            raise self._unwanted(f"A pull request already exists for {self.state.owner}:{branch}.")
        if self.git.contains(base_at, head):
            raise self._unwanted(f"No commits between {base} and {branch}")
        number = max(self.state.pulls, default=0) + 1
        body = call.body.get("body")
        at = now()
        pull = Pull(
            number, title, body, call.key.account, branch, base, base_at, head, at, at, computing=self.computing
        )
        pull.draft = bool(call.body.get("draft"))
        pull.pushed_by = call.key.account.login
        self.state.pulls[number] = pull
        return 201, self.views.pull(pull, call.key)

    @route(f"get {PULL}", "pull_requests")
    def pull(self, call: Call) -> Answer:
        return 200, self.views.pull(self.pull_of(call), call.key)

    @route(f"patch {PULL}", "pull_requests", "write")
    def edit(self, call: Call) -> Answer:
        pull = self.pull_of(call)
        pull.title, pull.body = call.body.get("title", pull.title), call.body.get("body", pull.body)
        if (base := call.body.get("base", pull.base)) != pull.base:
            pull.base, pull.base_at = base, self.git.head(base) or pull.base_at
            pull.events.append(("base_ref_changed", now()))
        wanted = call.body.get("state", pull.state)
        if pull.merged_at and wanted == "open":
            raise self._unwanted("state cannot be changed. The pull request was merged.")
        if wanted != pull.state:
            pull.state, pull.closed_at = wanted, now() if wanted == "closed" else None
        pull.updated = now()
        return 200, self.views.pull(pull, call.key)

    @route(f"get {PULL}/commits", "pull_requests")
    def commits(self, call: Call) -> Answer:
        return 200, self.views.commits(self.pull_of(call))[:250]

    @route(f"put {PULL}/merge", "contents", "write")
    def merge(self, call: Call) -> Answer:
        pull, method = self.pull_of(call), call.body.get("merge_method", "merge")
        if pull.state == "closed":
            raise ApiError(405, "Pull Request is not mergeable")
        if call.body.get("sha", pull.seen) != pull.seen:
            raise ApiError(409, "Head branch was modified. Review and try the merge again.")
        base = self.git.head(pull.base)
        assert base is not None
        if pull.computing > 0 or pull.draft or self.git.merged_tree(base, pull.seen) is None:
            raise ApiError(405, "Pull Request is not mergeable")
        if told := list(rules.objections(self.state, self.git, pull, call.key, method)):
            raise ApiError(405, "Repository rule violations found\n\n" + "\n\n".join(told))
        if self.meanwhile:
            self.meanwhile()
        if self.git.head(pull.base) != base:
            raise ApiError(405, "Base branch was modified. Review and try the merge again.")
        title = call.body.get(
            "commit_title", f"Merge pull request #{pull.number} from {self.state.owner}/{pull.branch}"
        )
        message = f"{title}\n\n{call.body.get('commit_message', pull.title)}\n"
        account = call.key.account
        commit = self.git.merge(pull.base, pull.seen, message, account.login, min(account.emails))
        if commit is None:
            raise ApiError(405, "Base branch was modified. Review and try the merge again.")
        pull.state, pull.merge_commit = "closed", commit
        pull.merged_at = pull.closed_at = pull.updated = now()
        return 200, {"sha": commit, "merged": True, "message": "Pull Request successfully merged"}

    @route(f"get {PULL}/reviews", "pull_requests")
    def reviews(self, call: Call) -> Answer:
        pull = self.pull_of(call)
        return 200, [self.views.review(pull, review) for review in pull.reviews]

    @route(f"post {PULL}/reviews", "pull_requests", "write")
    def review(self, call: Call) -> Answer:
        pull, account = self.pull_of(call), call.key.account
        states = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}
        event, body, commit = call.body.get("event"), call.body.get("body", ""), call.body.get("commit_id", pull.seen)
        if account is pull.user and event != "COMMENT":
            raise ApiError(422, "Unprocessable Entity", ("Can not approve your own pull request",))
        if event != "APPROVE" and not body:
            raise ApiError(422, "Unprocessable Entity", ("Body can't be blank",))
        review = Review(self.state.next_id(), account, states[event], commit, body, now())
        pull.reviews.append(review)
        pull.asked = [slug for slug in pull.asked if account.login not in self.state.teams[slug][1]]
        pull.updated = now()
        return 200, self.views.review(pull, review)

    @route(f"put {PULL}/reviews/{{review_id}}/dismissals", "pull_requests", "write")
    def dismiss(self, call: Call) -> Answer:
        pull = self.pull_of(call)
        review = next((one for one in pull.reviews if one.id == int(call.parameters["review_id"])), None)
        if review is None:
            raise ApiError(404, "Not Found")
        if review.state == "COMMENTED":
            raise ApiError(422, "Can not dismiss a commented pull request review")
        review.state = "DISMISSED"
        return 200, self.views.review(pull, review)

    @route(f"get {PULL}/requested_reviewers", "pull_requests")
    def asked(self, call: Call) -> Answer:
        return 200, self.views.asked(self.pull_of(call))

    @route(f"post {PULL}/requested_reviewers", "pull_requests", "write")
    def ask(self, call: Call) -> Answer:
        pull = self.pull_of(call)
        for slug in call.body.get("team_reviewers", ()):
            if slug not in self.state.teams:
                raise ApiError(422, "Reviews may only be requested from collaborators.")
            pull.asked = [*[one for one in pull.asked if one != slug], slug]
        return 201, self.views.pull_simple(pull)

    @route(f"get {ISSUE}/comments", "pull_requests")
    def comments(self, call: Call) -> Answer:
        return 200, [self.views.comment(comment) for comment in self.pull_of(call).comments]

    @route(f"get {ISSUE}/events", "pull_requests")
    def events(self, call: Call) -> Answer:
        pull = self.pull_of(call)
        return 200, [self.views.event(number, event, at) for number, (event, at) in enumerate(pull.events)]

    @route(f"put {PULL}/update-branch", "pull_requests", "write")
    def update_branch(self, call: Call) -> Answer:
        pull, account = self.pull_of(call), call.key.account
        if call.body.get("expected_head_sha", pull.seen) != pull.seen:
            raise ApiError(422, "expected head sha didn't match current head ref.")
        message = f"Merge branch '{pull.base}' into {pull.branch}\n"
        base = self.git.head(pull.base)
        assert base is not None
        if self.git.merge(pull.branch, base, message, account.login, min(account.emails)) is None:
            raise ApiError(422, "merge conflict between base and head")
        return 202, {"message": "Updating pull request branch.", "url": f"{self.views.base}/x"}

    @route(f"post {ISSUE}/comments", "pull_requests", "write")
    def comment(self, call: Call) -> Answer:
        comment = Comment(self.state.next_id(), call.key.account, call.body["body"], now())
        self.pull_of(call).comments.append(comment)
        return 201, self.views.comment(comment)

    @route(f"patch {REPO}/issues/comments/{{comment_id}}", "pull_requests", "write")
    def edit_comment(self, call: Call) -> Answer:
        wanted = int(call.parameters["comment_id"])
        comments = (one for pull in self.state.pulls.values() for one in pull.comments if one.id == wanted)
        comment = next(comments, None)
        if comment is None:
            raise ApiError(404, "Not Found")
        if comment.user is not call.key.account and not call.key.may("administration", "write"):
            raise ApiError(403, "Must have admin rights to Repository.")
        comment.body = call.body["body"]
        return 200, self.views.comment(comment)

    @route(f"post {ISSUE}/labels", "pull_requests", "write")
    def label(self, call: Call) -> Answer:
        pull = self.pull_of(call)
        pull.labels += [name for name in call.body["labels"] if name not in pull.labels]
        return 200, [self.views.label(name) for name in pull.labels]

    @route(f"delete {ISSUE}/labels/{{name}}", "pull_requests", "write")
    def unlabel(self, call: Call) -> Answer:
        pull, name = self.pull_of(call), call.parameters["name"]
        if name not in pull.labels:
            raise ApiError(404, "Label does not exist")
        pull.labels.remove(name)
        return 200, [self.views.label(one) for one in pull.labels]

    @route(f"get {REPO}/commits/{{ref}}/check-runs", "checks")
    def runs(self, call: Call) -> Answer:
        commit, name = self._commit(call.parameters["ref"]), call.query.get("check_name")
        found = [run for run in self.state.runs if run.commit == commit and name in (None, run.name)]
        if call.query.get("filter", "latest") == "latest":
            found = [*{(run.app.id, run.name): run for run in found}.values()]
        return 200, {"total_count": len(found), "check_runs": [self.views.run(run) for run in found]}

    @route(f"post {REPO}/check-runs", "checks", "write")
    def run(self, call: Call) -> Answer:
        if call.key.app is None:
            raise ApiError(403, "You must authenticate via a GitHub App.")
        body = call.body
        conclusion = body.get("conclusion")
        status = "completed" if conclusion else body.get("status", "queued")
        commit = self._commit(body["head_sha"])
        run = CheckRun(self.state.next_id(), body["name"], commit, status, conclusion, call.key.app)
        run.external_id, run.output = body.get("external_id", ""), body.get("output", {})
        run.details_url = body.get("details_url")
        self.state.runs.append(run)
        return 201, self.views.run(run)

    @route(f"get {REPO}/commits/{{ref}}/statuses", "statuses")
    def statuses(self, call: Call) -> Answer:
        commit = self._commit(call.parameters["ref"])
        return 200, [self.views.status(one) for one in reversed(self.state.statuses) if one.commit == commit]

    @route(f"post {REPO}/statuses/{{sha}}", "statuses", "write")
    def status(self, call: Call) -> Answer:
        context, state = call.body.get("context", "default"), call.body["state"]
        commit = self._commit(call.parameters["sha"])
        status = Status(self.state.next_id(), context, commit, state, call.key.account, now())
        status.description, status.target_url = call.body.get("description", ""), call.body.get("target_url", "")
        if len(status.description) > 140:
            raise ApiError(422, "Validation Failed", ({"code": "custom", "message": "description is too long"},))
        self.state.statuses.append(status)
        return 201, self.views.status(status)

    @route("get /app/hook/deliveries", "app")
    def delivered(self, call: Call) -> Answer:
        cursor = call.query.get("cursor", "")
        if cursor and not cursor.startswith("v1_"):
            raise ApiError(422, "Invalid cursor")
        below = int(cursor.removeprefix("v1_") or 2**60)
        mine = [one for one in self.state.delivered if one.app == self._app(call).id and one.id <= below]
        return 200, [self.views.delivered(one) for one in reversed(mine)]

    @route("post /app/hook/deliveries/{delivery_id}/attempts", "app")
    def deliver_again(self, call: Call) -> Answer:
        known = {str(one.id): one for one in self.state.delivered if one.app == self._app(call).id}
        found = known.get(call.parameters["delivery_id"])
        if found is None:
            raise ApiError(422, "Validation Failed", ({"code": "custom", "message": "It is not kept any more"},))
        status = self.state.redeliver(found)
        self.state.delivered.append(replace(found, id=self.state.next_id(), at=now(), status=status))
        return 202, {}

    @staticmethod
    def _app(call: Call) -> App:
        if call.key.app is None:
            raise ApiError(401, "A JSON web token could not be decoded")
        return call.key.app

    @route(f"get {REPO}/rules/branches/{{branch}}")
    def branch_rules(self, call: Call) -> Answer:
        found = rules.rules_for(self.state, call.parameters["branch"])
        return 200, [self.views.rule(ruleset, rule) for ruleset, rule in found]

    @route(f"get {REPO}/rulesets")
    def rulesets(self, call: Call) -> Answer:
        return 200, [self.views.ruleset(one, call.key, is_short=True) for one in self.state.rulesets.values()]

    @route(f"get {REPO}/rulesets/{{ruleset_id}}")
    def ruleset(self, call: Call) -> Answer:
        found = self.state.rulesets.get(int(call.parameters["ruleset_id"]))
        if found is None:
            raise ApiError(404, "Not Found")
        return 200, self.views.ruleset(found, call.key)

    @route(f"post {REPO}/rulesets", "administration", "write")
    def add_ruleset(self, call: Call) -> Answer:
        if any(one.name == call.body["name"] for one in self.state.rulesets.values()):
            raise ApiError(422, "Validation Failed", ({"code": "custom", "message": "Name must be unique"},))
        ruleset = self._ruleset(self.state.next_id(), call.body)
        return 201, self.views.ruleset(ruleset, call.key)

    @route(f"put {REPO}/rulesets/{{ruleset_id}}", "administration", "write")
    def put_ruleset(self, call: Call) -> Answer:
        number = int(call.parameters["ruleset_id"])
        if number not in self.state.rulesets:
            raise ApiError(404, "Not Found")
        return 200, self.views.ruleset(self._ruleset(number, call.body), call.key)

    def _ruleset(self, number: int, body: Any) -> Ruleset:
        takes = self.state.takes_required_reviewers
        for rule in body["rules"]:
            if not takes and "required_reviewers" in rule.get("parameters", {}):
                raise ApiError(
                    422, "Validation Failed", ({"code": "invalid", "message": "Invalid rule 'pull_request'"},)
                )
        ruleset = Ruleset(
            number, body["name"], body["enforcement"], body["conditions"], body.get("bypass_actors", []), body["rules"]
        )
        self.state.rulesets[number] = ruleset
        return ruleset

    def _commit(self, ref: str) -> str:
        if not self.git.has(ref):
            raise ApiError(422, f"No commit found for SHA: {ref}")
        return ref

    @staticmethod
    def _unwanted(message: str) -> ApiError:
        return ApiError(422, "Validation Failed", ({"resource": "PullRequest", "code": "custom", "message": message},))
