"""Korean, complete: whatever the server words itself is in the catalogue, and nothing is there that nobody says.

What is missing is named by its English: add it to hub/views/korean.json, in the part that the test names.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest

from generator.errors import About, Reason, Remedy, RemedyKind
from hub.output import remedies
from hub.services.api.ways import _WORDS
from hub.views import speaking
from hub.views.speaking import preferred, say
from hub.views.why import why_data
from reconcilers.causes import engine
from reconcilers.causes.model import Audience, Evidence, Ref, finding
from reconcilers.health.phase import Phase, PhaseName
from worlds.places import ROOT

FILE = ROOT / "hub" / "views" / "korean.json"
KOREAN = json.loads(FILE.read_text(encoding="utf-8"))
HANGUL = re.compile("[가-힣]")
#: Whose sentences people are told over HTTP. What is told where a process starts is for its administrator.
TELL = (
    *sorted((ROOT / "hub" / "services" / "api").glob("*.py")),
    *(ROOT / "hub" / "services" / "auth" / f"{name}.py" for name in (
        "administering", "devices", "exchanging", "sessions", "signing_in", "slack_linking", "staying", "tokens",
        "verifying",
    )),
    ROOT / "hub" / "actions" / "tokens.py",
)  # fmt: skip
#: Calls whose argument of that place is a sentence.
SAYS = {
    "Fault": 0,
    "refused": 0,
    "nobody": 0,
    "_nobody": 0,
    "_refused": 0,
    "ConfigError": 1,
    "Waiting": 1,
    "Transient": 1,
    "Stalled": 1,
}
#: Sentences that are made elsewhere: of the framework, of variables, of causes.
ELSEWHERE = {
    "Method Not Allowed", "it failed", "this is a mistake of rtb-hub; its log tells of it by the requestId",
    "{} has not the role {}", "{} has not the scope {}", "the group that is full is {}",
    "repair or stop the other one, {}: its Ingress {} stops the whole load balancer group",
}  # fmt: skip


def template(node: ast.expr) -> str | None:
    """A sentence in code, `{}` for what is filled in; None: it is made elsewhere."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) and node.value else None
    if isinstance(node, ast.JoinedStr):
        return "".join(str(one.value) if isinstance(one, ast.Constant) else "{}" for one in node.values)
    return None


def calls(path: Path) -> Iterator[ast.Call]:
    yield from (one for one in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(one, ast.Call))


def name_of(call: ast.Call) -> str:
    return getattr(call.func, "id", getattr(call.func, "attr", ""))


def variables(path: Path) -> dict[str, list[ast.expr]]:
    """What is assigned to each name."""
    found: dict[str, list[ast.expr]] = {}
    for one in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name):
            found.setdefault(one.targets[0].id, []).append(one.value)
    return found


def choices(node: ast.expr, named: dict[str, list[ast.expr]]) -> Iterator[ast.expr]:
    """What an argument may be: by a name, or one of two."""
    if isinstance(node, ast.IfExp):
        yield from (one for branch in (node.body, node.orelse) for one in choices(branch, named))
    elif isinstance(node, ast.Name):
        yield from (one for value in named.get(node.id, []) for one in choices(value, {}))
    else:
        yield node


def said() -> set[str]:
    found = set()
    for path in TELL:
        named = variables(path)
        for call in calls(path):
            at = SAYS.get(name_of(call))
            told = [call.args[at]] if at is not None and len(call.args) > at else []
            told += [one.value for one in call.keywords if one.arg == "remedy"]
            found |= {text for one in told for each in choices(one, named) if (text := template(each)) is not None}
    return found


def pages() -> set[str]:
    """What pages say: by `say`, and as titles of pages."""
    found = {*_WORDS.values(), remedies.WAIT}
    for call in (one for path in TELL for one in calls(path)):
        if name_of(call) in ("say", "page") and (text := template(call.args[0])) is not None:
            found.add(text)
        if name_of(call) == "say" and isinstance(call.args[0], ast.Name):
            found.add("{name} at {place} asks to act as you, with all that you may, for up to seven days.")
    return found


def differences(part: str, wanted: Iterable[str]) -> dict[str, list[str]]:
    """What is missing in a part of the catalogue, and what is there that nobody says."""
    there, wanted = set(KOREAN[part]), set(wanted)
    found = {f"missing in {part!r} of {FILE.name}": sorted(wanted - there), "nobody says": sorted(there - wanted)}
    return {name: texts for name, texts in found.items() if texts}


def test_sentences_of_the_api_and_of_sign_in_are_there() -> None:
    assert differences("said", said() | ELSEWHERE) == {}


def test_pages_are_there() -> None:
    assert differences("pages", pages()) == {}


def test_causes_and_their_steps_are_there() -> None:
    rules = engine.rules()
    assert differences("causes", (one.code for one in rules)) == {}
    assert differences("steps", (step for one in rules for step in one.steps if isinstance(step, str))) == {}


def test_reasons_remedies_and_phases_are_there() -> None:
    assert differences("reasons", Reason) == {}
    assert differences("remedies", RemedyKind) == {}
    assert differences("phases", get_args(PhaseName)) == {}


def every() -> Iterator[tuple[str, str]]:
    """English and Korean of all; the English of codes is what they mean there."""
    yield from (pair for part in ("steps", "said", "pages") for pair in KOREAN[part].items())
    yield from ((remedies.WORDS[RemedyKind(kind)], told) for kind, told in KOREAN["remedies"].items())
    yield from ((one.meaning, KOREAN["causes"][one.code]) for one in engine.rules())
    yield from ((code, told) for code, both in KOREAN["reasons"].items() for told in both)
    yield from KOREAN["phases"].items()


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_each_is_korean_and_says_the_same_names_and_commands() -> None:
    for english, told in every():
        assert HANGUL.search(told), english
        numbered = english.count("{}")
        assert places(told) == ({str(n) for n in range(numbered)} if numbered else places(english)), english
        for command in re.findall(
            r"(?:kubectl|argocd app|aws) [a-z-]+|rtb-hub [a-z]+|--[a-z-]+|RTB_HUB_[A-Z_]+", english
        ):
            assert command in told, (english, command)


def test_sentences_are_found_again_with_what_is_filled_in() -> None:
    catalogue = speaking.korean()
    for english in (*KOREAN["said"], *KOREAN["steps"]):
        plain = re.sub(r"\{(\w*)\}", "preview-rtb-1", english)
        told = catalogue.sentence(plain)
        assert told is not None, english
        assert "{" not in told, english
        assert told.count("preview-rtb-1") >= (1 if "{" in english else 0), english
    assert catalogue.sentence("nobody ever said this") is None
    assert catalogue.sentence("there is no job 'x' {0} {name}") == "작업 'x' {0} {name}: 없습니다", (
        "what is filled in fills in nothing"
    )


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"), ("ko", "ko"), ("ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7", "ko"), ("en-GB,en;q=0.9,ko;q=0.8", "en"), ("fr,de;q=0.9", "en"),
        ("fr, ko;q=0.1", "ko"), ("ko;q=0", "en"), ("ko;q=0, en;q=0", "en"), ("*", "en"), ("KO-kr", "ko"), ("kok", "en"), ("ko;q=9", "en"),
        ("ko;q=nan", "en"), ("en;q=0.3,ko;q=0.3", "en"), (",;,;q=1", "en"), ("fr," * 20 + "ko", "en"), ("ko; q=0.5 ,en;q=0.4", "ko"),
    ],
)  # fmt: skip
def test_the_language_is_what_is_preferred_of_both(header: str, language: str) -> None:
    assert preferred(header) == language


def test_a_cause_is_worded_and_what_the_cluster_said_stays() -> None:
    rule = next(one for one in engine.rules() if one.code == "image-missing")
    about = Ref("Pod", "web-1", "web")
    at = datetime(2026, 11, 23, tzinfo=UTC)
    found = finding(
        rule, about, "the image of container web in pod web-1 cannot be pulled", "manifest unknown",
        names={"namespace": "preview-rtb-1"}, evidence=[Evidence("state", about, "ErrImagePull", "manifest\nunknown", at)],
    )  # fmt: skip
    phase = Phase("failed", found.text, found.steps[0], finding=found, others=(found,))
    data = why_data(phase, {})
    assert speaking.phase_told(phase, data) == data
    with speaking.speaking("ko"):
        told = speaking.phase_told(phase, data)
    assert told["text"] == (
        "올라오지 못했습니다. 레지스트리에 그런 이미지가 없습니다. 올린 적이 없거나 그 뒤에 삭제되었습니다. (Pod/web-1 web): manifest unknown"
    )
    assert told["steps"][0].startswith("이미지가 레지스트리에")
    assert (told["others"][0]["code"], told["audience"]) == ("image-missing", str(Audience.DEVELOPER))
    assert {name: told[name] for name in ("phase", "code", "final", "evidence", "unread")} == {
        name: data[name] for name in ("phase", "code", "final", "evidence", "unread")
    }
    assert speaking.spoken() == "en"


@pytest.mark.parametrize(
    ("cause", "told"),
    [
        ("no cluster is connected for int", "int 환경에 연결된 클러스터가 없습니다"),
        ("something that a cluster said", "지금은 알 수 없습니다."),
        ("", ""),
    ],
)
def test_a_cause_without_a_rule_is_said_where_it_is_a_sentence_of_ours(cause: str, told: str) -> None:
    phase = Phase("unknown", cause)
    with speaking.speaking("ko"):
        assert speaking.phase_told(phase, why_data(phase, {}))["text"] == told


def test_remedies_quote_for_a_shell_in_both_languages() -> None:
    todo = Remedy(RemedyKind.STOP, About(environment="a b", issue="RTB-1"))
    with speaking.speaking("ko"):
        assert speaking.remedy(todo) == "제거하세요: rtb-hub stop RTB-1 --env 'a b'"
        assert speaking.remedy("sign in again") == "다시 로그인하세요"
        assert speaking.remedy("do something else") == "do something else"
        assert say("Where?") == "어느 환경인가요?"
    assert say("Where?") == "Where?"
