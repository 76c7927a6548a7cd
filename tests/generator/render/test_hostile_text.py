"""Hostile text in every free-text field of a request: refused with a reason, or carried as it is; never a new shape."""

from __future__ import annotations

import subprocess
from pathlib import PurePosixPath
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from generator.errors import ConfigError, Reason
from generator.model.entry import Preview
from reconcilers.lifecycle.start import draft_of, entry_text
from reconcilers.plan import FileChange, Plan
from reconcilers.state.entries import parse_entry
from worlds.builders import NOW, environment, preview, render, start_request
from worlds.hostile import CORPUS

FIELDS = {
    "requested by": lambda text: {"requested_by": text},
    "a variable's value": lambda text: {"settings": (("web.env.X", text),)},
    "a variable's name": lambda text: {"settings": ((f"web.env.{text}", "x"),)},
    "a secret": lambda text: {"settings": (("web.secrets.X", "preview/int/" + text),)},
    "a command": lambda text: {"settings": (("web.command", text),)},
    "an argument": lambda text: {"settings": (("web.args", "a"), ("web.args", text))},
    "a path": lambda text: {"settings": (("web.path", text),)},
    "a health path": lambda text: {"settings": (("web.healthPath", text),)},
    "a memory size": lambda text: {"settings": (("web.memory", text),)},
    "a number": lambda text: {"settings": (("web.port", text),)},
    "a field's name": lambda text: {"settings": ((f"web.{text}", "x"),)},
    "a component's name": lambda text: {"settings": ((f"{text}.cpu", "250m"),)},
    "an image": lambda text: {"images": {"web": f"a/{text}@sha256:{'a' * 64}", "api": f"b@sha256:{'b' * 64}"}},
    "a branch": lambda text: {"branch": text},
    "a duration": lambda text: {"ttl": text},
}
HARMLESS = {"a path": "/x", "a health path": "/x", "a memory size": "1Gi", "a number": "80", "a duration": "8h"}


def shape(tree: Any) -> Any:
    """The tree without its values: keys, lengths and types."""
    if isinstance(tree, dict):
        return {key: shape(value) for key, value in tree.items()}
    return [shape(item) for item in tree] if isinstance(tree, list) else type(tree)


def accepted(field: str, text: str) -> tuple[Any, str, str] | None:
    """Entry, manifest text and entry text; None when the text is refused with a declared error."""
    try:
        entry = preview(**FIELDS[field](text))
        return entry, render(entry).text, entry_text(entry)
    except (ConfigError, ValidationError) as err:
        assert str(err)
        return None


def check(field: str, text: str) -> None:
    found = accepted(field, text)
    if found is None or (not text and field in ("a path", "a health path")):  # which says that there is none
        return
    entry, manifest, written = found
    assert parse_entry(written, "preview.yaml") == entry
    same_kind = text if field == "a variable's name" else "x#y" if field == "a secret" and "#" in text else "harmless"
    harmless = accepted(field, HARMLESS.get(field, same_kind))
    assert harmless is not None
    documents, expected = (list(yaml.load_all(t, yaml.CSafeLoader)) for t in (manifest, harmless[1]))
    assert shape(documents) == shape(expected)
    if field == "a variable's value":
        (config,) = (d for d in documents if d["kind"] == "ConfigMap" and d["metadata"]["name"] == "web-env")
        assert config["data"]["X"] == text


@pytest.mark.parametrize("field", FIELDS)
def test_hostile_text_never_changes_the_shape(field: str) -> None:
    for text in CORPUS:
        check(field, text)


@pytest.mark.parametrize("field", FIELDS)
@given(text=st.text(max_size=40))
def test_no_text_at_all_changes_the_shape(field: str, text: str) -> None:
    check(field, text)


@pytest.mark.parametrize("field", ["requested by", "a variable's value", "an argument"])
def test_free_text_is_carried_not_refused(field: str) -> None:
    refused = [text for text in CORPUS if accepted(field, text) is None]
    assert all("\0" in text or len(text.encode()) > 1024 for text in refused)


@given(st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(CORPUS))
def test_no_text_adds_a_trailer_or_a_line_to_a_commit(text: str) -> None:
    message = Plan("main", None, None, "Start RTB-1", trailers=(("Requested-By", text), ("Reason", text))).message()
    assert message.count("\n") == 4 == len(message.splitlines())
    assert message.startswith("Start RTB-1\n\nRequested-By:")


@given(st.text() | st.sampled_from(CORPUS))
def test_a_change_is_told_in_one_printable_line(text: str) -> None:
    plan = Plan("main", None, None, "Stop RTB-1", changes=(FileChange(PurePosixPath("a/b"), None, text),))
    (line,) = plan.lines()
    assert line.startswith("remove a/b: ")
    assert line.isprintable()


def test_git_reads_back_the_trailers_that_were_written() -> None:
    for text in [text for text in CORPUS if len(text) < 1000]:
        plan = Plan("main", None, None, "Start RTB-1", trailers=(("Requested-By", text), ("Action", "start")))
        read = subprocess.run(
            ["git", "interpret-trailers", "--parse"], input=plan.message().encode(), capture_output=True, check=True
        )
        names = [line.partition(b":")[0] for line in read.stdout.splitlines()]
        assert names == [b"Requested-By", b"Action"], text


@given(text=st.text(max_size=40) | st.sampled_from(CORPUS))
def test_no_reason_of_an_extension_changes_the_manifests(text: str) -> None:
    tree = preview().model_dump(mode="json", by_alias=True)
    asked = {"by": "1h", "requestedBy": text, "at": "2026-11-23T03:00:00Z", "reason": text}
    tree["spec"]["lease"]["extensions"] = [asked]
    try:
        entry = Preview.model_validate(tree)
    except ValidationError:
        assert len(text.encode()) > 1024
        return
    assert parse_entry(entry_text(entry), "preview.yaml") == entry
    assert render(entry).text == render(preview()).text


@given(
    start=st.integers(0, 1500),
    length=st.integers(0, 40),
    text=st.text(st.characters() | st.sampled_from("\n :-{}[]&*!|>'\"#"), max_size=20) | st.sampled_from(CORPUS),
)
def test_a_mangled_entry_is_read_or_refused_with_its_faults(start: int, length: int, text: str) -> None:
    written = entry_text(preview())
    try:
        entry = parse_entry(written[:start] + text + written[start + length :], "preview.yaml")
    except ConfigError as err:
        assert err.reason is Reason.UNREADABLE_ENTRY
        assert all(fault.where and fault.where.file == "preview.yaml" for fault in err.faults)
        return
    assert parse_entry(entry_text(entry), "preview.yaml") == entry


def test_a_start_with_hostile_owner_still_validates() -> None:
    from hub.wiring import hub

    env = environment()
    for owner in ("a\nb: c", "\u202eevil", "x" * 1000, "日本語", "-", "a@b.example"):
        entry = draft_of(start_request(requested_by=owner), env, hub().library, now=NOW)
        hub().check(render(entry, env), entry, env)
