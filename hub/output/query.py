"""Selecting from what a command prints as JSON, by an expression of JMESPath (jmespath.org/specification.html).

An expression is looked at before the command does anything: what is wrong with it changes nothing.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from typing import Any, Final

import jmespath
from jmespath import exceptions
from jmespath.functions import Functions
from jmespath.visitor import TreeInterpreter

from generator.errors import ConfigError, Fault, Reason

#: Characters of an expression: the parser goes as deep as brackets are nested.
LONGEST: Final = 2000
#: Values that a search makes and looks at, and that it selects, at most: these, and so many times those of the data.
MOST: Final = 1_000_000
_TIMES: Final = 10
#: Characters of a text that count as one value more.
_CHARACTERS: Final = 64
_FIELD: Final = "--query"


class QueryError(ValueError):
    """What is no expression, with what is wrong and where."""


class Query:
    """An expression that can be used."""

    def __init__(self, text: str) -> None:
        """Parse `text`. Raises `QueryError`."""
        if len(text) > LONGEST:
            raise QueryError(f"has {len(text)} characters; allowed: at most {LONGEST}")
        try:
            with warnings.catch_warnings():  # of `web` for 'web', which is allowed and of no interest to who types it
                warnings.simplefilter("ignore", PendingDeprecationWarning)
                self._parsed = jmespath.compile(text)
            _check({"type": "whole", "children": [self._parsed.parsed]})
        except exceptions.EmptyExpressionError as err:
            raise QueryError("is empty; such as previews[].url") from err
        except exceptions.IncompleteExpressionError as err:
            raise QueryError(f"{text!r} ends too early, at character {len(text) + 1}") from err
        except exceptions.LexerError as err:
            place = err.lexer_position + 1
            raise QueryError(f"{text!r} has what is not JMESPath at character {place}: {err.message}") from err
        except exceptions.ParseError as err:
            place = err.lex_position + 1
            raise QueryError(f"{text!r} has an unexpected {err.token_value!r} at character {place}") from err
        except RecursionError as err:
            raise QueryError("is nested too deeply") from err

    def of(self, data: Any) -> Any:
        """What it selects from `data`, which is as `json.loads` makes it; None: nothing.

        Raises `ConfigError` (InvalidValue) where a function gets what it cannot take, and where the search would not
        end soon or fill the memory: the data alone tell that.
        """
        try:
            return _Bounded(data).visit(self._parsed.parsed, data)
        except (ValueError, TypeError, OverflowError, RecursionError) as err:  # those of jmespath are ValueErrors
            what = _type_error(err) if isinstance(err, exceptions.JMESPathTypeError) else str(err)
            remedy = "what was asked for is done; '-o json' without --query prints all that there is to select from"
            fault = Fault(f"does not fit what is printed: {what}", field=_FIELD, remedy=remedy)
            raise ConfigError(Reason.INVALID_VALUE, fault) from err


def _type_error(err: exceptions.JMESPathTypeError) -> str:
    allowed = ", ".join(err.expected_types)
    return f"{err.function_name}() got a value of type {err.actual_type}; allowed: {allowed}"


class _Bounded(TreeInterpreter):  # type: ignore[misc]  # jmespath has no types
    """A search that ends: an expression of few characters may double again and again what it gets.

    A value that stands in many places counts in each, as it would be printed. Raises `ValueError`.
    """

    def __init__(self, data: Any) -> None:
        super().__init__()
        self._sizes: dict[int, tuple[Any, int]] = {}  # with the value, so that no other one has its id
        self._made = 0
        self._most = MOST + _TIMES * self._size(data)

    def visit(self, node: Mapping[str, Any], *args: Any, **kwargs: Any) -> Any:
        """What a part of the expression comes to."""
        found = super().visit(node, *args, **kwargs)
        is_new = id(found) not in self._sizes
        size = self._size(found)
        self._made += 1 + (len(found) if is_new and isinstance(found, list | dict) else 0)
        if max(size, self._made) > self._most:
            raise ValueError(f"it comes to over {self._most:,} values")
        return found

    def _size(self, value: Any) -> int:
        if isinstance(value, str):
            return 1 + len(value) // _CHARACTERS
        if not isinstance(value, list | dict):
            if isinstance(value, float) and not math.isfinite(value):
                raise ValueError(f"it comes to {value}, which is no number of JSON")
            return 1
        if (known := self._sizes.get(id(value))) is not None:
            return known[1]
        size = 1 + sum(map(self._size, value.values() if isinstance(value, dict) else value))
        self._sizes[id(value)] = value, size
        return size


def _check(node: Mapping[str, Any]) -> None:
    """Raise `QueryError` for what jmespath itself tells while it searches only, and then where the search comes to it.

    That is a function that there is not, or that gets too few or too many arguments; an expression (`&...`) where none
    is taken; and a slice whose steps are 0.
    """
    wants: tuple[bool, ...] = ()
    if node["type"] == "function_expression":
        wants = _wants(node["value"], len(node["children"]))
    if node["type"] == "slice" and node["children"][2] == 0:
        raise QueryError("has a slice with steps of 0; allowed: any other number")
    for place, child in enumerate(node["children"]):
        if isinstance(child, Mapping):
            if child["type"] == "expref" and not any(wants[place : place + 1]):
                raise QueryError("has an expression (&...) where no function takes one")
            _check(child)


def _wants(name: str, given: int) -> tuple[bool, ...]:
    """Whether each argument of a function, of which some are `given`, is an expression. Raises `QueryError`."""
    known = Functions.FUNCTION_TABLE.get(name)
    if known is None:
        raise QueryError(f"{name}() is not a function; allowed: {', '.join(sorted(Functions.FUNCTION_TABLE))}")
    wanted = known["signature"]
    is_variadic = bool(wanted) and bool(wanted[-1].get("variadic"))
    if given < len(wanted) or (given > len(wanted) and not is_variadic):
        least = "at least " if is_variadic else ""
        raise QueryError(f"{name}() takes {least}{len(wanted)} argument{'s' * (len(wanted) != 1)}, and has {given}")
    return tuple("expref" in one["types"] for one in wanted)
