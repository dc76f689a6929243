"""``scrutiny elf2varmap``: extract the variables of a program from its debug information."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from scrutiny.sfd.package_members import VARIABLE_MAP_MEMBER

from .extraction_options import add_extraction_options
from .output import show_data
from .verb_arguments import parse, verb_parser, write_output

logger = logging.getLogger(__name__)


def main(argv: Sequence[str]) -> int:
    """Write the symbol map to standard output or into a file; what is missing is told as well.

    Raises:
        SfdError: the program cannot be used, or variables were dropped and that is a failure.
        OSError: the file cannot be written.
    """
    parser = verb_parser("elf2varmap", "Extract the variables of a program.")
    parser.add_argument("file", type=Path, help="the program, an ELF file with debug information")
    parser.add_argument(
        "--output", metavar="PATH", type=Path, help=f"a file, or a folder for {VARIABLE_MAP_MEMBER}"
    )
    parser.add_argument(
        "--indent",
        metavar="TEXT",
        type=_indent,
        default="\t",
        help="number of blanks, the text itself, or none for compact JSON (default: a tab)",
    )
    add_extraction_options(parser)
    arguments = parse(parser, argv)
    from .extraction import extract_for  # which those who ask for help need not wait for

    result = extract_for(arguments, arguments.file, arguments.indent)
    if arguments.output is None:
        show_data(result.variable_map)
        show_data(b"\n")
    else:
        target = write_output(arguments.output, VARIABLE_MAP_MEMBER, result.variable_map)
        logger.info("%s leaves written to %s", f"{result.leaf_count:,}", target)
    return 0


def _indent(text: str) -> str | None:
    if text.lower() == "none":
        return None
    return " " * int(text) if text.isdecimal() else text
