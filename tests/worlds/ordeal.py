"""What two workers that tell of one preview in pull requests go through: chosen by a seed, and then some calm."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from hub.actions.telling.teller import Teller
from reconcilers.messages.model import Message, MessagePhase
from worlds.faulty import Fault, How, Killed
from worlds.mortal import Life

HOWS: list[How | None] = ["drop-before", "drop-after", "drop-late", "503-before", "503-after", "429", "429-unnamed",
                          "kill-before", "kill-after", None, None, None, None, None]  # fmt: skip
PHASES: list[MessagePhase] = ["starting", "running", "failed", "stuck", "expiring soon", "unknown", "running"]


def gone_through(world: Any, kind: Any, seed: int, told: Callable[[MessagePhase], Message]) -> Teller:
    """Kills, losses and refusals at `world`'s site, until `failed` was told in peace: by the worker that is given."""
    rolls = random.Random(seed)
    lives = [Life(), Life()]
    workers = [world.worker(kind, life) for life in lives]
    last: MessagePhase = "starting"
    for _ in range(rolls.randint(3, 14)):
        world.later(seconds=rolls.choice([1, 5, 20, 45, 61, 300, 700]))
        last = rolls.choice([last, rolls.choice(PHASES)])
        hows = rolls.choices(HOWS, k=8)
        world.faults = [Fault(how, late_seconds=rolls.choice([1, 10, 19])) if how else None for how in hows]
        which = rolls.randrange(2)
        lives[which].writes = rolls.choice([None, None, 1, 2, 3, 4])
        try:
            world.tell(told(last), by=workers[which])
        except Killed:
            lives[which] = Life()
            workers[which] = world.worker(kind, lives[which])
        if rolls.random() < 0.05:
            world.later(seconds=25)
            world.site.arrive()
            world.lose_the_database()
    world.faults = []
    calm: Teller = world.worker(kind)
    for _ in range(8):
        world.later(minutes=6)
        world.tell(told("failed"), by=calm)
    return calm
