"""`set`, `unset` and what an update keeps, as people use them, on real repositories."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generator.errors import Reason
from hub.output.exit_codes import CODES
from worlds.builders import image
from worlds.commands import IMAGES, must, rtb_hub
from worlds.places import ROOT
from worlds.repositories import state_repository

OTHER = "registry.example.com/web@sha256:" + "b" * 64


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return state_repository(tmp_path / "state.git")


@pytest.fixture
def tell(state: Path) -> Callable[..., Any]:
    """Run a command on the repository and give its JSON."""
    return lambda *arguments, **environ: must(*arguments, "--repo", state, "-o", "json", **environ).json()


def fields(told: Any) -> dict[str, tuple[Any, Any]]:
    """Field → before and after of what was changed."""
    return {one["field"]: (one.get("before"), one.get("after")) for one in told["changed"]}


def test_a_new_image_keeps_all_that_was_asked_for_before(tell: Callable[..., Any]) -> None:
    asked = ("--ttl", "48h", "--branch", "feature/x", "--set", "web.cpu=500m", "--set", "web.env.A=1")
    tell("start", "RTB-50", "--env", "int", *IMAGES, *asked, "--set", "web.args=x", "--office-hours")
    told = tell("start", "RTB-50", "--env", "int", "--image", f"web={OTHER}")
    assert told["change"] == "updated"
    assert fields(told) == {"web.image": (image("web"), OTHER)}
    spec = tell("show", "RTB-50", "--env", "int")
    assert (spec["branch"], spec["lease"]["ttl"], spec["lease"]["officeHours"]) == ("feature/x", "48h", True)


def test_one_number_is_changed_and_taken_back_without_the_images(state: Path, tell: Callable[..., Any]) -> None:
    tell("start", "RTB-50", "--env", "int", *IMAGES, "--set", "web.env.A=1")
    ran = must("set", "RTB-50", "--env", "int", "web.cpu=500m", "web.env.B=2", "--repo", state)
    assert "  changed web.cpu: 250m → 500m\n  changed web.env.B: 2\n" in ran.out
    assert tell("set", "RTB-50", "--env", "int", "web.cpu=500m")["change"] == "unchanged"
    assert fields(tell("set", "RTB-50", "--env", "int", "web.env.B=3")) == {"web.env.B": ("2", "3")}
    ran = must("unset", "RTB-50", "--env", "int", "web.cpu", "web.env.B", "--repo", state)
    assert "  changed web.cpu: 500m → 250m\n  changed web.env.B: removed (was 3)\n" in ran.out
    assert tell("unset", "RTB-50", "--env", "int", "web.cpu", "web.env.B")["change"] == "unchanged"
    assert fields(tell("start", "RTB-50", "--env", "int", "--reset")) == {"web.env.A": ("1", None)}


def test_a_variable_is_a_text_or_a_secret_and_never_both(tell: Callable[..., Any]) -> None:
    secret = "preview/int/app/x#token"
    tell("start", "RTB-50", "--env", "int", *IMAGES, "--set", f"web.secrets.A={secret}")
    told = tell("set", "RTB-50", "--env", "int", "web.env.A=1")
    assert fields(told) == {"web.env.A": (None, "1"), "web.secrets.A": (secret, None)}
    assert fields(tell("set", "RTB-50", "--env", "int", f"web.secrets.A={secret}"))["web.env.A"] == ("1", None)


def test_compute_branch_and_ttl_go_back_when_that_is_asked(tell: Callable[..., Any]) -> None:
    tell("start", "RTB-60", "--env", "int", *IMAGES, "--compute", "spot", "--branch", "x", "--ttl", "48h")
    assert tell("start", "RTB-60", "--env", "int", *IMAGES)["change"] == "unchanged"
    told = fields(tell("unset", "RTB-60", "--env", "int", "branch", "compute"))
    assert (told["branch"], told["compute"]) == (("x", None), ("spot", "fargate"))
    assert "ttl" not in told
    assert fields(tell("start", "RTB-60", "--env", "int", "--reset"))["ttl"] == ("48h", "24h")


def test_another_blueprint_keeps_images_and_not_the_settings_of_the_first(tell: Callable[..., Any]) -> None:
    tell("start", "RTB-70", "--env", "int", *IMAGES, "--set", "web.cpu=500m", "--branch", "x")
    told = fields(tell("start", "RTB-70", "--env", "int", "--blueprint", "web"))
    assert told["web.cpu"] == ("500m", "250m")
    assert "api" in told
    assert "branch" not in told
    assert "web.image" not in told


def test_what_waits_keeps_what_was_asked_for_too(tell: Callable[..., Any]) -> None:
    big = ("--set", "web.cpu=1", "--set", "api.cpu=1")
    for number in (1, 2, 3):  # all of the 6 vCPUs of int
        tell("start", f"RTB-{number}", "--env", "int", *IMAGES, *big)
    tell("start", "RTB-4", "--env", "int", *IMAGES, "--set", "web.cpu=500m", "--branch", "x", "--queue")
    assert tell("set", "RTB-4", "--env", "int", "web.env.A=1")["change"] == "updated in line"
    assert tell("set", "RTB-4", "--env", "int", "web.env.A=1")["change"] == "waits already"
    tell("stop", "RTB-1", "--env", "int")
    assert tell("start", "RTB-4", "--env", "int")["change"] == "created"
    told = tell("show", "RTB-4", "--env", "int")
    assert (told["branch"], told["components"]["web"]["cpu"]) == ("x", "500m")
    assert fields(tell("unset", "RTB-4", "--env", "int", "web.env.A")) == {"web.env.A": ("1", None)}


@pytest.mark.parametrize(
    ("paths", "said"),
    [
        (("web.image",), "has no image"),
        (("web.cpus",), "did you mean: cpu"),
        (("web.cpu.x",), "is not a field of a component"),
        (("web.env.",), "is not a field of a component"),
        (("wbe",), "did you mean: web"),
        (("web",), "has no image"),
    ],
)
def test_what_cannot_be_taken_back_is_said(state: Path, paths: tuple[str, ...], said: str) -> None:
    must("start", "RTB-50", "--env", "int", *IMAGES, "--repo", state)
    ran = rtb_hub("unset", "RTB-50", "--env", "int", *paths, "--repo", state)
    assert ran.code in {CODES[Reason.INVALID_VALUE], CODES[Reason.UNKNOWN_COMPONENT]}
    assert said in ran.err


_FIELDS = (
    "image, port, cpu, memory, storage, replicas, path, healthPath, env, secrets, command, args, runAsUser, env.NAME,"
    " secrets.NAME"
)
_UNSET = f"branch, compute, or COMPONENT.FIELD of web, api, with FIELD one of {_FIELDS}"
_SET = f"COMPONENT.FIELD=TEXT of web, api, with FIELD one of {_FIELDS}"
_OPTION = "it is an option of a start, which updates a preview that is there"


def test_optional_components_are_among_what_may_be_unset(state: Path) -> None:
    asked = ("--blueprint", "web-api-postgres", "--unset", "nothing")
    ran = rtb_hub("start", "RTB-50", "--env", "int", *IMAGES, *asked, "--repo", state)
    assert "branch, compute, an optional component (seed), or COMPONENT.FIELD of web, api, " in ran.err


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
@pytest.mark.parametrize(
    ("asked", "reason", "told"),
    [
        (("unset", "ttl"), Reason.INVALID_VALUE, ("ttl: is of the preview as a whole, and cannot be unset", _UNSET, _OPTION)),
        (("unset", "officeHours"), Reason.INVALID_VALUE, ("cannot be unset", _UNSET, _OPTION)),
        (("unset", "branch.x"), Reason.INVALID_VALUE, ("cannot be unset", _UNSET)),
        (("unset", "web.cpus"), Reason.INVALID_VALUE, ("web.cpus", _UNSET)),
        (("unset", "nothing"), Reason.UNKNOWN_COMPONENT, ("blueprint web-api has no component 'nothing'", _UNSET)),
        (("unset", "compte"), Reason.UNKNOWN_COMPONENT, ("did you mean: compute", _UNSET)),
        (("set", "ttl=8h"), Reason.INVALID_VALUE, ("ttl: is of the preview as a whole", _SET, _OPTION)),
        (("set", "compute=spot"), Reason.INVALID_VALUE, ("compute: is of the preview as a whole", _SET, _OPTION)),
        (("set", "web=1"), Reason.INVALID_VALUE, ("web: names no field of a component", _SET)),
        (("set", "wbe=1"), Reason.INVALID_VALUE, ("names no field of a component", "did you mean: web", _SET)),
    ],
)  # fmt: skip
def test_all_that_may_be_set_and_unset_is_listed(
    state: Path, asked: tuple[str, str], reason: Reason, told: tuple[str, ...], dry: tuple[str, ...]
) -> None:
    must("start", "RTB-50", "--env", "int", *IMAGES, "--repo", state)
    ran = rtb_hub(asked[0], "RTB-50", asked[1], "--env", "int", "--repo", state, *dry)
    assert ran.code == CODES[reason]
    for words in told:
        assert words in ran.err


@pytest.mark.parametrize(("field", "to"), [("replicas", "10"), ("port", "65535"), ("runAsUser", "2147483647")])
@pytest.mark.parametrize("text", ["-1", "", "two", "1.5", "1" * 11, "٣"])
def test_what_is_no_whole_number_names_the_range(field: str, to: str, text: str) -> None:
    ran = rtb_hub("price", "--env", "int", "--set", f"web.{field}={text}", "--environments", ROOT / "environments")
    assert ran.code == CODES[Reason.INVALID_VALUE]
    assert ran.err == (
        f"error: web.{field}: {text!r} is not allowed [InvalidValue]\n  allowed: a whole number from 1 to {to}\n"
    )


def test_set_and_unset_start_nothing(state: Path) -> None:
    for command in (("set", "RTB-50", "--env", "int", "web.cpu=1"), ("unset", "RTB-50", "--env", "int", "branch")):
        ran = rtb_hub(*command, "--repo", state)
        assert (ran.code, "rtb-hub start KEY" in ran.err) == (CODES[Reason.PREVIEW_NOT_FOUND], True)
    both = ("start", "RTB-50", "--env", "int", *IMAGES, "--set", "web.cpu=1", "--unset", "web.cpu", "--repo", state)
    assert rtb_hub(*both).err == "error: web.cpu: is set and unset at once [InvalidValue]\n"
