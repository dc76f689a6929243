"""Stored acquisitions with their samples, on their way here."""

from __future__ import annotations

import base64
import binascii
from typing import Final

from scrutiny.api import messages as api
from scrutiny.core.datalogging import SAMPLE_SIZE

from . import exceptions
from ._acquisition_from_api import downloaded_acquisition, read_acquisition
from ._dialogue import Dialogue, Question, ask
from ._exchanges import Exchange
from ._server_version import has_feature
from .acquisition import DataloggingAcquisition

# What a server names in its welcome if it sends acquisitions in chunks.
_DOWNLOAD_FEATURE: Final = "datalogging_download"
# Of one acquisition, in octets: far more than any device records.
_LARGEST_ACQUISITION: Final = 256 << 20


def fetch(
    welcome: api.Welcome | None, reference_id: str, timeout_s: float | None
) -> Dialogue[DataloggingAcquisition]:
    """Return a stored acquisition with its samples.

    The time limit is for all of it, or for each chunk if it is None.

    Raises:
        OperationFailure: the server refused, or what it sent is damaged.
        RequestTimeout: it did not come in time.
        ConnectionError: there is no connection, or it was lost meanwhile.
    """
    read = _download if has_feature(welcome, _DOWNLOAD_FEATURE) else _read_at_once
    try:
        return (yield from read(reference_id, timeout_s))
    except exceptions.BadResponseError as error:
        raise exceptions.OperationFailure(
            f"the acquisition {reference_id} cannot be used as the server sent it: {error}"
        ) from error


def _download(reference_id: str, timeout_s: float | None) -> Dialogue[DataloggingAcquisition]:
    download = AcquisitionDownload(api.DownloadAcquisition(reference_id=reference_id))
    yield Question(download, timeout_s, chunk_count=lambda: download.chunk_count)
    assert download.description is not None
    return downloaded_acquisition(download.description, download.octets)


def _read_at_once(reference_id: str, timeout_s: float | None) -> Dialogue[DataloggingAcquisition]:
    command = api.ReadAcquisitionContent(reference_id=reference_id)
    reply = yield from ask(command, api.AcquisitionContentReply, timeout_s)
    if reply.reference_id != reference_id:
        raise exceptions.BadResponseError(f"it is another one: {reply.reference_id[:80]}")
    return read_acquisition(reply)


class AcquisitionDownload(Exchange):
    """An acquisition that comes in chunks.

    Attributes:
        description: what the samples are; None before the first chunk.
        octets: the samples, as far as they have come.
        chunk_count: how many chunks have come.
    """

    def __init__(self, command: api.DownloadAcquisition) -> None:
        super().__init__(command)
        self.description: api.AcquisitionDescription | None = None
        self.octets = bytearray()
        self.chunk_count = 0
        self._reference_id = command.reference_id
        self._total_size = 0

    def receive(self, message: api.AnyServerMessage) -> None:
        """Take a chunk."""
        if not isinstance(message, api.DownloadAcquisitionReply):
            self.refuse(message)
            return
        chunk = message.file_chunk
        if chunk.chunk_index != self.chunk_count:
            raise exceptions.BadResponseError(
                f"chunk {chunk.chunk_index} came where chunk {self.chunk_count} was due"
            )
        if self.chunk_count == 0:
            self._begin(message)
        elif message.total_size != self._total_size:
            raise exceptions.BadResponseError(
                f"the size changed from {self._total_size} to {message.total_size} octets"
            )
        self.chunk_count += 1
        self._append(chunk.data)

    def _begin(self, message: api.DownloadAcquisitionReply) -> None:
        description = message.description
        if description is None:
            raise exceptions.BadResponseError("the first chunk came without a description")
        if description.reference_id != self._reference_id:
            raise exceptions.BadResponseError(f"it is another one: {description.reference_id[:80]}")
        expected = len(description.series) * description.point_count * SAMPLE_SIZE
        if message.total_size != expected or description.point_count < 0:
            raise exceptions.BadResponseError(
                f"{message.total_size} octets are announced for {len(description.series)} series "
                f"of {description.point_count} samples"
            )
        if expected > _LARGEST_ACQUISITION:
            raise exceptions.BadResponseError(
                f"{expected} octets are more than this SDK takes: {_LARGEST_ACQUISITION}"
            )
        self.description = description
        self._total_size = expected

    def _append(self, data: str) -> None:
        try:
            octets = base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError) as error:
            raise exceptions.BadResponseError(f"a chunk is no base64: {error}") from error
        missing = self._total_size - len(self.octets)
        if len(octets) > missing or (missing > 0 and not octets):
            raise exceptions.BadResponseError(
                f"a chunk has {len(octets)} octets, {missing} are missing"
            )
        self.octets += octets
        if len(self.octets) == self._total_size:
            self.finish()
