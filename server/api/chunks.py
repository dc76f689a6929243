"""Sending much to one client, piece by piece, as fast as it takes them."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from typing import Final

from scrutiny.api.messages import FileChunk, ServerMessage

from .client import Client
from .errors import CommandRefused

LARGEST_CHUNK: Final = 524_032  # octets; as base64 two thirds of the largest message

# A client that leaves this much unread gets the next chunk when it has read.
_PAUSE_BACKLOG: Final = 1 << 20
_PAUSE_S: Final = 0.02


def checked_chunk_size(wanted: int | None) -> int:
    """Return the size of the chunks for a client.

    Raises:
        CommandRefused: they would have none.
    """
    size = LARGEST_CHUNK if wanted is None else wanted
    if size < 1:
        raise CommandRefused(f"max_chunk_size is {size}, at least 1 is due")
    return min(size, LARGEST_CHUNK)


async def send_chunks(
    client: Client,
    sizes: tuple[int, int],
    read: Callable[[int, int], Awaitable[bytes]],
    message: Callable[[FileChunk], ServerMessage],
) -> None:
    """Send octets in chunks; ends early when the client leaves.

    Args:
        client: who gets them.
        sizes: of all octets, and of a chunk.
        read: returns so many octets from a place on.
        message: that a chunk goes into.
    """
    total_size, chunk_size = sizes
    for index, start in enumerate(range(0, total_size, chunk_size)):
        data = await read(start, min(chunk_size, total_size - start))
        # What the client reads is told to its socket only, so this looks again.
        while client.is_open and client.backlog() > _PAUSE_BACKLOG:  # noqa: ASYNC110
            await asyncio.sleep(_PAUSE_S)
        if not client.is_open:
            return
        client.send(message(FileChunk(index, base64.b64encode(data).decode("ascii"))))
