"""Files that hold secrets, named by variables."""

from __future__ import annotations

from pathlib import Path

from generator.errors import ConfigError, Fault, Reason


def text_of(path: Path, variable: str) -> str | None:
    """What a file holds that a variable names, without white space around it; None: nothing.

    Raises `ConfigError` (InvalidValue).
    """
    try:
        return path.read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError) as err:
        remedy = "name the file that holds the secret"
        fault = Fault(f"{path} cannot be read as text", field=variable, remedy=remedy)
        raise ConfigError(Reason.INVALID_VALUE, fault) from err
