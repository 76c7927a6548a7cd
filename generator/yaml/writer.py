"""The one YAML writer: sorted keys, block style, one line a scalar, and a quoting rule of its own.

A text is written plain only when it is plainly a word to every reader at once: YAML 1.1 (PyYAML), YAML 1.2
(ruamel.yaml) and Go's parsers, which Kubernetes and Argo CD use. Go reads `y` as true and `12345e6` as a number, and
PyYAML writes both unquoted; so quoting is not left to a library's idea of what needs it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from generator.errors import ConfigError, Fault, Reason

# Starts with a letter or '/', and holds nothing that any YAML gives a meaning to. Digits first are left out wholly:
# numbers, dates, times, octals and versions all start so.
_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_./-]*")
# Every word that YAML 1.1, 1.2 or Go resolves to something else than text.
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf", "infinity"})
_LONGEST_PLAIN = 200
# Keys, and texts so short, are mostly the same from object to object: how they are written is remembered.
_REMEMBERED, _LONGEST_REMEMBERED = 8192, 40
_SEQUENCES, _MAPPINGS = (list, tuple), (dict, Mapping)  # the usual types first: asking for a Mapping takes its time
# YAML takes a key for one only when its ':' comes within 1024 characters (YAML 1.2.2, 8.1.3).
_LONGEST_KEY = 1000
# Safe as they are within double quotes; everything else is looked at character by character.
_SAFE = re.compile(r"[ !#-\[\]-~\u00a1-\u00ac\u00ae-\u02ff\u4e00-\u9fff\uac00-\ud7a3]*")
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
# Controls, format characters (bidirectional marks, zero widths, BOM), separators that older YAML takes for line
# breaks, surrogates, private use (our own placeholders live there) and unassigned characters.
_ESCAPED_CATEGORIES = frozenset({"Cc", "Cf", "Co", "Cn", "Zl", "Zp"})


def dump(tree: Any) -> str:
    """The YAML text of `tree`: mappings with text keys, lists, text, whole numbers, truth values, None.

    Raises `TypeError` for anything else (floats too: a price is text), `ConfigError` (InvalidValue) for text that is
    not valid Unicode and for a key of more than 1000 characters.
    """
    lines: list[str] = []
    _block(tree, "", lines)
    return "\n".join(lines) + "\n"


def dump_all(trees: Iterable[Any], header: str = "") -> str:
    """Several documents, each after a `---` line, below `header` (comment lines)."""
    return joined(map(dump, trees), header)


def joined(texts: Iterable[str], header: str = "") -> str:
    """The `texts` of several documents, each after a `---` line, below `header` (comment lines)."""
    return header + "".join(f"---\n{text}" for text in texts)


def scalar(value: Any) -> str:
    """One scalar as YAML, on one line."""
    if isinstance(value, str):
        return quoted(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in YAML that we write")


def quoted(text: str) -> str:
    """`text` plain when it is plainly a word, else in double quotes with every doubtful character escaped."""
    return _remembered(text) if len(text) <= _LONGEST_REMEMBERED else _quoted(text)


def _quoted(text: str) -> str:
    if _PLAIN.fullmatch(text) and len(text) <= _LONGEST_PLAIN and text.lower() not in _WORDS:
        return text
    if _SAFE.fullmatch(text):
        return f'"{text}"'
    return '"' + "".join(map(_escaped, text)) + '"'


_remembered = lru_cache(_REMEMBERED)(_quoted)


def _escaped(character: str) -> str:
    if character in _SHORT:
        return _SHORT[character]
    category = unicodedata.category(character)
    if category == "Cs":
        fault = Fault("the text holds half of a surrogate pair", allowed="valid Unicode")
        raise ConfigError(Reason.INVALID_VALUE, fault)
    if category not in _ESCAPED_CATEGORIES and character != "\u00a0":
        return character
    point = ord(character)
    return f"\\x{point:02x}" if point < 0x100 else f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


def _block(value: Any, indent: str, lines: list[str]) -> None:
    """Append the lines of `value`, each indented; a scalar or an empty collection is one line."""
    if not value or isinstance(value, str):
        lines.append(indent + _flat(value))
    elif isinstance(value, _SEQUENCES):
        for item in value:
            listed(f"{indent}- ", item, lines)
    elif isinstance(value, _MAPPINGS):
        for key in sorted(value):
            placed(f"{indent}{_key(key)}:", value[key], indent, lines)
    else:
        lines.append(indent + _flat(value))


@lru_cache(_REMEMBERED)
def _key(text: str) -> str:
    shown = quoted(text)
    if len(shown) > _LONGEST_KEY:
        raise ConfigError(Reason.INVALID_VALUE, Fault(f"a key of {len(shown)} characters", allowed=str(_LONGEST_KEY)))
    return shown


def placed(head: str, value: Any, indent: str, lines: list[str]) -> None:
    """Append the lines of a mapping's `value` behind `head`, its key and colon; the mapping is indented by `indent`."""
    if isinstance(value, str):
        lines.append(f"{head} {quoted(value)}")
    elif value and isinstance(value, _SEQUENCES):
        lines.append(head)
        _block(value, indent, lines)
    elif value and isinstance(value, _MAPPINGS):
        lines.append(head)
        _block(value, indent + "  ", lines)
    else:
        lines.append(f"{head} {_flat(value)}")


def listed(head: str, item: Any, lines: list[str]) -> None:
    """Append the lines of a list's `item` behind `head`, its dash and what is before that."""
    start = len(lines)
    _block(item, " " * len(head), lines)
    lines[start] = head + lines[start][len(head) :]


def _flat(value: Any) -> str:
    if isinstance(value, str | int) or value is None:
        return scalar(value)
    if isinstance(value, _SEQUENCES):
        return "[]"
    return "{}" if isinstance(value, _MAPPINGS) else scalar(value)
