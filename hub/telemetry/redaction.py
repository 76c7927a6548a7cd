"""Keeping secrets out of text that leaves the process: a log's last step, whatever came into it."""

from __future__ import annotations

import re
from collections.abc import Iterable

HIDDEN = "***"
#: User names, passwords and tokens in URLs, and what stands behind a URL's path.
#: A password may hold any sign that should have been encoded: all goes up to the last '@' before a quotation mark.
_USERINFO = re.compile(r"(?<=://)(?:[^\s'\"/@:]*:[^'\"/\n]*(?:\n[^'\"\n]*){1,5}|[^'\"\n]*)@")
#: Of an address that lacks its scheme, or a part of it: up to the last '@' before a space. `@sha256:` is an image's.
_WITHOUT_SCHEME = re.compile(r"(?<![\w/:.@-])((?:https?|ssh):?/{1,2})?[^\s'\"/@:]+:[^\s'\"]*@(?!sha256:)(?=[\w.\[-])")
_QUERY = re.compile(r"(://[^\s'\"?]*)\?[^\s'\"]*")
#: A header's value, `Bearer …` anywhere, and what stands behind a name that says so: `token=…`, `"password": "…"`.
_HEADER = re.compile(
    r"(?i)\b(authorization|private-token|x-api-key)(['\"]?\s*[:=]\s*)['\"]?(?:[a-z]+\s+)?[^\s'\",;]+['\"]?"
)
_SCHEME = re.compile(r"(?i)\b(bearer|basic)(\s+)[A-Za-z0-9._~+/=-]{16,}")
_NAMED = re.compile(r"(?i)(token|password|passwd|secret|api_?key)(=|['\"]\s*:\s*)(?:'[^']*'|\"[^\"]*\"|[^\s'\",;&]+)")
#: Tokens by their own form: GitHub, GitLab, Slack, AWS access keys, JSON Web Tokens. Sources: the vendors' pages on
#: token formats and secret scanning.
_FORMS = re.compile(
    r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{20,}|xox[abposr]-[A-Za-z0-9-]{10,}"
    r"|(?:AKIA|ASIA)[A-Z0-9]{16}|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*)"
)
_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)


def redacted(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` without what is secret by its place or its form, and without `secrets`: those that this process holds."""
    for secret in secrets:
        if len(secret) >= 4:  # shorter ones would take words apart
            text = text.replace(secret, HIDDEN)
    text = _KEY.sub(HIDDEN, text)
    text = _QUERY.sub(r"\1", _WITHOUT_SCHEME.sub(r"\1", _USERINFO.sub("", text)))
    for named in (_HEADER, _SCHEME, _NAMED):
        text = named.sub(rf"\1\2{HIDDEN}", text)
    return _FORMS.sub(HIDDEN, text)
