"""Keys of mappings that are no text, as Kubernetes' parser writes them into JSON (sigs.k8s.io/yaml 1.6, yaml.go)."""

from __future__ import annotations

import struct

#: Powers of ten that Go writes without an exponent, in its shortest form.
_EXPONENTS = range(-4, 6)


def as_key(value: object) -> str:
    """The key as text: `404`, `true`, `3.14`; a text as it is. A number becomes one of 32 bits, as it does there."""
    if isinstance(value, bool):
        return str(value).lower()
    return _shortest(value) if isinstance(value, float) else str(value)


def _shortest(value: float) -> str:
    """The fewest digits that are the same number of 32 bits. Raises `ValueError` for one beyond them."""
    try:
        wanted = struct.pack("<f", value)
    except OverflowError as err:
        raise ValueError(str(value)) from err
    digits = next(n for n in range(1, 10) if struct.pack("<f", float(f"{value:.{n}g}")) == wanted)
    scientific = f"{value:.{digits - 1}e}"
    exponent = int(scientific.rpartition("e")[2])
    if exponent not in _EXPONENTS:
        return scientific
    return f"{value:.{max(digits - 1 - exponent, 0)}f}"
