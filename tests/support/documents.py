"""The pages of the documentation, and the fenced blocks in them.

A fence may say how a test treats its block, behind the language and in braces, as
```` ```sh {keeps="listening on"} ````:

    notest="..."  it is not carried out; the reason is told
    file="..."    it is the content of a file of this name, for the blocks that follow
    ends="Ctrl-C" it goes on for ever: it is ended after its first line of output
    keeps="..."   it goes on until the end of the page, and has started when a line matches
    doctor="..."  the doctor prints it in this situation; tests/docs/test_first_board.py has them
    waits="..."   it waits for what the next block does, from a line that matches on
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .example_board import ROOT

_FENCE: Final = re.compile(
    r"^```(?P<language>\w*)(?: \{(?P<options>[^\n]*)\})?\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_OPTION: Final = re.compile(r"(\w+)=\"([^\"]*)\"")
OPTIONS: Final = {"doctor", "notest", "file", "ends", "keeps", "waits"}


@dataclass(frozen=True)
class Block:
    """One fenced block.

    Attributes:
        page: path of its file, from the root.
        line: of the fence, from 1.
        language: first word of the fence; may be empty.
        options: how a test treats it.
    """

    page: str
    line: int
    language: str
    options: Mapping[str, str]
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line} ({self.language})"


def pages() -> list[str]:
    """Return the pages with code for users, as paths from the root."""
    docs = (path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md"))
    return ["README.md", "firmware/README.md", "firmware_example/README.md", *sorted(docs)]


def blocks_of(page: str) -> list[Block]:
    """Return the blocks of a page, in their order."""
    text = Path(ROOT / page).read_text(encoding="utf-8")
    return [
        Block(
            page,
            text.count("\n", 0, match.start()) + 1,
            match["language"],
            dict(_OPTION.findall(match["options"] or "")),
            match["text"],
        )
        for match in _FENCE.finditer(text)
    ]
