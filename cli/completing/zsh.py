"""The script for zsh."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import Final

from .grammar import Kind, Value, VerbGrammar

_HEAD: Final = """\
#compdef scrutiny
# Completion of scrutiny for zsh. To use it in all shells from now on, write it into a folder of
# $fpath before compinit runs:
#   scrutiny completion zsh > ~/.zfunc/_scrutiny

_scrutiny_paths() {
    local -a found
    found=("${(@f)$(scrutiny completion --paths "${(Q)PREFIX}" -- "${(@Q)words}" 2>/dev/null)}")
    compadd -S '' -a found
}

_scrutiny_links() {
    local -a found
    found=("${(@f)$(scrutiny completion --links 2>/dev/null)}")
    compadd -S '' -a found
}

_scrutiny() {
    local -a verbs
    local verb=${words[2]}
    if (( CURRENT == 2 )); then
        verbs=(
"""
_MIDDLE: Final = """\
        )
        _describe verb verbs
        return
    fi
    words=("${(@)words[2,-1]}")
    (( CURRENT-- ))
    case $verb in
"""
_TAIL: Final = """\
    esac
}

if [[ ${funcstack[1]} == _scrutiny ]]; then
    _scrutiny "$@"
else
    compdef _scrutiny scrutiny
fi
"""


def zsh_script(verbs: Sequence[VerbGrammar]) -> str:
    """Return the script."""
    return "".join(
        [
            _HEAD,
            *(f"            {_quoted(f'{verb.name}:{verb.summary}')}\n" for verb in verbs),
            _MIDDLE,
            *(f"{line}\n" for verb in verbs for line in _case(verb)),
            _TAIL,
        ]
    )


def _case(verb: VerbGrammar) -> Iterator[str]:
    yield f"        {verb.name})"
    yield "            _arguments \\"
    for option in verb.options:
        summary = "".join(" " if c in "[]:\\" else c for c in option.summary)
        taken = "" if option.value is None else f":value:{_action(option.value)}"
        for name in option.names:
            repeats = "*" if option.value is not None else ""
            yield f"                {_quoted(f'{repeats}{name}[{summary}]{taken}')} \\"
    value = verb.value or Value(Kind.FILE)
    yield f"                {_quoted(f'*:argument:{_action(value)}')}"
    yield "            ;;"


def _action(value: Value) -> str:
    match value.kind:
        case Kind.FILE:
            return "_files"
        case Kind.WATCHABLE:
            return "_scrutiny_paths"
        case Kind.LINK:
            return "_scrutiny_links"
        case Kind.WORD:
            return f"({' '.join(value.words)})"
        case Kind.ANY:
            return "( )"


def _quoted(text: str) -> str:
    return shlex.quote(text)
