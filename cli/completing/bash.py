"""The script for bash."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import Final

from .grammar import Kind, Value, VerbGrammar

_HEAD: Final = """\
# Completion of scrutiny for bash. To use it in all shells from now on:
#   scrutiny completion bash > ~/.local/share/bash-completion/completions/scrutiny

_scrutiny_offer() {  # the words of the standard input that go on with what is typed
    local typed=$1 each
    while IFS= read -r each; do
        [[ $each == "$typed"* ]] && COMPREPLY+=("$each")
    done
}

_scrutiny() {
    local current=${COMP_WORDS[COMP_CWORD]} index=$((COMP_CWORD - 1))
    local previous verb= options= kind= words=
    COMPREPLY=()
    # To bash a link is three words: serial : /dev/ttyACM0
    [[ $current == : ]] && ((index--))
    [[ ${COMP_WORDS[index]} == : ]] && ((index -= 2))
    previous=${COMP_WORDS[index]}
    for ((index = 1; index < COMP_CWORD; index++)); do
        case ${COMP_WORDS[index]} in
            -*) ;;
            *) verb=${COMP_WORDS[index]}; break ;;
        esac
    done
    case $verb in
"""
_TAIL: Final = """\
    esac
    # What was typed without quotes, and as a whole: bash cuts it at each : and =.
    local typed=${current#[\\"\\']}
    typed=${typed//\\\\/}
    if [[ $kind != options && $current == -* ]]; then
        kind=words words=$options
    fi
    case $kind in
        words)
            _scrutiny_offer "$typed" < <(printf '%s\\n' $words)
            ;;
        files)
            compopt -o default
            ;;
        paths)
            _scrutiny_offer "$typed" < <(
                scrutiny completion --paths "$typed" -- "${COMP_WORDS[@]}" 2>/dev/null
            )
            # So bash quotes blanks and brackets.
            compopt -o filenames
            [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == */ ]] && compopt -o nospace
            ;;
        links)
            local whole=${COMP_LINE:0:COMP_POINT} before each
            whole=${whole##* }
            before=${whole%"${whole##*:}"}
            _scrutiny_offer "$whole" < <(scrutiny completion --links 2>/dev/null)
            for index in "${!COMPREPLY[@]}"; do
                COMPREPLY[index]=${COMPREPLY[index]#"$before"}
            done
            compopt -o nospace
            ;;
    esac
}

complete -F _scrutiny scrutiny
"""
_KINDS: Final = {
    Kind.FILE: "files",
    Kind.WATCHABLE: "paths",
    Kind.LINK: "links",
    Kind.WORD: "words",
    Kind.ANY: "nothing",
}


def bash_script(verbs: Sequence[VerbGrammar]) -> str:
    """Return the script."""
    return _HEAD + "".join(f"{line}\n" for line in _cases(verbs)) + _TAIL


def _cases(verbs: Sequence[VerbGrammar]) -> Iterator[str]:
    names = " ".join(verb.name for verb in verbs)
    yield f"        '') kind=words words={shlex.quote(names)} options=--help ;;"
    for verb in verbs:
        options = " ".join(name for option in verb.options for name in option.names)
        yield f"        {verb.name})"
        yield f"            options={shlex.quote(options)}"
        yield f"            {_setting(verb.value)}"
        yield "            case $previous in"
        for option in verb.options:
            if option.value is not None:
                yield f"                {'|'.join(option.names)}) {_setting(option.value)} ;;"
        yield "            esac"
        yield "            ;;"


def _setting(value: Value | None) -> str:
    if value is None:
        return "kind=files"
    words = f" words={shlex.quote(' '.join(value.words))}" if value.words else ""
    return f"kind={_KINDS[value.kind]}{words}"
