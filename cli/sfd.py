"""``scrutiny sfd build``: from a linked program to its description, in one go."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from .extraction_options import add_extraction_options
from .make_metadata import add_metadata_options
from .program_files import is_elf
from .verb_arguments import add_log_options, parse


def main(argv: Sequence[str]) -> int:
    """Build a description; nothing is written before all parts of it are known to be good.

    Raises:
        SfdError: the program or an alias cannot be used, or a file cannot be written.
    """
    overview, action = _parsers()
    # The overview would answer what its action does not know with a usage of its own.
    is_known = argv[:1] == ["build"]
    arguments = parse(action, argv[1:]) if is_known else parse(overview, argv)
    if arguments.program is None:
        arguments.program = _program_among(arguments.alias, action)
    from .description_build import build  # 80 ms, which those who ask for help need not wait

    return build(arguments)


def _program_among(files: list[Path], action: argparse.ArgumentParser) -> Path:
    """Take the program out of what --alias took, which is all that followed it."""
    programs = [file for file in files if is_elf(file)]
    if len(programs) != 1:
        action.error(
            "program is missing: name it before options that take several values (--alias)"
        )
    files.remove(programs[0])
    return programs[0]


def _parsers() -> tuple[argparse.ArgumentParser, argparse.ArgumentParser]:
    """Return the parser of the verb, and that of its action."""
    parser = argparse.ArgumentParser(
        prog="scrutiny sfd", description="Firmware descriptions: what a server knows of a program."
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    action = actions.add_parser(
        "build",
        help="build a description from a linked program",
        description="Compute the identifier of a program, extract its variables, add aliases, and "
        "write the description. Without -o or --install it is written beside the program.",
    )
    action.add_argument("program", type=Path, nargs="?", help="ELF file, as the linker made it")
    action.add_argument("-o", "--output", metavar="FILE", type=Path, help="the description")
    action.add_argument("--install", action="store_true", help="let the server find it")
    tagged = action.add_mutually_exclusive_group()
    tagged.add_argument("--tagged", metavar="FILE", type=Path, help="write a tagged copy there")
    tagged.add_argument("--tag-inplace", action="store_true", help="tag the program itself")
    tagged.add_argument("--firmware-id", metavar="ID", help="of a program that was tagged before")
    action.add_argument(
        "--alias",
        metavar="FILE",
        type=Path,
        nargs="+",
        action="extend",
        default=[],
        help="alias files, JSON; may be repeated",
    )
    add_metadata_options(action)
    add_extraction_options(action)
    add_log_options(action)
    return parser, action
