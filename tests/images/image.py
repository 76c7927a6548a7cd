"""An image as it was built: its layers unpacked, and containers of it as a kubelet would start them (bubblewrap)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder import environ, tools

#: Whom containers run as, by the image and by what is rendered.
USER = 10001
_SYSTEM = ("proc", "dev", "etc/hosts", "etc/resolv.conf")
_GONE, _EMPTY = ".wh.", ".wh..wh..opq"


@dataclass(frozen=True)
class Image:
    """`root`: its files, unpacked. `config`: user, entrypoint, variables and labels, as the OCI image specification has them."""

    root: Path
    config: Mapping[str, Any]
    layers: int
    bwrap: Path

    @classmethod
    def unpacked(cls, archive: Path, folder: Path) -> Image:
        """The only image of an OCI archive, below the empty `folder`."""
        parts, root = folder / "parts", folder / "root"
        root.mkdir(parents=True)
        parts.mkdir()
        _tar("-x", "-f", str(archive), "-C", str(parts))

        def blob(digest: str) -> Path:
            return parts / "blobs" / digest.replace(":", "/")

        (listed,) = json.loads((parts / "index.json").read_text())["manifests"]
        manifest = json.loads(blob(listed["digest"]).read_text())
        for layer in manifest["layers"]:
            _unpack(blob(layer["digest"]), root)
        config = json.loads(blob(manifest["config"]["digest"]).read_text())
        shutil.rmtree(parts)
        bwrap = shutil.which("bwrap", path=environ(tools())["PATH"])
        assert bwrap is not None
        shutil.copy(bwrap, folder / "bwrap")  # where the container's user can start it
        return cls(root, config["config"], len(manifest["layers"]), folder / "bwrap")

    def start(
        self,
        command: Sequence[str],
        *,
        variables: Mapping[str, str] | None = None,
        secrets: Mapping[str, Path] | None = None,
        writable: Mapping[str, Path] | None = None,
    ) -> subprocess.Popen[str]:
        """A container: a read-only root, no capability, the image's user, and nothing of this machine but its network."""
        mounts = [("--ro-bind", place, at) for at, place in (secrets or {}).items()]
        mounts += [("--bind", place, at) for at, place in (writable or {}).items()]
        mounts += [("--ro-bind", Path(f"/{name}"), f"/{name}") for name in _SYSTEM if name.startswith("etc/")]
        for _, place, at in mounts:
            inside = self.root / at.removeprefix("/")
            if place.is_dir():
                inside.mkdir(parents=True, exist_ok=True)
            else:
                inside.touch()
        given = dict(one.split("=", 1) for one in self.config.get("Env", ())) | dict(variables or {})
        confined = [
            "setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--no-new-privs",
            str(self.bwrap), "--ro-bind", str(self.root), "/", "--proc", "/proc", "--dev", "/dev",
            *(word for kind, place, at in mounts for word in (kind, str(place), at)),
            "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--die-with-parent", "--clearenv",
            *(word for name, value in given.items() for word in ("--setenv", name, value)),
            "--chdir", self.config.get("WorkingDir") or "/", *command,
        ]  # fmt: skip
        return subprocess.Popen(confined, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def run(self, *command: str, **given: Any) -> tuple[int, str]:
        """What became of it, and what it said."""
        process = self.start(command, **given)
        out, _ = process.communicate(timeout=120)
        return process.returncode, out


def owned(path: Path, mode: int) -> Path:
    """The same, given to the container's user with this mode."""
    os.chown(path, 0, USER)
    path.chmod(mode)
    return path


def _unpack(layer: Path, root: Path) -> None:
    _tar("-x", "-p", "--numeric-owner", "-f", str(layer), "-C", str(root))
    for name in _tar("-t", "-f", str(layer)).splitlines():
        path = root / name
        if path.name == _EMPTY:
            raise AssertionError(f"{name}: an emptied folder, which no layer of these images has")
        if path.name.startswith(_GONE):
            path.unlink()
            gone = path.with_name(path.name.removeprefix(_GONE))
            shutil.rmtree(gone) if gone.is_dir() and not gone.is_symlink() else gone.unlink(missing_ok=True)


def _tar(*arguments: str) -> str:
    return subprocess.run(["tar", *arguments], check=True, capture_output=True, text=True).stdout
