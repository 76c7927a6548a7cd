"""Error kinds: each says at least one thing that is wrong."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from generator.errors import ConfigError, Fault, HubError, Moved, Reason, Stalled, Transient

KINDS = (ConfigError, Stalled, Transient, Moved)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("none", [[], (), iter(())], ids=["no list", "an empty tuple", "a generator that gave nothing"])
def test_an_error_without_a_fault_cannot_be_made(kind: type[HubError], none: Iterable[Fault]) -> None:
    with pytest.raises(ValueError, match=r"InvalidValue\) without a fault"):
        kind(Reason.INVALID_VALUE, none)


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_has_the_faults_it_was_given(kind: type[HubError]) -> None:
    assert kind(Reason.INVALID_VALUE, "one").faults == (Fault("one"),)
    two = kind(Reason.INVALID_VALUE, (Fault(text) for text in ("one", "two")))
    assert (str(two), two.words) == ("one\ntwo", "one; two")
