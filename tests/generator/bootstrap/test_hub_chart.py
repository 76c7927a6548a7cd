"""The hub's Helm chart without Helm: what its values are, what they may be, and what stays of an earlier one.

What Helm makes of it is in tests/e2e/test_helm_chart.py.
"""

from __future__ import annotations

import errno
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from generator.bootstrap.chart_values import Value, Values
from generator.errors import ConfigError, Reason
from hub.actions.chart_folder import write_chart
from hub.output.exit_codes import CODES
from worlds.builders import image
from worlds.commands import must, rtb_hub
from worlds.hosting import AUTH_IMAGE, HUB, IMAGE, VARIATIONS, chart_of, hosted
from worlds.places import TESTS

GOLDEN = TESTS / "golden" / "hub-chart"
CHART = chart_of(hosted(), AUTH_IMAGE)
REVIEWED = ("Chart.yaml", "values.yaml", "values.schema.json", "templates/NOTES.txt")


def changed(path: str, value: Any) -> Any:
    """The values of the chart with one changed; `path` as of `helm --set`."""
    values = yaml.safe_load(CHART["values.yaml"])
    *above, name = path.split(".")
    node = values
    for key in above:
        node = node[key]
    node[name] = value
    return values


def test_what_people_see_of_a_chart_is_what_was_reviewed(update_golden: bool) -> None:
    wanted = {name: CHART[name] for name in REVIEWED}
    if update_golden:
        for name, text in wanted.items():
            (GOLDEN / name).parent.mkdir(parents=True, exist_ok=True)
            (GOLDEN / name).write_text(text, encoding="utf-8")
    assert {name: (GOLDEN / name).read_text(encoding="utf-8") for name in REVIEWED} == wanted


@pytest.mark.parametrize("environments", VARIATIONS.values(), ids=VARIATIONS)
def test_the_values_of_a_chart_are_what_its_schema_allows(environments: Any) -> None:
    chart = chart_of(environments)
    schema = json.loads(chart["values.schema.json"])
    Draft7Validator.check_schema(schema)
    Draft7Validator(schema).validate(yaml.safe_load(chart["values.yaml"]))


def test_every_object_has_a_place_for_what_differs_from_one_installation_to_the_next() -> None:
    templates = "".join(text for path, text in CHART.items() if path.startswith("templates/"))
    objects = templates.split("rtb-hub.most", 1)[1]  # behind the helpers
    assert not re.search(rf"(?<![a-z]){re.escape(HUB['host'])}", objects)
    for said in (*HUB["certificates"], *HUB["loadBalancerCidrs"], HUB["secretStore"], IMAGE, AUTH_IMAGE):
        assert said not in objects, said
    assert HUB["runbooks"] not in objects
    assert "namespace: rtb-hub\n" not in objects


def test_an_alert_keeps_what_prometheus_fills_in() -> None:
    assert 'summary: "Jobs of {{ "{{" }} $labels.queue }} were given up"' in CHART["templates/services/alerts.yaml"]


def test_a_part_that_an_environment_leaves_out_has_no_value() -> None:
    values = yaml.safe_load(chart_of(VARIATIONS["nobody is told"])["values.yaml"])
    assert "digest" not in values["jobs"]
    assert values["services"]["worker"]["minReplicas"] == 0
    assert "roleArn" in values["services"]["worker"]
    silent = yaml.safe_load(chart_of(VARIATIONS["no alerts"])["values.yaml"])
    assert silent["alerts"] == {"enabled": False}
    assert "services" not in yaml.safe_load(chart_of(VARIATIONS["jobs"])["values.yaml"])


REFUSED: tuple[tuple[str, Any], ...] = (
    ("images.hub.digest", "latest"),
    ("images.hub.repository", "registry.example.com/rtb-hub@sha256:1"),
    ("images.auth", {"repository": "registry.example.com/rtb-auth", "digest": ""}),
    ("images.auth", {"repository": "", "digest": "sha256:" + "d" * 64}),
    ("namespace.name", "RTB"),
    ("namespace.create", "no"),
    ("host", "hub.example.com/"),
    ("host", 'a.b"\nx: y'),
    ("ingress.scheme", "public"),
    ("ingress.certificates", []),
    ("ingress.loadBalancerCidrs", ["10.1.0.0"]),
    ("ingress.loadBalancerCidrs", ["0.0.0.0/0"]),
    ("ingress.loadBalancerCidrs", ["10.0.0.0/8"]),
    ("ingress.loadBalancerCidrs", ["10.1.0.0/20", "::/0"]),
    ("services.worker.minReplicas", 0),
    ("services.dashboard.maxReplicas", 51),
    ("services.dashboard.maxReplicas", 1.5),
    ("services.listener.resources", {}),
    ("services.listener.resources.limits.cpu", "much"),
    ("services.listener.resources.limits.cpu", 0),
    ("services.listener.resources.limits.memory", 256),
    ("services.worker.roleArn", "arn:aws:iam::1:user/x"),
    ("externalSecrets.prefix", ""),
    ("secrets.rtb-hub-git-main", "Git"),
    ("secrets.more", "x"),
    ("alerts.runbooks", "http://docs.example.com"),
    ("replicas", 2),
)


@pytest.mark.parametrize(("path", "value"), REFUSED, ids=lambda one: str(one)[:40])
def test_a_value_that_is_none_is_refused(path: str, value: Any) -> None:
    faults = [*Draft7Validator(json.loads(CHART["values.schema.json"])).iter_errors(changed(path, value))]
    assert faults, path


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("services.listener.resources.limits.cpu", 1),
        ("images.auth", {"repository": "", "digest": ""}),
        ("global", {"anything": 1}),
        ("ingress.loadBalancerCidrs", ["10.1.0.0/16", "10.2.0.0/28", "fd00:1::/44", "2001:db8::/64"]),
    ],
    ids=str,
)
def test_what_people_of_helm_give_is_taken(path: str, value: Any) -> None:
    Draft7Validator(json.loads(CHART["values.schema.json"])).validate(changed(path, value))


def test_a_place_with_another_default_keeps_what_it_has() -> None:
    values = Values({("a",): "", ("b",): ""})
    assert values.use(("a", "b-c"), Value(1, {})) == '(index .Values.a "b-c")'
    assert values.use(("a", "b-c"), Value(2, {})) is None
    assert values.use(("b",), Value("x", {}, "Of b.")) == ".Values.b"
    assert yaml.safe_load(values.defaults()) == {"a": {"b-c": 1}, "b": "x"}


# The command


def test_a_chart_is_written_instead_of_or_beside_the_files(tmp_path: Path) -> None:
    told = must("hub", "render", "--image", image("hub"), "--chart", "chart", cwd=tmp_path).out
    assert "chart/templates/reconcile-main.yaml" in told.splitlines()
    assert "kind: CronJob" not in told
    must("hub", "render", "--image", image("hub"), "--to", "files", "--chart", "chart", cwd=tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"chart", "files"}
    assert yaml.safe_load((tmp_path / "chart" / "Chart.yaml").read_text())["name"] == "rtb-hub"


@pytest.mark.parametrize(
    ("to", "chart"), [("out", "out"), ("out", "out/hub"), ("out/templates", "out"), ("../here/out", "linked")]
)
@pytest.mark.parametrize("has_chart", [False, True])
def test_files_within_the_chart_are_refused_before_anything_is_written(
    to: str, chart: str, has_chart: bool, tmp_path: Path
) -> None:
    here = tmp_path / "here"
    (here / "out").mkdir(parents=True)
    (here / "linked").symlink_to("out")
    if has_chart:
        write_chart(CHART, here / chart)
    before = files_of(here)
    told = rtb_hub("hub", "render", "--image", image("hub"), "--to", to, "--chart", chart, cwd=here)
    assert told.code == CODES[Reason.INVALID_VALUE]
    assert told.out == ""
    assert "--chart" in told.err
    assert f"{Path(to) / 'hub'}" in told.err
    assert files_of(here) == before


def test_no_file_is_written_where_the_chart_is_refused(tmp_path: Path) -> None:
    (tmp_path / "chart").mkdir()
    (tmp_path / "chart" / "own.yaml").write_text("theirs\n")
    told = rtb_hub("hub", "render", "--image", image("hub"), "--to", "files", "--chart", "chart", cwd=tmp_path)
    assert told.code == CODES[Reason.TARGET_NOT_EMPTY]
    assert told.out == ""
    assert files_of(tmp_path) == {"chart/own.yaml": "theirs\n"}


def test_templates_of_an_earlier_chart_go_and_a_teams_own_stay(tmp_path: Path) -> None:
    write_chart(CHART, tmp_path)
    own = tmp_path / "templates" / "own.yaml"
    own.write_text("kind: ConfigMap\n")
    (tmp_path / "outside.yaml").write_text(CHART["templates/services/digest.yaml"])
    (tmp_path / "templates" / "link.yaml").symlink_to(tmp_path / "outside.yaml")
    fewer = chart_of(VARIATIONS["no digest"])
    assert {str(path.relative_to(tmp_path)) for path in write_chart(fewer, tmp_path)} == {*fewer}
    assert not (tmp_path / "templates" / "services" / "digest.yaml").exists()
    assert own.exists()
    assert (tmp_path / "outside.yaml").exists()
    assert (tmp_path / "templates" / "link.yaml").is_symlink()


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "Chart.yaml").write_text("apiVersion: v2\nname: shop\nversion: 1.0.0\n")
    with pytest.raises(ConfigError) as refused:
        write_chart(CHART, tmp_path)
    assert refused.value.reason is Reason.TARGET_NOT_EMPTY
    assert [path.name for path in tmp_path.iterdir()] == ["Chart.yaml"]
    told = rtb_hub("hub", "render", "--image", image("hub"), "--chart", str(tmp_path), cwd=tmp_path)
    assert "TargetNotEmpty" in told.err


def test_a_chart_that_was_broken_off_is_written_anew(tmp_path: Path) -> None:
    (tmp_path / "Chart.yaml").write_text(CHART["Chart.yaml"])
    write_chart(CHART, tmp_path)
    assert (tmp_path / "values.yaml").read_text() == CHART["values.yaml"]


@pytest.mark.parametrize("at", [0, 1, 5])
def test_a_chart_is_whole_after_any_file_could_not_be_written(
    at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_chart(chart_of(VARIATIONS["no digest"]), tmp_path)
    before = {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    opened = iter(range(len(CHART)))
    as_ever = Path.open

    def full(path: Path, mode: str = "r", **more: Any) -> Any:
        file = as_ever(path, mode, **more)
        if mode != "r" and next(opened) == at:
            file.write("half")
            file.close()
            raise OSError(errno.ENOSPC, "No space left on device")
        return file

    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", full)
        with pytest.raises(OSError, match="No space"):
            write_chart(CHART, tmp_path)
    assert all(path.read_text() in (text, CHART[str(path.relative_to(tmp_path))]) for path, text in before.items())
    write_chart(CHART, tmp_path)
    assert files_of(tmp_path) == CHART


def test_a_first_chart_that_was_broken_off_at_once_is_written_anew(tmp_path: Path) -> None:
    (tmp_path / ".rtb-hub-new").write_text("half")
    write_chart(CHART, tmp_path)
    assert files_of(tmp_path) == CHART


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    folder, outside = tmp_path / "chart", tmp_path / "outside"
    write_chart(CHART, folder)
    outside.mkdir()
    (outside / "profile").write_text("theirs\n")
    (folder / "values.yaml").unlink()
    (folder / "values.yaml").symlink_to(outside / "profile")
    write_chart(CHART, folder)
    assert files_of(folder) == CHART
    (folder / "templates").rename(outside / "templates")
    (folder / "templates").symlink_to(outside / "templates")
    before = files_of(outside)
    with pytest.raises(ConfigError) as refused:
        write_chart(chart_of(VARIATIONS["no digest"]), folder)
    assert refused.value.reason is Reason.TARGET_NOT_EMPTY
    assert f"{folder / 'templates'}: is a link" in str(refused.value)
    assert files_of(outside) == before
    assert before["profile"] == "theirs\n"


def test_a_teams_own_file_where_one_of_the_chart_is_to_be_is_not_overwritten(tmp_path: Path) -> None:
    write_chart(chart_of(VARIATIONS["no digest"]), tmp_path)
    own = tmp_path / "templates" / "services" / "digest.yaml"
    own.write_text("kind: ConfigMap\n")
    before = files_of(tmp_path)
    with pytest.raises(ConfigError) as refused:
        write_chart(CHART, tmp_path)
    assert refused.value.reason is Reason.TARGET_NOT_EMPTY
    assert str(own) in str(refused.value)
    assert files_of(tmp_path) == before


def files_of(folder: Path) -> dict[str, str]:
    """Texts by path in it, of links too."""
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}
