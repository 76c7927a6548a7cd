"""Selecting from what a command prints as JSON, by an expression of JMESPath (jmespath.org/specification.html).

An expression is looked at before the command does anything: what is wrong with it changes nothing.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, Final

import jmespath
from jmespath import exceptions
from jmespath.functions import Functions

from generator.errors import ConfigError, Fault, Reason

#: Characters of an expression: the parser goes as deep as brackets are nested.
LONGEST: Final = 2000
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
            _check_functions(self._parsed.parsed)
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

        Raises `ConfigError` (InvalidValue) where a function gets what it cannot take: the data alone tell that.
        """
        try:
            return self._parsed.search(data)
        except (exceptions.JMESPathError, RecursionError) as err:
            what = _type_error(err) if isinstance(err, exceptions.JMESPathTypeError) else str(err)
            remedy = "what was asked for is done; '-o json' without --query prints all that there is to select from"
            fault = Fault(f"does not fit what is printed: {what}", field=_FIELD, remedy=remedy)
            raise ConfigError(Reason.INVALID_VALUE, fault) from err


def _type_error(err: exceptions.JMESPathTypeError) -> str:
    allowed = ", ".join(err.expected_types)
    return f"{err.function_name}() got a value of type {err.actual_type}; allowed: {allowed}"


def _check_functions(node: Mapping[str, Any]) -> None:
    """Raise `QueryError` for a function that there is not, or that gets too few or too many arguments.

    jmespath itself tells that while it searches, and then only where the search comes to it.
    """
    if node["type"] == "function_expression":
        name, given = node["value"], len(node["children"])
        known = Functions.FUNCTION_TABLE.get(name)
        if known is None:
            raise QueryError(f"{name}() is not a function; allowed: {', '.join(sorted(Functions.FUNCTION_TABLE))}")
        wanted = known["signature"]
        is_variadic = bool(wanted) and bool(wanted[-1].get("variadic"))
        if given < len(wanted) or (given > len(wanted) and not is_variadic):
            least = "at least " if is_variadic else ""
            raise QueryError(f"{name}() takes {least}{len(wanted)} argument{'s' * (len(wanted) != 1)}, and has {given}")
    for child in node["children"]:
        if isinstance(child, Mapping):
            _check_functions(child)
