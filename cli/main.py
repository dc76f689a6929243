"""The command ``scrutiny``; a verb's module is imported when the verb is used."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import sys
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, cast

from scrutiny.core.errors import ScrutinyError

from . import output
from .bounded_memory import MEMORY_MAX, bounded_memory

_LOG_OPTIONS: Final = ("--loglevel", "--logfile", "--disable-loggers")
_VERB_LENGTH_MAX: Final = 100  # difflib takes its time for what is longer
_LOG_OPTIONS_OF_SERVER: Final = ("--loglevel", "--logfile")


class Verb(NamedTuple):
    """What can follow ``scrutiny``.

    Attributes:
        module: in this package; has a function `main(argv) -> int`, which parses what follows.
        summary: for the list of verbs.
        log_options: those that the verb takes; they may also come in front of it.
        is_client: it talks to a server.
    """

    module: str
    summary: str
    log_options: tuple[str, ...] = ()
    is_client: bool = False

    @property
    def is_for_files(self) -> bool:
        """Whether it reads what may come from anybody, and ends soon."""
        return self.log_options == _LOG_OPTIONS and not self.is_client


VERBS: Final = {
    "server": Verb(
        "server", "connect to a device, and serve its values to clients", _LOG_OPTIONS_OF_SERVER
    ),
    "demo": Verb("demo", "a board, the server and a script, on this machine; no hardware needed"),
    "simulate": Verb("simulate", "run a simulated device"),
    "get": Verb("get", "read values", _LOG_OPTIONS, is_client=True),
    "set": Verb("set", "write values", _LOG_OPTIONS, is_client=True),
    "watch": Verb("watch", "show values as they change", _LOG_OPTIONS, is_client=True),
    "log": Verb("log", "write values into a file", _LOG_OPTIONS, is_client=True),
    "events": Verb("events", "show what happens", _LOG_OPTIONS, is_client=True),
    "status": Verb(
        "status", "show the server, its link and its device", _LOG_OPTIONS, is_client=True
    ),
    "ports": Verb("ports", "list the serial ports of this machine", _LOG_OPTIONS),
    "discover": Verb("discover", "list the devices on the network", _LOG_OPTIONS),
    "doctor": Verb("doctor", "find out why there is no device", _LOG_OPTIONS, is_client=True),
    "scope": Verb(
        "scope", "record signals when a trigger fires, and show them", _LOG_OPTIONS, is_client=True
    ),
    "sfd": Verb("sfd", "build a firmware description from a program, all in one go", _LOG_OPTIONS),
    "elf2varmap": Verb("elf2varmap", "extract the variables of a program", _LOG_OPTIONS),
    "get-firmware-id": Verb(
        "get_firmware_id", "compute the identifier of an untagged program", _LOG_OPTIONS
    ),
    "tag-firmware-id": Verb("tag_firmware_id", "write its identifier into a program", _LOG_OPTIONS),
    "make-metadata": Verb("make_metadata", "write a metadata file", _LOG_OPTIONS),
    "add-alias": Verb("add_alias", "add aliases to a description", _LOG_OPTIONS),
    "make-sfd": Verb("make_sfd", "make a description file from a folder", _LOG_OPTIONS),
    "install-sfd": Verb("install_sfd", "let the server find a description", _LOG_OPTIONS),
    "uninstall-sfd": Verb("uninstall_sfd", "remove an installed description", _LOG_OPTIONS),
    "list-sfd": Verb("list_sfd", "list the installed descriptions", _LOG_OPTIONS),
    "list-datalog": Verb("list_datalog", "list the stored acquisitions", _LOG_OPTIONS),
    "datalog-info": Verb("datalog_info", "tell how much is stored, and where", _LOG_OPTIONS),
    "export-datalog": Verb("export_datalog", "write an acquisition into a file", _LOG_OPTIONS),
    "delete-datalog": Verb("delete_datalog", "delete stored acquisitions", _LOG_OPTIONS),
    "import-datalog": Verb(
        "import_datalog", "take over acquisitions of another database", _LOG_OPTIONS
    ),
    "token": Verb("token", "let others use the servers of this account", _LOG_OPTIONS),
    "completion": Verb("completion", "let a shell complete what is typed"),
    "version": Verb("version", "show the version"),
    "noop": Verb("noop", "do nothing, successfully"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the verb that the first argument names.

    Returns:
        The exit code: 0 for success, 1 if the verb failed, is unknown, or its output could not be
        written, 2 for wrong arguments.
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
    except ScrutinyError as error:
        for line in f"{error}".split("\n"):
            output.show_error(line)
    except MemoryError:
        output.show_error(f"the file needs more than {MEMORY_MAX >> 20} MiB of memory")
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        output.show_error(f"{where}{error.strerror or error}")
    except KeyboardInterrupt:
        output.show_error("interrupted")
    return 1


def _run(arguments: list[str]) -> int:
    log_options, rest = _split_log_options(arguments)
    if not rest or rest[0] not in VERBS:
        return _explain(rest)
    verb = VERBS[rest[0]]
    module = importlib.import_module(f"{__package__}.{verb.module}")
    run = cast("Callable[[Sequence[str]], int]", module.main)
    taken = [text for name, option in log_options if name in verb.log_options for text in option]
    with bounded_memory() if verb.is_for_files else contextlib.nullcontext():
        return run([*rest[1:], *taken])


def _split_log_options(arguments: list[str]) -> tuple[list[tuple[str, list[str]]], list[str]]:
    """Take the log options in front of the verb apart, by name, from the verb and the rest."""
    options: list[tuple[str, list[str]]] = []
    start = 0
    while start < len(arguments):
        name, has_value, _ = arguments[start].partition("=")
        if name not in _LOG_OPTIONS:
            break
        end = start + 1
        if not has_value:
            end += 1
            while name == "--disable-loggers" and _is_plain(arguments[end : end + 1]):
                end += 1
        options.append((name, arguments[start:end]))
        start = end
    return options, arguments[start:]


def _is_plain(argument: list[str]) -> bool:
    return bool(argument) and argument[0] not in VERBS and not argument[0].startswith("-")


def _explain(arguments: list[str]) -> int:
    """Tell about all verbs; for a name that is almost one, about that one only."""
    is_unknown_verb = bool(arguments) and not arguments[0].startswith("-")
    if is_unknown_verb and (close := _closest_verb(arguments[0])):
        output.show_error(f"there is no verb {arguments[0]}; did you mean {close}?")
        return 1
    width = max(map(len, VERBS))
    verbs = "\n".join(f"  {name:{width}}  {verb.summary}" for name, verb in VERBS.items())
    parser = argparse.ArgumentParser(
        prog="scrutiny",
        description="Look into running firmware.",
        epilog=f"verbs:\n{verbs}\n\n`scrutiny VERB --help` tells more about one.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="scrutiny [-h] [--loglevel LEVEL] [--logfile FILE] VERB ...",
    )
    parser.add_argument("verb", metavar="VERB", choices=list(VERBS), help=argparse.SUPPRESS)
    try:
        parser.parse_args(arguments[:1])
    except SystemExit as end:
        return 1 if is_unknown_verb else int(end.code or 0)
    return 0


def _closest_verb(name: str) -> str | None:
    import difflib  # which those who type well need not wait for

    close = difflib.get_close_matches(name[:_VERB_LENGTH_MAX], VERBS, n=1)
    return close[0] if close else None


if __name__ == "__main__":
    sys.exit(main())
