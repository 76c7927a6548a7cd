"""Issue keys: taken as they are or refused, and what is built from them."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.errors import ConfigError, Reason
from generator.values.formats import check_dns_label
from generator.values.naming import IssueKey, preview_folder, previews_folder
from worlds.hostile import CORPUS

PROJECTS = st.from_regex(r"[A-Z][A-Z0-9]{1,9}", fullmatch=True)
KEYS = st.builds(IssueKey, PROJECTS, st.integers(1, 999_999_999))


@pytest.mark.parametrize(
    ("text", "project", "number"),
    [
        ("RTB-123", "RTB", 123),
        ("AB-1", "AB", 1),
        ("A1-1", "A1", 1),
        ("ABCDEFGHIJ-999999999", "ABCDEFGHIJ", 999_999_999),
        ("R2D2-10", "R2D2", 10),
    ],
)
def test_a_key_is_read(text: str, project: str, number: int) -> None:
    key = IssueKey.parse(text)
    assert (key.project, key.number, str(key)) == (project, number, text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "RTB",
        "RTB-",
        "-123",
        "123",
        "R-1",
        "RTB-0",
        "RTB-01",
        "RTB--1",
        "RTB-1-2",
        "RTB-1.5",
        "RTB-1000000000",
        "ABCDEFGHIJK-1",
        "1TB-1",
        "RTB_1",
        "RT_B-1",
        "../x",
        "../../RTB-1",
        "RTB-1/..",
        "RTB/-1",
        "RTB-1/",
        "RTB-123; rm",
        "RTB-$(id)",
        "RTB-1\n",
        "\nRTB-1",
        "RTB-1\r\n",
        " RTB-1",
        "RTB-1 ",
        "RTB 1",
        "RTB-1\0",
        "RTB-١٢٣",
        "RTB-１",
        "RTB-1١",
        "ＲＴＢ-1",
        "ÄB-1",
        "\u0421TB-1",
        "RTB\u20111",
        "RTB\u200b-1",
        "\ufeffRTB-1",
        "\u202eRTB-1",
        "R" * 200 + "-1",
        "RTB-" + "1" * 200,
        "x" * 200,
        "\ud800-1",
    ],
    ids=ascii,
)
def test_anything_else_is_refused_and_never_mapped(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        IssueKey.parse(text)
    (fault,) = caught.value.faults
    assert caught.value.reason is Reason.INVALID_ISSUE_KEY
    assert fault.field == "issue"
    assert "a Jira key" in fault.allowed
    assert str(caught.value).isprintable(), "the text is shown escaped"
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("text", "meant"),
    [("rtb-123", "RTB-123"), ("Rtb_1", "RTB-1"), ("rtb_1", "RTB-1"), ("rtb 1", ""), ("../x", ""), ("rtb-01", "")],
)
def test_the_key_that_was_meant_is_named(text: str, meant: str) -> None:
    with pytest.raises(ConfigError) as caught:
        IssueKey.parse(text)
    assert caught.value.faults[0].nearest == meant


@pytest.mark.parametrize(
    ("text", "folder"),
    [
        ("RTB-1", "rtb/0/rtb-1"),
        ("RTB-99", "rtb/0/rtb-99"),
        ("RTB-100", "rtb/100/rtb-100"),
        ("RTB-123", "rtb/100/rtb-123"),
        ("RTB-199", "rtb/100/rtb-199"),
        ("RTB-200", "rtb/200/rtb-200"),
        ("AB2-98765", "ab2/98700/ab2-98765"),
    ],
)
def test_folders_fan_out_by_project_and_hundreds(text: str, folder: str) -> None:
    key = IssueKey.parse(text)
    assert key.folder == PurePosixPath(folder)
    assert previews_folder("int") == PurePosixPath("environments/int/previews")
    assert preview_folder("int", key) == PurePosixPath("environments/int/previews", folder)


def test_names_are_the_key_in_lower_case() -> None:
    key = IssueKey.parse("RTB-123")
    assert (key.name, key.namespace) == ("rtb-123", "preview-rtb-123")


def test_keys_sort_by_number_within_a_project() -> None:
    texts = ["RTB-9", "RTB-10", "AB-100", "RTB-1"]
    assert [str(key) for key in sorted(map(IssueKey.parse, texts))] == ["AB-100", "RTB-1", "RTB-9", "RTB-10"]


@given(KEYS)
def test_every_key_is_read_back_and_names_fit_kubernetes(key: IssueKey) -> None:
    assert IssueKey.parse(str(key)) == key
    assert check_dns_label(key.namespace) == key.namespace
    assert check_dns_label(key.name) == key.name
    assert len(key.namespace) <= 28
    assert len(key.folder.parts) == 3
    assert key.folder.name == key.name


@given(KEYS, KEYS)
def test_different_keys_never_share_a_folder_or_a_namespace(first: IssueKey, second: IssueKey) -> None:
    same = first == second
    assert (first.folder == second.folder) is same
    assert (first.namespace == second.namespace) is same


@given(st.text(max_size=20) | st.sampled_from(CORPUS) | st.builds(str.__add__, KEYS.map(str), st.characters()))
def test_any_text_is_a_key_as_it_is_or_refused(text: str) -> None:
    try:
        key = IssueKey.parse(text)
    except ConfigError:
        return
    assert str(key) == text
    assert re.fullmatch(r"[A-Z0-9-]+", text, re.ASCII)
