"""Keeping secrets out of text that leaves the process: a log's last step, whatever came into it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

HIDDEN = "***"
#: Tokens by their own form: GitHub, GitLab, Slack, AWS access keys, Stripe, Google, npm, JSON Web Tokens. Sources: the
#: vendors' pages on token formats and secret scanning.
_KNOWN_FORMS = (
    r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{20,}"
    r"|xox[abposr]-[A-Za-z0-9-]{10,}|(?:AKIA|ASIA)[A-Z0-9]{16}|[rs]k_(?:live|test)_[A-Za-z0-9]{16,}"
    r"|AIza[A-Za-z0-9_-]{35}|npm_[A-Za-z0-9]{36}"
    r"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*)"
)
#: Each pattern with what stands for it. They are compiled with the first text: most runs of a command tell none.
_PATTERNS = (
    (r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", HIDDEN),
    # User names, passwords and tokens in URLs. A password may hold any sign that should have been encoded: all goes up
    # to the last '@' before a quotation mark.
    (r"(?<=://)(?:[^\s'\"/@:]*:[^'\"/\n]*(?:\n[^'\"\n]*){1,5}|[^'\"\n]*)@", ""),
    # Of an address that lacks its scheme, or a part of it: up to the last '@' before a space. `@sha256:` is an image's.
    (r"(?<![\w/:.@-])((?:https?|ssh):?/{1,2})?[^\s'\"/@:]+:[^\s'\"]*@(?!sha256:)(?=[\w.\[-])", r"\1"),
    # What stands behind a URL's path.
    (r"(://[^\s'\"?]*)\?[^\s'\"]*", r"\1"),
    # A header's value, `Bearer …` anywhere, and what stands behind a name that says so: `token=…`, `"password": "…"`.
    (
        r"(?i)\b(authorization|private-token|x-api-key)(['\"]?\s*[:=]\s*)['\"]?(?:[a-z]+\s+)?[^\s'\",;]+['\"]?",
        rf"\1\2{HIDDEN}",
    ),
    (r"(?i)\b(bearer|basic)(\s+)[A-Za-z0-9._~+/=-]{16,}", rf"\1\2{HIDDEN}"),
    (
        r"(?i)(token|password|passwd|secret|api_?key)(=|['\"]\s*:\s*)(?:'[^']*'|\"[^\"]*\"|[^\s'\",;&]+)",
        rf"\1\2{HIDDEN}",
    ),
    (_KNOWN_FORMS, HIDDEN),
)


@cache
def _compiled() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern), instead) for pattern, instead in _PATTERNS)


def has_token(text: str) -> bool:
    """Whether the text holds a token that is known by its form."""
    return re.search(_KNOWN_FORMS, text) is not None


def redacted(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` without what is secret by its place or its form, and without `secrets`: those that this process holds."""
    for secret in secrets:
        if len(secret) >= 4:  # shorter ones would take words apart
            text = text.replace(secret, HIDDEN)
    for pattern, instead in _compiled():
        text = pattern.sub(instead, text)
    return text
