"""Rows under headings, for people: as Rich's tables without lines look, in a fraction of the time and memory of them.

A table of Rich takes about a millisecond and 10 KiB a row, which thousands of rows make felt.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console

#: Blanks between two columns, and what the column that gives way gets at least.
_GAP, _NARROWEST = 2, 20
#: Lines written at once to what is no terminal.
_AT_ONCE = 500


class Cell(NamedTuple):
    """One cell: its text, and how it looks where a terminal has styles."""

    text: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns' headings. Those in `right` are set flush right.

    Where the lines are too long, those in `spared` are left out, the first first; then one gives way: the one that is
    `folded` anywhere, or `wrapped` between words. Where that is not enough, each row is a block of lines. Without
    `folded` and `wrapped` no cell is ever parted: names and addresses are there to be copied. On a terminal a
    moment is told as how long ago it is, or until then.
    """

    headings: Sequence[str]
    right: frozenset[str] = frozenset()
    folded: str = ""
    wrapped: str = ""
    spared: Sequence[str] = ()

    def tell(self, console: Console, rows: Sequence[Sequence[Cell]]) -> None:
        """Print the headings and the rows, whose cells have no line breaks. No line has trailing blanks."""
        if console.is_terminal:
            rows = [_on_terminal(row) for row in rows]
        columns, rows = self._without_spared(rows, console.width)
        widths = columns._widths(rows, console.width)
        if _length(widths) > console.width and len(columns.headings) > 1 and not columns.folded:
            lines = (line for row in rows for line in columns._block(row, console.width))
        else:
            header = [Cell(_heading(name), "bold") for name in columns.headings]
            lines = (line for row in chain([header], rows) for line in columns._lines(row, widths))
        if console.is_terminal:
            for line in lines:
                console.print(Text.assemble(*(part for blanks, cell in line for part in (" " * blanks, cell))))
            return
        texts = ("".join(f"{' ' * blanks}{cell.text}" for blanks, cell in line) for line in lines)
        while some := list(islice(texts, _AT_ONCE)):
            console.file.write("\n".join(some) + "\n")

    def _without_spared(self, rows: Sequence[Sequence[Cell]], width: int) -> tuple[Columns, Sequence[Sequence[Cell]]]:
        """These columns and rows, without as many of `spared` as it takes for the rest to stand beside one another."""
        columns = replace(self, folded="", wrapped="")
        for name in self.spared:
            if name not in columns.headings or _length(columns._widths(rows, width)) <= width:
                continue
            place = list(columns.headings).index(name)
            columns = replace(columns, headings=[one for one in columns.headings if one != name])
            rows = [[cell for at, cell in enumerate(row) if at != place] for row in rows]
        return replace(columns, folded=self.folded, wrapped=self.wrapped), rows

    def _widths(self, rows: Sequence[Sequence[Cell]], width: int) -> list[int]:
        """How wide each column is: as its widest cell, but the one that gives way takes what is left at most."""
        texts = ([_heading(name), *(row[place].text for row in rows)] for place, name in enumerate(self.headings))
        widths = [max(map(_width, each)) for each in texts]
        if (giving := self.folded or self.wrapped) in self.headings:
            place = list(self.headings).index(giving)
            others = _length(widths) - widths[place]
            widths[place] = min(widths[place], max(_NARROWEST, width - others))
        return widths

    def _lines(self, row: Sequence[Cell], widths: Sequence[int]) -> Iterator[list[tuple[int, Cell]]]:
        """The row's cells, each with the blanks before it, in a line, and in more where one gives way."""
        line: list[tuple[int, Cell]] = []
        blanks, rest, begin = 0, [Cell("")][:0], 0
        for place, (name, width) in enumerate(zip(self.headings, widths, strict=True)):
            cell = row[place]
            if name in (self.folded, self.wrapped) and _width(cell.text) > width:
                begin = sum(taken + _GAP for taken in widths[:place])
                cell, *rest = self._parts(name, cell, width)
            blank = width - _width(cell.text)
            before, after = (blank, 0) if name in self.right else (0, blank)
            if cell.text:
                line.append((blanks + before, cell))
                blanks = 0
            else:
                blanks += before
            blanks += after + _GAP
        yield line
        for part in rest:
            yield [(begin, part)]

    def _parts(self, name: str, cell: Cell, width: int) -> list[Cell]:
        """The lines of the one cell that gives way."""
        if name == self.wrapped:
            texts = textwrap.wrap(cell.text, width, break_on_hyphens=False)
        else:
            texts = [cell.text[at : at + width] for at in range(0, len(cell.text), width)]
        return [Cell(text, cell.style) for text in texts]

    def _block(self, row: Sequence[Cell], width: int) -> Iterator[list[tuple[int, Cell]]]:
        """A row as lines of its own: its first cell, and below it each other one behind its heading."""
        yield [(0, Cell(row[0].text, row[0].style or "bold"))]
        margin = max(_width(_heading(name)) for name in self.headings[1:])
        for name, cell in zip(self.headings[1:], row[1:], strict=True):
            if not cell.text:
                continue
            room = max(_NARROWEST, width - margin - 2 * _GAP)
            first, *more = textwrap.wrap(cell.text, room, break_long_words=False, break_on_hyphens=False)
            told = _heading(name)
            heading = Cell(told + " " * (margin - _width(told)), "dim")
            yield [(_GAP, heading), (_GAP, Cell(first, cell.style))]
            for text in more:
                yield [(margin + 2 * _GAP, Cell(text, cell.style))]


def tell_table(
    console: Console,
    headings: Sequence[str],
    rows: Sequence[Sequence[str | Text | Cell]],
    *,
    right: frozenset[str] = frozenset(),
    wrapped: str = "",
) -> None:
    """Print `rows` under `headings`; a text is a cell of its style, and one with line breaks is on one line."""
    cells = [[_cell(one) for one in row] for row in rows]
    Columns(headings, right, wrapped=wrapped).tell(console, cells)


def _heading(name: str) -> str:
    """A column's heading for who reads; in `Columns` it goes by its English."""
    from hub.output.console import in_their_language

    return in_their_language(name)


def _on_terminal(row: Sequence[Cell]) -> list[Cell]:
    from hub.output.console import is_translated
    from hub.output.times import brief

    return [cell._replace(text=brief(cell.text, korean=is_translated())) for cell in row]


def _cell(told: str | Text | Cell) -> Cell:
    cell = (
        Cell(told.plain, str(told.style)) if isinstance(told, Text) else Cell(told) if isinstance(told, str) else told
    )
    return Cell(" ".join(cell.text.split()), cell.style)


def _length(widths: Sequence[int]) -> int:
    """Of a line."""
    return sum(widths) + _GAP * (len(widths) - 1)


def _width(text: str) -> int:
    return len(text) if text.isascii() else cell_len(text)
