"""What a terminal, or whatever the output is, can show."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TextIO

_BRAILLE: Final = "\u28ff"
_NARROWEST: Final = 30
_LOWEST: Final = 10


@dataclass(frozen=True, slots=True)
class Look:
    """How a plot has to look.

    Attributes:
        width: in letters.
        height: in lines.
        is_unicode: letters other than those of ASCII can be shown.
        is_coloured: escape sequences are colours.
    """

    width: int = 80
    height: int = 23
    is_unicode: bool = True
    is_coloured: bool = False


def look_of(stream: TextIO, environment: Mapping[str, str] | None = None) -> Look:
    """Return what suits a stream; one that is no terminal gets 80 x 23, without colours."""
    variables = os.environ if environment is None else environment
    is_terminal = stream.isatty()
    kind = variables.get("TERM", "")
    columns, lines = shutil.get_terminal_size((80, 24)) if is_terminal else (80, 24)
    return Look(
        width=max(columns, _NARROWEST),
        height=max(lines - 1, _LOWEST),  # the prompt comes back below
        # The console of Linux has a font without the dots that plots are made of.
        is_unicode=_can_write(stream, _BRAILLE) and kind not in ("linux", "dumb"),
        is_coloured=is_terminal and _takes_colours(kind, variables),
    )


def _takes_colours(kind: str, variables: Mapping[str, str]) -> bool:
    if kind == "dumb" or variables.get("NO_COLOR"):
        return False
    return os.name != "nt" or "WT_SESSION" in variables  # older consoles show the sequences


def _can_write(stream: TextIO, text: str) -> bool:
    try:
        text.encode(stream.encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return False
    return True
