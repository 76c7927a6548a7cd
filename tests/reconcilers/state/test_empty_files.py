"""A file without any field is named, with what it must be."""

from __future__ import annotations

import pytest

from generator.errors import ConfigError
from reconcilers.state.entries import parse_entry

FILE = "environments/int/previews/rtb/0/rtb-1/preview.yaml"


@pytest.mark.parametrize("text", ["", "\n# nothing\n", "---\n", "null\n", "[]\n", "text\n", "5\n"])
def test_an_entry_without_fields_is_told_with_its_file(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_entry(text, FILE)
    (fault,) = caught.value.faults
    assert fault.where is not None
    assert (fault.where.file, fault.allowed) == (FILE, "a mapping of fields to values")
