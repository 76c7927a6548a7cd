"""Where a state repository is: by its path, or as a mirror below the cache folder. Imports next to nothing."""

from __future__ import annotations

from pathlib import Path


def is_url(location: str) -> bool:
    """Whether `location` names a remote repository: a URL, or `host:path` as git-clone(1) has it."""
    head, colon, _ = location.partition(":")
    return "://" in location or bool(colon and "/" not in head and not Path(location).exists())


def mirror_directory(cache: Path, url: str) -> Path:
    """The folder of the mirror of `url` below `cache`. It need not be there."""
    import hashlib

    return cache / "repositories" / hashlib.sha256(url.encode()).hexdigest()[:32]
