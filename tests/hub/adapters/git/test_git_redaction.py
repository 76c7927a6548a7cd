"""What git says is passed on without credentials, whatever signs a password holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.adapters.git.process import without_credentials


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("fatal: unable to access 'https://u:p@git.example.com/a/': no", "fatal: unable to access 'https://git.example.com/a/': no"),
        ("https://u:p@hush@git.example.com/a", "https://git.example.com/a"),
        ("https://u:p/hush@git.example.com/a", "https://git.example.com/a"),
        ("https://u:p hush@git.example.com/a", "https://git.example.com/a"),
        ("https://u:p?hush@git.example.com/a", "https://git.example.com/a"),
        ("'https://u:p@w/hu sh@h/a': 'HEAD@{1}' is gone", "'https://h/a': 'HEAD@{1}' is gone"),
        ("https://u:p\nhush@git.example.com/a", "https://git.example.com/a"),
        ("cannot reach https://u:p\n\nhush@git.example.com/a", "cannot reach https://git.example.com/a"),
        ("cannot fetch from u:hush@git.example.com/a: no", "cannot fetch from git.example.com/a: no"),
        ("u:hu/sh@git.example.com:a/b", "git.example.com:a/b"),
        ("https:/u:hush@git.example.com/a", "https:/git.example.com/a"),
        ("https//u:hush@git.example.com/a", "https//git.example.com/a"),
        ("registry:5000/web@sha256:abc", "registry:5000/web@sha256:abc"),
        ("at 12:30 by bob@example.com", "at 12:30 by bob@example.com"),
        ("ssh://git@git.example.com/a", "ssh://git.example.com/a"),
        ("git@git.example.com:a/b", "git@git.example.com:a/b"),
        ("https://git.example.com/a\nsaid by alice@example.com", "https://git.example.com/a\nsaid by alice@example.com"),
        ("https://git.example.com/a?token=hush", "https://git.example.com/a"),
    ],
)  # fmt: skip
def test_a_text_loses_its_credentials_and_nothing_else(text: str, shown: str) -> None:
    assert without_credentials(text) == shown


@given(st.text(alphabet="xyz@/:?# %\\\t", max_size=12))
def test_no_sign_of_a_password_shows_it(signs: str) -> None:
    shown = without_credentials(f"fatal: cannot reach 'https://user:S3{signs}CR@git.example/a': no")
    assert "S3" not in shown
    assert "CR" not in shown
