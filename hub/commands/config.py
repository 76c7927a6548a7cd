"""`rtb-hub config`: every setting as it holds, whence, and its default."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub.output.console import Format, emit, printable
from hub.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from hub.settings import Shown


def run(*, output: Format) -> None:
    """Print one row a setting. Raises `ConfigError` (InvalidValue, InvalidForge, InvalidRegistries)."""
    settings = load_settings()
    if settings.registries is not None:
        from hub.adapters.registry.configured import read_file

        read_file(settings.registries)
    shown = list(settings.shown())
    unknown = [{"name": name, "nearest": near} for name, near in settings.unknown()]
    emit(
        {"settings": [one._asdict() for one in shown], "unknown": unknown},
        output,
        lambda console: _tell(console, shown, unknown),
    )


def _tell(console: Console, shown: Sequence[Shown], unknown: Sequence[dict[str, str]]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("SETTING", "VALUE", "SOURCE", "DEFAULT"):
        table.add_column(heading)
    for one in shown:
        is_given = one.source != "default"
        source = Text(one.source, "" if is_given else "dim")
        table.add_row(
            Text(one.name, "cyan"), printable(one.value) or "-", source, Text(printable(one.default) or "-", "dim")
        )
    console.print(table)
    for name in unknown:
        hint = f"; did you mean {name['nearest']}?" if name["nearest"] else ""
        console.print(Text(f"{printable(name['name'])} is no setting of this release{hint}", "yellow"))
