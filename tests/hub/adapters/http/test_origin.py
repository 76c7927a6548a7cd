"""Addresses: what is one, what is below one, and what of one people may see."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.adapters.http import Origin, OriginError, without_secrets


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://git.example.com", "https://git.example.com"),
        ("https://git.example.com/", "https://git.example.com"),
        ("https://git.example.com:443/forge/", "https://git.example.com/forge"),
        ("https://git.example.com:8443/a/b", "https://git.example.com:8443/a/b"),
        ("HTTPS://GIT.example.com", "https://git.example.com"),
        ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
        ("http://[::1]:3000/x", "http://[::1]:3000/x"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
    ],
)
def test_an_address_is_read(text: str, shown: str) -> None:
    assert str(Origin.parse(text)) == shown
    assert Origin.parse(shown) == Origin.parse(text)


NO_ADDRESSES = (
    "", "git.example.com", "//git.example.com", "ftp://git.example.com", "https://", "https:///a", "https://a b.example",
    "https://git.example.com:0", "https://git.example.com:99999", "https://git.example.com:x", "https://git.example.com/a b",
    "https://git.example.com/../x", "https://git.example.com/a/./b", "https://git.example.com/a%2fb", "https://git.example.com//a", "https://[::1",
    "https://git.example.com/\r\nX: y", "https://-a.example", "https://" + "a" * 300, "https://a..example", "http://git.example.com", "https://git.example.com\\@evil.example",
)  # fmt: skip
SECRETS = (
    "https://user:hush@git.example.com", "https://hush@git.example.com", "https://u:p@hush@git.example.com/a",
    "https://u:p/hush@git.example.com/a", "https://u:p hush@git.example.com/a", "https://u:p?hush@git.example.com/a",
    "https://u:p#hush@git.example.com/a", "https://u:p\\hush@git.example.com", "https://git.example.com/?token=hush",
    "https://git.example.com/a?x=@hush", "https://git.example.com/a#hush", "https://u:@hush@@git.example.com", "u:hush@git.example.com/a",
    "https://u:a/b@c@d/hush@git.example.com/x", "https://u:p:hush@git.example.com:1/x",
)  # fmt: skip


@pytest.mark.parametrize("text", [*NO_ADDRESSES, *SECRETS])
def test_what_is_no_address_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(OriginError) as caught:
        Origin.parse(text)
    assert "example" not in str(caught.value)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("text", SECRETS)
def test_no_secret_of_an_address_is_shown(text: str) -> None:
    assert "hush" not in without_secrets(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://git.example.com/a/b", "https://git.example.com/a/b"),
        ("https://u:p@git.example.com/a/b", "https://git.example.com/a/b"),
        ("https://u:p@w/o rd@git.example.com/a/b", "https://git.example.com/a/b"),
        ("https://git.example.com/a?token=x", "https://git.example.com/a"),
        ("https://u:p?w@git.example.com/a", "https://…"),
        ("git@git.example.com:a/b", "git.example.com:a/b"),
        ("/srv/state.git", "/srv/state.git"),
    ],
)
def test_the_rest_of_an_address_is_shown(text: str, shown: str) -> None:
    assert without_secrets(text) == shown


@given(st.text(alphabet="hush@/:?# %\\\t", max_size=12), st.sampled_from(["", "/a", "/a?b=c", "/a@b"]))
def test_whatever_signs_a_password_holds_it_is_not_shown(signs: str, path: str) -> None:
    shown = without_secrets(f"https://user:S3{signs}CR@git.example{path}")
    assert not {"S3", "CR"} & {shown[n : n + 2] for n in range(len(shown))}


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://h.example/api/v3/repositories/1/pulls?page=2&x=%20", "/repositories/1/pulls?page=2&x=%20"),
        ("https://h.example:443/api/v3/x", "/x"),
        ("https://H.EXAMPLE/api/v3/x", "/x"),
        ("https://h.example/api/v3", None),
        ("https://h.example/api/v33/x", None),
        ("https://h.example/other/x", None),
        ("https://h.example:444/api/v3/x", None),
        ("http://h.example/api/v3/x", None),
        ("https://evil.example/api/v3/x", None),
        ("https://me@h.example/api/v3/x", None),
        ("https://h.example@evil.example/api/v3/x", None),
        ("//h.example/api/v3/x", None),
        ("https://[h.example/api/v3/x", None),
        ("https://h.example:x/api/v3/x", None),
        ("", None),
    ],
)
def test_an_address_elsewhere_is_not_below(url: str, target: str | None) -> None:
    assert Origin.parse("https://h.example/api/v3").target(url) == target
