"""Wrong input through the real command: a clear message, an exit code of its own, and the repository as it was."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from generator.errors import Reason
from hub.output.exit_codes import CODES, DIFFERENT, INTERNAL, NEEDS_A_PERSON, OK, USAGE
from worlds.builders import image
from worlds.commands import IMAGES, commit_file, git, must, rtb_hub, state_of


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("laid-out") / "state.git"
    must("init", folder)
    must("start", "RTB-1", "--env", "int", *IMAGES, "--repo", folder)
    return folder


@pytest.fixture
def state(laid_out: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(laid_out, tmp_path / "state.git"))


def refused(state: Path, reason: Reason, *arguments: object) -> str:
    """Run a command that must be refused for `reason` and change nothing; returns what it said."""
    before = state_of(state)
    ran = rtb_hub(*arguments, RTB_HUB_REPO=str(state))
    assert (ran.code, ran.out) == (CODES[reason], ""), ran.err
    assert f"[{reason}]" in ran.err
    assert state_of(state) == before
    return ran.err


def test_every_reason_has_an_exit_code_of_its_own() -> None:
    assert set(CODES) == set(Reason)
    shared = {Reason.UNEXPECTED: INTERNAL, Reason.ENVIRONMENT_MISSING: NEEDS_A_PERSON}
    assert {reason: CODES[reason] for reason in shared} == shared, "what no command of one preview gives"
    own = [code for reason, code in CODES.items() if reason not in shared]
    assert len({*own, OK, INTERNAL, USAGE, DIFFERENT, NEEDS_A_PERSON}) == len(own) + 5


KEYS = ["../x", "RTB-123; rm", "rtb_1", "R" * 200, "RTB-0", "RTB-01", "RTB", "-1", "RTB-1\n", "RTB-١", "rtb-0", ""]


@pytest.mark.parametrize("key", KEYS, ids=[repr(key[:20]) for key in KEYS])
@pytest.mark.parametrize("command", ["start", "show", "stop", "diff"])
def test_a_key_that_is_none(state: Path, command: str, key: str) -> None:
    said = refused(state, Reason.INVALID_ISSUE_KEY, command, "--env", "int", "--", key)
    assert "is not an issue key" in said
    assert "allowed: a Jira key" in said


def test_a_key_in_small_letters_is_told_the_right_form(state: Path) -> None:
    assert "did you mean: RTB-7" in refused(state, Reason.INVALID_ISSUE_KEY, "start", "rtb_7", "--env", "int")


OTHER_ENV = ("start", "RTB-2", *IMAGES, "--env")
START = (*OTHER_ENV, "int")
CASES = [
    ("an unknown environment", (*OTHER_ENV, "itn"), Reason.UNKNOWN_ENVIRONMENT, ["int, prd, stg", "did you mean: int"]),
    ("an environment that is a path", (*OTHER_ENV, "../int"), Reason.UNKNOWN_ENVIRONMENT, ["int, prd, stg"]),
    ("an unknown blueprint", (*START, "-b", "web-apy"), Reason.UNKNOWN_BLUEPRINT, ["web-api-postgres", "did you mean: web-api"]),
    ("a blueprint that is a path", (*START, "-b", "../web"), Reason.UNKNOWN_BLUEPRINT, ["web-api-postgres"]),
    ("an unknown component", (*START, "-i", f"apy={image('x')}"), Reason.UNKNOWN_COMPONENT, ["web, api", "did you mean: api"]),
    ("a component without an image", ("start", "RTB-2", "--env", "int", *IMAGES[:2]), Reason.INVALID_VALUE, ["components.api", "--image api="]),
    ("an image by tag", ("start", "RTB-2", "--env", "int", "-i", "web=a/b:1", *IMAGES[2:]), Reason.IMAGE_NOT_PINNED, ["components.web.image", "@sha256"]),
    ("an image that is none", ("start", "RTB-2", "--env", "int", "-i", "web=A B", *IMAGES[2:]), Reason.INVALID_VALUE, ["components.web.image", "not an image reference"]),
    ("an image without a name", (*START, "-i", f"={image('x')}"), Reason.INVALID_VALUE, ["is not NAME=VALUE"]),
    ("an image given twice", (*START, *IMAGES[:2]), Reason.INVALID_VALUE, ["is given twice"]),
    ("more CPU than a preview may have", (*START, "--set", "web.cpu=2"), Reason.OVER_LIMIT, ["2250m CPU", "at most 2 a preview"]),
    ("more memory than a preview may have", (*START, "--set", "api.memory=2Gi"), Reason.OVER_LIMIT, ["2.25Gi", "at most 2Gi"]),
    ("a lease above the cap", (*START, "--ttl", "73h"), Reason.OVER_LIMIT, ["at most 72h"]),
    ("a lease that is none", (*START, "--ttl", "2 days"), Reason.INVALID_VALUE, ["hours and minutes"]),
    ("an unknown field", (*START, "--set", "web.cpuu=1"), Reason.INVALID_VALUE, ["components.web.cpuu", "did you mean: cpu"]),
    ("a setting without a value", (*START, "--set", "web.cpu"), Reason.INVALID_VALUE, ["is not PATH=TEXT"]),
    ("a field set twice", (*START, "--set", "web.cpu=1", "--set", "web.cpu=1"), Reason.INVALID_VALUE, ["is set twice"]),
    ("a port that is no number", (*START, "--set", "web.port=http"), Reason.INVALID_VALUE, ["web.port", "a whole number from 1 to 65535"]),
    ("a port out of range", (*START, "--set", "web.port=70000"), Reason.INVALID_VALUE, ["components.web.port", "65535"]),
    ("a variable that is no name", (*START, "--set", "web.env.1A=x"), Reason.INVALID_VALUE, ["environment variable name"]),
    ("memory in thousandths of a byte", (*START, "--set", "web.memory=256m"), Reason.INVALID_VALUE, ["write Mi"]),
    ("a path with a query", (*START, "--set", "web.path=/a?b"), Reason.INVALID_VALUE, ["components.web.path"]),
    ("a secret out of reach", (*START, "--set", "web.secrets.A=preview/prd/x"), Reason.INVALID_VALUE, ["preview/int/"]),
    *(
        (f"Argo CD's own secret in {env}: {name}", (*(START if env == "int" else (*OTHER_ENV, env)), "--set", f"web.secrets.A={name}#x"), Reason.INVALID_VALUE, [f"not allowed in {env}"])
        for env in ("int", "stg", "prd")
        for name in (f"rtb/{env}/argocd", f"rtb/{env}/argocd-repository", f"preview/{env}/argocd-repository")
    ),
    ("a database on spot nodes", (*START, "-b", "web-api-postgres", "-i", f"postgres={image('p')}", "--compute", "spot"), Reason.INVALID_VALUE, ["has a database", "allowed: fargate"]),
    ("more disk than a pod has", (*START, "--set", "web.storage=21Gi"), Reason.INVALID_VALUE, ["web.storage", "up to 20Gi"]),
    ("more disk than a preview may have", (*START, "--set", "web.storage=20Gi"), Reason.OVER_LIMIT, ["21Gi of disk", "at most 20Gi"]),
    ("a port of the database", (*START, "-b", "web-api-postgres", "-i", f"postgres={image('p')}", "--set", "postgres.port=1"), Reason.INVALID_VALUE, ["postgres.port", "the template decides it"]),
    ("a branch that is none", (*START, "--branch", "a..b"), Reason.INVALID_VALUE, ["check-ref-format"]),
    ("spot where it is not allowed", (*OTHER_ENV, "prd", "--compute", "spot"), Reason.INVALID_VALUE, ["spot is not allowed in prd"]),
    ("showing what is not there", ("show", "RTB-11", "--env", "int"), Reason.PREVIEW_NOT_FOUND, ["did you mean: RTB-1"]),
    ("stopping what is not there", ("stop", "RTB-11", "--env", "int"), Reason.PREVIEW_NOT_FOUND, ["rtb-hub list --env int"]),
    ("listing an unknown environment", ("list", "--env", "xyz"), Reason.UNKNOWN_ENVIRONMENT, ["int, prd, stg"]),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "reason", "says"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_refused(state: Path, arguments: tuple[str, ...], reason: Reason, says: list[str]) -> None:
    said = refused(state, reason, *arguments)
    for words in says:
        assert words in said


def test_every_fault_of_a_request_comes_at_once(state: Path) -> None:
    bad = ("--set", "web.port=0", "--set", "web.env.1A=x", "--set", "api.memory=1", "--set", "api.path=x")
    assert refused(state, Reason.INVALID_VALUE, *START, *bad).count("error:") == 4


@pytest.mark.parametrize(
    ("template", "reason", "says"),
    [
        ("a: {{ preview.nmae }}\n", Reason.TEMPLATE_INVALID, [":1: error: nmae", "did you mean: name"]),
        ("{% for a in components %}{{ b() }}{% endfor %}\n", Reason.TEMPLATE_INVALID, [":1: error:"]),
        ("a: [\n", Reason.TEMPLATE_INVALID, ["gives YAML with a mistake"]),
        ("{% import '_shared/loop.j2' as l %}\na: {{ l.f() }}\n", Reason.TEMPLATE_INVALID, ["there is no template"]),
        ("{% macro f() %}{{ f() }}{% endmacro %}\na: {{ f() }}\n", Reason.TEMPLATE_UNBOUNDED, ["does not come to an end"]),
        ("apiVersion: v1\nkind: Secret\nmetadata: {name: x, namespace: {{ preview.namespace }}}\n", Reason.MANIFEST_INVALID, ["extra.yaml.j2: Secret preview-rtb-2/x", "policy/secret"]),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web-env, namespace: {{ preview.namespace }}}\n", Reason.TEMPLATE_INVALID, ["ConfigMap preview-rtb-2/web-env is rendered twice", "configmap.yaml.j2"]),
        ("- a\n", Reason.TEMPLATE_INVALID, ["not an object"]),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: {{ preview.namespace }}, annotations: {argocd.argoproj.io/sync-wave: 1.5}}\n", Reason.TEMPLATE_INVALID, ["metadata.annotations.argocd.argoproj.io/sync-wave", "1.5 is a number with a fraction", "in quotes"]),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: {{ preview.namespace }}}\ndata: {a: [0.5]}\n", Reason.TEMPLATE_INVALID, ["data.a.0", "0.5"]),
    ],
    ids=["an undefined name", "a call", "broken YAML", "a missing macro", "no end", "a Secret", "an object twice", "a list", "a wave with a fraction", "a fraction in a list"],
)  # fmt: skip
def test_a_bad_template_overlay(state: Path, template: str, reason: Reason, says: list[str]) -> None:
    path = "environments/int/templates/preview/web-api/extra.yaml.j2"
    commit_file(state, path, template)
    said = refused(state, reason, *START)
    for words in (*says, "extra.yaml.j2"):
        assert words in said


def test_a_folder_that_is_no_repository(tmp_path: Path) -> None:
    ran = rtb_hub("list", "--repo", tmp_path)
    assert ran.code == CODES[Reason.NOT_A_STATE_REPOSITORY]
    assert "is not a Git repository" in ran.err
    assert "rtb-hub init DIR" in ran.err


def test_a_repository_that_is_no_state_repository(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "--allow-empty", "-m", "x")
    said = refused(tmp_path, Reason.NOT_A_STATE_REPOSITORY, *START)
    assert "has no rtb-hub.yaml on branch main" in said


def test_a_repository_without_a_commit(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--bare")
    assert "has no branch" in refused(tmp_path, Reason.NOT_A_STATE_REPOSITORY, *START)


def test_another_layout_version(state: Path) -> None:
    commit_file(state, "rtb-hub.yaml", "apiVersion: state.rtb-ai-hub/v1\nkind: StateRepository\nspec:\n  layout: 2\n")
    said = refused(state, Reason.LAYOUT_VERSION, *START)
    assert "rtb-hub.yaml:4:3" in said
    assert "allowed: 1" in said


def test_a_dirty_work_tree(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    must("init", folder, "--work-tree")
    (folder / "notes.txt").write_text("mine")
    said = refused(folder, Reason.REPOSITORY_DIRTY, *START)
    assert "notes.txt" in said
    assert (folder / "notes.txt").read_text() == "mine"


def test_a_wrong_environment_file_gets_every_fault_at_once(state: Path) -> None:
    wrong = "apiVersion: environment.rtb-ai-hub/v1\nkind: Environmnt\nmetadata: {name: int}\nspec:\n  acount: 1\n  lease: {ttl: 1x}\n"
    commit_file(state, "environments/int/environment.yaml", wrong)
    said = refused(state, Reason.INVALID_ENVIRONMENT, *START)
    for words in (
        "environment.yaml:2:",
        ":5:",
        ":6:",
        "did you mean: Environment",
        "did you mean: account",
        "spec.domain: is missing",
    ):
        assert words in said


def test_init_into_a_folder_with_something_else(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("mine")
    ran = rtb_hub("init", tmp_path)
    assert ran.code == CODES[Reason.TARGET_NOT_EMPTY]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x"]


def test_init_with_a_wrong_environment_makes_nothing(tmp_path: Path) -> None:
    (tmp_path / "envs" / "qa").mkdir(parents=True)
    (tmp_path / "envs" / "qa" / "environment.yaml").write_text("a: 1\n")
    ran = rtb_hub("init", tmp_path / "state.git", "--environments", tmp_path / "envs")
    assert ran.code == CODES[Reason.INVALID_ENVIRONMENT]
    assert not (tmp_path / "state.git").exists()


def test_errors_for_machines(state: Path) -> None:
    ran = rtb_hub("show", "rtb_9", "--env", "int", "--repo", state, "--output", "json")
    error = json.loads(ran.err)["error"]
    assert (ran.code, error["reason"]) == (10, "InvalidIssueKey")
    assert error["faults"][0]["nearest"] == "RTB-9"


def test_wrong_usage_is_code_2(state: Path) -> None:
    assert rtb_hub("start", "RTB-1", "--repo", state).code == USAGE
    assert rtb_hub("strat").code == USAGE


def test_a_message_cannot_move_the_cursor(state: Path) -> None:
    assert "\x1b" not in refused(state, Reason.INVALID_VALUE, *START, "--set", "web.env.\x1b[2J=x")
