"""Texts that come from a cluster: nobody vouches for them, and people are to read them on one line."""

from __future__ import annotations

import re

LONGEST = 300
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?")
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]+")
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[@-Z\\-_])")
_SPACES = re.compile(r" {2,}")
_DIGEST = re.compile(r"(sha256:[0-9a-f]{8})[0-9a-f]{56}")
_ARN = re.compile(r"\barn:aws[a-z-]*:[^\s,;'\"]+")
_ACCOUNT = re.compile(r"(?<![\w./:-])\d{12}(?![\w.-])")
_CUT = " … "
#: How much of the text is kept before what a rule knows, and at its end.
_BEFORE, _TAIL = 20, 60
_MOST = 8192


def one_line(text: str) -> str:
    """A text on one line, without control characters, digests of images shortened."""
    plain = _ESCAPES.sub("", text[:_MOST] if len(text) <= _MOST else text[: _MOST // 2] + " … " + text[-_MOST // 2 :])
    return _DIGEST.sub(r"\1…", _SPACES.sub(" ", _UNSEEN.sub(" ", plain)).strip())


def without_accounts(text: str) -> str:
    """A text without ARNs and account numbers, which only the platform has a use for."""
    return _ACCOUNT.sub("(account)", _ARN.sub("(ARN)", text))


def shortened(text: str, ours: int, known: tuple[int, int] | None) -> str:
    """A text of at most 300 characters: its beginning, its end, and what is known of it (`known`, after `ours`)."""
    if len(text) <= LONGEST:
        return text
    head = text[: min(ours, 110)]
    room = LONGEST - len(head) - len(_CUT)
    begin = known[0] + ours if known else len(text)
    if begin >= len(text) - room:
        return f"{head.rstrip()}{_CUT}{text[-room:].lstrip()}"
    room -= _TAIL + len(_CUT)
    begin = max(len(head), begin - _BEFORE)
    window = text[begin : begin + room].strip()
    cut = " " if begin == len(head) else _CUT
    return f"{head.rstrip()}{cut}{window}{_CUT}{text[-_TAIL:].lstrip()}"


def bounded(text: str) -> str:
    """A text that is ours but for names and messages in it: on one line, at most 300 characters."""
    return shortened(one_line(text), 80, None)


def named(name: str) -> str:
    """A name of the cluster's in a command: as it is when it can be one, else something that is no command."""
    return name if _NAME.fullmatch(name) else "NAME"
