"""`validate` beside kubeconform and a real API server, on manifests that others published and on mistakes in them.

Each document is judged alone: by this API server's strict dry run, by ours in process, and by kubeconform with the same
schemas. What depends on the cluster (addresses, other objects) is told apart. The table is printed at the end of a run.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from api_server import ApiServer
from dry_run import ALONE, DryRun, Verdict
from toolchain import Toolchain

from conftest import FACTS, WORKER, scratch
from worlds import kubeconform
from worlds.judging import Judge, Judged
from worlds.mutants import mutants
from worlds.public_manifests import Published, definitions, published

#: Of one module: some have thousands that are much the same.
MOST_OF_A_MODULE = 250
OF_A_KIND, MISTAKES_EACH = 12, 1
#: Of what the API server refuses, so much is to be found.
FOUND = 0.95
_OWN = re.compile(r'"[^"]*"|[0-9]+')
_OF_THIS_CLUSTER = ("is not in the valid range",)


@dataclass(frozen=True, slots=True)
class Case:
    """One document, and what each says of it; `other`: why kubeconform refuses it, None when it does not."""

    document: Published
    server: Verdict
    ours: Judged
    other: str | None

    @property
    def is_ours(self) -> bool:
        """Whether ours refuses it, policies aside."""
        return bool(self.ours.by_server)

    @property
    def reason(self) -> str:
        """Why the server refuses it, names aside."""
        told = self.server.why.partition(" is invalid: ")[2] or self.server.why
        return f"{self.document.kind}: {_OWN.sub('…', told)[:120]}"


@pytest.fixture(scope="module")
def server(tools: Toolchain, request: pytest.FixtureRequest) -> Iterator[DryRun]:
    """An API server of its own, with the definitions of all kinds that are bundled."""
    kept = "log of the API server kept"
    with scratch(request, "dry-run", kept) as folder, ApiServer(folder / "server", tools, ALONE) as started:
        asked = DryRun(started)
        try:
            asked.keep(definitions())
            asked.discover()
            yield asked
        finally:
            asked.close()


@pytest.fixture(scope="module")
def cases(server: DryRun, tmp_path_factory: pytest.TempPathFactory) -> list[Case]:
    """What was published, judged."""
    return judged(published(MOST_OF_A_MODULE), server, tmp_path_factory.mktemp("published"))


def judged(documents: Sequence[Published], server: DryRun, folder: Path) -> list[Case]:
    """What each of the three says of the documents; those of a kind that this server does not serve are left out."""
    verdicts = [*zip(documents, server.verdicts(documents), strict=True)]
    served = [(one, verdict) for one, verdict in verdicts if not verdict.is_unserved]
    schemas, manifests = folder / "schemas", folder / "manifests"
    for made in (schemas, manifests):
        made.mkdir()
    kubeconform.write_schemas(schemas)
    for number, (one, _) in enumerate(served):
        (manifests / f"{number:05}.yaml").write_text(one.text, encoding="utf-8")
    others, judge = kubeconform.refused(schemas, manifests), Judge()
    return [
        Case(one, verdict, judge.judged(one.text), others.get(f"{number:05}.yaml"))
        for number, (one, verdict) in enumerate(served)
    ]


def table(title: str, cases: Sequence[Case]) -> str:
    """How many each refuses, of what the server takes and of what it refuses; where ours differs, and why."""
    rows = [f"{title:<44}{'objects':>8}{'validate':>10}{'kubeconform':>13}{'policy only':>13}"]
    for name, kept in (
        ("taken by the API server, refused by", taken(cases)),
        ("refused by it, found by", refused(cases)),
    ):
        ours, other = sum(one.is_ours for one in kept), sum(one.other is not None for one in kept)
        policy = sum(not one.is_ours and bool(one.ours.by_policy) for one in kept)
        rows.append(f"{name:<44}{len(kept):>8}{ours:>10}{other:>13}{policy:>13}")
    left = len(cases) - len(taken(cases)) - len(refused(cases))
    rows.append(f"{'depends on the cluster':<44}{left:>8}")
    wrong = Counter(f"{one.ours.by_server[0].rule}" for one in taken(cases) if one.is_ours)
    missed = Counter(one.reason for one in refused(cases) if not one.is_ours)
    example = {one.reason: one.document.source for one in reversed(refused(cases)) if not one.is_ours}
    rows += [f"  refused wrongly by {rule}: {count}" for rule, count in wrong.most_common()]
    rows += [f"  not found {count}: {reason} ({example[reason]})" for reason, count in missed.most_common(20)]
    return "\n".join(rows)


def taken(cases: Sequence[Case]) -> list[Case]:
    return [one for one in cases if one.server.is_taken]


def refused(cases: Sequence[Case]) -> list[Case]:
    """Those that the server refuses by themselves."""
    return [one for one in cases if not one.server.is_taken and not any(s in one.server.why for s in _OF_THIS_CLUSTER)]


def held(title: str, cases: Sequence[Case], request: pytest.FixtureRequest) -> None:
    """Print the table; nothing that is taken is refused by a rule of the API server's, and enough is found."""
    request.config.stash[FACTS][f"{title} {WORKER}"] = f"\n{table(title, cases)}"
    wrong = [f"{one.document.source}: {one.ours.by_server[0]}" for one in taken(cases) if one.is_ours]
    assert not wrong, "\n".join(wrong[:20])
    all_, found = refused(cases), [one for one in refused(cases) if one.is_ours]
    assert len(found) >= FOUND * len(all_), table(title, cases)


def test_public_manifests_are_judged_as_the_api_server_does(cases: list[Case], request: pytest.FixtureRequest) -> None:
    assert len(cases) >= 2000
    assert len(refused(cases)) >= 200
    held("public manifests", cases, request)


def test_mistakes_in_public_manifests_are_found(
    cases: list[Case], server: DryRun, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Made from right ones by a seeded procedure; whether one is a mistake is for the API server to say."""
    right = [one.document for one in taken(cases)]
    wrong = judged([*mutants(right, of_a_kind=OF_A_KIND, each=MISTAKES_EACH)], server, tmp_path)
    assert len(refused(wrong)) >= 200
    held("mistakes in public manifests", wrong, request)
