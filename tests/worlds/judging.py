"""What `rtb-hub validate` says of one document alone, in process: what an API server would refuse, and what policy does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from generator.objects.findings import Finding
from generator.validate.rules import RULES
from generator.validate.validation import Validator
from hub import assets
from hub.actions.manifest_files import ManifestFiles
from hub.actions.validate import validate

VERSION = "1.37"


@dataclass(frozen=True, slots=True)
class Judged:
    """Errors by who refuses: the API server, or a named policy of the hub, of Fargate, or of what works at all."""

    by_server: tuple[Finding, ...]
    by_policy: tuple[Finding, ...]


class Judge:
    """Judges with schemas that are compiled once, as one call of the command does."""

    def __init__(self) -> None:
        self._validator = Validator(assets.generator_data)

    def judged(self, text: str) -> Judged:
        """What is wrong with the document."""
        found = ManifestFiles()
        found.add(Path("manifest.yaml"), text.encode, named=True)
        told = validate(found, versions=(VERSION,), environment=None, validator=self._validator)
        errors = [finding for finding in told.findings if finding.severity == "error"]
        of_server = [finding for finding in errors if RULES[finding.rule].refuser == "the API server"]
        return Judged(tuple(of_server), tuple(finding for finding in errors if finding not in of_server))
