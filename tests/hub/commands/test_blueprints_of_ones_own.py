"""Blueprints in a state repository and in folders: listed, checked, rendered, started from, corrected and guarded."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from worlds.commands import Ran, commit_file, git, must, rtb_hub
from worlds.own_blueprints import SHOP, SHOP_IMAGES
from worlds.repositories import state_repository

FILE = "blueprints/shop/blueprint.yaml"
ENTRY = "environments/int/previews/rtb/100/rtb-123"
IMAGES = [text for name, image in SHOP_IMAGES.items() for text in ("--image", f"{name}={image}")]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    repository = state_repository(tmp_path / "state.git")
    commit_file(repository, FILE, SHOP)
    return repository


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    own = tmp_path / "own"
    (own / "shop").mkdir(parents=True)
    (own / "shop" / "blueprint.yaml").write_text(SHOP, encoding="utf-8")
    return own


def start(state: Path, *more: str) -> Ran:
    return must("start", "RTB-123", "-e", "int", "-b", "shop", *IMAGES, *more, "--repo", state, "-o", "json")


def entry(state: Path) -> dict[str, object]:
    found: dict[str, object] = yaml.safe_load(git(state, "show", f"main:{ENTRY}/preview.yaml"))["spec"]
    return found


def test_a_preview_starts_from_it_and_the_same_again_changes_nothing(state: Path) -> None:
    assert start(state).json()["change"] == "created"
    told = entry(state)
    assert told["blueprint"] == "shop"
    assert str(told["rendered"]["blueprint"]).startswith("sha256:")  # type: ignore[index]
    head = git(state, "rev-parse", "main")
    must("reconcile", "--repo", state)
    assert start(state).json()["change"] == "unchanged"
    assert git(state, "rev-parse", "main") == head


def test_a_change_of_it_is_rolled_out_and_leaves_other_previews_alone(state: Path) -> None:
    start(state)
    web = ("-b", "web", "--image", f"web={SHOP_IMAGES['web']}")
    must("start", "RTB-7", "-e", "int", *web, "--repo", state)
    before, digest = git(state, "rev-parse", "main:environments/int/previews/rtb/0"), entry(state)["rendered"]
    commit_file(state, FILE, SHOP.replace("LEVEL: info", "LEVEL: debug"))
    must("reconcile", "--repo", state)
    assert "LEVEL: debug" in git(state, "show", f"main:{ENTRY}/manifest.yaml")
    assert entry(state)["rendered"] != digest
    assert git(state, "rev-parse", "main:environments/int/previews/rtb/0") == before
    assert rtb_hub("guard", "main~1..main", "--repo", state).code == 0


def test_each_branch_has_its_own_so_that_prd_changes_by_what_is_reviewed_there(state: Path) -> None:
    assert "shop" in must("blueprint", "show", "shop", "--repo", state).out
    ran = rtb_hub("start", "RTB-123", "-e", "prd", "-b", "shop", *IMAGES, "--repo", state)
    assert ran.code != 0
    assert "there is no blueprint 'shop'" in ran.err


def test_the_guard_lets_nobody_change_it_beside_previews(state: Path) -> None:
    commit_file(state, FILE, SHOP.replace("front end", "x"))
    ran = rtb_hub("guard", "main~1..main", "--repo", state, "-o", "json")
    assert ran.code == 5
    assert [one["rule"] for one in ran.json()["refusals"]] == ["policy-changed"]


@pytest.mark.parametrize(
    "text", ["a: [", SHOP.replace("role: worker", "role: daemon"), "\ufffd", SHOP.replace("shop", "x")]
)
def test_a_wrong_one_keeps_no_other_from_anything(state: Path, text: str) -> None:
    start(state)
    commit_file(state, "blueprints/wrong/blueprint.yaml", text)
    listed = must("blueprint", "list", "--repo", state, "-o", "json").json()
    assert [one["name"] for one in listed["unreadable"]] == ["wrong"]
    assert {"name": "shop", "own": True}.items() <= next(
        one for one in listed["blueprints"] if one["name"] == "shop"
    ).items()
    assert start(state, "--set", "web.cpu=300m").json()["change"] == "updated"
    must("reconcile", "--repo", state)
    must("init", state)
    ran = rtb_hub("start", "RTB-124", "-e", "int", "-b", "wrong", "--repo", state)
    assert ran.code != 0
    assert "blueprints/wrong/blueprint.yaml" in ran.err


def test_a_file_that_is_no_text_keeps_no_other_from_anything(state: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(state), str(clone))
    (clone / "blueprints" / "bytes").mkdir()
    (clone / "blueprints" / "bytes" / "blueprint.yaml").write_bytes(b"a: \xff\xfe\n")
    git(clone, "add", ".")
    git(clone, "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "-m", "x")
    git(clone, "push", "-q", "origin", "main")
    start(state)
    listed = must("blueprint", "list", "--repo", state, "-o", "json").json()
    assert [one["name"] for one in listed["unreadable"]] == ["bytes"]


def test_one_that_breaks_leaves_its_previews_as_they_are_and_says_so(state: Path) -> None:
    start(state)
    before = git(state, "rev-parse", f"main:{ENTRY}")
    commit_file(state, FILE, "gone: true\n")
    ran = rtb_hub("reconcile", "--repo", state)
    assert "shop" in ran.out + ran.err
    assert git(state, "rev-parse", f"main:{ENTRY}") == before
    must("stop", "RTB-123", "-e", "int", "--repo", state)


def test_check_renders_it_in_each_environment_and_tells_what_is_wrong(folder: Path) -> None:
    ran = must("blueprint", "check", "--blueprints", folder, "-o", "json")
    (shop,) = ran.json()["blueprints"]
    assert [one["environment"] for one in shop["environments"]] == ["int", "prd", "stg"]
    assert all(one["objects"] > 30 and float(one["perHour"]) > 0 for one in shop["environments"])
    (folder / "big").mkdir()
    big = SHOP.replace("{name: shop}", "{name: big}").replace("cpu: 100m", "cpu: 1500m")
    (folder / "big" / "blueprint.yaml").write_text(big, encoding="utf-8")
    ran = rtb_hub("blueprint", "check", "--blueprints", folder, "-e", "int")
    assert ran.code != 0
    assert "✓ shop in int on fargate" in ran.out
    assert "✗ big in int on fargate" in ran.out
    assert "at most 2 a preview" in ran.out


def test_render_and_price_take_a_folder_and_give_what_start_commits(state: Path, folder: Path, tmp_path: Path) -> None:
    start(state)
    must("render", "RTB-123", "-e", "int", "-b", "shop", *IMAGES, "--blueprints", folder, "--to", tmp_path / "out")
    assert (tmp_path / "out" / "manifest.yaml").read_text() == git(state, "show", f"main:{ENTRY}/manifest.yaml")
    sample = must("blueprint", "render", "shop", "-e", "int", "--blueprints", folder, "--set", "web.cpu=300m").out
    assert "name: preview-sample-1" in sample
    priced = must("price", "-e", "int", "-b", "shop", "--blueprints", folder, "-o", "json").json()
    by_name = {one["name"].split("-")[0]: one for one in priced["pods"]}
    assert set(by_name) == {"admin", "api", "cache", "db", "migrate", "nightly", "rpc", "smoke", "web", "worker"}
    # The sidecar runs on beside it: 250m and 100m.
    assert by_name["web"]["asked"]["millicores"] == 350
    assert by_name["worker"]["replicas"] == 2


def test_a_folder_without_any_says_what_to_do(tmp_path: Path) -> None:
    ran = rtb_hub("blueprint", "list", "--blueprints", tmp_path)
    assert ran.code != 0
    assert "holds no blueprint" in ran.err


def test_what_is_wrong_is_told_with_its_remedy_in_words(state: Path) -> None:
    ran = rtb_hub("blueprint", "check", "nosuch", "--repo", str(state))
    assert "; 'rtb-hub blueprint list' describes them" in ran.out
    none = must("blueprint", "check")
    assert "'--blueprints DIR' checks those of a folder" in none.out
