"""Holds what the command line prints as JSON to the schemas that it publishes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

import click
import jsonschema_rs

from hub.cli.app import app
from hub.cli.errors import asked_format
from hub.cli.printed import OUTPUTS, schema


def hold(arguments: Sequence[str], out: str, err: str) -> None:
    """Raise `AssertionError` for JSON that is not as its schema says: of the output, and of the error."""
    if asked_format(arguments) != "json":
        return
    name = _command(arguments)
    if out.strip() and name in OUTPUTS and "--query" not in arguments:  # what is selected has no schema
        for text in out.splitlines() if "--watch" in arguments and name == "list" else [out]:
            _fits(name, json.loads(text))
    last = err.strip().splitlines()[-1:]
    if last and last[0].startswith('{"error"'):
        _fits("error", json.loads(last[0]))


def _fits(name: str, data: Any) -> None:
    wrong = [f"{list(one.instance_path)}: {one.message}" for one in _validator(name).iter_errors(data)]
    assert not wrong, (name, wrong[:5], data)


@cache
def _validator(name: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(schema(name))


def _command(arguments: Sequence[str]) -> str:
    """The command that is named, such as `env-list`; empty: none."""
    at: click.Command = app
    names: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == "--server":
            next(words, None)
        elif isinstance(at, click.Group) and not word.startswith("-"):
            if word not in at.commands:
                return ""
            at = at.commands[word]
            names.append(word)
    return "-".join(names)
