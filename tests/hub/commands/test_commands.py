"""The commands as people and machines use them, on real repositories."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import jsonschema_rs
import pytest
import yaml

from generator.errors import Reason
from generator.model.json_schemas import schema
from hub.cli.about import printing
from hub.cli.app import app
from hub.cli.printed import OUTPUTS
from hub.commands.schema import NAMES, schema_text
from hub.output.exit_codes import CODES, DIFFERENT
from hub.views.settable import FIELDS
from reconcilers.lifecycle.start import entry_text
from worlds.builders import environment, preview
from worlds.commands import IMAGES, commit_file, git, must, rtb_hub
from worlds.places import ROOT
from worlds.repositories import state_repository

ENTRY = "environments/int/previews/rtb/100/rtb-123"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return state_repository(tmp_path / "state.git")


def start(state: Path, *arguments: str, key: str = "RTB-123", env: str = "int") -> dict[str, object]:
    return must("start", key, "--env", env, *IMAGES, *arguments, "--repo", state, "-o", "json").json()  # type: ignore[no-any-return]


def manifest(state: Path, branch: str = "main", path: str = ENTRY) -> list[dict[str, object]]:
    return list(yaml.load_all(git(state, "show", f"{branch}:{path}/manifest.yaml"), yaml.CSafeLoader))


def test_start_writes_entry_and_manifest_in_one_commit_with_trailers(state: Path) -> None:
    told = start(state, "--branch", "feature/x")
    assert (told["change"], told["url"]) == ("created", "https://rtb-123.int.preview.example.com/")
    changed = git(state, "show", "--name-status", "--format=%s", "main").split("\n")
    assert changed[0] == "Start RTB-123 in int"
    assert changed[2:4] == [f"A\t{ENTRY}/manifest.yaml", f"A\t{ENTRY}/preview.yaml"]
    trailers = git(state, "log", "-1", "--format=%(trailers)", "main")
    for line in (
        "Preview: int/rtb-123",
        "Action: start",
        "Requested-By: alice",
        f"Rendered-Digest: {told['manifestDigest']}",
    ):
        assert line in trailers


def test_the_same_again_changes_nothing_and_says_so(state: Path) -> None:
    start(state)
    head = git(state, "rev-parse", "main")
    ran = must("start", "RTB-123", "--env", "int", *IMAGES, "--repo", state)
    assert "is already up to date; nothing changed" in ran.out
    assert git(state, "rev-parse", "main") == head


def test_other_input_updates_and_keeps_lease_and_shard(state: Path) -> None:
    first = start(state)
    second = start(state, "--set", "web.cpu=500m")
    assert second["change"] == "updated"
    assert second["shard"] == first["shard"]
    for field in ("requestedAt", "expiresAt", "ttl", "requestedBy"):
        assert second["lease"][field] == first["lease"][field]  # type: ignore[index]


def test_a_variables_value_stays_the_very_text(state: Path) -> None:
    start(
        state,
        "--set",
        "web.env.A=no",
        "--set",
        "web.env.B=1e3",
        "--set",
        "web.env.C=a=b\nc: d",
        "--set",
        "web.env.D=0123",
    )
    (config,) = (o for o in manifest(state) if o["kind"] == "ConfigMap" and o["metadata"]["name"] == "web-env")  # type: ignore[index]
    data = config["data"]
    assert {k: data[k] for k in "ABCD"} == {"A": "no", "B": "1e3", "C": "a=b\nc: d", "D": "0123"}  # type: ignore[index]


def test_diff_tells_by_object_and_exit_code(state: Path) -> None:
    ask = ("diff", "RTB-123", "--env", "int", *IMAGES, "--repo", state)
    created = rtb_hub(*ask)
    assert created.code == DIFFERENT
    assert "+ Deployment preview-rtb-123/web" in created.out
    start(state)
    assert rtb_hub(*ask).code == 0
    changed = rtb_hub(*ask, "--set", "web.cpu=500m", "--set", "web.secrets.K=preview/int/app/k", "-o", "json")
    assert changed.code == DIFFERENT
    objects = {change["object"]: change for change in changed.json()["objects"]}
    assert objects["ExternalSecret preview-rtb-123/web-secrets"]["change"] == "added"
    field = "spec.template.spec.containers.web.resources.limits.cpu"
    assert {"field": field, "before": "250m", "after": "500m"} in objects["Deployment preview-rtb-123/web"]["fields"]


def test_render_gives_what_start_commits_and_writes_nothing(state: Path, tmp_path: Path) -> None:
    start(state)
    head = git(state, "rev-parse", "main")
    must("render", "RTB-123", "--env", "int", *IMAGES, "--repo", state, "--to", tmp_path / "out")
    rendered = (tmp_path / "out" / "manifest.yaml").read_text()
    assert must("render", "RTB-123", "--env", "int", *IMAGES).out.splitlines()[1:3] == rendered.splitlines()[1:3]
    assert list(yaml.load_all(rendered, yaml.CSafeLoader)) == manifest(state)
    assert git(state, "rev-parse", "main") == head


def test_list_filters_sorts_and_shows_what_cannot_be_read(state: Path) -> None:
    start(state, "--ttl", "8h")
    start(state, key="RTB-9", env="stg")
    must("start", "RTB-20", "--env", "int", *IMAGES, "--set", "web.cpu=1", "--repo", state, RTB_HUB_ACTOR="bob")
    commit_file(state, "environments/int/previews/rtb/0/rtb-7/preview.yaml", "apiVersion: nonsense\nkind: Preview\n")

    def keys(*arguments: str) -> list[str]:
        return [p["issue"] for p in must("list", *arguments, "--repo", state, "-o", "json").json()["previews"]]

    assert keys() == ["RTB-9", "RTB-20", "RTB-123"]
    assert keys("--env", "stg") == ["RTB-9"]
    assert keys("--owner", "bob") == ["RTB-20"]
    assert keys("--sort", "ends")[0] == "RTB-123"
    assert keys("--sort", "price")[0] == "RTB-20"
    table = must("list", "--repo", state).out
    assert "https://rtb-123.int.preview.example.com/" in table
    assert "$0.0284" in table
    assert "rtb-7/preview.yaml cannot be read; it is skipped" in table
    assert "'nonsense' is not allowed" in table


def test_an_unreadable_neighbour_does_not_stand_in_the_way_and_can_be_stopped(state: Path) -> None:
    commit_file(state, "environments/int/previews/rtb/0/rtb-7/preview.yaml", "not: [an entry")
    start(state)
    must("stop", "RTB-7", "--env", "int", "--repo", state)
    assert must("list", "--repo", state, "-o", "json").json()["unreadable"] == []


def test_show_and_stop(state: Path) -> None:
    start(state)
    shown = must("show", "RTB-123", "--env", "int", "--repo", state)
    for words in ("preview-rtb-123", "wave -10  Namespace/preview-rtb-123", " left)", "alice"):
        assert words in shown.out
    must("stop", "RTB-123", "--env", "int", "--reason", "done", "--repo", state)
    assert git(state, "ls-tree", "-r", "--name-only", "main", "environments/int/previews") == ""
    assert "Reason: done" in git(state, "log", "-1", "--format=%(trailers)", "main")
    again = rtb_hub("stop", "RTB-123", "--env", "int", "--repo", state)
    assert again.code == CODES[Reason.PREVIEW_NOT_FOUND]
    must("stop", "RTB-123", "--env", "int", "--ignore-not-found", "--repo", state)


def test_prd_never_moves_but_by_a_request_branch(state: Path) -> None:
    prd = git(state, "rev-parse", "prd")
    told = start(state, env="prd")
    assert (told["onBranch"], told["change"]) == ("preview/prd/rtb-123", "created")
    assert told["lease"]["expiresAt"] is None  # type: ignore[index]
    assert start(state, env="prd")["change"] == "unchanged"
    assert start(state, "--set", "web.cpu=500m", env="prd")["change"] == "updated"
    assert git(state, "rev-parse", "prd") == prd
    assert git(state, "rev-parse", "preview/prd/rtb-123~2").strip() == prd.strip()
    (listed,) = must("list", "--repo", state, "-o", "json").json()["previews"]
    assert (listed["lease"]["phase"], listed["removalRequested"]) == ("awaiting approval", False)
    assert "removal" not in must("list", "--repo", state).out
    assert must("stop", "RTB-123", "--env", "prd", "--repo", state, "-o", "json").json()["change"] == "withdrawn"
    assert git(state, "for-each-ref", "--format=%(refname:short)").split() == ["main", "prd"]


def test_stopping_what_is_live_in_prd_asks_for_its_removal(state: Path) -> None:
    start(state, env="prd")
    git(state, "update-ref", "refs/heads/prd", "preview/prd/rtb-123")
    git(state, "update-ref", "-d", "refs/heads/preview/prd/rtb-123")
    prd = git(state, "rev-parse", "prd")
    for _ in range(2):
        told = must("stop", "RTB-123", "--env", "prd", "--repo", state, "-o", "json").json()
        assert told["change"] == "removal requested"
    assert git(state, "rev-parse", "prd") == prd
    assert git(state, "rev-list", "--count", "prd..preview/prd/rtb-123").strip() == "1"
    assert "previews" not in git(state, "ls-tree", "-r", "--name-only", "preview/prd/rtb-123")
    (listed,) = must("list", "--repo", state, "-o", "json").json()["previews"]
    shown = must("show", "RTB-123", "--env", "prd", "--repo", state, "-o", "json").json()
    assert listed["removalRequested"] is shown["removalRequested"] is True
    sentence = "RTB-123 in prd: removal requested; it is deleted when preview/prd/rtb-123 is merged"
    assert sentence in must("list", "--repo", state).out
    of_one = must("show", "RTB-123", "--env", "prd", "--repo", state).out
    assert "removal   requested on preview/prd/rtb-123; it is deleted when that is merged" in of_one
    again = ("RTB-123", "--env", "prd", *IMAGES, "--repo", state)
    changed = rtb_hub("diff", *again)
    assert (changed.code, "the request to delete it would be withdrawn" in changed.out) == (DIFFERENT, True)
    kept = must("start", *again)
    assert "RTB-123 in prd is kept as it is; the request to delete it is withdrawn" in kept.out
    assert "open a pull request" not in kept.out
    assert git(state, "for-each-ref", "--format=%(refname:short)").split() == ["main", "prd"]
    must("stop", "RTB-123", "--env", "prd", "--repo", state)
    told_otherwise = must("start", *again, "--set", "web.cpu=500m").out
    assert "replaces the request to delete it" in told_otherwise


def test_the_repository_is_the_flag_else_the_variable_else_the_folder(state: Path, tmp_path: Path) -> None:
    start(state)
    other = tmp_path / "other.git"
    must("init", other)
    assert len(must("list", "-o", "json", cwd=state).json()["previews"]) == 1
    assert len(must("list", "-o", "json", cwd=state, RTB_HUB_REPO=str(other)).json()["previews"]) == 0
    assert len(must("list", "-o", "json", "--repo", state, RTB_HUB_REPO=str(other)).json()["previews"]) == 1


def test_init_again_commits_only_what_differs_and_no_preview(state: Path, tmp_path: Path) -> None:
    start(state)
    envs = tmp_path / "envs"
    subprocess.run(["cp", "-r", ROOT / "environments", envs], check=True)
    text = (envs / "int" / "environment.yaml").read_text()
    (envs / "int" / "environment.yaml").write_text(text.replace("int.preview.example.com", "int.preview.example.org"))
    told = must("init", state, "--environments", envs, "-o", "json").json()
    assert [branch["written"] for branch in told["branches"]] == [["environments/int/environment.yaml"], []]
    assert all(
        branch["written"] == []
        for branch in must("init", state, "--environments", envs, "-o", "json").json()["branches"]
    )
    assert start(state)["url"] == "https://rtb-123.int.preview.example.org/"


def test_adding_an_environment_is_adding_a_folder(tmp_path: Path) -> None:
    envs = tmp_path / "envs"
    subprocess.run(["cp", "-r", ROOT / "environments", envs], check=True)
    (envs / "qa").mkdir()
    text = (envs / "int" / "environment.yaml").read_text()
    (envs / "qa" / "environment.yaml").write_text(
        text.replace("name: int", "name: qa").replace("int.preview", "qa.preview")
    )
    must("init", tmp_path / "state.git", "--environments", envs)
    told = start(tmp_path / "state.git", env="qa")
    assert told["url"] == "https://rtb-123.qa.preview.example.com/"


def own_environments(folder: Path) -> Path:
    """The shipped environments with a value of somebody's own."""
    shutil.copytree(ROOT / "environments", folder)
    base = folder / "base" / "environment.yaml"
    base.write_text(base.read_text().replace("previews: 20", "previews: 33"))
    return folder


@pytest.mark.parametrize("again", [("state.git",), ("other.git", "--remote", "state.git")], ids=["in place", "a clone"])
def test_init_without_environments_keeps_those_of_the_repository(tmp_path: Path, again: tuple[str, ...]) -> None:
    must("init", "state.git", "--environments", own_environments(tmp_path / "my"), cwd=tmp_path)
    before = git(tmp_path / "state.git", "rev-parse", "main", "prd")
    ran = must("init", *again, cwd=tmp_path)
    assert "up to date" in ran.out
    assert git(tmp_path / "state.git", "rev-parse", "main", "prd") == before


def test_init_makes_the_repository_that_rtb_hub_repo_names(tmp_path: Path) -> None:
    must("init", "state.git", cwd=tmp_path, RTB_HUB_REPO=str(tmp_path / "state.git"))
    assert git(tmp_path / "state.git", "rev-parse", "main")


def test_init_with_a_remote_publishes_there(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--bare", str(tmp_path / "remote.git"))
    must("init", tmp_path / "local.git", "--remote", tmp_path / "remote.git")
    start(tmp_path / "local.git")
    assert "rtb-123/preview.yaml" in git(tmp_path / "remote.git", "ls-tree", "-r", "--name-only", "main")
    assert git(tmp_path / "remote.git", "rev-parse", "--verify", "prd")


def test_init_tells_the_rules_for_each_branch_and_holds_those_it_can(tmp_path: Path) -> None:
    told = must("init", tmp_path / "state.git", "-o", "json").json()
    assert told["hook"] == "ours"
    assert [(rule["branch"], rule["rule"], rule["heldBy"]) for rule in told["rules"]] == [
        ("main", "no-rewriting", "hook"),
        ("main", "no-deletion", "hook"),
        ("main", "hub-only", None),
        ("prd", "no-rewriting", "hook"),
        ("prd", "no-deletion", "hook"),
        ("prd", "reviewed", None),
    ]
    assert told["rules"][0]["environments"] == ["int", "stg"]
    people = must("init", tmp_path / "state.git").out
    assert "pushes that rewrite main, prd are rejected" in people
    assert "pushes that delete main, prd are rejected" in people
    for rule in told["rules"]:
        assert (f"  {rule['branch']}: {rule['words']}\n" in people) is (rule["heldBy"] is None)


def test_init_with_a_remote_tells_every_rule_and_changes_no_setting_there(tmp_path: Path) -> None:
    remote = tmp_path / "remote.git"
    git(tmp_path, "init", "-q", "--bare", str(remote))
    before = (remote / "config").read_text()
    people = must("init", tmp_path / "local.git", "--remote", remote).out
    told = must("init", tmp_path / "local.git", "-o", "json").json()
    assert told["hook"] == "none"
    assert {rule["heldBy"] for rule in told["rules"]} == {None}
    assert all(f"  {rule['branch']}: {rule['words']}\n" in people for rule in told["rules"])
    assert "'rtb-hub init' on its own path installs it" in people
    assert ((remote / "config").read_text(), (remote / "hooks" / "update").exists()) == (before, False)
    assert not (tmp_path / "local.git" / "hooks" / "update").exists()

    must("init", remote)
    told = must("init", tmp_path / "local.git", "-o", "json").json()
    assert [rule["heldBy"] for rule in told["rules"]] == ["hook", "hook", None] * 2


def test_init_tells_what_a_setting_of_the_remote_holds_and_no_more(tmp_path: Path) -> None:
    remote = tmp_path / "remote.git"
    git(tmp_path, "init", "-q", "--bare", str(remote))
    git(remote, "config", "receive.denyNonFastForwards", "true")
    people = must("init", tmp_path / "local.git", "--remote", remote).out
    assert "pushes that rewrite main, prd are rejected" in people
    assert "pushes that delete" not in people
    assert "main: refuse to delete the branch" in people
    assert "refuse force pushes" not in people


def test_init_leaves_another_hook_alone_and_says_so(state: Path) -> None:
    (state / "hooks" / "update").write_text("#!/bin/sh\nexit 0\n")
    told = must("init", state).out
    assert "has an update hook of its own, which was left alone" in told
    assert "refuse force pushes" in told
    assert must("init", state, "-o", "json").json()["hook"] == "foreign"


def test_init_guards_the_branch_of_an_environment_that_is_added(state: Path, tmp_path: Path) -> None:
    envs = tmp_path / "environments"
    subprocess.run(["cp", "-r", ROOT / "environments", envs], check=True)
    subprocess.run(["cp", "-r", envs / "prd", envs / "dr"], check=True)
    text = (envs / "dr" / "environment.yaml").read_text()
    (envs / "dr" / "environment.yaml").write_text(
        text.replace("name: prd", "name: dr").replace("branch: prd", "branch: dr")
    )
    told = must("init", state, "--environments", envs, "-o", "json").json()
    assert {rule["branch"] for rule in told["rules"] if rule["heldBy"] == "hook"} == {"main", "prd", "dr"}


def test_a_full_environment_refuses_with_the_numbers(tmp_path: Path) -> None:
    envs = tmp_path / "envs"
    subprocess.run(["cp", "-r", ROOT / "environments", envs], check=True)
    text = (envs / "base" / "environment.yaml").read_text()
    (envs / "base" / "environment.yaml").write_text(
        text.replace("previews: 20", "previews: 1").replace("quotaVcpu: 6", "quotaVcpu: 1")
    )
    state = tmp_path / "state.git"
    must("init", state, "--environments", envs)
    start(state)
    ran = rtb_hub("start", "RTB-2", "--env", "int", *IMAGES, "--set", "web.cpu=500m", "--repo", state)
    assert ran.code == CODES[Reason.CAPACITY_EXHAUSTED]
    assert "int has 1 of 1 previews" in ran.err
    assert "int uses 0.50 of 1 Fargate vCPUs and 0.75 more are asked for" in ran.err


def test_env_show_explains_every_value(tmp_path: Path) -> None:
    values = must("env", "show", "int", "--explain", "-o", "json").json()["values"]
    where = {value["field"]: value["setAt"] for value in values}
    assert where["spec.account"].startswith("environments/int/environment.yaml:")
    assert where["spec.lease.ttl"].startswith("environments/base/environment.yaml:")
    assert set(where.values()) != {"default"}
    assert "0.04656" in must("env", "show", "prd").out
    assert [e["metadata"]["name"] for e in must("env", "list", "-o", "json").json()["environments"]] == [
        "int",
        "prd",
        "stg",
    ]


def test_blueprints_document_every_field_that_can_be_set() -> None:
    told = must("blueprint", "show", "web-api-postgres", "-o", "json").json()
    fields = {field.partition(".")[0] for field in FIELDS}
    assert fields == set(schema("preview")["$defs"]["Component"]["properties"]) - {"image"}
    assert {name: c["role"] for name, c in told["components"].items()} == {
        "web": "service",
        "api": "service",
        "postgres": "database",
        "seed": "job",
    }
    listed = must("blueprint", "list", "-o", "json").json()["blueprints"]
    assert [b["name"] for b in listed if b["default"]] == ["web-api"]


def test_price_explains_the_rounding() -> None:
    told = must("price", "--env", "int", "--set", "api.memory=512Mi", "-o", "json").json()
    billed = {pod["name"]: pod["billed"] for pod in told["pods"]}
    assert billed == {"api": {"vcpu": "0.25", "gb": "1"}, "web": {"vcpu": "0.25", "gb": "0.5"}}
    assert (told["perHour"], told["lease"]) == ("0.0309450", "24h")
    assert "256 MiB" in must("price", "--env", "int").out
    assert "no price of its own" in must("price", "--env", "int", "--compute", "spot").out


@pytest.mark.parametrize("name", NAMES)
def test_the_schemas_in_docs_are_the_models(name: str) -> None:
    assert (ROOT / "docs" / "schema" / f"{name}.schema.json").read_text() == schema_text(name)
    assert must("schema", name).out == schema_text(name)


def test_the_description_of_the_api_in_docs_is_the_apis() -> None:
    assert (ROOT / "docs" / "schema" / "openapi.json").read_text() == must("schema", "openapi").out


def test_all_schemas_are_written_to_a_folder(tmp_path: Path) -> None:
    must("schema", "--to", tmp_path)
    shipped = _texts(ROOT / "docs" / "schema")
    assert _texts(tmp_path) == shipped


def _texts(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*.json")}


def test_each_command_that_prints_json_has_a_schema_of_it(tmp_path: Path) -> None:
    assert {*printing(app), "error"} == {*OUTPUTS}
    assert _texts(ROOT / "docs/schema/output").keys() == {f"{name}.schema.json" for name in OUTPUTS}
    for words in (["env", "list"], ["env-list"]):
        assert must("schema", "output", *words).out == (ROOT / "docs/schema/output/env-list.schema.json").read_text()
    must("schema", "output", "error", "--to", tmp_path)
    assert [*_texts(tmp_path)] == ["output/error.schema.json"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["output"], "name a command [InvalidValue]\n  allowed: account-check, account-record, approvals, "),
        (["output", "lst"], "there is no output 'lst' [InvalidValue]"),
        (["preview", "list"], "preview has no parts [InvalidValue]"),
        (["nothing"], "there is no schema 'nothing' [InvalidValue]"),
        (
            ["jobs"],
            "there is no schema 'jobs' [InvalidValue]\n  allowed: blueprint, environment, environment-overlay, job, openapi, "
            "output, preview, queued-preview, registries, services\n  did you mean: job",
        ),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, list) else "",
)
def test_a_schema_that_there_is_not(words: list[str], told: str) -> None:
    ran = rtb_hub("schema", *words)
    assert (ran.code, ran.out) == (14, "")
    assert f"error: {told}" in ran.err


def test_what_we_ship_and_write_fits_its_schema() -> None:
    def fits(name: str, text: str) -> None:
        jsonschema_rs.Draft202012Validator(schema(name)).validate(yaml.load(text, yaml.CSafeLoader))

    for env in ("base", "int", "stg", "prd"):
        fits("environment-overlay", (ROOT / "environments" / env / "environment.yaml").read_text())
    for path in (ROOT / "templates" / "preview").glob("*/blueprint.yaml"):
        fits("blueprint", path.read_text())
    fits("preview", entry_text(preview(settings=(("web.env.A", "b"),))))
    fits("environment", json.dumps(environment().as_tree()))


def test_validate_reports_like_a_compiler(tmp_path: Path) -> None:
    must("render", "RTB-1", "--env", "int", *IMAGES, "--to", tmp_path / "p")
    clean = must("validate", tmp_path)
    assert "12 objects" in clean.out
    assert "left out" in clean.out
    path = tmp_path / "p" / "manifest.yaml"
    path.write_text(path.read_text().replace("replicas: 1", "replicsa: 1", 1))
    (tmp_path / "broken.yaml").write_text("a: [\n")
    (tmp_path / "list.json").write_text(
        '{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "X"}, "spec": {"containers": []}}]}'
    )
    ran = rtb_hub("validate", tmp_path, "--kubernetes", "1.31-1.36", "-o", "json")
    assert ran.code == CODES[Reason.MANIFEST_INVALID]
    rules = {(Path(f["file"]).name, f["rule"]) for f in ran.json()["findings"]}
    assert {
        ("manifest.yaml", "schema/unknown-field"),
        ("broken.yaml", "file/unreadable"),
        ("list.json", "api/name"),
    } <= rules
    (typo,) = (f for f in ran.json()["findings"] if f["rule"] == "schema/unknown-field")
    assert path.read_text().splitlines()[typo["line"] - 1].strip() == "replicsa: 1"
    sarif = json.loads(rtb_hub("validate", tmp_path, "-o", "sarif").out)
    assert {r["ruleId"] for r in sarif["runs"][0]["results"]} >= {"schema/unknown-field"}
    assert "1.30" in rtb_hub("validate", tmp_path, "--kubernetes", "1.30").err


def test_validate_tells_people_and_machines_apart(tmp_path: Path) -> None:
    said = rtb_hub("validate", tmp_path / "nothing")
    assert said.err.startswith("error: there is no file or folder")
    assert json.loads(rtb_hub("validate", tmp_path / "nothing", "-o", "sarif").err)["error"]["reason"] == "InvalidValue"
    assert said.code == CODES[Reason.INVALID_VALUE]


def test_the_demo_shows_four_previews_and_the_tree(tmp_path: Path) -> None:
    out = must("demo", tmp_path / "demo").out
    assert out.count("https://rtb-123.int.preview.example.com/") == 2
    for words in ("RTB-207", "rtb-207.stg", "manifest.yaml", "branch prd", "Next, try:", "left)"):
        assert words in out


def test_every_command_has_help_with_an_example_or_a_consequence() -> None:
    for command in (
        "init",
        "start",
        "diff",
        "render",
        "list",
        "show",
        "stop",
        "demo",
        "price",
        "validate",
        "schema",
        "env",
        "blueprint",
    ):
        assert len(must(command, "--help").out) > 200, command
