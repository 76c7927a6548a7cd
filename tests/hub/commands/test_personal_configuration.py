"""What a person set for their own use of Git changes nothing of what the hub reads, writes and sends."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from worlds.commands import IMAGES, git, must, rtb_hub
from worlds.repositories import state_repository

SIGNATURE = "gpgsig -----BEGIN PGP SIGNATURE-----\n iQ\n -----END PGP SIGNATURE-----\n"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A repository with a start of its own, and one in a commit that is signed, as a forge signs its merges."""
    path = state_repository(tmp_path / "state.git")
    must("start", "RTB-5", "--env", "int", "--blueprint", "web-api", *IMAGES, "--repo", path)
    must("start", "RTB-9", "--env", "int", "--blueprint", "web-api", *IMAGES, "--repo", path)
    header, blank, message = git(path, "cat-file", "commit", "main").partition("\n\n")
    text = f"{header}\n{SIGNATURE}".rstrip("\n").encode() + f"{blank}{message}".encode()
    made = subprocess.run(
        ["git", "-C", path, "hash-object", "-t", "commit", "-w", "--stdin"], input=text, check=True, capture_output=True
    )
    git(path, "update-ref", "refs/heads/main", made.stdout.decode().strip())
    return path


def personal(tmp_path: Path, text: str) -> dict[str, str]:
    gpg = tmp_path / "gpg"
    gpg.write_text("#!/bin/sh\necho 'gpg: no public key' >&2\necho '[GNUPG:] ERRSIG 1 2 3 4 5 9'\nexit 2\n")
    gpg.chmod(0o755)
    (tmp_path / "personal").write_text(text.replace("{gpg}", str(gpg)))
    return {"GIT_CONFIG_GLOBAL": str(tmp_path / "personal")}


@pytest.mark.parametrize(
    "setting",
    [
        "[log]\nshowSignature = true\n[gpg]\nprogram = {gpg}",
        "[trailer]\nseparators = =",
        "[i18n]\nlogOutputEncoding = UTF-16",
        "[log]\nfollow = true\ndiffMerges = combined",
        "[color]\nui = always\n[core]\nquotePath = true\n[status]\nshowUntrackedFiles = no\nbranch = true",
    ],
)
def test_history_reads_the_same(tmp_path: Path, state: Path, setting: str) -> None:
    plain = must("history", "-o", "json", "--repo", state).out
    assert plain.count('"start"') == 2
    there = personal(tmp_path, setting)
    assert must("history", "-o", "json", "--repo", state, **there).out == plain
    assert rtb_hub("guard", "main~1..main", "--repo", state, **there).code == 0


def test_a_commit_is_in_utf8_and_no_tag_of_a_persons_own_is_pushed(tmp_path: Path, state: Path) -> None:
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", state, clone], check=True, capture_output=True)
    git(clone, "-c", "user.name=a", "-c", "user.email=a@example.com", "tag", "-a", "mine", "-m", "mine")
    there = personal(tmp_path, "[push]\nfollowTags = true\n[i18n]\ncommitEncoding = EUC-KR")
    must("start", "RTB-7", "--env", "int", "--blueprint", "web-api", *IMAGES, "--repo", clone, **there)
    assert git(state, "tag") == ""
    assert "encoding" not in git(state, "cat-file", "commit", "main").partition("\n\n")[0]
