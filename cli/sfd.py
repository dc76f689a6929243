"""``scrutiny sfd build``: from a linked program to its description, in one go."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from .extraction_options import add_extraction_options
from .make_metadata import add_metadata_options
from .verb_arguments import add_log_options, parse


def main(argv: Sequence[str]) -> int:
    """Build a description; nothing is written before all parts of it are known to be good.

    Raises:
        SfdError: the program or an alias cannot be used, or a file cannot be written.
    """
    arguments = parse(_parser(), argv)
    from .description_build import build  # 80 ms, which those who ask for help need not wait

    return build(arguments)


def _parser() -> argparse.ArgumentParser:
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
    action.add_argument("program", type=Path, help="ELF file, as the linker made it")
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
        help="alias files, JSON",
    )
    add_metadata_options(action)
    add_extraction_options(action)
    add_log_options(action)
    return parser
