"""Text as a word of a shell command that people copy."""

from __future__ import annotations

import shlex


def shell_word(text: str) -> str:
    """One word for a shell (bash, zsh, ksh), on one line: what cannot be printed as bytes in hexadecimal."""
    if text.isprintable():
        return shlex.quote(text)
    return "$'" + "".join(c if c.isprintable() and c not in "\\'" else _hexadecimal(c) for c in text) + "'"


def _hexadecimal(character: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))
