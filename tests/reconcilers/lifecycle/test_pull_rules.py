"""What follows from pull requests: any that asks is enough, and only one that ended, with no other left, stops."""

from __future__ import annotations

from typing import Any

import pytest

from generator.model.services import ImageRule, ProjectRule
from generator.values.naming import IssueKey
from reconcilers.lifecycle.issue_rules import Seen
from reconcilers.lifecycle.pull_rules import Works, decide_pull, pull_rule_name
from reconcilers.lifecycle.rule_images import named
from reconcilers.ports.sources import Work, key_in
from worlds.builders import digest

KEY = IssueKey("RTB", 1)
COMMIT = "3f2a1b7" + "0" * 33
OURS, OTHERS = Seen("github/RTB", {}), Seen("alice", {})
CLOSED = {"is_open": False, "labels": frozenset({"preview"})}


def work(repository: str = "acme/web", number: int | None = 7, *labels: str, **said: Any) -> Work:
    return Work(repository, "feature/RTB-1-login", COMMIT, number, **{"labels": frozenset(labels), **said})


def works(changed: Work, *others: Work) -> Works:
    return Works(changed, others, lambda _: frozenset({"build", "lint"}))


def rule(**said: Any) -> ProjectRule:
    images = {"web": {"repository": "registry.example.com/web", "digest": digest()}}
    pulls = {"repositories": ["acme/web", "acme/api"], **said}
    return ProjectRule.model_validate({"pullRequests": pulls, "environments": ["int"], "images": images})


@pytest.mark.parametrize(
    ("found", "said", "seen", "change", "why"),
    [
        (works(work("acme/web", 7, "preview")), {}, None, "start", "acme/web#7 has the label preview"),
        (works(work("Acme/Web", 7, "preview")), {}, None, "start", "has the label"),
        (works(work("acme/web", 7, "preview")), {}, OTHERS, "nothing", "one of alice"),
        (works(work("acme/web", 7, "preview")), {"labels": ["up"]}, OURS, "stop", "asks for no preview"),
        (works(work("acme/web", 7, "Preview")), {}, None, "nothing", "asks for no preview"),
        (works(work(), work("acme/api", 3, "preview")), {}, None, "start", "acme/api#3"),
        (works(work(**CLOSED), work("acme/api", 3, "preview")), {}, OURS, "start", "acme/api#3"),
        (works(work(**CLOSED), work("acme/api", 3)), {}, OURS, "stop", "#7 is closed"),
        (works(work(**CLOSED)), {}, OTHERS, "nothing", "no preview that this rule started"),
        (works(work(**CLOSED)), {}, Seen("jira/RTB", {}), "nothing", "one of jira/RTB"),
        (works(work(**CLOSED)), {}, None, "nothing", "there is no preview"),
        (works(work("acme/web", 7, "preview", is_foreign=True)), {}, OURS, "nothing", "of a fork"),
        (works(work(), work("acme/api", 3, "preview", is_foreign=True)), {}, None, "nothing", "asks for no"),
        (works(work(), work("other/api", 3, "preview")), {}, None, "nothing", "asks for no"),
        (works(work("acme/web", None)), {"checks": ["build"]}, None, "start", "branch feature/RTB-1-login of acme/web passed"),
        (works(work("acme/web", None)), {"checks": ["build", "test"]}, OURS, "nothing", "did not pass build, test"),
        (works(work("acme/web", None)), {}, OURS, "nothing", "did not pass"),
        (works(work()), {"checks": ["build"]}, None, "start", "acme/web#7 passed build"),
    ],
)  # fmt: skip
def test_what_follows(found: Works, said: dict[str, Any], seen: Seen | None, change: str, why: str) -> None:
    (one,) = decide_pull(KEY, found, {"int": rule(**said)}, {"int": seen} if seen else {})
    assert (one.environment, one.change) == ("int", change)
    assert why in one.why
    assert pull_rule_name("RTB") == OURS.requested_by


@pytest.mark.parametrize(
    ("branch", "key"),
    [
        ("feature/RTB-1-login", KEY), ("RTB-1", KEY), ("a/b/RTB-1", KEY), ("RTB-1/x", KEY), ("feature/RTB-1.2", KEY),
        ("feature/RTB-1-for-RTB-1", KEY), ("feature/RTB-12", IssueKey("RTB", 12)), ("feature/rtb-1", None),
        ("feature/XRTB-1x", None), ("feature/RTB-01", None), ("RTB-1/RTB-2", None), ("main", None), ("feature/RTB-1x", None),
    ],
)  # fmt: skip
def test_a_branch_names_its_issue(branch: str, key: IssueKey | None) -> None:
    assert key_in(branch) == key


@pytest.mark.parametrize(
    ("said", "found", "tag"),
    [
        ({"tag": "{key}-{sha7}", "source": "acme/web"}, True, "RTB-1-3f2a1b7"),
        ({"tag": "{branch}", "source": "acme/web"}, True, "feature-RTB-1-login"),
        ({"tag": "{sha}", "source": "acme/web"}, True, COMMIT),
        ({"tag": "{key}"}, False, "RTB-1"),
        ({"tag": "{key}-{sha7}", "source": "acme/web", "otherwise": "main"}, False, "main"),
        ({"tag": "{key}-{sha7}", "source": "acme/web", "otherwise": "main-{key}"}, False, "main-RTB-1"),
        ({"tag": "{key}-{sha7}", "source": "acme/web"}, False, None),
    ],
)  # fmt: skip
def test_a_tag_is_filled_in_by_the_work_on_the_issue(said: dict[str, str], found: bool, tag: str | None) -> None:
    one = ImageRule.model_validate({"repository": "registry.example.com/web", **said})
    told = named({"web": one}, KEY, lambda _: work() if found else None)
    assert told.images == ({"web": f"registry.example.com/web:{tag}"} if tag else {})
    assert ("no open pull request of acme/web is of RTB-1" in told.unknown.get("web", "")) == (tag is None)


def test_a_branch_too_long_for_a_tag_is_told() -> None:
    one = ImageRule.model_validate({"repository": "web", "tag": "{branch}", "source": "acme/web"})
    told = named({"web": one}, KEY, lambda _: Work("acme/web", "RTB-1-" + "x" * 130, COMMIT))
    assert "makes no tag" in told.unknown["web"]
