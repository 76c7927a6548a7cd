"""Validating a text as `rtb-hub validate` does a file: findings with their places."""

from __future__ import annotations

from pathlib import Path

from generator.objects.findings import Finding
from generator.validate.policy import PolicySettings
from generator.validate.validation import Validator
from hub import assets
from hub.actions.manifest_files import read_manifests

VALIDATOR = Validator(assets.generator_data)


def found(folder: Path, text: str) -> list[Finding]:
    """All findings in `text`, written to `f.yaml` in `folder`."""
    (folder / "f.yaml").write_text(text, encoding="utf-8")
    files = read_manifests([folder / "f.yaml"])
    assert files.findings == []
    return list(
        VALIDATOR.validate(files.manifests, kubernetes=["1.34"], settings=PolicySettings(), locate=files.locate)
    )
