"""The lists of what is in the images: valid, and of exactly what the locks and Debian installed."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from builder import DIST, IMAGES, PYTHON
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from hub import __version__
from worlds.places import ROOT

PLATFORM = {
    "python_version": PYTHON,
    "python_full_version": f"{PYTHON}.0",
    "sys_platform": "linux",
    "platform_system": "Linux",
    "os_name": "posix",
    "platform_machine": "x86_64",
}


def listed(name: str) -> Any:
    return json.loads((DIST / f"rtb-{name}.cdx.json").read_text(encoding="utf-8"))


def packages(name: str, kind: str) -> dict[str, str]:
    found = (re.fullmatch(rf"pkg:{kind}/([^@]+)@([^?]+)(?:\?.*)?", one["purl"]) for one in listed(name)["components"])
    return {one[1]: one[2] for one in found if one is not None}


@pytest.mark.parametrize("name", IMAGES)
def test_the_list_is_valid_and_names_its_image(name: str) -> None:
    text = (DIST / f"rtb-{name}.cdx.json").read_text(encoding="utf-8")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    about = listed(name)["metadata"]["component"]
    assert (about["name"], about["version"], about["type"]) == (f"rtb-{name}", __version__, "container")


@pytest.mark.parametrize("name", IMAGES)
def test_the_hub_has_the_packages_of_its_lock_and_no_other(name: str) -> None:
    lock = (ROOT / "requirements" / f"image-{name}.txt").read_text(encoding="utf-8")
    asked = [Requirement(line.rstrip(" \\")) for line in lock.splitlines() if line and not line.startswith((" ", "#"))]
    there = [one for one in asked if one.marker is None or one.marker.evaluate(PLATFORM)]
    wanted = {canonicalize_name(one.name): str(one.specifier).removeprefix("==") for one in there}
    assert packages(name, "pypi") == wanted | {"rtb-ai-hub": __version__}


def test_git_is_in_the_image_that_needs_it() -> None:
    assert "git" in packages("hub", "deb/debian")
    assert not {"git", "openssh-client", "perl"} & packages("auth", "deb/debian").keys()


@pytest.mark.parametrize("name", IMAGES)
def test_each_package_of_python_says_its_license(name: str) -> None:
    unsaid = [one["name"] for one in listed(name)["components"] if "pypi" in one["purl"] and not one.get("licenses")]
    assert unsaid == []
    table = (DIST / f"rtb-{name}.licenses.md").read_text(encoding="utf-8")
    assert f"| rtb-ai-hub | {__version__} | Apache-2.0 |" in table
    assert table.count("\n") == len(listed(name)["components"]) + 2
