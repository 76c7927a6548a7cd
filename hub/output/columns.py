"""Rows under headings, for people: as Rich's tables without lines look, in a fraction of the time and memory of them.

A table of Rich takes about a millisecond and 10 KiB a row, which thousands of rows make felt.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console

#: Blanks between two columns, and what the column that is folded gets at least.
_GAP, _NARROWEST = 2, 20
#: Lines written at once to what is no terminal.
_AT_ONCE = 500


class Cell(NamedTuple):
    """One cell: its text, and how it looks where a terminal has styles."""

    text: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns' headings. Those in `right` are set flush right; `folded` gives way where the lines are too long."""

    headings: Sequence[str]
    right: frozenset[str] = frozenset()
    folded: str = ""

    def tell(self, console: Console, rows: Sequence[Sequence[Cell]]) -> None:
        """Print the headings and the rows, whose cells have no line breaks. No line has trailing blanks."""
        widths = self._widths(rows, console.width)
        header = [Cell(name, "bold") for name in self.headings]
        lines = (line for row in chain([header], rows) for line in self._lines(row, widths))
        if console.is_terminal:
            for line in lines:
                console.print(Text.assemble(*(part for blanks, cell in line for part in (" " * blanks, cell))))
            return
        texts = ("".join(f"{' ' * blanks}{cell.text}" for blanks, cell in line) for line in lines)
        while some := list(islice(texts, _AT_ONCE)):
            console.file.write("\n".join(some) + "\n")

    def _widths(self, rows: Sequence[Sequence[Cell]], width: int) -> list[int]:
        """How wide each column is: as its widest cell, but the folded one takes what is left at most."""
        widths = [
            max([_width(name), *(_width(row[place].text) for row in rows)]) for place, name in enumerate(self.headings)
        ]
        if self.folded in self.headings:
            place = self.headings.index(self.folded)
            others = sum(widths) - widths[place] + _GAP * (len(widths) - 1)
            widths[place] = min(widths[place], max(_NARROWEST, width - others))
        return widths

    def _lines(self, row: Sequence[Cell], widths: Sequence[int]) -> Iterator[list[tuple[int, Cell]]]:
        """The row's cells, each with the blanks before it, in a line, and in more where one is folded."""
        line: list[tuple[int, Cell]] = []
        blanks, rest, begin = 0, Cell(""), 0
        for place, (name, width) in enumerate(zip(self.headings, widths, strict=True)):
            cell = row[place]
            if name == self.folded and len(cell.text) > width:
                begin = sum(taken + _GAP for taken in widths[:place])
                cell, rest = Cell(cell.text[:width], cell.style), Cell(cell.text[width:], cell.style)
            blank = width - _width(cell.text)
            before, after = (blank, 0) if name in self.right else (0, blank)
            if cell.text:
                line.append((blanks + before, cell))
                blanks = 0
            else:
                blanks += before
            blanks += after + _GAP
        yield line
        while rest.text:
            width = widths[self.headings.index(self.folded)]
            yield [(begin, Cell(rest.text[:width], rest.style))]
            rest = Cell(rest.text[width:], rest.style)


def _width(text: str) -> int:
    return len(text) if text.isascii() else cell_len(text)
