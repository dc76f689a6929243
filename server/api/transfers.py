"""Commands that move description files between clients and the server, piece by piece."""

from __future__ import annotations

import asyncio
import os
from typing import Final

from scrutiny.api.messages import (
    DownloadSfd,
    DownloadSfdReply,
    FileChunk,
    UploadSfdData,
    UploadSfdDataReply,
    UploadSfdInit,
    UploadSfdInitReply,
)
from scrutiny.sfd.regular_files import open_regular

from ..loading import LoadError
from ..uploads import LARGEST_UPLOAD, Upload
from .chunks import checked_chunk_size, send_chunks
from .client import Client
from .descriptions import checked_id, sfd_info
from .errors import CommandRefused, quoted
from .memory import decode_base64

MOST_UPLOADS: Final = 2  # of one client


def download(client: Client, command: DownloadSfd) -> None:
    """Send an installed file in chunks, as fast as the client takes them.

    Raises:
        CommandRefused: the identifier is none, the chunks have no size, or too many commands wait.
    """
    firmware_id = checked_id(command.firmware_id)
    chunk_size = checked_chunk_size(command.max_chunk_size)

    async def send() -> None:
        await _send_file(client, command.reqid, firmware_id, chunk_size)

    client.parts.background.start_in_order(client, command, send, client.description_commands)


def upload_init(client: Client, command: UploadSfdInit) -> None:
    """Prepare for a file that comes in chunks.

    Raises:
        CommandRefused: there is no reqid, the identifier is none, the size is not possible, or too
            many commands wait.
    """
    _check_reqid(command.reqid)
    firmware_id = checked_id(command.firmware_id)
    if not 1 <= command.total_size <= LARGEST_UPLOAD:
        raise CommandRefused(
            f"total_size is {command.total_size}, not within 1 to {LARGEST_UPLOAD}"
        )

    async def begin() -> None:
        if len(client.uploads) >= MOST_UPLOADS:
            raise CommandRefused(f"{MOST_UPLOADS} uploads of this client are not complete")
        descriptions = client.parts.descriptions
        overwrites = await descriptions.size_of(firmware_id) is not None
        upload = await descriptions.begin_upload(command.total_size)
        if not client.is_open:
            upload.discard()
            return
        client.uploads[upload.token] = upload
        upload.call_at_end(client.forget_upload)
        client.send(
            UploadSfdInitReply(reqid=command.reqid, token=upload.token, will_overwrite=overwrites)
        )

    client.parts.background.start_in_order(client, command, begin, client.description_commands)


def upload_data(client: Client, command: UploadSfdData) -> None:
    """Take a chunk; after the last one the file is checked and installed.

    Whatever is wrong with a chunk or with the file ends the upload.

    Raises:
        CommandRefused: there is no reqid, or too many commands wait.
    """
    _check_reqid(command.reqid)

    async def take() -> None:
        upload = client.uploads.get(command.token)
        if upload is None:
            raise CommandRefused(f"unknown token {quoted(command.token)}")
        try:
            await _take_chunk(client, command, upload)
        except BaseException:
            upload.discard()
            raise

    client.parts.background.start_in_order(client, command, take, client.description_commands)


async def _take_chunk(client: Client, command: UploadSfdData, upload: Upload) -> None:
    await upload.append(command.file_chunk.chunk_index, decode_base64(command.file_chunk.data))
    info = None
    if upload.is_complete:
        try:
            installed = await client.parts.descriptions.install(upload.path)
        except LoadError as error:
            raise CommandRefused(f"the file cannot be installed: {error}") from None
        upload.discard()
        client.parts.symbols.check()
        info = sfd_info(installed.firmware_id, installed.size, installed.metadata)
    client.send(
        UploadSfdDataReply(
            reqid=command.reqid,
            completed=info is not None,
            actual_size=upload.size,
            sfd_info=info,
        )
    )


async def _send_file(client: Client, reqid: int | None, firmware_id: str, chunk_size: int) -> None:
    path = client.parts.descriptions.store.path_of(firmware_id)
    try:
        file = await asyncio.to_thread(open_regular, path)
    except OSError as error:
        raise CommandRefused(
            f"no description of firmware {firmware_id} can be sent: {error.strerror}"
        ) from None
    # It stays the file that it was when another one takes its place.
    with file:
        total_size = os.fstat(file.fileno()).st_size

        async def read(start: int, size: int) -> bytes:
            return await asyncio.to_thread(file.read, size)

        def message(chunk: FileChunk) -> DownloadSfdReply:
            return DownloadSfdReply(
                reqid=reqid, firmware_id=firmware_id, total_size=total_size, file_chunk=chunk
            )

        await send_chunks(client, (total_size, chunk_size), read, message)


def _check_reqid(reqid: int | None) -> None:
    if reqid is None:
        raise CommandRefused("the command needs a reqid")
