"""The command line of ``scrutiny scope``."""

from __future__ import annotations

import argparse
import math
from typing import Final

from ..verb_arguments import EXIT_CODES, add_log_options, add_server_address, number
from .errors import TriggerUnreadable
from .sampling import LARGEST_DECIMATION
from .signals import AddSignals
from .trigger_text import AT_ONCE, WrittenTrigger, parse_trigger

_LONGEST_TIME_S: Final = 429.0  # in the 32 bits that the device has, of 100 ns
_USAGE: Final = (
    "scrutiny scope --signal PATH ... [--trigger CONDITION] [options]\n"
    "       scrutiny scope --list [--signal PATH ...] [options]"
)
_DESCRIPTION: Final = """\
Record signals in the firmware, at the rate of one of its loops, when a trigger
fires, and show them.
"""
_EPILOG: Final = f"""\
A trigger compares a path, in the loop of the firmware, at full speed:

  '/motor/speed [rpm] > 1000'           also < >= <= == !=
  '/motor/state == MOTOR_FAULT'         names of values, true and false
  '/motor/speed [rpm] rises by 50'      from one iteration to the next; 'falls by'
  '/motor/speed [rpm] within 5 of 1200'
  '/global/a < /global/b'               paths on both sides

It fires when that becomes true, or is true at first. Operators stand between
spaces; if there are several, the last one counts. Paths and names may have
anything in them: in quotes they are kept together, as in '"/a < b" > 3', and
a quote inside is doubled. Give the shell the whole trigger in quotes, and paths
with spaces, brackets or * as well.

examples:
  scrutiny scope --signal /rpv/x1001
  scrutiny scope --signal '/motor/speed [rpm]' --trigger '/motor/setpoint [rpm] > 2000'
  scrutiny scope --axis rpm --signal set=/rpv/x1000 speed=/rpv/x1001 \\
      --axis state --signal /motor/state --duration 2 --position 0.1 --csv step.csv

{EXIT_CODES}
"""


def scope_parser() -> argparse.ArgumentParser:
    """Return the parser of the verb."""
    parser = argparse.ArgumentParser(
        prog="scrutiny scope",
        usage=_USAGE,
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_what(parser.add_argument_group("what is recorded"))
    _add_when(parser.add_argument_group("when"))
    _add_output(parser.add_argument_group("what comes of it"))
    add_server_address(parser.add_argument_group("server"))
    add_log_options(parser)
    return parser


def _add_what(group: argparse._ArgumentGroup) -> None:  # pyright: ignore[reportPrivateUsage]
    group.add_argument(
        "--signal",
        dest="signals",
        metavar="PATH",
        nargs="+",
        action=AddSignals,
        default=[],
        help="variables, aliases, published values, elements of arrays; NAME=PATH names them",
    )
    group.add_argument(
        "--axis",
        metavar="NAME",
        help="draw the signals that follow on one axis (default: by the units, as [rpm], in names)",
    )
    group.add_argument(
        "--rate",
        metavar="LOOP",
        help="name or id of a loop of the firmware, or a frequency as 500Hz, of which the nearest "
        "possible one is taken (default: the first loop with a fixed frequency)",
    )
    group.add_argument(
        "--decimation",
        metavar="N",
        type=number(int, 1, LARGEST_DECIMATION),
        help="record every N-th iteration of the loop",
    )
    group.add_argument(
        "--duration",
        metavar="SECONDS",
        type=number(float, 0, _LONGEST_TIME_S, above=True),
        help="how long to record: takes a decimation with which the buffer of the device lasts so "
        "long, unless one is given, ends in time, and leaves out what was long before the trigger "
        "(it is stored all the same)",
    )
    group.add_argument(
        "--x",
        metavar="X",
        help="what to draw the signals over: index, ideal or measured (time), or a PATH (default: "
        "ideal, or measured if the loop has no fixed frequency)",
    )
    group.add_argument("--name", help="under which it is stored (default: the trigger)")
    group.add_argument(
        "--list", action="store_true", help="show the loops, and how long they can record"
    )


def _add_when(group: argparse._ArgumentGroup) -> None:  # pyright: ignore[reportPrivateUsage]
    group.add_argument(
        "--trigger",
        metavar="CONDITION",
        type=_trigger,
        default=AT_ONCE,
        help="what starts it, see below (default: at once)",
    )
    group.add_argument(
        "--hold",
        metavar="SECONDS",
        type=number(float, 0, _LONGEST_TIME_S),
        default=0.0,
        help="how long the condition has to be true",
    )
    group.add_argument(
        "--position",
        metavar="SHARE",
        type=number(float, 0, 1),
        default=0.5,
        help="where the trigger stands: 0 records what comes after it, 1 what was before (default: "
        "0.5)",
    )
    group.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=number(float, 0, math.inf),
        help="how long to wait for the trigger, and for the recordings of others before it; then "
        "the request is cancelled (default: for ever)",
    )


def _add_output(group: argparse._ArgumentGroup) -> None:  # pyright: ignore[reportPrivateUsage]
    group.add_argument("--csv", metavar="FILE", help="write the samples; - for standard output")
    group.add_argument("--png", metavar="FILE", help="write a picture (needs matplotlib)")
    group.add_argument("--json", action="store_true", help="show the samples as JSON")
    group.add_argument("--quiet", action="store_true", help="show no plot")


def _trigger(text: str) -> WrittenTrigger:
    try:
        return parse_trigger(text)
    except TriggerUnreadable as error:
        raise argparse.ArgumentTypeError(f"{error}") from None
