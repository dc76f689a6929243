"""The script for fish."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from .grammar import Kind, Option, Value, VerbGrammar

_HEAD: Final = """\
# Completion of scrutiny for fish. To use it in all shells from now on:
#   scrutiny completion fish > ~/.config/fish/completions/scrutiny.fish

function __scrutiny_paths
    set -l typed (commandline -ct | string unescape)
    scrutiny completion --paths "$typed" -- (commandline -opc) 2>/dev/null
end

function __scrutiny_links
    scrutiny completion --links 2>/dev/null
end

"""


def fish_script(verbs: Sequence[VerbGrammar]) -> str:
    """Return the script."""
    lines = [line for verb in verbs for line in _lines(verb)]
    return _HEAD + "".join(f"complete -c scrutiny {line}\n" for line in lines)


def _lines(verb: VerbGrammar) -> Iterator[str]:
    yield f"-f -n __fish_use_subcommand -a {verb.name} -d {_quoted(verb.summary)}"
    condition = f"-n '__fish_seen_subcommand_from {verb.name}'"
    if verb.value is not None and verb.value.kind is not Kind.FILE:
        yield f"{condition} {_value(verb.value)}"
    for option in verb.options:
        yield f"{condition} {_option(option)}"


def _option(option: Option) -> str:
    names = " ".join(
        f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names
    )
    value = "" if option.value is None else f" -r {_value(option.value)}"
    return f"{names}{value} -d {_quoted(option.summary)}"


def _value(value: Value) -> str:
    match value.kind:
        case Kind.FILE:
            return "-F"
        case Kind.WATCHABLE:
            return "-f -a '(__scrutiny_paths)'"
        case Kind.LINK:
            return "-f -a '(__scrutiny_links)'"
        case Kind.WORD:
            return f"-f -a {_quoted(' '.join(value.words))}"
        case Kind.ANY:
            return "-f"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
