"""Objects with one mistake each, made from right ones: what people do wrong, at a place chosen by the object's own text.

The same object and number give the same mistake on every machine. Whether it is one is for an API server to say.
"""

from __future__ import annotations

import copy
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import yaml

from worlds.public_manifests import Published

_TEXTS = (
    "",
    "Bad_Value!",
    "x" * 70,
    "two words",
    "UPPER",
    "-dash",
    "a/b/c",
    "..",
    "1.5.x",
    "10GB",
    "a.b",
    "0 25 * * *",
)
_NUMBERS = (-1, 0, 1.5, 99_999, 2**31, 2**40)
_OTHERS: tuple[Any, ...] = (True, 7, "text", ["text"], {"some": "text"}, [{"name": "a"}])
_KEPT = frozenset({"apiVersion", "kind"})
#: A place: the mapping or list that holds it, its key there, and the path to it.
Place = tuple[Any, Any, tuple[Any, ...]]
Mistake = Callable[[random.Random, Place], None]


def mutants(right: Iterable[Published], *, of_a_kind: int, each: int) -> Iterator[Published]:
    """`each` mutants of up to `of_a_kind` objects of every kind."""
    seen: Counter[str] = Counter()
    for one in right:
        name = f"{one.api_version} {one.kind}"
        seen[name] += 1
        if seen[name] > of_a_kind:
            continue
        data = yaml.load(one.text, yaml.CSafeLoader)
        for number in range(each):
            seed = random.Random(f"{one.text}{number}")
            mutant = copy.deepcopy(data)
            mistake, place = seed.choice(MISTAKES), seed.choice([*_places(mutant)])
            mistake(seed, place)
            text = yaml.dump(mutant, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True)
            told = f"{one.source} {mistake.__name__.strip('_')} at {'.'.join(map(str, place[2]))}"
            yield replace(one, source=told, text=text)


def _places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[Place]:
    """All places below `node`, but what kind it is, and what a controller writes."""
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, inner in entries:
        if not path and (key in _KEPT or key == "status"):
            continue
        yield node, key, (*path, key)
        yield from _places(inner, (*path, key))


def _unknown_field(seed: random.Random, place: Place) -> None:
    holder, key, _ = place
    if isinstance(holder, dict):
        holder[f"{key}Too"] = holder[key]
    else:
        holder.append({"notAField": 1})


def _misspelt(seed: random.Random, place: Place) -> None:
    holder, key, _ = place
    if isinstance(holder, dict) and isinstance(key, str) and len(key) > 2:
        at = seed.randrange(1, len(key) - 1)
        holder[key[:at] + key[at + 1] + key[at] + key[at + 2 :]] = holder.pop(key)
    else:
        _missing(seed, place)


def _missing(seed: random.Random, place: Place) -> None:
    holder, key, _ = place
    del holder[key]


def _null(seed: random.Random, place: Place) -> None:
    holder, key, _ = place
    holder[key] = None


def _other_type(seed: random.Random, place: Place) -> None:
    holder, key, _ = place
    holder[key] = seed.choice([other for other in _OTHERS if type(other) is not type(holder[key])])


def _other_value(seed: random.Random, place: Place) -> None:
    holder, key, _ = place
    value = holder[key]
    if isinstance(value, bool):
        holder[key] = not value
    elif isinstance(value, int | float):
        holder[key] = seed.choice(_NUMBERS)
    elif isinstance(value, str):
        holder[key] = seed.choice(_TEXTS)
    else:
        holder[key] = type(value)() if value is not None else ""


def _twice(seed: random.Random, place: Place) -> None:
    holder, key, _ = place
    if isinstance(holder, list):
        holder.append(copy.deepcopy(holder[key]))
    elif isinstance(holder[key], list) and holder[key]:
        holder[key].append(copy.deepcopy(holder[key][0]))
    else:
        _other_value(seed, place)


MISTAKES: tuple[Mistake, ...] = (
    _unknown_field,
    _misspelt,
    _missing,
    _null,
    _other_type,
    _other_value,
    _other_value,
    _twice,
)
