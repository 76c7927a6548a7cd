"""What validation finds, and how it reads: like a compiler's messages."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Literal

from generator.errors import Location
from generator.objects.manifest import Identity, Manifest
from generator.values.model_faults import field_path

Path = tuple[str | int, ...]
Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with one object: by which rule, in which field, what to do. `source`: file or template.

    A `note` says what was left open. `object` has no kind where the file itself is wrong.

    `manifest` is the object itself, by which its place is found: several may have one identity.
    """

    rule: str
    message: str
    object: Identity
    source: str
    field: Path = ()
    remedy: str = ""
    severity: Severity = "error"
    location: Location | None = None
    manifest: Manifest | None = dataclass_field(default=None, compare=False, repr=False)

    @classmethod
    def of(cls, manifest: Manifest, rule: str, message: str, path: Path, remedy: str) -> Finding:
        """An error in `manifest` at `path`."""
        return cls(rule, message, manifest.identity, manifest.source, path, remedy, manifest=manifest)

    def __str__(self) -> str:
        field = f"{field_path(self.field)}: " if self.field else ""
        what = f"{self.object}: " if self.object.kind else ""
        return f"{self.location or self.source}: {what}{field}{self.message} [{self.rule}]"

    @property
    def order(self) -> tuple[str, int, int, str, str]:
        """Sort key: by place, then by text."""
        at = self.location or Location(self.source)
        return (at.file, at.line, at.column, self.rule, str(self))
