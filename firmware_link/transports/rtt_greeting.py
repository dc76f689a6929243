"""What a J-Link says before the octets of the device; no I/O."""

from __future__ import annotations

from typing import Final

# "SEGGER J-Link V7.96a - Real time terminal output", a line about the probe, "Process: JLinkExe".
_FIRST_WORDS: Final = b"SEGGER J-Link"
_LAST_LINE: Final = b"Process:"
_LINE_END: Final = 0x0A
# Should another version end it otherwise: no octet of a text has this bit, and the first octet of
# whatever a device sends has it.
_NO_TEXT: Final = 0x80
_LONGEST_LINE: Final = 1024


class RttGreeting:
    """Takes the greeting off the beginning of a stream, if there is one, in any chunking."""

    def __init__(self) -> None:
        self._line = bytearray()  # not ended yet
        self._is_greeting = False
        self._is_over = False

    def strip(self, data: bytes) -> bytes:
        """Return what of the octets is the device's, perhaps nothing yet."""
        if self._is_over:
            return data
        self._line += data
        if not self._is_greeting:
            if _FIRST_WORDS.startswith(self._line):
                return b""
            if not self._line.startswith(_FIRST_WORDS):
                return self._end(0)
            self._is_greeting = True
        return self._after_lines()

    def _after_lines(self) -> bytes:
        start = 0
        for place, octet in enumerate(self._line):
            if octet & _NO_TEXT:
                return self._end(place)
            if octet == _LINE_END:
                if self._line.startswith(_LAST_LINE, start):
                    return self._end(place + 1)
                start = place + 1
        del self._line[: max(start, len(self._line) - _LONGEST_LINE)]
        return b""

    def _end(self, place: int) -> bytes:
        """Hand over what is kept, from a place on, and pass all that follows."""
        self._is_over = True
        rest = bytes(self._line[place:])
        self._line.clear()
        return rest
