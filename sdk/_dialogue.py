"""What is asked with several commands in a row, and what follows from the answers; no I/O.

A dialogue is a generator: it yields a question, goes on when that is answered well, and gets the
exception if it is not. The shell that runs it does the waiting, in a thread or in a task.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TypeVar

from scrutiny.api.messages import Command, ServerMessage

from . import exceptions
from ._exchanges import Call, Exchange

_Result = TypeVar("_Result")
_Reply = TypeVar("_Reply", bound=ServerMessage)


@dataclass(frozen=True, slots=True)
class Question:
    """One exchange, not started yet.

    Attributes:
        timeout_s: how long the answer may take; None for the time limit of the client.
        unknown: what a time-out leaves open, for the text of the exception.
        chunk_count: how many chunks of a long answer have come. With it, and without a time limit
            of its own, each chunk may take as long as any answer.
    """

    exchange: Exchange
    timeout_s: float | None = None
    unknown: str = ""
    chunk_count: Callable[[], int] | None = None


Dialogue = Generator[Question, None, _Result]


class Patience:
    """Whether a long answer, which is late, is worth another wait."""

    def __init__(self, question: Question, limit_s: float) -> None:
        self._question = question
        self._limit_s = limit_s
        self._seen = 0

    def check(self) -> None:
        """Do nothing if chunks came since the last check; else raise RequestTimeout."""
        count = self._question.chunk_count() if self._question.chunk_count is not None else 0
        if self._question.timeout_s is not None or count == self._seen:
            raise exceptions.RequestTimeout(
                f"{count} chunks of the answer to {self._question.exchange.name} came within "
                f"{self._limit_s:g} s, and more are to follow"
            )
        self._seen = count


def ask(
    command: Command, reply_type: type[_Reply], timeout_s: float | None = None, unknown: str = ""
) -> Dialogue[_Reply]:
    """Ask one question with one answer, and return that."""
    call = Call(command, reply_type)
    yield Question(call, timeout_s, unknown)
    return call.reply
