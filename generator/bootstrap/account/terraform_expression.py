"""What Terraform evaluates, and what it calls a resource; see `generator.bootstrap.account.terraform`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

#: (Type, name, arguments) of one resource of Terraform's.
Resource = tuple[str, str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Expression:
    """Something that Terraform evaluates, without `${` and `}`. Never made of a text of an environment's file."""

    text: str
