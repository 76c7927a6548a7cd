"""The options of commands that read a cluster."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """`--cluster` and `--kubeconfig` as typed."""

    context: str
    kubeconfig: str | None = None
