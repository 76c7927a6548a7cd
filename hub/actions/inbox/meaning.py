"""What a delivery says: which it is, and the jobs that follow from it. Pure.

Jira and GitHub only hint that something changed: a job reads the issue or pull request again and acts on what is true
then, so that neither their order nor their repetition matters. Sources of what is read here:
https://docs.github.com/en/webhooks/webhook-events-and-payloads,
https://developer.atlassian.com/cloud/jira/platform/webhooks/,
https://docs.slack.dev/interactivity/handling-user-interaction and https://docs.slack.dev/apis/events-api,
https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, get_args

from generator.errors import ConfigError, Fault, Reason
from hub.queue.payloads import (
    SCHEMA,
    AutomationBody,
    BranchHint,
    ImageHint,
    IssueHint,
    PullHint,
    SlackClick,
    SlackCommand,
    SlackUnfurl,
    checked,
)
from hub.store.deliveries import Source
from hub.store.ids import ID
from hub.store.jobs import Job

#: Those that are sent to the listener.
SOURCES: Final[tuple[Source, ...]] = tuple(one for one in get_args(Source) if one != "ecr")
QUEUE: Final = "jira-queue"
_ECR_EVENT: Final = "image-action"
#: What is kept of the headers; nothing that proves anything is.
KEPT_HEADERS: Final = (
    "content-type", "content-encoding", "user-agent", "x-github-delivery", "x-github-event", "x-github-hook-id",
    "x-atlassian-webhook-identifier", "x-atlassian-webhook-retry", "x-atlassian-webhook-flow",
    "x-slack-request-timestamp", "x-slack-retry-num", "x-slack-retry-reason",
)  # fmt: skip
#: What is asked for, by the id of a button (`hub.views.messages.buttons`).
_CLICKS: Final = {f"rtb-hub.{action}": action for action in ("extend", "sleep", "wake", "stop")}
#: What is typed in Slack.
COMMAND: Final = "/preview"
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}")
_PULL_ACTIONS = frozenset({"opened", "reopened", "synchronize", "labeled", "unlabeled", "closed", "edited"})
_ISSUE_EVENTS = frozenset({"jira:issue_created", "jira:issue_updated", "jira:issue_deleted"})


@dataclass(frozen=True, slots=True)
class Named:
    """Which delivery it is, by its sender, and what it is about."""

    delivery_id: str
    event: str


@dataclass(frozen=True, slots=True)
class Meaning:
    """What follows from a delivery: jobs, or why none. `challenge`: what the sender wants to read in the answer."""

    jobs: tuple[Job, ...] = ()
    ignored: str | None = None
    challenge: str | None = None


def named(source: Source, headers: Mapping[str, str], body: bytes, tree: Mapping[str, Any] | None) -> Named:
    """Which delivery it is. `tree` None: its body cannot be read; its bytes are its name where no header says one."""
    said: str | None = None
    event: object = None
    match source:
        case "github":
            said, event = headers.get("x-github-delivery"), headers.get("x-github-event")
        case "jira":
            said, event = headers.get("x-atlassian-webhook-identifier"), (tree or {}).get("webhookEvent")
        case "jira-automation":
            parts = [str((tree or {}).get(name, "")) for name in ("issue", "updated", "rule")]
            said, event = (_hash("\0".join(parts)) if tree else None), "automation"
        case "slack":
            said, event = _slack(tree or {})
        case "ecr":
            told = (tree or {}).get("id")
            said, event = (told if isinstance(told, str) else None), _ECR_EVENT if tree else None
    word = event if isinstance(event, str) and _WORD.fullmatch(event) else "unknown"
    if not said:
        return Named(f"sha256-{hashlib.sha256(body).hexdigest()}", word)
    return Named(said if _WORD.fullmatch(said) else f"sha256-{_hash(said)}", word)


def meaning(source: Source, which: Named, tree: Mapping[str, Any]) -> Meaning:
    """What follows from it. Raises `ConfigError` (InvalidValue) for what it should say and does not."""
    match source:
        case "github":
            return _github(which, tree)
        case "jira":
            if which.event not in _ISSUE_EVENTS:
                return Meaning(ignored=f"nothing follows from {which.event}")
            return Meaning((_issue_hint(source, which, _at(tree, "issue", "key")),))
        case "jira-automation":
            return Meaning((_issue_hint(source, which, checked(AutomationBody, tree).issue),))
        case "slack":
            if tree.get("type") == "url_verification":
                return Meaning(ignored="Slack asks whether we are here", challenge=str(tree.get("challenge", ""))[:200])
            if tree.get("type") == "event_callback":
                return _slack_event(which, tree)
            return _slack_command(which, tree) if "command" in tree else _slack_click(which, tree)
        case "ecr":
            return _image_hint(which, tree)


def _slack_click(which: Named, tree: Mapping[str, Any]) -> Meaning:
    """A click on a button; one that opens a page is told of, too."""
    actions = tree.get("actions")
    action = actions[0] if isinstance(actions, list) and actions and isinstance(actions[0], dict) else {}
    kind = _CLICKS.get(str(action.get("action_id"))) if tree.get("type") == "block_actions" else None
    if kind is None:
        return Meaning(ignored="nothing is asked for by it")
    try:
        seen = json.loads(str(action.get("value")))
    except (ValueError, RecursionError):
        seen = None
    if not isinstance(seen, dict):
        raise ConfigError(Reason.INVALID_VALUE, Fault("the button says nothing of a preview", field="actions.value"))
    payload = {
        **{name: seen.get(name) for name in ("issue", "environment", "askedAt", "ends")},
        **_base("slack", job_id("slack", which.delivery_id)), "action": kind,
        "user": _at(tree, "user", "id"), "responseUrl": _at(tree, "response_url"),
        **_slack_names(tree, ("user", "team_id"), ("user", "username"), ("team", "domain")),
    }  # fmt: skip
    click = checked(SlackClick, payload)
    return Meaning((Job(click.id, QUEUE, "slack.click", payload, f"click/{click.user}"),))


def _slack_command(which: Named, tree: Mapping[str, Any]) -> Meaning:
    """https://docs.slack.dev/interactivity/implementing-slash-commands: fields of a form."""
    if tree.get("command") != COMMAND:
        return Meaning(ignored="the hub has no such command")
    payload = {
        **_base("slack", job_id("slack", which.delivery_id)), "user": _at(tree, "user_id"),
        "responseUrl": _at(tree, "response_url"), "text": str(tree.get("text", ""))[:500],
        **_slack_names(tree, ("team_id",), ("user_name",), ("team_domain",)),
    }  # fmt: skip
    asked = checked(SlackCommand, payload)
    return Meaning((Job(asked.id, QUEUE, "slack.command", payload, f"command/{asked.user}"),))


def _slack_event(which: Named, tree: Mapping[str, Any]) -> Meaning:
    """https://docs.slack.dev/reference/events/link_shared: links of a message, not of one that is still written."""
    event = tree.get("event")
    channel, links = _there(event, "channel"), _there(event, "links")
    if _there(event, "type") != "link_shared" or channel == "COMPOSER" or not isinstance(links, list):
        return Meaning(ignored=f"nothing follows from {which.event}")
    payload = {
        **_base("slack", job_id("slack", which.delivery_id)), "user": _there(event, "user"), "channel": channel,
        "ts": _there(event, "message_ts"), "links": [_there(one, "url") for one in links[:5]],
        "team": tree.get("team_id"),
    }  # fmt: skip
    shared = checked(SlackUnfurl, payload)
    return Meaning((Job(shared.id, QUEUE, "slack.unfurl", payload, f"unfurl/{shared.channel}"),))


def _slack_names(tree: Mapping[str, Any], *places: Sequence[str]) -> dict[str, Any]:
    """Of which team an account is, its name, and the team's, which stand at `places`: what their owners chose."""
    team, *names = (_there(tree, *place) for place in places)
    told = ("".join(sign for sign in str(one or "") if sign.isprintable())[:100] for one in names)
    return {"team": team, **dict(zip(("userName", "teamName"), told, strict=True))}


def _there(tree: Any, *path: str) -> Any:
    """What stands at a path; None: nothing."""
    for name in path:
        tree = tree.get(name) if isinstance(tree, dict) else None
    return tree


def _image_hint(which: Named, tree: Mapping[str, Any]) -> Meaning:
    """A push, as EventBridge tells of it; other events of ECR are of scans, replications and deletions."""
    if tree.get("source") != "aws.ecr" or tree.get("detail-type") != "ECR Image Action":
        return Meaning(ignored="it is no event of an image in ECR")
    action, result = _at(tree, "detail", "action-type"), _at(tree, "detail", "result")
    if (action, result) != ("PUSH", "SUCCESS"):
        return Meaning(ignored=f"nothing follows from {str(action)[:40]} {str(result)[:40]}")
    detail, account, region = tree["detail"], _at(tree, "account"), _at(tree, "region")
    host = f"{account}.dkr.ecr.{region}.amazonaws.com" + (".cn" if str(region).startswith("cn-") else "")
    repository = f"{host}/{_at(tree, 'detail', 'repository-name')}"
    payload = {
        **_base("ecr", job_id("ecr", which.delivery_id)), "repository": repository,
        "digest": detail.get("image-digest"), "tags": [tag] if (tag := detail.get("image-tag")) else [],
    }  # fmt: skip
    hint = checked(ImageHint, payload)
    if not hint.tags:
        return Meaning(ignored="it was pushed without a tag")
    return Meaning((Job(hint.id, QUEUE, "image.hint", payload),))


def job_id(source: Source, delivery_id: str, suffix: str = "") -> str:
    """The id of a delivery's job: the same each time it is delivered."""
    plain = f"{source}-{delivery_id}{suffix}".lower()
    return plain if ID.fullmatch(plain) else f"{source}-{_hash(delivery_id + suffix)[:40]}"


def _github(which: Named, tree: Mapping[str, Any]) -> Meaning:
    action = tree.get("action")
    numbers: Sequence[Any]
    if which.event == "pull_request" and action in _PULL_ACTIONS:
        numbers = [_at(tree, "pull_request", "number")]
    elif which.event == "workflow_run" and action == "completed":
        if _at(tree, "workflow_run", "conclusion") != "success":
            return Meaning(ignored="the workflow run did not succeed")
        pulls = _at(tree, "workflow_run", "pull_requests")
        numbers = [one.get("number") if isinstance(one, dict) else None for one in pulls or ()]
        if not numbers:
            return _branch_hint(which, tree)
    else:
        told = f"{which.event} {action}" if isinstance(action, str) and _WORD.fullmatch(action) else which.event
        return Meaning(ignored=f"nothing follows from {told}")
    repo = _at(tree, "repository", "full_name")
    return Meaning(tuple(_pull_hint(which, repo, number) for number in numbers[:50]))


def _branch_hint(which: Named, tree: Mapping[str, Any]) -> Meaning:
    """A run of a branch without a pull request. One of a fork's branch hints at nothing here."""
    repo, run = _at(tree, "repository", "full_name"), _at(tree, "workflow_run")
    head = run.get("head_repository")
    if not isinstance(head, dict) or head.get("full_name") != repo or not run.get("head_branch"):
        return Meaning(ignored="the workflow run is of no branch of this repository")
    payload = {**_base("github", job_id("github", which.delivery_id)), "repo": repo, "branch": run["head_branch"]}
    hint = checked(BranchHint, payload)
    key = f"branch/{hint.repo.lower()}/{hint.branch}"
    return Meaning((Job(hint.id, QUEUE, "branch.hint", payload, key, replaces=True),))


def _issue_hint(source: Source, which: Named, issue: object) -> Job:
    payload = {**_base(source, job_id(source, which.delivery_id)), "issue": issue}
    hint = checked(IssueHint, payload)
    return Job(hint.id, QUEUE, "issue.hint", {**payload, "issue": hint.issue}, f"issue/{hint.issue}", replaces=True)


def _pull_hint(which: Named, repo: object, number: object) -> Job:
    payload = {**_base("github", job_id("github", which.delivery_id, f"-{number}")), "repo": repo, "number": number}
    hint = checked(PullHint, payload)
    return Job(hint.id, QUEUE, "pull.hint", payload, f"pull/{hint.repo}/{hint.number}".lower(), replaces=True)


def _base(source: Source, name: str) -> dict[str, Any]:
    return {"schema": SCHEMA, "id": name, "requestedBy": {"kind": "service", "id": source, "via": source}}


def _slack(tree: Mapping[str, Any]) -> tuple[str | None, object]:
    """Events carry an id; clicks and commands a trigger, which one click with several actions shares."""
    kind = tree.get("command") or tree.get("type")
    if isinstance(tree.get("event_id"), str):
        event = tree.get("event")
        return tree["event_id"], event.get("type") if isinstance(event, dict) else kind
    trigger, actions = tree.get("trigger_id"), tree.get("actions")
    first = actions[0] if isinstance(actions, list) and actions and isinstance(actions[0], dict) else {}
    name = f"{trigger}:{first.get('action_id', tree.get('command', ''))}"
    return (name if isinstance(trigger, str) else None), kind.lstrip("/") if isinstance(kind, str) else kind


def _at(tree: Mapping[str, Any], *path: str) -> Any:
    """What stands at a path. Raises `ConfigError` (InvalidValue) where nothing does."""
    found: Any = tree
    for name in path:
        if not isinstance(found, dict) or name not in found:
            fault = Fault(f"{'.'.join(path)} is missing", field=".".join(path))
            raise ConfigError(Reason.INVALID_VALUE, fault)
        found = found[name]
    return found


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
