"""What is encrypted at rest: signing keys, what providers gave, and sign-ins under way in a browser's cookie.

The keys are Fernet's (AES-128-CBC with HMAC-SHA256), one a line: the first encrypts, any of them decrypts. To rotate,
put a new one first, run `rtb-hub auth rotate`, and take the old one away after seven days, when no session that
began before is left.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from generator.errors import ConfigError, Fault, Reason

_HOW = "make one: openssl rand -base64 32 | tr '+/' '-_'"


class Sealed:
    """Encrypts and decrypts by the keys of a file."""

    def __init__(self, keys: list[str], place: str) -> None:
        """Raises `ConfigError` (InvalidValue) for what are no keys; `place` names them to people."""
        try:
            self._box = MultiFernet([Fernet(one) for one in keys])
        except ValueError as err:
            fault = Fault(
                f"{place} holds no keys that can be used",
                field="RTB_HUB_KEY_FILE",
                allowed="Fernet keys, 32 bytes in URL-safe base64, one a line",
                remedy=_HOW,
            )
            raise ConfigError(Reason.INVALID_VALUE, fault) from err
        self.place = place

    def seal(self, plain: bytes) -> bytes:
        """Encrypt, by the first key."""
        return self._box.encrypt(plain)

    def open(self, sealed: bytes, within: timedelta | None = None) -> bytes | None:
        """Decrypt; None: it was sealed by none of these keys, or longer ago than `within`."""
        try:
            return self._box.decrypt(sealed, int(within.total_seconds()) if within else None)
        except InvalidToken:
            return None


def sealed_by(path: Path) -> Sealed:
    """By the keys of a file. Raises `ConfigError` (InvalidValue)."""
    try:
        lines = path.read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError) as err:
        fault = Fault(f"{path} cannot be read as text", field="RTB_HUB_KEY_FILE", remedy=_HOW)
        raise ConfigError(Reason.INVALID_VALUE, fault) from err
    return Sealed(lines, str(path))


def sealed_in(folder: Path) -> Sealed:
    """By the key of a data folder, made when there is none: for its owner only."""
    path = folder / "key"
    if not path.exists():
        beside = folder / f"key.{secrets.token_hex(8)}"
        with os.fdopen(os.open(beside, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w") as file:
            file.write(Fernet.generate_key().decode() + "\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # another process made it meanwhile, and may have sealed by it
            path.hardlink_to(beside)
        beside.unlink()
    return sealed_by(path)
