"""`hub/services.yaml`: what it may say, and that each mistake is told with its place."""

from __future__ import annotations

import jsonschema_rs
import pytest
import yaml

from generator.errors import ConfigError, Reason
from generator.model.json_schemas import schema
from generator.model.services import Services, read_services

HOMES = {"int": "main", "stg": "main", "dev": "dev", "live": None}
TEXT = """\
projects:
  RTB:
    startOn: {statusIds: ["10012"], labels: [preview]}
    stopOn: {statusIds: ["10099"]}
    environments: [int]
    images:
      web: {repository: registry.example.com/web, tag: "{key}-{sha7}", source: acme/web}
      api: {repository: "registry.example.com:5000/api", digest: "sha256:DIGEST"}
""".replace("DIGEST", "a" * 64)


def read(text: str) -> Services:
    return read_services(text.encode(), homes=HOMES, branch="main")


def test_a_whole_file_is_read_and_fits_its_schema() -> None:
    rule = read(TEXT).projects["RTB"]
    assert rule.start_on is not None
    assert (rule.start_on.status_ids, rule.start_on.labels) == (["10012"], ["preview"])
    assert rule.stop_on is not None
    assert (rule.stop_on.status_ids, rule.stop_on.labels) == (["10099"], [])
    assert rule.images["web"].pinned is None
    assert rule.images["api"].pinned == f"registry.example.com:5000/api@sha256:{'a' * 64}"
    jsonschema_rs.Draft202012Validator(schema("services")).validate(yaml.safe_load(TEXT))


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "told"),
    [
        ('"10012"', "10012", 3, "projects.RTB.startOn.statusIds[0]", "is not text"),
        ('"10012"', '"In Review"', 3, "projects.RTB.startOn.statusIds[0]", "wrong form"),
        ('"10012"', '"10012", "10012"', 3, "projects.RTB.startOn.statusIds", "twice"),
        ("[preview]", '["two words"]', 3, "projects.RTB.startOn.labels[0]", "wrong form"),
        ('statusIds: ["10012"], labels: [preview]', "", 3, "projects.RTB.startOn", "neither a status nor a label"),
        ('{statusIds: ["10099"]}', "{}", 4, "projects.RTB.stopOn", "neither a status nor a label"),
        ("10099", "10012", 2, "projects.RTB", "'10012' both starts and stops"),
        ("stopOn", "stopsOn", 4, "projects.RTB.stopsOn", "no such field"),
        ("RTB:", "rtb:", 2, "projects.rtb", "wrong form"),
        ("[int]", "[]", 5, "projects.RTB.environments", "at least 1 item"),
        ("[int]", "[int, int]", 5, "projects.RTB.environments", "twice"),
        ("[int]", "[prd]", 5, "projects.RTB.environments[0]", "nothing starts in 'prd' by itself"),
        ("[int]", "[int, live]", 5, "projects.RTB.environments[1]", "'live' is gated"),
        ("[int]", "[int, dev]", 5, "projects.RTB.environments[1]", "lives on branch dev"),
        ("[int]", "[nit]", 5, "projects.RTB.environments[0]", "no environment 'nit'"),
        (", source: acme/web", "", 7, "projects.RTB.images.web", "no source"),
        ("{key}-{sha7}", "{key}", 7, "projects.RTB.images.web", "does not need"),
        ("acme/web}", "acme/web, otherwise: '{sha7}'}", 7, "projects.RTB.images.web", "wrong otherwise"),
        ("source: acme/web", "source: https://x/acme/web", 7, "projects.RTB.images.web.source", "wrong form"),
        ("    startOn", "    pullRequests: {repositories: []}\n    startOn", 3, "projects.RTB.pullRequests.repositories", "at least 1"),
        ("    startOn", "    pullRequests: {repositories: [acme/web], labels: []}\n    startOn", 3, "projects.RTB.pullRequests", "neither"),
        ('    startOn: {statusIds: ["10012"], labels: [preview]}\n', "", 2, "projects.RTB", "no startOn"),
        ("{key}-{sha7}", "{key}-{commit}", 7, "projects.RTB.images.web.tag", "'commit' in braces"),
        ("{key}-{sha7}", "{key", 7, "projects.RTB.images.web.tag", "makes no tag"),
        ("{key}-{sha7}", "x" * 109 + "{key}", 7, "projects.RTB.images.web.tag", "makes no tag"),
        (', tag: "{key}-{sha7}"', "", 7, "projects.RTB.images.web", "one of tag and digest"),
        ("com/web,", "com/web:latest,", 7, "projects.RTB.images.web.repository", "more than a repository"),
        ("com/web,", "com/WEB,", 7, "projects.RTB.images.web.repository", "not an image reference"),
        ("sha256:", "sha512:", 8, "projects.RTB.images.api.digest", "wrong form"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place(old: str, new: str, line: int, field: str, told: str) -> None:
    assert old in TEXT
    with pytest.raises(ConfigError) as raised:
        read(TEXT.replace(old, new, 1))
    (fault,) = raised.value.faults
    assert fault.where is not None
    assert (fault.where.file, fault.where.line, fault.field) == ("hub/services.yaml", line, field)
    assert told in f"{fault.message} {fault.allowed}"
    assert raised.value.reason is Reason.INVALID_SERVICES
    assert fault.allowed or fault.remedy


def test_a_tag_of_just_as_many_signs_as_a_registry_takes_is_one() -> None:
    assert read(TEXT.replace("{key}-{sha7}", "x" * 108 + "{key}", 1).replace(", source: acme/web", "")).projects


@pytest.mark.parametrize("text", ["", "- a", "projects: [", "a: b", "projects:", "\x00"])
def test_a_file_of_something_else_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        read(text)


def test_a_file_without_projects_starts_nothing() -> None:
    assert read("projects: {}").projects == {}
