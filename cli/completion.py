"""``scrutiny completion``: let a shell complete what is typed behind ``scrutiny``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import pairwise

from scrutiny.api.versions import DEFAULT_PORT

from .output import show
from .verb_arguments import EXIT_CODES

_DESCRIPTION = """\
Print a script that lets a shell complete verbs, options, files, links, and the
paths of a server that runs on this machine. To try it: eval "$(scrutiny
completion bash)"; its first lines tell how to keep it."""


def main(argv: Sequence[str]) -> int:
    """Print the script of a shell, or words that one asks for; 0."""
    parser = argparse.ArgumentParser(
        prog="scrutiny completion",
        description=_DESCRIPTION,
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("shell", nargs="?", choices=("bash", "zsh", "fish"))
    parser.add_argument("--paths", metavar="BEGINNING", help="for scripts: how a path can go on")
    parser.add_argument("--links", action="store_true", help="for scripts: what links can be")
    own, line = _split(argv)
    arguments = parser.parse_args(own)
    if arguments.paths is not None:
        from .completing.words import paths_from

        _show_all(paths_from(arguments.paths, *_address_in(line)))
    elif arguments.links:
        from .completing.words import links

        _show_all(links())
    elif arguments.shell is None:
        parser.error("name a shell: bash, zsh or fish")
    else:
        show(_script(arguments.shell).rstrip("\n"))
    return 0


def _split(argv: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Take the line that is being typed, behind ``--``, apart from the arguments."""
    if "--" not in argv:
        return argv, ()
    place = argv.index("--")
    return argv[:place], argv[place + 1 :]


def _address_in(line: Sequence[str]) -> tuple[str, int]:
    """Return the server that a line names, or the default one."""
    host, port = "localhost", f"{DEFAULT_PORT}"
    for word, following in pairwise([*(w for w in line if w != "="), ""]):
        name, _, value = word.partition("=")
        if name == "--host":
            host = value or following or host
        elif name == "--port":
            port = value or following
    return host, int(port) if port.isdecimal() and 0 < int(port) <= 0xFFFF else DEFAULT_PORT


def _show_all(words: Sequence[str]) -> None:
    for word in words:
        if word.isprintable():  # a line end would make it two words
            show(word)


def _script(shell: str) -> str:
    from .completing.grammar import grammar_of_verbs

    verbs = grammar_of_verbs()
    match shell:
        case "bash":
            from .completing.bash import bash_script

            return bash_script(verbs)
        case "zsh":
            from .completing.zsh import zsh_script

            return zsh_script(verbs)
        case _:
            from .completing.fish import fish_script

            return fish_script(verbs)
