"""A preview is said to be removed only when it is gone: not while something holds its namespace."""

from __future__ import annotations

import time

from world import World

from conftest import Record


def test_a_finalizer_nobody_takes_off_is_told_and_never_called_removed(world: World, record: Record) -> None:
    world.start("STUCK-1")
    world.stand_ins.is_load_balancer_stuck = True
    try:
        world.hub("stop", "STUCK-1", "--env", "int")
        told: dict[str, str] = {}
        begin = time.monotonic()
        while time.monotonic() - begin < 100 and "stuck" not in told.get("cause", "") and told.get("phase") != "stuck":
            told = phase(world)
            assert told["phase"] in ("running", "stopping", "stuck"), told
            time.sleep(2)
        words = f"{told['phase']} {told['cause']}"
        assert "stuck on Ingress" in words
        assert "group.ingress.k8s.aws/previews-" in words
        record("stop → told as stuck", time.monotonic() - begin)
        table = world.hub("list", "--env", "int", "--cluster", "reader").out
        assert "STUCK-1" in table
        assert "stuck" in world.hub("doctor", "--env", "int", "--cluster", "reader", code=4).out
    finally:
        world.stand_ins.is_load_balancer_stuck = False
    world.until_gone("STUCK-1")
    assert phase(world)["phase"] == "removed"


def phase(world: World) -> dict[str, str]:
    shown = world.hub("show", "STUCK-1", "--env", "int", "--cluster", "reader", "--output", "json").json()
    return {"phase": shown["phase"], "cause": shown.get("cause") or ""}
