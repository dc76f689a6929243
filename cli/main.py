"""The command ``scrutiny``; a verb's module is imported when the verb is used."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable, Sequence
from typing import Final, cast

from . import output

# A verb's module has a function `main(argv) -> int`, which parses what follows the verb.
VERBS: Final = {
    "server": "connect to a device, and serve its values to clients",
    "demo": "a board, the server and a script, on this machine; no hardware needed",
    "simulate": "run a simulated device",
    "version": "show the version",
    "noop": "do nothing, successfully",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the verb that the first argument names.

    Returns:
        The exit code: 0 for success, 1 if the output could not be written, 2 for wrong arguments.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        try:
            return _run(arguments)
        finally:  # also when argparse exits
            output.flush()
    except output.OutputFailed as failure:
        output.give_up()
        problem = failure.__cause__
        if not isinstance(problem, BrokenPipeError):  # as of `| head`, which has what it wanted
            output.show_error(f"cannot write the output: {getattr(problem, 'strerror', problem)}")
        return 1


def _run(arguments: list[str]) -> int:
    if not arguments or arguments[0] not in VERBS:
        return _explain(arguments)
    verb = importlib.import_module(f"{__package__}.{arguments[0]}")
    run = cast("Callable[[Sequence[str]], int]", verb.main)
    return run(arguments[1:])


def _explain(arguments: list[str]) -> int:
    width = max(map(len, VERBS))
    verbs = "\n".join(f"  {verb:{width}}  {text}" for verb, text in VERBS.items())
    parser = argparse.ArgumentParser(
        prog="scrutiny",
        description="Look into running firmware.",
        epilog=f"verbs:\n{verbs}\n\n`scrutiny VERB --help` tells more about one.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="scrutiny [-h] VERB ...",
    )
    parser.add_argument("verb", metavar="VERB", choices=list(VERBS), help=argparse.SUPPRESS)
    try:
        parser.parse_args(arguments[:1])
    except SystemExit as end:
        return int(end.code or 0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
