"""What each call about deployments, check runs and comments does, as `handlers` has them."""

from __future__ import annotations

from typing import Any

from worlds.github_server.handlers import REPO, Answer, ApiError, Call, Handlers, route
from worlds.github_server.state import CheckRun, Comment, Deployment, Pull

DEPLOYMENT = f"{REPO}/deployments/{{deployment_id}}"


@route(f"get {REPO}/deployments", "deployments")
def deployments(self: Handlers, call: Call) -> Answer:
    wanted = {name: call.query[name] for name in ("ref", "environment", "task") if name in call.query}
    found = [self.views.deployment(one) for one in reversed(self.state.deployments.values())]
    return 200, [one for one in found if wanted.items() <= one.items()]


@route(f"post {REPO}/deployments", "deployments", "write")
def deploy(self: Handlers, call: Call) -> Answer:
    ref, body = call.body["ref"], call.body
    commit = self.git.head(ref) or (ref if self.git.has(ref) else None)
    if commit is None:
        raise ApiError(422, f"No ref found for: {ref}")
    _short(body.get("description"))
    contexts = body.get("required_contexts")
    failed = [one for one in self.state.statuses if one.commit == commit and one.state != "success"]
    if contexts is None and failed:
        raise ApiError(409, "Conflict: Commit status checks failed for the ref.")
    if body.get("auto_merge", True):
        raise ApiError(409, "Conflict merging the default branch")
    made = Deployment(self.state.next_id(), ref, commit, call.key.account, body)
    self.state.deployments[made.id] = made
    return 201, self.views.deployment(made)


def _deployment(self: Handlers, call: Call) -> Deployment:
    found = self.state.deployments.get(int(call.parameters["deployment_id"]))
    if found is None:
        raise ApiError(404, "Not Found")
    return found


@route(f"delete {DEPLOYMENT}", "deployments", "write")
def delete_deployment(self: Handlers, call: Call) -> Answer:
    found = _deployment(self, call)
    if found.state != "inactive" and len(self.state.deployments) > 1:
        raise ApiError(422, "We cannot delete an active deployment unless it is the only deployment in a repository.")
    del self.state.deployments[found.id]
    return 204, None


@route(f"post {DEPLOYMENT}/statuses", "deployments", "write")
def deployment_status(self: Handlers, call: Call) -> Answer:
    found = _deployment(self, call)
    _short(call.body.get("description"))
    if call.body.get("auto_inactive", True) and call.body["state"] == "success":
        for other in self.state.deployments.values():
            is_alike = other.asked["environment"] == found.asked["environment"]
            if other is not found and is_alike and not other.asked.get("transient_environment"):
                other.statuses.append({"state": "inactive"})
    found.statuses.append(call.body)
    return 201, self.views.deployment_status(found, call.body)


def _short(description: Any) -> None:
    if description is not None and len(description) > 140:
        raise ApiError(422, "Validation Failed", ({"code": "custom", "message": "description is too long"},))


def _run(self: Handlers, call: Call) -> CheckRun:
    found = [one for one in self.state.runs if one.id == int(call.parameters["check_run_id"])]
    if not found or found[0].app is not call.key.app:
        raise ApiError(404, "Not Found")
    return found[0]


@route(f"get {REPO}/check-runs/{{check_run_id}}", "checks")
def run(self: Handlers, call: Call) -> Answer:
    return 200, self.views.run(_run(self, call))


@route(f"patch {REPO}/check-runs/{{check_run_id}}", "checks", "write")
def edit_run(self: Handlers, call: Call) -> Answer:
    found, body = _run(self, call), call.body
    if "conclusion" in body:
        found.status, found.conclusion = "completed", body["conclusion"]
    elif "status" in body:
        found.status, found.conclusion = body["status"], None
    found.external_id, found.details_url = body.get("external_id", found.external_id), body.get("details_url", found.details_url)  # fmt: skip
    found.output = body.get("output", found.output)
    return 200, self.views.run(found)


def _comment(self: Handlers, call: Call) -> tuple[Pull, Comment]:
    wanted = int(call.parameters["comment_id"])
    for pull in self.state.pulls.values():
        for comment in pull.comments:
            if comment.id == wanted:
                return pull, comment
    raise ApiError(404, "Not Found")


@route(f"delete {REPO}/issues/comments/{{comment_id}}", "pull_requests", "write")
def delete_comment(self: Handlers, call: Call) -> Answer:
    pull, comment = _comment(self, call)
    pull.comments.remove(comment)
    return 204, None
