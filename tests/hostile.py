"""Texts that have broken YAML, templates, shells or terminals somewhere."""

from __future__ import annotations

_WORDS = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"]
CORPUS: tuple[str, ...] = (
    *(form for word in _WORDS for form in (word, word.upper(), word.capitalize())),
    *("~", "", " ", "  a", "a  ", "\t", "a\tb", "=", "<<", "!", "!!str x", "&a", "*a", "?", "? a", ":", "a: b", "a:", ":a"),
    *("-", "- a", "--- ", "---", "...", "--- a", "%YAML 1.1", "@a", "`a`", "|", "|-\n a", ">", "> a", "#", "#c", "a #c"),
    *("1", "0", "-1", "+1", "0123", "08", "0o7", "0x1f", "0b1", "1_000", "1e3", "1E3", "12345e6", "1.5", ".5", "5.", "-.inf"),
    *(".inf", ".nan", ".NaN", "inf", "nan", "Infinity", "1:30", "1:30:45", "190:20:30", "2026-11-23", "2026-11-23T02:00:00Z"),
    *("{}", "[]", "{a: b}", "[a, b]", "{", "}", "[", "]", ",", "'", '"', "'a'", '"a"', 'a"b', "a'b", "\\", "\\n", "a\\"),
    *("a\nb", "a\r\nb", "a\rb", "\n", "\n\n", "a\n", "\na", "a\n---\nb: c", "a\nkind: Secret", "a\u0085b", "a\u2028b", "a\u2029b"),
    *("\0", "a\0b", "\x01", "\x1b[2J", "\x7f", "\x80", "\x9f", "\u00a0", "\u00ad", "\u200b", "\u200e", "\u200f", "\u202e", "\u2066"),
    *("\ufeff", "\ufeffa", "\ufffe", "\uffff", "\ue000", "\ue0000\ue001", "\ue001", "é", "日本語", "한국어", "😀", "👩\u200d👧", "e\u0301"),
    *("{{ x }}", "{{ preview.name }}", "{% for a in b %}", "{# c #}", "{{", "%}", "${X}", "$(X)", "$(rm -rf /)", "`id`", "; rm"),
    *("../../etc/passwd", "<script>", "&amp;", "a=b", "A=B=C", "a,b", "x" * 10_000, "ü" * 10_000, "a\n" * 1000, "- " * 100),
)
