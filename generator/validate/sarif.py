"""Findings as SARIF 2.1.0, which code hosts show at the lines of a change (OASIS, SARIF v2.1.0)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from generator.objects.findings import Finding
from generator.validate.rules import RULES
from generator.values.model_faults import field_path

#: What a URI's path may hold as it is (RFC 3986, unreserved and '/').
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/")


def sarif(findings: Sequence[Finding], version: str) -> dict[str, Any]:
    """A SARIF log with one run. `version` is rtb-hub's."""
    rules = sorted({finding.rule for finding in findings})
    driver = {
        "name": "rtb-hub",
        "version": version,
        "rules": [_rule(rule) for rule in rules],
    }
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "results": [_result(finding, rules.index(finding.rule)) for finding in findings],
            }
        ],
    }


def _rule(name: str) -> dict[str, Any]:
    rule = RULES[name]
    text = f"{rule.says[0].upper()}{rule.says[1:]}."
    return {"id": name, "shortDescription": {"text": text}, "properties": {"refusedBy": rule.refuser}}


def _result(finding: Finding, rule_index: int) -> dict[str, Any]:
    field = field_path(finding.field)
    named = f"{finding.object}: " if finding.object.kind else ""
    said = f"{named}{field + ': ' if field else ''}{finding.message}"
    at = finding.location
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(at.file if at else finding.source)}}
    if at and at.line:
        physical["region"] = {"startLine": at.line, "startColumn": max(at.column, 1)}
    location: dict[str, Any] = {"physicalLocation": physical}
    if finding.object.kind:
        location["logicalLocations"] = [{"fullyQualifiedName": str(finding.object), "kind": "object"}]
    identity = f"{finding.rule}\n{finding.source}\n{finding.object}\n{field}"
    return {
        "ruleId": finding.rule,
        "ruleIndex": rule_index,
        "level": finding.severity,
        "message": {"text": f"{said}. {finding.remedy}" if finding.remedy else said},
        "locations": [location],
        # Without the line: it stays the same finding when the file grows above it.
        "partialFingerprints": {"rtbHub/v1": hashlib.sha256(identity.encode()).hexdigest()},
    }


def _uri(path: str) -> str:
    """A file's path as a URI reference; a name that is not UTF-8 by its bytes."""
    raw = path.encode(errors="surrogateescape")
    return "".join(chr(byte) if chr(byte) in _PLAIN else f"%{byte:02X}" for byte in raw)
