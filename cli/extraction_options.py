"""Options of the verbs that extract the variables of a program; cheap to import, for their help."""

from __future__ import annotations

import argparse


def add_extraction_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that tell what to take from a program."""
    parser.add_argument(
        "--dereference-pointers",
        action="store_true",
        help="list what pointers point to as well, one level deep",
    )
    parser.add_argument(
        *("--cu_ignore_patterns", "--cu-ignore-patterns"),
        metavar="PATTERN",
        nargs="*",
        default=[],
        help="compile units to leave out: file names, or shell patterns",
    )
    parser.add_argument(
        *("--path_ignore_patterns", "--path-ignore-patterns"),
        metavar="PATTERN",
        nargs="*",
        default=[],
        help="variables to leave out: shell patterns as /static/main.cpp/*",
    )
    parser.add_argument("--cppfilt", metavar="PATH", help="not needed any more")
    parser.add_argument("--no-cache", action="store_true", help="read the program in any case")
    parser.add_argument(
        "--fail-on-dropped",
        action="store_true",
        help="write nothing if the map would lack variables of the program",
    )
    parser.add_argument("--verbose", action="store_true", help="name each variable that is dropped")
