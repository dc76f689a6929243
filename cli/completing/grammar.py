"""What can follow ``scrutiny``, taken from the parsers of the verbs."""

from __future__ import annotations

import argparse
import contextlib
import importlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, NoReturn, cast

from ..main import VERBS

_VERBS_PACKAGE: Final = __name__.rpartition(".")[0].rpartition(".")[0]


class Kind(StrEnum):
    """What a value is."""

    ANY = "any"  # nobody can guess it
    FILE = "file"
    WATCHABLE = "paths"
    LINK = "links"
    WORD = "words"  # one of a few


@dataclass(frozen=True, slots=True)
class Value:
    """What an option takes, or what stands alone.

    Attributes:
        words: which ones there are, of kind WORD.
    """

    kind: Kind
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Option:
    """An option with its names; `value` is None if it takes none."""

    names: tuple[str, ...]
    value: Value | None
    summary: str


@dataclass(frozen=True, slots=True)
class VerbGrammar:
    """What a verb takes; what follows an action of it, as of ``sfd build``, is part of it."""

    name: str
    summary: str
    options: tuple[Option, ...]
    value: Value | None


def grammar_of_verbs() -> list[VerbGrammar]:
    """Return what all verbs take."""
    return [_grammar(name) for name in VERBS]


def _grammar(name: str) -> VerbGrammar:
    parser = _parser_of(name)
    options: dict[tuple[str, ...], Option] = {}
    values: list[Value] = []
    for action in _actions(parser) if parser is not None else ():
        if action.option_strings:
            names = tuple(action.option_strings)
            takes_value = action.nargs != 0
            value = _value_of(action) if takes_value else None
            summary = (action.help or "").partition(" (default")[0].partition(";")[0]
            shown = "" if summary == argparse.SUPPRESS else summary.replace("%%", "%")
            options.setdefault(names, Option(names, value, shown))
        else:
            values.append(_value_of(action))
    words = tuple(word for value in values for word in value.words)
    alone = values[0] if values else None
    value = Value(Kind.WORD, words) if words else alone
    return VerbGrammar(name, VERBS[name].summary, tuple(options.values()), value)


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Yield all actions of a parser, and of those below it."""
    for action in parser._actions:  # pyright: ignore[reportPrivateUsage] # there is no other way
        yield action
        if isinstance(action, argparse._SubParsersAction):  # pyright: ignore[reportPrivateUsage]
            choices = cast("Mapping[str, argparse.ArgumentParser]", cast("Any", action).choices)
            for below in choices.values():
                yield from _actions(below)


def _value_of(action: argparse.Action) -> Value:
    if action.choices is not None:
        return Value(Kind.WORD, tuple(str(choice) for choice in action.choices))
    metavar = action.metavar if isinstance(action.metavar, str) else ""
    if action.dest in ("paths", "assignments", "signals"):
        return Value(Kind.WATCHABLE)
    if metavar == "LINK" or action.dest == "link":
        return Value(Kind.LINK)
    is_file = action.type is Path or metavar in ("FILE", "FOLDER", "PATH") or "file" in action.dest
    return Value(Kind.FILE if is_file else Kind.ANY)


# --------------------------------------------------------------------- parsers inside of verbs


class _ParserFound(BaseException):
    def __init__(self, parser: argparse.ArgumentParser) -> None:
        super().__init__()
        self.parser = parser


def _parser_of(verb: str) -> argparse.ArgumentParser | None:
    """Return the parser of a verb, None if it parses nothing.

    Verbs make their parsers when they run: each is run until it wants to parse.
    """
    module = importlib.import_module(f"{_VERBS_PACKAGE}.{VERBS[verb].module}")
    with _stopped_parsers():
        try:
            module.main([])
        except _ParserFound as found:
            return found.parser
    return None


@contextlib.contextmanager
def _stopped_parsers() -> Generator[None]:
    """Let no parser parse, but tell which one it is."""

    def stop(
        self: argparse.ArgumentParser, args: Sequence[str] | None = None, namespace: object = None
    ) -> NoReturn:
        raise _ParserFound(self)

    original = argparse.ArgumentParser.parse_known_args
    argparse.ArgumentParser.parse_known_args = stop  # type: ignore[method-assign, assignment] # pyright: ignore[reportAttributeAccessIssue]
    try:
        yield
    finally:
        argparse.ArgumentParser.parse_known_args = original  # type: ignore[method-assign]
