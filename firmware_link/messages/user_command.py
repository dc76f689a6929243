"""Commands that the application defines. Source: device protocol, section 10."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from ..codes import Command
from ..frames import Request
from .base import AddressFormat


@dataclass(frozen=True, slots=True)
class UserCommandAnswer:
    data: bytes

    def payload(self, fmt: AddressFormat) -> bytes:
        return self.data


@dataclass(frozen=True, slots=True)
class UserCommand:
    """Call the application's handler; what it does when repeated, only the application knows."""

    subfunction: int
    data: bytes

    command: ClassVar[int] = Command.USER_COMMAND
    idempotent: ClassVar[bool] = False

    def payload(self, fmt: AddressFormat) -> bytes:
        return self.data

    def request(self, fmt: AddressFormat) -> Request:
        """Return the frame to send."""
        return Request(self.command, self.subfunction, self.data)

    def answer_size(self, fmt: AddressFormat) -> int:
        return 0

    def parse_answer(self, payload: bytes, fmt: AddressFormat) -> UserCommandAnswer:
        return UserCommandAnswer(payload)

    @classmethod
    def parse(cls, payload: bytes, fmt: AddressFormat, subfunction: int = 0) -> Self:
        return cls(subfunction, payload)
