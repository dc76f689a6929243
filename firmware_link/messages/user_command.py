"""Commands that the application defines. Source: device protocol, section 10."""

from __future__ import annotations

from typing import ClassVar, Self

import msgspec

from ..codes import Command
from ..frames import Request
from .base import AddressFormat


class UserCommandAnswer(msgspec.Struct, frozen=True):
    data: bytes

    def payload(self, fmt: AddressFormat) -> bytes:
        return self.data


class UserCommand(msgspec.Struct, frozen=True):
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
