"""How a simulated device says no."""

from __future__ import annotations

from ..codes import ResponseCode


class Refusal(Exception):
    """The device answers with a code instead of a payload."""

    def __init__(self, code: ResponseCode) -> None:
        super().__init__(code.name)
        self.code = code
