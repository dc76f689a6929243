"""What passes on a line, frame by frame, with the time of each: the truth about a device."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TypeVar

from scrutiny.firmware_link.frames import Request, RequestParser, Response, ResponseParser
from scrutiny.firmware_link.messages import BEFORE_PARAMS, RequestMessage
from scrutiny.firmware_link.simulator.faults import Direction

from .noisy_line import NoisyLine

AnswerT = TypeVar("AnswerT")


@dataclass(frozen=True, slots=True)
class Passed:
    """A frame, and when its last octet came, before it went on; `time.monotonic_ns`."""

    time_ns: int
    frame: Request | Response


class FrameLog:
    """Listens to a line without faults.

    Attributes:
        passed: all frames so far, in order; the line's thread appends to it.
    """

    def __init__(self, line: NoisyLine) -> None:
        self.passed: list[Passed] = []
        self._requests = RequestParser()
        self._responses = ResponseParser()
        line.on_octets = self._note

    def answers(self, message: RequestMessage[AnswerT]) -> list[tuple[int, AnswerT]]:
        """Return the good answers to all messages of this kind, each with its time."""
        subfunction = message.request(BEFORE_PARAMS).subfunction
        return [
            (one.time_ns, message.parse_answer(one.frame.payload, BEFORE_PARAMS))
            for one in list(self.passed)
            if isinstance(one.frame, Response)
            and (one.frame.command, one.frame.subfunction) == (message.command, subfunction)
            and one.frame.code == 0
        ]

    def _note(self, direction: Direction, data: bytes) -> None:
        now_ns = time.monotonic_ns()
        frames: list[Request] | list[Response]
        if direction is Direction.TO_DEVICE:
            frames = self._requests.feed(data)
        else:
            frames = self._responses.feed(data)
        self.passed.extend(Passed(now_ns, frame) for frame in frames)
