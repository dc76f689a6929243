"""Octets into the data fields of CAN frames, and what a frame of the bus means; no I/O.

Source: device protocol, section 18.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

_CLASSIC_SIZE: Final = 8
# Above 8 octets a frame of CAN FD has one of these sizes. The largest that is full comes first, so
# that no frame has to be padded.
_FD_SIZES: Final = (64, 48, 32, 24, 20, 16, 12)


def data_fields(octets: bytes, *, is_fd: bool) -> Iterator[bytes]:
    """Cut octets into what one frame after the other can carry."""
    sizes = _FD_SIZES if is_fd else ()
    start = 0
    while (left := len(octets) - start) > 0:
        size = next((size for size in sizes if size <= left), min(left, _CLASSIC_SIZE))
        yield octets[start : start + size]
        start += size
