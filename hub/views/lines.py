"""What the command line prints, line by line in Korean, by the catalogue of the texts that the dashboard shows.

A line is looked up by its English, label and value apart where it has a label. What is not known, such as what a file
or a cluster says, names, times and amounts, stays as it is. Nothing that machines read goes through here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Final

from hub.output.remedies import WAIT, WORDS
from hub.views.speaking import Catalogue, korean

_ERROR: Final = re.compile(r"((?:.*?: )?)error: (.*) \[(\w+)\]", re.DOTALL)
#: What begins a line that tells of something that was done, or that was not.
_MARKED: Final = re.compile(r"([✓!…] )(.*)", re.DOTALL)


def korean_line(text: str) -> str | None:
    """The line in Korean; None: it stays as it is."""
    if found := _ERROR.fullmatch(text):
        where, message, reason = found.groups()
        told = _lines().sentence(message) or _lines().sentence(message.partition(": ")[2])
        title = korean().reasons.get(reason, ("", ""))[0]
        return f"{where}오류: {told or ': '.join(part for part in (title, message) if part)} [{reason}]"
    if found := _labelled().fullmatch(text):
        indent, label, number, gap, value = found.groups()
        told = _data()["labels"][label] + number
        width = len(label + number + gap)
        space = gap if gap.startswith(":") else " " * max(1, width - _cells(told))
        return f"{indent}{told}{space}{_value(label, value)}"
    if found := _MARKED.fullmatch(text):
        told = _lines().sentence(found[2])
        return None if told is None else found[1] + told
    return _lines().sentence(text)


@cache
def _lines() -> Catalogue:
    """The catalogue with the command line's own sentences, and its remedies by their English."""
    own = korean()
    remedies = {WORDS[kind]: told for kind, told in own.remedies.items() if "{wait}" not in WORDS[kind]}
    return replace(own, sentences={**_data()["lines"], **remedies, WAIT: own.sentences.get(WAIT, WAIT)})


def _value(label: str, value: str) -> str:
    """The value of a label; with the label where `abc on main` is one thing of a commit, and another of a blueprint."""
    return _lines().sentence(value) or _lines().sentence(f"{label} {value}") or value


@cache
def _labelled() -> re.Pattern[str]:
    """Two spaces at least, a label with or without a number, and its value."""
    labels = "|".join(map(re.escape, sorted(_data()["labels"], key=len, reverse=True)))
    return re.compile(rf"(\s{{2,}})({labels})((?: [0-9]+)?)(:? +)(\S.*)", re.DOTALL)


@cache
def _data() -> Mapping[str, Mapping[str, str]]:
    data: Mapping[str, Mapping[str, str]] = json.loads(
        Path(__file__).with_name("korean.json").read_text(encoding="utf-8")
    )
    return data


def _cells(text: str) -> int:
    """Columns of a terminal that it takes: Hangul two each."""
    return sum(2 if "\u1100" <= one <= "\ud7a3" else 1 for one in text)
