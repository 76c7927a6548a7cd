"""What an environment bounds previews by: beginnings of secrets' names, registries, and disk."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from generator.values.formats import without_dots
from generator.values.quantities import GIB, memory_bytes

#: Disk of a pod that nothing is said of: logs, temporary files and what it writes into its image.
STORAGE = "1Gi"
_SECRET_PREFIX = re.compile(r"[A-Za-z0-9/_+=.@-]{1,512}")
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_REPOSITORY = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REGISTRY = re.compile(rf"{_LABEL}(?:\.{_LABEL})*(?::[0-9]{{1,5}})?(?:/{_REPOSITORY})*/?")


def check_secret_prefix(text: str) -> str:
    """What names in AWS Secrets Manager start with: at least one character that they may have."""
    if _SECRET_PREFIX.fullmatch(text) is None:
        allowed = "letters, digits and / _ + = . @ -"
        raise ValueError(f"{text[:80]!r} is not the beginning of secrets' names; allowed: {allowed}")
    return without_dots(text, text)


def check_registry(text: str) -> str:
    """A registry, with or without repositories: `registry.example.com`, `registry.example.com/team/`."""
    if len(text) > 255 or _REGISTRY.fullmatch(text) is None:
        allowed = "HOST[:PORT][/PATH], such as registry.example.com/team"
        raise ValueError(f"{text[:80]!r} is not a registry; allowed: {allowed}")
    return text


def is_from(image: str, registries: Sequence[str]) -> bool:
    """Whether an image is from one of these registries, or repositories and what is below them.

    By whole parts of the name: registry.example.com is neither registry.example.com.evil.net nor its port 5000.
    """
    for registry in (one.rstrip("/") for one in registries):
        rest = image[len(registry) :] if image.startswith(registry) else ""
        if rest.startswith("/") or ("/" in registry and rest.startswith((":", "@"))):
            return True
    return False


def check_storage(text: str) -> str:
    """Disk of one pod: at most the 20 GiB that Fargate gives every pod (EKS User Guide, Fargate pod configuration).

    More would be billed, and is not priced here.
    """
    if not 0 < memory_bytes(text) <= 20 * GIB:
        raise ValueError(f"{text[:80]!r} is not what a pod has of disk; allowed: up to 20Gi")
    return text


def _shown(pattern: str, *examples: str) -> Any:
    return Field(json_schema_extra={"pattern": pattern, "examples": [*examples]})


SecretPrefix = Annotated[
    str, AfterValidator(check_secret_prefix), _shown(f"^{_SECRET_PREFIX.pattern}$", "preview/int/app/")
]
Registry = Annotated[
    str, AfterValidator(check_registry), _shown(r"^[^\s]{1,255}$", "registry.example.com/", "registry.example.com/team")
]
Storage = Annotated[
    str, AfterValidator(check_storage), _shown(r"^[0-9]{1,15}(\.[0-9]{1,3})?(Ki|Mi|Gi|k|M|G)?$", "1Gi", "512Mi")
]
