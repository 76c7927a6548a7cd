"""Events as lines: JSON for machines, readable for people.

structlog is loaded with the first line, and is not configured for the process: the logger is a value here, and there is
nothing to reset.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, TextIO

from generator.values.formats import format_time
from hub.telemetry.events import LEVELS, Level

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger


def _no_secrets() -> tuple[str, ...]:
    return ()


@dataclass(frozen=True)
class LinesLog:
    """A `Log` that writes one line an event to `stream`, of the `level` and what is more urgent.

    `clock` gives the time (aware), `secrets` what this process holds and never tells, `printable` a text in which
    nothing can move a terminal's cursor.
    """

    stream: TextIO
    clock: Callable[[], datetime]
    as_json: bool
    printable: Callable[[str], str]
    level: Level = "info"
    secrets: Callable[[], tuple[str, ...]] = _no_secrets

    def is_told(self, level: Level) -> bool:
        """Whether it is urgent enough."""
        return LEVELS.index(level) >= LEVELS.index(self.level)

    def tell(self, name: str, level: Level, about: Mapping[str, object], error: BaseException | None) -> None:
        """Write one event."""
        getattr(self._logger, level)(name, exc_info=error, **about)

    @cached_property
    def _logger(self) -> FilteringBoundLogger:
        import structlog

        return structlog.wrap_logger(  # type: ignore[no-any-return]
            structlog.WriteLogger(self.stream),
            processors=[
                structlog.processors.add_log_level,
                self._with_time,
                structlog.processors.format_exc_info,  # the text alone: local variables may hold secrets
                self._without_secrets,
                structlog.processors.JSONRenderer(ensure_ascii=False) if self.as_json else self._readable,
            ],
            wrapper_class=structlog.make_filtering_bound_logger(self.level),
        )

    def _with_time(self, _: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        name, level = event.pop("event"), event.pop("level")
        told = {key: value for key, value in event.items() if value is not None}
        return {"at": format_time(self.clock()), "event": name, "level": level, **told}

    def _without_secrets(self, _: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return {key: self._shown(value) for key, value in event.items()}

    def _shown(self, value: Any) -> Any:
        if value is None or isinstance(value, bool | int | float):
            return value
        from hub.telemetry.redaction import redacted

        return redacted(str(value), self.secrets())

    def _readable(self, _: Any, __: str, event: MutableMapping[str, Any]) -> str:
        """Time, level, event, and the rest as `name=value`; a traceback below, indented."""
        trace = str(event.pop("exception", ""))
        at, name, level = event.pop("at"), event.pop("event"), event.pop("level")
        rest = [f"{key}={self._quoted(str(value))}" for key, value in event.items()]
        below = [f"  {self.printable(line)}" for line in trace.splitlines()]
        return "\n".join([" ".join([at, f"{level:<7}", name, *rest]), *below])

    def _quoted(self, value: str) -> str:
        text = self.printable(value)
        return json.dumps(text, ensure_ascii=False) if " " in text or '"' in text or not text else text
