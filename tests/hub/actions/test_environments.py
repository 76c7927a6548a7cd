"""Environments out of a state repository, a folder, or those that are shipped."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from generator.errors import ConfigError, Reason
from hub.actions.environments import environments_of, given_environments, list_environments, show_environment
from worlds.acting import Acting
from worlds.places import ROOT


def test_a_repository_gives_its_own_each_from_its_branch(tmp_path: Path) -> None:
    acting = Acting(tmp_path / "state.git")
    path = "environments/prd/environment.yaml"
    text = (ROOT / path).read_text().replace("previews: 5", "previews: 7", 1)
    acting.put(path, text, "prd")
    found = environments_of(acting.store)
    assert [one.name for one in list_environments(found)[0]] == ["int", "prd", "stg"]
    assert found.get("prd")[0].spec.limits.previews == 7


def test_each_value_is_told_with_the_place_that_set_it() -> None:
    shown = show_environment(given_environments(None), "int")
    where = {".".join(map(str, value.path)): value.where for value in shown.values}
    assert {place.file for place in where.values() if place} == {
        "environments/base/environment.yaml",
        "environments/int/environment.yaml",
    }
    assert shown.environment.name == "int"


def test_a_folder_without_environments_and_an_unknown_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has no environments"):
        given_environments(tmp_path)
    with pytest.raises(ConfigError) as caught:
        show_environment(given_environments(None), "itn")
    assert caught.value.reason is Reason.UNKNOWN_ENVIRONMENT


def test_a_file_beside_the_environments_is_of_none(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "environments", tmp_path / "envs")
    (tmp_path / "envs" / "notes.yaml").write_text("a: b\n")
    assert given_environments(tmp_path / "envs").names == ("int", "prd", "stg")


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("preview/_common/worker.yaml", "call it worker.yaml.j2"),
        ("preview/_comon/worker.yaml.j2", "templates/preview/_common"),
        ("worker.yaml.j2", "templates/preview/_common"),
        ("preview/web/blueprint.yaml", "not blueprints"),
    ],
)
def test_a_template_that_would_never_be_used_is_told(name: str, remedy: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "environments", tmp_path / "envs")
    path = tmp_path / "envs" / "int" / "templates" / name
    path.parent.mkdir(parents=True)
    path.write_text("a: b\n")
    with pytest.raises(ConfigError, match="never used") as caught:
        given_environments(tmp_path / "envs")
    (fault,) = caught.value.faults
    assert remedy in str(fault.remedy)
    path.rename(path.with_name("README.md"))
    assert "int" in given_environments(tmp_path / "envs").names
