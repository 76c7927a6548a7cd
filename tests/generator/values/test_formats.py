"""Field formats by their standards: what the tools behind them take is taken, everything else is refused with a hint."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.render.context import owner_label
from generator.values import formats
from worlds.hostile import CORPUS

Check = Callable[[str], str]
DIGEST = "@sha256:" + "a" * 64
CHECKS: dict[str, Check] = {name: check for name, check in vars(formats).items() if name.startswith("check_")}
ONE_LINE = sorted(CHECKS.keys() - {"check_text", "check_env_value"})

GOOD: dict[Check, list[str]] = {
    formats.check_dns_label: ["a", "0", "web", "web-1", "1a", "a--b", "a" * 63],
    formats.check_domain: ["a.b", "preview.example.com", "1.2", "xn--bcher-kva.example", "a." * 99 + "aa"],
    formats.check_environment_name: ["int", "e", "eu-central-1", "a" * 30],
    formats.check_env_name: ["A", "_", "a1_B", "_" * 253],
    formats.check_env_value: ["", "a\nb", "\x1b[2J", "日本語", "x" * 65536, "{{ x }}"],
    formats.check_text: ["", "x" * 1024, "é" * 512, "\0"],
    formats.check_git_url: [
        "https://git.example.com/team/state.git",
        "http://127.0.0.1:8080/state.git",
        "ssh://git@git.example.com:22/team/state",
        "git@git.example.com:team/state.git",
    ],
    formats.check_image: [
        "web",
        "web:1.2",
        "web" + DIGEST,
        "web:1.2" + DIGEST,
        "localhost:5000/web",
        "registry.example.com/team/web-api:v1_2.3-rc",
        "registry.example.com:443/a/b/c" + DIGEST,
        "a__b/c-----d.e_f",
        "UPPER.example.com/web",
        "web:" + "T" * 128,
        "a/" * 127 + "a",
        "_".join("ab"),
    ],
    formats.check_image_repository: ["web", "localhost:5000/web", "registry.example.com:443/a/b/c", "a__b/c-----d.e_f"],
    formats.check_url_path: ["/", "/api", "/api/", "/a.b/c-d/~e/@f:g;h=i,j", "/.well-known/x", "/...", "/" + "a" * 199],
    formats.check_secret: [
        "a",
        "a/..b/c...",
        "preview/int/web",
        "preview/int/web#password",
        "a@b+c=d",
        "a#" + "b" * 253,
    ],
    formats.check_cpu: ["250m", "0.5", "2"],
    formats.check_memory: ["256Mi", "1Gi"],
    formats.check_duration: ["24h", "90m"],
    formats.check_time: [
        "2026-11-23T02:00:00Z",
        "2024-02-29T23:59:59Z",
        "2000-01-01T00:00:00Z",
        "2199-12-31T23:59:59Z",
    ],
    formats.check_branch: ["main", "feature/RTB-123-login", "a@b", "日本語", "refs/heads/x", "-a"[1:], "a./b", "head"],
}
BAD: dict[Check, list[str]] = {
    formats.check_dns_label: ["", "-a", "a-", "A", "a_b", "a.b", "a" * 64, "é", "١", "a\n", " a", "a\0"],
    formats.check_domain: [
        "",
        "a",
        ".",
        "a.",
        ".a",
        "a..b",
        "A.b",
        "a.b\n",
        "*.a.b",
        "a.b/c",
        "a." * 100 + "aa",
        "a.b:80",
    ],
    formats.check_environment_name: ["", "base", "Int", "1int", "int-", "-int", "a" * 31, "../x", "a/b", "int\n"],
    formats.check_env_name: ["", "1A", "A-B", "A.B", "A=B", "A B", "Ä", "A\n", "A" * 254, "$A"],
    formats.check_env_value: ["\0", "a\0b", "x" * 65537, "\ud800"],
    formats.check_text: ["x" * 1025, "é" * 513, "\ud800", "a\udfff"],
    formats.check_git_url: [
        "",
        "/srv/state.git",
        "file:///srv/state.git",
        "https://user:word@git.example.com/state.git",
        "https://git.example.com",
        "https://git.example.com/a/../b",
        "https://git.example.com/a b",
        "git@git.example.com:state.git?x",
        "ext::sh -c x",
    ],
    formats.check_image_repository: [
        "",
        "Web",
        "web:1.2",
        "localhost:5000",
        "web" + DIGEST,
        "web:1.2" + DIGEST,
        "registry.example.com/a//b",
    ],
    formats.check_image: [
        "",
        "Web",
        "web:",
        "web:-a",
        "web:" + "T" * 129,
        "web@sha256:abc",
        "web@sha256:" + "A" * 64,
        "web@sha512:" + "a" * 64,
        "web@sha256:" + "a" * 65,
        "/web",
        "web/",
        "a//b",
        "-web",
        "web-",
        "a.-b",
        "a___b",
        "a b",
        "web\n",
        "wéb",
        "web:١",
        "https://registry.example.com/web",
        "registry.example.com:999999/web",
        "../web",
        "$(id)",
        "a" * 256,
        "a/" * 127 + "aa",
        "a" * 513,
    ],
    formats.check_url_path: [
        "",
        "api",
        "//",
        "/a//b",
        "/a?b",
        "/a#b",
        "/%2f",
        "/*",
        "/a b",
        "/é",
        "/a\n",
        "/" + "a" * 200,
        *("/..", "/.", "/a/../b", "/a/./b", "/a/..", "http://a/b", "\\a", "/{x}"),
    ],
    formats.check_secret: [
        "",
        "#a",
        "a#",
        "a#b#c",
        "a b",
        "a\n",
        "é",
        "a*",
        *("a/../b#x", "../b", "a/./b", "a/..", "."),
        "a:b",
        "a" * 513,
        "a#" + "b" * 254,
        "a#b/c",
    ],
    formats.check_cpu: ["", "1 ", "a", "250M"],
    formats.check_memory: ["", "256m", "a", "256 Mi"],
    formats.check_duration: ["", "24", "1 d", "-1h"],
    formats.check_time: [
        "",
        "1999-12-31T23:59:59Z",
        "2200-01-01T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "2026-11-23",
        "2026-11-23 02:00:00Z",
        "2026-11-23T02:00:00",
        "2026-11-23T02:00:00z",
        "2026-11-23t02:00:00Z",
        "2026-11-23T02:00:00+00:00",
        "2026-11-23T02:00:00.5Z",
        "2026-11-23T02:00Z",
        "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-11-31T00:00:00Z",
        "2026-11-23T24:00:00Z",
        "2026-11-23T23:60:00Z",
        "2026-11-23T23:59:60Z",
        "0000-01-01T00:00:00Z",
        "12026-11-23T02:00:00Z",
        "２０２６-11-23T02:00:00Z",
        "2026-11-23T02:00:00Z\n",
        " 2026-11-23T02:00:00Z",
    ],
    formats.check_branch: [
        "",
        "@",
        "HEAD",
        "-a",
        "a..b",
        "a b",
        "a\n",
        "a~1",
        "a^",
        "a:b",
        "a?",
        "a*",
        "a[b",
        "a\\b",
        "\x7f",
        ".a",
        "a/.b",
        "a.",
        "a.lock",
        "a.lock/b",
        "/a",
        "a/",
        "a//b",
        "a@{b",
        "@{-1}",
        "x" * 201,
        "é" * 101,
        "\ud800",
        "-",
    ],
}


def rows(table: dict[Check, list[str]]) -> list[object]:
    return [
        pytest.param(check, text, id=f"{check.__name__.removeprefix('check_')} {ascii(text)[:50]} {index}")
        for check, texts in table.items()
        for index, text in enumerate(texts)
    ]


def test_every_check_has_both_tables() -> None:
    assert set(GOOD) == set(BAD) == set(CHECKS.values())


@pytest.mark.parametrize(("check", "text"), rows(GOOD))
def test_what_the_standard_takes_is_taken_as_it_is(check: Check, text: str) -> None:
    assert check(text) == text


@pytest.mark.parametrize(("check", "text"), rows(BAD))
def test_what_the_standard_refuses_is_refused_with_a_hint(check: Check, text: str) -> None:
    with pytest.raises(ValueError, match=r"allowed|at most|calendar|remove it|reserved|laid over"):
        check(text)


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_hostile_text_is_taken_as_it_is_or_a_value_error(name: str) -> None:
    for text in CORPUS:
        try:
            assert CHECKS[name](text) == text
        except ValueError as err:
            assert len(str(err)) < 400, "a message repeats a whole text"


@pytest.mark.parametrize("name", ONE_LINE)
@given(text=st.text(max_size=60))
def test_what_a_format_takes_is_one_line_without_controls(name: str, text: str) -> None:
    try:
        CHECKS[name](text)
    except ValueError:
        return
    assert not any(ord(character) < 0x20 for character in text)


@pytest.mark.parametrize(
    "part", ["a", "a.", "a-", "a_", "a/", "-", ".", "/", "a:", "A", "0", "a--", "%", "a/b", "@", "1h", "1"]
)
@pytest.mark.parametrize("name", ONE_LINE)
def test_no_text_makes_a_pattern_run_without_end(name: str, part: str) -> None:
    # Exponential patterns do not come back from this at all; linear ones take microseconds.
    for text in (part * 60 + "?", "/" + part * 60 + "?", "a" + part * 60 + "\n"):
        with pytest.raises(ValueError, match=r"."):
            CHECKS[name](text)


def by_git(name: str) -> bool:
    """Whether Git itself takes the name for a branch."""
    done = subprocess.run(["git", "check-ref-format", "--branch", name], capture_output=True, check=False)
    return done.returncode == 0 and done.stdout.rstrip(b"\n") == name.encode()


def by_us(name: str) -> bool:
    try:
        return formats.check_branch(name) == name
    except ValueError:
        return False


# Refusals of our own: more than 200 bytes, and '@', which Git takes here and reads as HEAD everywhere else. NUL cannot be
# asked of a process.
ASKABLE = [text for text in CORPUS if "\0" not in text and text != "@" and len(text.encode()) <= 200]


def test_branches_are_those_that_git_takes() -> None:
    texts = [*GOOD[formats.check_branch], *ASKABLE]
    texts += [text for text in BAD[formats.check_branch] if text.isprintable() and text != "@" and len(text) < 100]
    assert [(text, by_us(text)) for text in texts] == [(text, by_git(text)) for text in texts]


PIECES = st.sampled_from(
    ["a", "B", "é", ".", "..", "/", "-", "@", "{", "@{", ".lock", "lock", "HEAD", "~", "^", ":", " ", "\\"]
)


@given(st.lists(PIECES | st.characters(codec="utf-8", exclude_characters="\0"), max_size=6).map("".join))
def test_any_branch_is_judged_as_git_judges(name: str) -> None:
    assert by_us(name) == (name != "@" and by_git(name))


@pytest.mark.parametrize(
    ("reference", "digest"),
    [
        ("web", None),
        ("web:1", None),
        ("web" + DIGEST, DIGEST[1:]),
        ("a.b/c:1" + DIGEST, DIGEST[1:]),
        ("web@sha256:a", None),
    ],
)
def test_the_digest_of_an_image_is_found(reference: str, digest: str | None) -> None:
    assert formats.image_digest(reference) == digest


@pytest.mark.parametrize(
    ("reference", "parts"),
    [("a/b", ("a/b", None)), ("a/b#c", ("a/b", "c"))],
)
def test_a_secret_reference_splits_into_name_and_property(reference: str, parts: tuple[str, str | None]) -> None:
    assert formats.split_secret(reference) == parts


@given(st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.replace(microsecond=0)))
def test_every_time_is_read_back(moment: datetime) -> None:
    assert formats.parse_time(formats.format_time(moment)) == moment


def test_a_time_is_written_in_utc_to_the_second() -> None:
    moment = datetime(2026, 11, 23, 1, 30, 0, 999_999, tzinfo=timezone(timedelta(hours=-1, minutes=-30)))
    assert formats.format_time(moment) == "2026-11-23T03:00:00Z"


@pytest.mark.parametrize(
    ("owner", "label"),
    [
        ("alice", "alice"),
        ("a@b.example", "a-b.example"),
        ("日本語", "unknown"),
        ("", "unknown"),
        ("..a..", "a"),
        ("a" * 62 + "..b", "a" * 62),
    ],
)
def test_an_owner_is_made_a_label(owner: str, label: str) -> None:
    assert owner_label(owner) == label


@given(st.text() | st.sampled_from(CORPUS))
def test_any_owner_makes_a_label_that_kubernetes_takes(owner: str) -> None:
    label = owner_label(owner)
    assert 0 < len(label) <= 63
    assert label.isascii()
    assert label[0].isalnum()
    assert label[-1].isalnum()
    assert label.replace("-", "").replace(".", "").replace("_", "").isalnum()
