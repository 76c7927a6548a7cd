"""Completion in the user's shell: `--show-completion` prints the script, `--install-completion` puts it in place.

The script asks `rtb-hub` itself what fits, by click's protocol (click.palletsprojects.com, Shell Completion).
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path, PurePath
from typing import NamedTuple

import click

#: What a script asks by: `bash_complete` and so on.
VARIABLE = "_RTB_HUB_COMPLETE"
#: What an option without a value stands for: the shell that the user logs in with.
_OWN = "own"


class _Shell(NamedTuple):
    """Where a shell's script belongs below the home folder, and the line of which file reads it; none: it is found."""

    script: str
    rc: str | None = None
    line: str = ""


_SHELLS = {
    "bash": _Shell(".bash_completions/rtb-hub.sh", ".bashrc", "source ~/.bash_completions/rtb-hub.sh"),
    "zsh": _Shell(".zfunc/_rtb-hub", ".zshrc", "fpath+=~/.zfunc; autoload -Uz compinit; compinit"),
    "fish": _Shell(".config/fish/completions/rtb-hub.fish"),
}


def answer(app: click.Command, name: str, asked: str) -> None:
    """Print what fits at the cursor; `asked`: by which shell, such as `bash_complete`.

    Nothing is ever said besides: it would stand amid what somebody is typing.
    """
    from click.shell_completion import shell_complete

    from hub.cli import shells

    shells.take_over()
    with contextlib.suppress(Exception):
        shell_complete(app, {}, name, VARIABLE, asked)


def _show(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    if value is not None and not ctx.resilient_parsing:
        click.echo(_script(ctx, _named(value)), nl=False)
        ctx.exit()


def _install(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    if value is None or ctx.resilient_parsing:
        return
    name = _named(value)
    shell, home = _SHELLS[name], Path.home()
    try:
        _put(home / shell.script, _script(ctx, name))
        if shell.rc is not None:
            _add_line(home / shell.rc, shell.line)
    except OSError as err:
        raise click.UsageError(f"cannot write {err.filename or home}: {err.strerror}") from err
    click.echo(f"{name} completion is in {home / shell.script}; it works in the next shell that you open")
    ctx.exit()


def _named(value: str) -> str:
    """The shell `value`, or the one that the user logs in with. Raises `click.UsageError` for one there is not."""
    name = PurePath(os.environ.get("SHELL", "")).name if value == _OWN else value
    if name not in _SHELLS:
        raise click.UsageError(f"there is no completion for the shell {name!r}: name one of {', '.join(_SHELLS)}")
    return name


def _script(ctx: click.Context, shell: str) -> str:
    from hub.cli import shells

    return shells.CLASSES[shell](ctx.command, {}, ctx.info_name or "", VARIABLE).source()


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _add_line(path: Path, line: str) -> None:
    """Add `line` to a file of the user's, once."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if line not in text.splitlines():
        _put(path, f"{text.rstrip()}\n{line}\n" if text.strip() else f"{line}\n")


OPTIONS = [
    click.Option(
        [name],
        is_flag=False,
        flag_value=_OWN,
        metavar="[SHELL]",
        is_eager=True,
        expose_value=False,
        callback=callback,
        help=f"{help} Without a name, that of your login shell.",
    )
    for name, callback, help in (  # noqa: A001 - click's word
        ("--install-completion", _install, "Complete names in bash, zsh or fish from now on."),
        ("--show-completion", _show, "Print the script that completes names in a shell."),
    )
]
