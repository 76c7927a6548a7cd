"""Record the README's terminal picture from a real run: `python tools/record_demo.py [FILE.svg]`.

Every line of the picture is what the commands printed; only the long images are shortened in the commands shown.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

HOME = Path(__file__).resolve().parent.parent / "docs" / "pictures" / "demo.svg"
WIDTH = 118


def main() -> None:
    """Run the commands in a temporary folder and write the picture."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else HOME
    out = Console(record=True, width=WIDTH, file=Path(os.devnull).open("w", encoding="utf-8"), force_terminal=True)  # noqa: SIM115
    with tempfile.TemporaryDirectory() as folder:
        for shown, command in commands():
            out.print(Text.assemble(("$ ", "bold green"), (f"rtb-hub {shown}", "bold")))
            out.print(Text.from_ansi(run(command, Path(folder))))
    # Fonts of another host would be fetched by whoever looks at the picture; any monospaced one will do.
    picture = re.sub(r"\s*@font-face \{.*?\}", "", out.export_svg(title="rtb-hub"), flags=re.DOTALL)
    picture = picture.replace("<text ", '<text xml:space="preserve" ')  # some viewers drop blanks at the edges
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(picture, encoding="utf-8")


def commands() -> list[tuple[str, list[str]]]:
    """(as shown, as run) for each command of the picture."""
    images = [
        f"--image={name}=registry.example.com/{name}@sha256:{letter * 64}"
        for name, letter in (("web", "a"), ("api", "b"))
    ]
    start = ["start", "RTB-123", "--env", "int"]
    short = "--image web=registry.example.com/web@sha256:… --image api=…"
    return [
        ("init state.git", ["init", "state.git"]),
        (f"start RTB-123 --env int {short}", [*start, *images]),
        ("diff RTB-123 --env int … --set web.cpu=500m", ["diff", *start[1:], *images, "--set", "web.cpu=500m"]),
        ("list", ["list"]),
    ]


def run(command: list[str], folder: Path) -> str:
    """What the real command prints on a terminal of our width, colours included."""
    environ = {
        **os.environ,
        "RTB_HUB_ACTOR": "alice",
        "FORCE_COLOR": "1",
        "COLUMNS": str(WIDTH),
        "TERM": "xterm-256color",
    }
    if command[0] != "init":
        environ["RTB_HUB_REPO"] = "state.git"
    program = Path(sys.executable).parent / "rtb-hub"
    done = subprocess.run(  # noqa: S603 - our own command, no shell
        [program, *command], cwd=folder, env=environ, capture_output=True, text=True, check=False
    )
    if done.returncode not in (0, 3):  # 3: `diff` found differences
        raise SystemExit(done.stderr)
    return done.stdout


if __name__ == "__main__":
    main()
