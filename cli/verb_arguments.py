"""What the verbs have in common: options for logs, where the server is, and files to write."""

from __future__ import annotations

import argparse
import contextlib
import logging
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from scrutiny.api.versions import DEFAULT_PORT
from scrutiny.sfd.atomic_files import replacing

from .output import one_line

DEFAULT_TIMEOUT_S: Final = 4.0
EXIT_CODES: Final = "exit codes: 0 done; 1 that failed, and the error says why; 2 wrong arguments"

# `dumpdata` tells of octets on a link, and there is none here.
_LEVELS: Final = {
    "critical": logging.CRITICAL,
    "error": logging.ERROR,
    "warning": logging.WARNING,
    "info": logging.INFO,
    "debug": logging.DEBUG,
    "dumpdata": logging.DEBUG,
}


def verb_parser(verb: str, description: str) -> argparse.ArgumentParser:
    """Return the parser of a verb, with the options for logs in it."""
    parser = argparse.ArgumentParser(prog=f"scrutiny {verb}", description=description)
    add_log_options(parser)
    return parser


def client_parser(verb: str, description: str, *, examples: str) -> argparse.ArgumentParser:
    """Return the parser of a verb that asks a server, without the options for logs.

    Args:
        verb: its name.
        description: what it does, in lines as they are shown.
        examples: a line for each.
    """
    lines = "".join(f"  {line}\n" for line in examples.splitlines())
    parser = argparse.ArgumentParser(
        prog=f"scrutiny {verb}",
        description=description,
        epilog=f"examples:\n{lines}\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    server = parser.add_argument_group("server")
    add_server_address(server)
    server.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=number(float, 0, math.inf, above=True),
        default=DEFAULT_TIMEOUT_S,
        help=f"how long an answer may take (default: {DEFAULT_TIMEOUT_S:g})",
    )
    return parser


def add_server_address(group: argparse._ArgumentGroup) -> None:  # pyright: ignore[reportPrivateUsage]
    """Add the options that tell where the server is."""
    group.add_argument("--host", default="localhost", help="where it runs (default: localhost)")
    group.add_argument(
        "--port",
        type=number(int, 1, 0xFFFF),
        default=DEFAULT_PORT,
        help=f"where it listens (default: {DEFAULT_PORT})",
    )
    group.add_argument(
        "--token-file",
        metavar="FILE",
        help="with the token in it (default: that of the variable SCRUTINY_TOKEN, or of the "
        "server of this account)",
    )
    group.add_argument(
        "--tls", action="store_true", help="check its certificate as this system does"
    )
    group.add_argument("--tls-ca", metavar="FILE", help="trust this authority (PEM)")
    group.add_argument(
        "--fingerprint", metavar="HEX", help="trust the certificate with this SHA-256, no other"
    )


def number(
    kind: type[int | float], low: float, high: float, *, above: bool = False
) -> Callable[[str], float]:
    """Return what converts an argument to a number within limits, the lower one left out or not."""
    limits = f"above {low:g}" if above else f"{low:g} or more"
    if math.isfinite(high):
        limits = f"{low:g} to {high:g}"

    def convert(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high or (above and value == low):
            what = "a whole number" if kind is int else "a number"
            raise argparse.ArgumentTypeError(f"{text!r} is not {what}, {limits}")
        return value

    return convert


def add_log_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that tell what is logged, and where."""
    logs = parser.add_argument_group("logs")
    logs.add_argument(
        "--loglevel",
        metavar="LEVEL",
        choices=_LEVELS,
        default="info",
        type=str.lower,
        help="critical, error, warning, info (default) or debug",
    )
    logs.add_argument("--logfile", metavar="FILE", help="instead of standard error")
    logs.add_argument("--disable-loggers", metavar="NAME", nargs="+", default=[])


def parse(parser: argparse.ArgumentParser, argv: Sequence[str]) -> argparse.Namespace:
    """Parse the arguments of a verb, and set up the logs as they say.

    Raises:
        OSError: the log file cannot be written.
    """
    arguments = parser.parse_args(argv)
    handler: logging.Handler = (
        logging.FileHandler(arguments.logfile, encoding="utf-8", errors="backslashreplace")
        if arguments.logfile
        else _StandardError()
    )
    handler.setFormatter(_OneLine())
    root = logging.getLogger("scrutiny")
    for former in tuple(root.handlers):
        root.removeHandler(former)
        former.close()
    root.addHandler(handler)
    root.setLevel(_LEVELS[arguments.loglevel])
    for name in arguments.disable_loggers:
        logging.getLogger(name).disabled = True
    return arguments


def write_output(path: Path, name_in_folder: str, data: bytes) -> Path:
    """Write a file at once; for a folder, the file of that name in it. Returns where it is.

    Raises:
        OSError: it cannot be written.
    """
    target = path / name_in_folder if path.is_dir() else path
    with replacing(target) as stream:
        stream.write(data)
    return target


class _StandardError(logging.Handler):
    """Write to what is standard error at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        with contextlib.suppress(OSError):  # there is nobody left to tell
            print(self.format(record), file=sys.stderr, flush=True)


class _OneLine(logging.Formatter):
    """News as they are; what is worse tells so first."""

    def format(self, record: logging.LogRecord) -> str:
        text = one_line(super().format(record))
        return f"{record.levelname.lower()}: {text}" if record.levelno >= logging.WARNING else text
