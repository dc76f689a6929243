"""Commands about stored acquisitions."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from typing import Final, Literal

from msgspec import UNSET

from scrutiny.api.codec import encode
from scrutiny.api.messages import (
    AcquisitionListChanged,
    DeleteAcquisition,
    DeleteAcquisitionReply,
    DeleteAllAcquisitions,
    DeleteAllAcquisitionsReply,
    DownloadAcquisition,
    DownloadAcquisitionReply,
    FileChunk,
    ListAcquisitions,
    ReadAcquisitionContent,
    UpdateAcquisition,
    UpdateAcquisitionReply,
)
from scrutiny.api.versions import MAX_MESSAGE_SIZE
from scrutiny.core.datalogging import AcquisitionSummary

from .acquisition_messages import described, encoded_content, encoded_list, samples_of
from .background import Work
from .chunks import checked_chunk_size, send_chunks
from .client import Client
from .errors import CommandRefused
from .limits import MOST_LISTED, MOST_LOGGED_SIGNALS
from .wanted_recordings import check_name

_MORE_DIGITS: Final = 20  # in a message with a chunk than in one without


# --------------------------------------------------------------------- what there is


def list_stored(client: Client, command: ListAcquisitions) -> None:
    """List acquisitions, newest first.

    Raises:
        CommandRefused: it is not said which, or too many commands wait.
    """
    _check_list(command)

    async def answer() -> None:
        summaries = await _summaries(client, command)
        ids = {summary.firmware_id for summary in summaries}
        metadata = await client.parts.firmware_names.metadata_of(ids)
        encoded = await asyncio.to_thread(encoded_list, command.reqid, summaries, metadata)
        client.send_encoded(encoded)

    client.parts.background.start_in_order(client, command, answer, client.acquisition_commands)


def _check_list(command: ListAcquisitions) -> None:
    if command.reference_id is not None:
        return
    if command.count is None:
        raise CommandRefused("count is missing; it is needed unless there is a reference_id")
    if not 0 <= command.count <= MOST_LISTED:
        raise CommandRefused(f"count is {command.count}, not within 0 to {MOST_LISTED}")
    before_s = command.before_timestamp
    if before_s is not None and not 0 <= before_s < math.inf:
        raise CommandRefused(f"before_timestamp is {before_s}, not 0 or more")


async def _summaries(client: Client, command: ListAcquisitions) -> Sequence[AcquisitionSummary]:
    storage = client.parts.acquisitions
    if command.reference_id is not None:
        summary = await storage.summary(command.reference_id)
        return () if summary is None else (summary,)
    return await storage.summaries(
        firmware_id=None if command.firmware_id is None else command.firmware_id.lower(),
        before_s=command.before_timestamp,
        count=command.count,
    )


# --------------------------------------------------------------------- samples


def read_content(client: Client, command: ReadAcquisitionContent) -> None:
    """Send an acquisition as one message.

    Raises:
        CommandRefused: too many are being fetched.
    """

    async def answer() -> None:
        acquisition = await client.parts.acquisitions.read(command.reference_id)
        client.send_encoded(await asyncio.to_thread(encoded_content, command.reqid, acquisition))

    _fetch(client, command, answer)


def download(client: Client, command: DownloadAcquisition) -> None:
    """Send an acquisition in chunks, as fast as the client takes them.

    Raises:
        CommandRefused: the chunks have no size, or too many are being fetched.
    """
    chunk_size = checked_chunk_size(command.max_chunk_size)

    async def send() -> None:
        acquisition = await client.parts.acquisitions.read(command.reference_id)
        samples = await asyncio.to_thread(samples_of, acquisition)
        description = described(acquisition)

        async def read(start: int, size: int) -> bytes:
            return samples[start : start + size]

        def message(chunk: FileChunk) -> DownloadAcquisitionReply:
            return DownloadAcquisitionReply(
                reqid=command.reqid,
                total_size=len(samples),
                file_chunk=chunk,
                description=None if chunk.chunk_index else description,
            )

        # The first message holds both the description and a chunk.
        room = MAX_MESSAGE_SIZE - len(encode(message(FileChunk(0, "")))) - _MORE_DIGITS
        size = min(chunk_size, room // 4 * 3)
        if size < 1:
            raise CommandRefused("the names and paths of its signals are too long for one message")
        await send_chunks(client, (len(samples), size), read, message)

    _fetch(client, command, send)


def _fetch(
    client: Client, command: ReadAcquisitionContent | DownloadAcquisition, work: Work
) -> None:
    """Fetch beside everything else: what is stored does not change, other than by its names."""
    client.fetches.start()

    async def fetch() -> None:
        try:
            await work()
        finally:
            client.fetches.end()

    client.parts.background.start(client, command, fetch)


# --------------------------------------------------------------------- what changes


def update(client: Client, command: UpdateAcquisition) -> None:
    """Rename an acquisition or axes of it; all clients are told before the answer.

    Raises:
        CommandRefused: a name is too long, or too many commands wait.
    """
    name = None if command.name is UNSET else command.name
    axes = [] if command.axis_name is UNSET else command.axis_name
    if len(axes) > MOST_LOGGED_SIGNALS:
        raise CommandRefused(
            f"{len(axes)} axes are too many, none has more than {MOST_LOGGED_SIGNALS}"
        )
    for text in (name, *[axis.name for axis in axes]):
        check_name(text)

    async def answer() -> None:
        names = {axis.id: axis.name for axis in axes}
        await client.parts.acquisitions.rename(command.reference_id, name, names)
        if name is not None or names:
            _tell(client, "update", command.reference_id)
        client.send(UpdateAcquisitionReply(reqid=command.reqid))

    client.parts.background.start_in_order(client, command, answer, client.acquisition_commands)


def delete(client: Client, command: DeleteAcquisition) -> None:
    """Delete an acquisition; all clients are told before the answer.

    Raises:
        CommandRefused: too many commands wait.
    """

    async def answer() -> None:
        await client.parts.acquisitions.delete(command.reference_id)
        _tell(client, "delete", command.reference_id)
        client.send(DeleteAcquisitionReply(reqid=command.reqid))

    client.parts.background.start_in_order(client, command, answer, client.acquisition_commands)


def delete_all(client: Client, command: DeleteAllAcquisitions) -> None:
    """Delete all acquisitions; all clients are told before the answer.

    Raises:
        CommandRefused: too many commands wait.
    """

    async def answer() -> None:
        await client.parts.acquisitions.delete_all()
        _tell(client, "delete_all", None)
        client.send(DeleteAllAcquisitionsReply(reqid=command.reqid))

    client.parts.background.start_in_order(client, command, answer, client.acquisition_commands)


def _tell(
    client: Client, action: Literal["update", "delete", "delete_all"], reference_id: str | None
) -> None:
    client.parts.broadcast(AcquisitionListChanged(action=action, reference_id=reference_id))
