"""One reader: per environment, its state or what keeps it from being read."""

from __future__ import annotations

import pytest

from generator.errors import HubError, Reason, Unexpected
from reconcilers.state.reading import Reading, read_repository
from worlds.builders import LIBRARY
from worlds.memory_store import MemoryStore
from worlds.planning import put, started, state_store

STG = "environments/stg/environment.yaml"


def reading(store: MemoryStore) -> Reading:
    return read_repository(store, LIBRARY)


def reason(found: Reading, name: str) -> Reason | None:
    """Why an environment cannot be read; None: it can."""
    try:
        found.state(name)
    except HubError as err:
        return err.reason
    return None


@pytest.fixture
def store() -> MemoryStore:
    store = state_store()
    started(store)
    started(store, "stg")
    return store


@pytest.mark.parametrize(
    "text", [b"nonsense: [", b"{{{", b"spec: {ttl: 1}", b"\xff"], ids=["YAML", "braces", "field", "bytes"]
)
def test_who_needs_int_does_not_care_about_stg(store: MemoryStore, text: bytes) -> None:
    put(store, STG, text)
    found = reading(store)
    assert found.names == ("int", "prd", "stg")
    assert len(found.state("int").entries) == 1
    assert reason(found, "prd") is None
    with pytest.raises(HubError) as raised:
        found.state("stg")
    assert STG in {fault.where.file for fault in raised.value.faults if fault.where}
    states, failures = found.each()
    assert [state.environment.name for state in states] == ["int", "prd"]
    assert list(failures) == ["stg"]
    with pytest.raises(HubError):
        found.states()


def test_an_environment_on_another_branch_that_cannot_be_read_is_not_one_that_is_not_there(store: MemoryStore) -> None:
    put(store, "rtb-hub.yaml", b"spec: {layout: 99}", "prd")
    found = reading(store)
    assert reason(found, "int") is None
    assert reason(found, "prd") is Reason.LAYOUT_VERSION, "it may be there"
    assert found.each(["int"])[1] == {}
    assert list(found.each()[1]) == ["prd"]


def test_an_environment_that_there_is_not_is_told_with_those_there_are(store: MemoryStore) -> None:
    assert reason(reading(store), "itn") is Reason.UNKNOWN_ENVIRONMENT
    with pytest.raises(HubError, match="int"):
        reading(store).each(["itn"])


def test_a_branch_whose_layout_file_went_is_missed_where_an_environment_lives_on_it(store: MemoryStore) -> None:
    put(store, "rtb-hub.yaml", None)
    found = reading(store)
    assert {name: reason(found, name) for name in found.names} == {
        "int": Reason.NOT_A_STATE_REPOSITORY,
        "prd": None,
        "stg": Reason.NOT_A_STATE_REPOSITORY,
    }
    with pytest.raises(HubError, match=r"RestoreLayout \(path: main, name: rtb-hub\.yaml\)"):
        found.state("int")


def test_a_branch_of_somebodys_own_is_none_of_ours(store: MemoryStore) -> None:
    store.heads["aaa"] = store.heads["main"]  # forked from it, so that it has the same files
    put(store, "rtb-hub.yaml", None, "aaa")
    found = reading(store)
    assert found.each()[1] == {}
    assert found.names == ("int", "prd", "stg")


def test_an_environment_is_read_when_it_is_asked_for(store: MemoryStore) -> None:
    found = reading(store)
    found.state("int")
    assert list(found.known) == ["int"]


def test_a_mistake_of_ours_in_one_environment_keeps_nobody_else_back(
    store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    from reconcilers.state import reading as module

    real = module.entry_files

    def fails(files: dict[str, str], environment: str) -> dict[str, str]:
        if environment == "stg":
            raise ZeroDivisionError("planted")
        return real(files, environment)

    monkeypatch.setattr(module, "entry_files", fails)
    states, failures = reading(store).each()
    assert [state.environment.name for state in states] == ["int", "prd"]
    assert isinstance(failures["stg"], Unexpected)
    assert isinstance(failures["stg"].__cause__, ZeroDivisionError)
