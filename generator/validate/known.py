"""Parts of objects that rules have seen, by their content: an equal part is not looked at again (docs/adr/0071).

Previews of one blueprint hold mostly the same parts. What is asked through here is handed the part alone, so that the
answer depends on nothing else.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Any, TypeVar

from generator.objects.findings import Finding

T = TypeVar("T")
#: Answers that are kept, and bytes of a part: 8 MiB at most.
MOST, LONGEST = 2048, 4096
#: Stands for the image of every container that names one.
IMAGE = "image"
_known: dict[tuple[Hashable, bytes] | None, Any] = {}


def content_of(part: Any) -> bytes | None:
    """Equal for equal values of equal types in equal order, and for no others; None for what is not worth keeping."""
    try:
        content = marshal.dumps(part, 2)  # a version without references, which depend on who else holds a value
    except ValueError:  # a type of its own, or nested too deep
        return None
    return content if len(content) <= LONGEST else None


def unless_good(rules: Hashable, content: bytes | None, found: Iterable[Finding]) -> Iterator[Finding]:
    """What is `found`, unless `rules` found nothing in a part of the same `content` before: then nothing is asked.

    `found` is a generator that has not started. It reads the part, and what `rules` names, alone; only where its
    findings stand may depend on more.
    """
    key = None if content is None else (rules, content)
    if key in _known:
        return
    is_good = True
    for finding in found:
        is_good = False
        yield finding
    if is_good and key is not None:
        _keep(key, True)


def known(question: Hashable, content: bytes | None, answer: Callable[[], T]) -> T:
    """The `answer` that the same `question` about a part of the same `content` had before, else a new one."""
    key = None if content is None else (question, content)
    found: T | None = _known.get(key)
    if found is None:
        found = answer()
        if key is not None:
            _keep(key, found)
    return found


def _keep(key: tuple[Hashable, bytes], answer: Any) -> None:
    if len(_known) >= MOST:
        _known.clear()
    _known[key] = answer


def without_images(pod: Any) -> Any:
    """The pod spec `pod` with one image in all containers that name one: only rules about images may read which.

    Another value than a mapping is given back as it is.
    """
    if not isinstance(pod, dict):
        return pod
    changed = {
        field: [_without_image(one) for one in pod[field]]
        for field in ("initContainers", "containers", "ephemeralContainers")
        if isinstance(pod.get(field), list)
    }
    return pod | changed


def _without_image(container: Any) -> Any:
    named = isinstance(container, dict) and isinstance(container.get("image"), str) and container["image"]
    return container | {"image": IMAGE} if named else container
