"""What bash, zsh and fish ask when a key is pressed that completes, and what they are answered.

click's protocol (click.palletsprojects.com, Shell Completion), with scripts that do what click's lack: in bash, `=` and
`:` part words (COMP_WORDBREAKS, bash(1)), so the line is taken as it is and parted as a shell would; and no space
follows what is to be typed on, such as `web.cpu=`.
"""

from __future__ import annotations

import os
from typing import Any

from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
    split_arg_string,
)

_BASH = r"""
%(complete_func)s() {
    local IFS=$'\n' type value
    COMPREPLY=()
    while IFS=',' read -r type value; do
        case $type in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done < <(COMP_WORDS="${COMP_LINE:0:COMP_POINT}" COMP_BREAKS="$COMP_WORDBREAKS" \
        %(complete_var)s=bash_complete "$1" 2>/dev/null)
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=.] ]]; then
        compopt -o nospace
    fi
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""
_ZSH = r"""#compdef %(prog_name)s

%(complete_func)s() {
    local -a plain unfinished response
    local type key descr
    (( ! $+commands[%(prog_name)s] )) && return 1

    response=("${(@f)$(env COMP_WORDS="${words[*]}" COMP_CWORD=$((CURRENT-1)) \
        %(complete_var)s=zsh_complete %(prog_name)s 2>/dev/null)}")

    for type key descr in ${response}; do
        case $type in
            dir) _path_files -/ ;;
            file) _path_files -f ;;
            plain)
                [[ $descr == _ ]] || key=$key:$descr
                if [[ ${key%%:*} == *[=.] ]]; then unfinished+=($key); else plain+=($key); fi ;;
        esac
    done

    (( $#plain )) && _describe -V unsorted plain
    (( $#unfinished )) && _describe -V unsorted unfinished -S ''
    return 0
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    %(complete_func)s "$@"
else
    compdef %(complete_func)s %(prog_name)s
fi
"""


class _Joined(ShellComplete):
    """What all have in common: an option may be joined to its value by `=`, and stays before what is offered."""

    _before = ""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[str]]:
        """What fits behind `args`, where `incomplete` is typed so far."""
        option, equals, value = incomplete.partition("=")
        if equals and option.startswith("--"):
            self._before, args, incomplete = option + equals, [*args, option], value
        return super().get_completions(args, incomplete)


class Bash(_Joined, BashComplete):
    """bash 4.4 and later. COMP_WORDS: the line up to the cursor; COMP_BREAKS: what parts words besides white space."""

    source_template = _BASH
    _cut = 0

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the one that is typed just now, and that."""
        line = os.environ["COMP_WORDS"]
        words = split_arg_string(line)[1:]
        is_at_a_word = line[-1:].isspace() and line[-2:-1] != "\\"
        incomplete = words.pop() if words and not is_at_a_word else ""
        breaks = (sign for sign in "=:" if sign in os.environ.get("COMP_BREAKS", ""))
        self._cut = max((incomplete.rfind(sign) + 1 for sign in breaks), default=0)
        return words, incomplete

    def format_completion(self, item: CompletionItem[Any]) -> str:
        """What follows the last character that parts words: that is the word that bash replaces."""
        value = f"{self._before}{item.value}"[self._cut :]
        return f"{item.type},{value.replace(' ', chr(92) + ' ')}"


class Zsh(_Joined, ZshComplete):
    """zsh, by its completion system (compinit)."""

    source_template = _ZSH

    def format_completion(self, item: CompletionItem[Any]) -> str:
        """Type, value and a word about it, a line each; colons of the value are escaped, as `_describe` wants."""
        value = f"{self._before}{item.value}".replace(":", "\\:")
        return f"{item.type}\n{value}\n{item.help or '_'}"


class Fish(_Joined, FishComplete):
    """fish. It adds no space behind `=` and `.` by itself."""

    def format_completion(self, item: CompletionItem[Any]) -> str:
        """Type and value, and a word about it behind a tab."""
        return super().format_completion(CompletionItem(f"{self._before}{item.value}", item.type, item.help))


CLASSES: dict[str, type[ShellComplete]] = {"bash": Bash, "zsh": Zsh, "fish": Fish}


def take_over() -> None:
    """Have click answer shells by these."""
    for name, each in CLASSES.items():
        add_completion_class(each, name)
