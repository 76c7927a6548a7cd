"""What validation finds, and how it reads: like a compiler's messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from generator.errors import Location
from generator.objects.manifest import Identity
from generator.values.model_faults import field_path

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with one object: by which rule, in which field, what to do. `source`: file or template."""

    rule: str
    message: str
    object: Identity
    source: str
    field: Path = ()
    remedy: str = ""
    severity: Literal["error", "warning"] = "error"
    location: Location | None = None

    def __str__(self) -> str:
        field = f"{field_path(self.field)}: " if self.field else ""
        return f"{self.location or self.source}: {self.object}: {field}{self.message} [{self.rule}]"

    @property
    def order(self) -> tuple[str, int, int, str, str]:
        """Sort key: by place, then by text."""
        at = self.location or Location(self.source)
        return (at.file, at.line, at.column, self.rule, str(self))
