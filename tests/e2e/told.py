"""Where the scenarios' people are told of previews: a Jira site, a Slack workspace, and a repository of code on GitHub.

The hub speaks TLS with each, and reaches Slack and GitHub by their own names, through a proxy that knows no other host.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from state_repository import git
from world import NotInTimeError

from hub.views.messages.words import ENGLISH
from reconcilers.messages.model import MessagePhase
from worlds.announcing_pulls import HUB_MAY
from worlds.github_server import GitHubServer, add_app
from worlds.github_server.server import PREFIX
from worlds.github_server.state import Pull, State
from worlds.github_world import key_pair
from worlds.jira_server import Issue, JiraFront, JiraServer
from worlds.slack_server import SlackServer
from worlds.slack_server.site import HOOKS
from worlds.tls_servers import Proxy, TlsFront

CODE, CHANNEL = "acme/web", "C0TEAM"
GITHUB = f"https://github.example.com{PREFIX}"
SLACK_TOKEN = "xoxb-of-the-scenarios"
#: Where people read sentences; the other places have words of Jira and GitHub.
READ = ("Jira", "Slack", "pull request")
_STATES: dict[MessagePhase, str] = {"running": "success", "expiring soon": "success", "removed": "inactive"}
_EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


class Told:
    """Started and ended by `with`. `app`: the id of the hub's App on GitHub, whose key is `app_key`."""

    def __init__(self, folder: Path, context: ssl.SSLContext) -> None:
        self._folder, self._context = folder / "code.git", context
        self.jira = JiraFront(JiraServer(), context)
        self.slack = SlackServer(clock=lambda: datetime.now(UTC))
        self.github = GitHubServer(self._folder, State(repo=CODE.partition("/")[2]))
        self.app_key, public = key_pair()
        self.app = add_app(self.github.state, "rtb-hub", public, dict(HUB_MAY)).id
        self._stack = ExitStack()

    def __enter__(self) -> Told:
        git("init", "-q", "--bare", "-b", "main", self._folder)
        self._push("main")
        with ExitStack() as stack:
            stack.enter_context(self.jira)
            slack = stack.enter_context(JiraFront(self.slack, self._context, is_open_below=HOOKS))
            stack.enter_context(self.github)
            github = stack.enter_context(TlsFront(int(self.github.url.rpartition(":")[2]), self._context))
            at = int(slack.url.rpartition(":")[2])
            hosts = {"slack.com:443": at, "hooks.slack.com:443": at, "github.example.com:443": github.port}
            self.proxy = stack.enter_context(Proxy(hosts)).url
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def violations(self) -> list[str]:
        """What the three would not have taken."""
        return [*self.jira.site.violations, *self.slack.violations, *self.github.violations]

    def begin(self, key: str) -> Journey:
        """An issue whose work is done, with an open pull request of it."""
        issue = self.jira.site.issues[key] = Issue(status="10")
        state, branch = self.github.state, f"feature/{key}-login"
        base, at = self.github.git.head("main"), datetime.now(UTC).replace(microsecond=0)
        assert base is not None
        head = self._push(branch, "-p", base)
        author = state.add_account("alice", "write")
        pull = Pull(1, "login", "", author, branch, "main", base, head, at, at)
        state.pulls[pull.number] = pull
        return Journey(self, issue, pull)

    def _push(self, branch: str, *on: str) -> str:
        who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
        commit = git("-C", self._folder, *who, "commit-tree", "-m", branch, *on, _EMPTY_TREE).strip()
        git("-C", self._folder, "update-ref", f"refs/heads/{branch}", commit)
        return commit


@dataclass(frozen=True)
class Journey:
    """One issue: what its people see, wherever they look."""

    told: Told
    issue: Issue
    pull: Pull

    def seen(self) -> dict[str, str]:
        """What each place says, as text; of none that has nothing yet. More than one message in a place is an error."""
        state, channel = self.told.github.state, self.told.slack.channels[CHANNEL]
        places: dict[str, list[Any]] = {
            "Jira": [one.body for one in self.issue.comments.values()],
            "link in Jira": [one["object"] for one in self.issue.links.values()],
            "Slack": [*channel.messages.values()],
            "pull request": [one.body for one in self.pull.comments],
            "deployment": [one.statuses[-1] for one in state.deployments.values() if one.statuses],
            "check": [(one.conclusion, one.details_url) for one in state.runs],
        }
        assert all(len(found) <= 1 for found in places.values()), places
        return {name: json.dumps(found[0]) for name, found in places.items() if found}

    def until(self, phase: MessagePhase, wait: Callable[..., float]) -> dict[str, float]:
        """Wait until each place says that the preview is so; after how many seconds it did. Raises as `wait`."""
        words, begin, took = _words(phase), time.monotonic(), dict[str, float]()

        def all_say() -> bool:
            seen = self.seen()
            found = [one for one, word in words.items() if word in seen.get(one, "") and one not in took]
            took.update(dict.fromkeys(found, time.monotonic() - begin))
            return len(took) == len(words)

        try:
            wait(f"all places say {phase}", all_say)
        except NotInTimeError as error:
            raise NotInTimeError(f"{error}\n{words}\n{self.seen()}") from error
        return took

    def click(self, action: str, user: str) -> bytes:
        """The body that Slack sends when somebody clicks on a button of the message as it is now."""
        (message,) = self.told.slack.channels[CHANNEL].messages.values()
        buttons = [one for block in message["blocks"] if block["type"] == "actions" for one in block["elements"]]
        (button,) = (one for one in buttons if one["action_id"] == action)
        payload = {
            "type": "block_actions", "user": {"id": user, "username": user.lower(), "team_id": "T0TEAM"},
            "team": {"id": "T0TEAM", "domain": "acme"}, "trigger_id": f"{action}.1",
            "response_url": f"https://hooks.slack.com{HOOKS}T0TEAM/1/x", "actions": [{"type": "button", **button}],
        }  # fmt: skip
        return urlencode({"payload": json.dumps(payload)}).encode()


def _words(phase: MessagePhase) -> dict[str, str]:
    """What each place has in it once it says so. The check stays passed."""
    states = {"deployment": f'"{_STATES[phase]}"', "check": '"success"', "link in Jira": ENGLISH.phases[phase]}
    return {**dict.fromkeys(READ, ENGLISH.states[phase]), **states}
