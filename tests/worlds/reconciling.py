"""Rounds and watches on a state repository in memory, with a clock that only tests move."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import Any

from generator.values.formats import format_time
from hub.reconciling.registry import ReconcileTime
from hub.reconciling.round import Asked, Outcome, Round
from hub.reconciling.watch import Time, Watch
from hub.settings import load_settings
from hub.wiring import Hub
from reconcilers.ports.git import GitStore
from worlds.builders import NOW, environment
from worlds.planning import files_of, put
from worlds.telling import Told

#: Room for as many previews as a test likes.
ROOMY = {
    "limits": {"cpu": "2", "memory": "2Gi", "previews": 1000},
    "fargate": {"quotaVcpu": 1000},
    "exposure": {**environment().as_tree()["spec"]["exposure"], "shards": 5},
}


def entry_path(key: str, env: str = "int") -> str:
    return f"environments/{env}/previews/rtb/{int(key.split('-')[1]) // 100 * 100}/{key.lower()}/preview.yaml"


def extended(store: Any, key: str, to: datetime, env: str = "int", branch: str = "main") -> None:
    """Give a preview another end, as `extend` does."""
    path = entry_path(key, env)
    lines = files_of(store, branch)[PurePosixPath(path)].decode().splitlines(keepends=True)
    changed = [f'    expiresAt: "{format_time(to)}"\n' if "expiresAt:" in line else line for line in lines]
    assert changed != lines
    put(store, path, "".join(changed).encode(), branch)


def live(store: Any, branch: str = "main") -> list[str]:
    """The previews of a branch, as `<environment>/<name>`."""
    paths = [path for path in files_of(store, branch) if path.name == "preview.yaml"]
    return sorted(f"{path.parts[1]}/{path.parent.name}" for path in paths)


def reconciled(store: GitStore, at: datetime, *, envs: tuple[str, ...] = (), acts: bool = True, **moment: Any) -> dict[str, Outcome]:  # fmt: skip
    """The outcomes of one round by environment."""
    ours = Hub(load_settings({}), clock=lambda: at)
    return {
        one.environment: one
        for one in Round(ours, store, Asked(envs, ("expiry",)), ReconcileTime(at, **moment), acts).run()
    }


@dataclass
class World:
    """A watch on a store, and what happens at which second after `NOW`. Pauses take no time; the clock may leap."""

    store: Any
    seconds: float = 0.0
    offset: float = 0.0
    until: float = 3600.0
    events: list[tuple[float, Callable[[], None]]] = field(default_factory=list)
    log: Told = field(default_factory=Told)
    looks: list[float] = field(default_factory=list)
    polls: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.log.about = lambda: {"s": self.seconds}

    @property
    def lines(self) -> list[dict[str, Any]]:
        """What a log of the level `info` shows; `s`: at which second."""
        return [line for line in self.log.events if line["level"] != "debug"]

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.seconds + self.offset)

    def at(self, seconds: float, event: Callable[[], None]) -> None:
        self.events.append((seconds, event))

    def pause(self, seconds: float) -> bool:
        """Sleep through what happens meanwhile, in its order."""
        end = self.seconds + seconds
        for when, event in sorted(self.events, key=lambda one: one[0]):
            if when <= end:
                self.seconds = max(self.seconds, when)
                self.events = [one for one in self.events if one[1] is not event]
                event()
        self.seconds = max(end, self.seconds)
        assert len(self.looks) + len(self.polls) < 5000, "it does not sleep"
        return self.seconds >= self.until

    def look(self) -> tuple[Outcome, ...]:
        self.looks.append(self.seconds)
        at = self.now().replace(microsecond=0)
        ours = Hub(load_settings({}), clock=lambda: at, telemetry=self.log.telemetry)
        return Round(ours, self.store, Asked((), ("expiry",)), ReconcileTime(at)).run()

    def heads(self) -> dict[str, str]:
        self.polls.append(self.seconds)
        return {branch: snapshot.commit for branch, snapshot in self.store.snapshots().items()}

    def watch(self) -> list[dict[str, Any]]:
        """Watch until `until`; the events told."""
        self.watcher = Watch(self.look, self.heads, Time(self.pause, self.now, lambda: self.seconds, lambda: 1.0), self.log.telemetry)  # fmt: skip
        self.watcher.run()
        return self.lines

    def told(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["event"] == event]
