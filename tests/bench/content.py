"""What previews hold, told apart from what they share: the inputs of peers are made of it, their output is held to it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from generator.errors import ConfigError
from generator.model.entry import Preview
from generator.model.environment import Environment
from generator.objects.manifest import Identity, Manifest
from generator.render.render import PreviewRenderer
from generator.yaml.reader import load_all
from worlds.builders import LIBRARY, preview

Path = tuple[str | int, ...]
Objects = Sequence[Mapping[str, Any]]
BRANCH = "feature/login"
ACTOR = "alice"
#: Our own process reads the clock; what is expected was rendered at another time.
MOVES_WITH_THE_CLOCK = ("metadata", "annotations", "preview.rtb-ai-hub/expires-at")
_MISSING = object()


def images(number: int) -> dict[str, str]:
    """Pinned images of preview `number`; no two previews share one."""
    digests = {name: hashlib.sha256(f"{name} {number}".encode()).hexdigest() for name in ("api", "web")}
    return {name: f"registry.example.com/{name}@sha256:{digest}" for name, digest in digests.items()}


def entry(number: int, environment: Environment) -> Preview:
    """The entry of preview RTB-`number`, of the default blueprint."""
    return preview(environment, key=f"RTB-{number}", images=images(number), branch=BRANCH)


def rendered(count: int, environment: Environment) -> list[Objects]:
    """The objects of previews 1 to `count`, by our renderer."""
    renderer = PreviewRenderer(LIBRARY)
    entries = (entry(number, environment) for number in range(1, count + 1))
    return [[m.data for m in renderer.render(one, environment).manifests] for one in entries]


def leaves(tree: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Path and value of each leaf; an empty mapping or list is one."""
    if isinstance(tree, Mapping) and tree:
        for key, value in tree.items():
            yield from leaves(value, (*path, key))
    elif isinstance(tree, list | tuple) and tree:
        for index, value in enumerate(tree):
            yield from leaves(value, (*path, index))
    else:
        yield path, tree


class Pattern:
    """What previews have in common, and names for the texts that are others in each: the values of a peer's template.

    `first` are the objects it was made of, `names` the name by place (index of the object, then its fields).
    """

    def __init__(self, first: Objects, second: Objects) -> None:
        """Compare two previews that share no value which makes a preview. Raises `ValueError` if not alike in form."""
        ours, theirs = list(leaves(list(first))), list(leaves(list(second)))
        if [path for path, _ in ours] != [path for path, _ in theirs]:
            raise ValueError("the two previews do not have the same objects and fields")
        self.first = first
        self.names: dict[Path, str] = {}
        known: dict[tuple[Any, Any], str] = {}
        for (path, one), (_, other) in zip(ours, theirs, strict=True):
            if one != other:
                name = known.setdefault((one, other), _fresh(path, known.values()))
                self.names[path] = name

    def values(self, objects: Objects) -> dict[str, str]:
        """The named values of another preview."""
        at = dict(leaves(list(objects)))
        return {name: at[path] for path, name in self.names.items()}

    def slotted(self) -> list[Any]:
        """The objects with a slot in the place of each named value, for `fill_slots` once they are text."""
        return [self._slotted(tree, (index,)) for index, tree in enumerate(self.first)]

    def _slotted(self, tree: Any, path: Path) -> Any:
        if path in self.names:
            return f"@@{self.names[path]}@@"
        if isinstance(tree, Mapping):
            return {key: self._slotted(value, (*path, key)) for key, value in tree.items()}
        if isinstance(tree, list | tuple):
            return [self._slotted(value, (*path, index)) for index, value in enumerate(tree)]
        return tree


def fill_slots(text: str, expression: str) -> str:
    """`text` (YAML or JSON) with its slots, and the quotes around them, replaced by `expression` with the name in it."""
    return re.sub(r'"@@(\w+)@@"', lambda found: expression.replace("NAME", found[1]), text)


def _fresh(path: Path, taken: Iterable[str]) -> str:
    """A name after the last key of `path` that is not `taken` yet."""
    last = next(part for part in reversed(path) if isinstance(part, str))
    words = re.findall(r"[a-z0-9]+", last.rpartition("/")[2].lower())
    name = words[0] + "".join(word.title() for word in words[1:])
    number = sum(1 for other in taken if re.fullmatch(rf"{name}\d*", other))
    return f"{name}{number + 1}" if number else name


def difference(expected: Objects, texts: Sequence[str], *, clock: bool = False) -> str | None:
    """In what the objects in `texts` differ from those expected, as parsed YAML; None if in nothing.

    `clock`: the time of expiry is left out, since it is another in each process of ours.
    """
    try:
        found = _by_identity(document.data for text in texts for document in load_all(text, "output") if document.data)
    except (ConfigError, ValueError) as err:
        return f"cannot be read: {err}".splitlines()[0]
    wanted = _by_identity(expected)
    if missing := wanted.keys() - found.keys():
        return f"lacks {min(missing)}"
    if extra := found.keys() - wanted.keys():
        return f"also has {min(extra)}"
    for identity, tree in wanted.items():
        ours, theirs = dict(leaves(tree)), dict(leaves(found[identity]))
        for path in sorted(ours.keys() | theirs.keys(), key=str):
            one, other = ours.get(path, _MISSING), theirs.get(path, _MISSING)
            if (one != other or type(one) is not type(other)) and not (clock and path == MOVES_WITH_THE_CLOCK):
                return f"{identity}: differs in {'.'.join(map(str, path))}"
    return None


def _by_identity(objects: Iterable[Mapping[str, Any]]) -> dict[Identity, Mapping[str, Any]]:
    found: dict[Identity, Mapping[str, Any]] = {}
    for tree in objects:
        identity = Manifest(tree, "output").identity
        if identity in found:
            raise ValueError(f"{identity} is there twice")
        found[identity] = tree
    return found
