"""What is counted of a state is its own: a copy with other entries counts anew, unless it is told."""

from __future__ import annotations

from dataclasses import replace

from reconcilers.state.environment import Counts
from reconcilers.state.reading import read_state
from worlds.builders import LIBRARY
from worlds.planning import started, state_store


def test_a_copy_counts_anew() -> None:
    store = state_store()
    for key in ("RTB-1", "RTB-2"):
        started(store, key=key)
    state = read_state(store, "int", LIBRARY)
    assert (state.usage.previews, set(state.by_name)) == (2, {"rtb-1", "rtb-2"})
    fewer = replace(state, entries=state.entries[:1])
    assert (fewer.usage.previews, set(fewer.by_name)) == (1, {"rtb-1"})
    assert (state.usage.previews, len(state.by_name)) == (2, 2)


def test_what_is_known_is_not_counted_again() -> None:
    store = state_store()
    started(store, key="RTB-1")
    state = read_state(store, "int", LIBRARY)
    told = replace(state, known=Counts(state.by_name, state.usage, state.queue))
    assert told.counts.usage is state.usage
    assert told.by_name is state.by_name
    assert told == state
    assert replace(told).counts == Counts()
