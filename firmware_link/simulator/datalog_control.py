"""DataLogControl: the requests about recordings, and the pass that reads one.

Source: device protocol, section 11.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from scrutiny.core.values import Value

from ..codes import Command, DatalogControlFunction, DatalogEncoding, ResponseCode
from ..errors import UnsupportedRequest
from ..frames import Request, crc32
from ..messages import (
    AcquisitionChunk,
    AcquisitionMetadata,
    AnswerMessage,
    Arm,
    ArmAnswer,
    Configure,
    ConfigureAnswer,
    DatalogSetup,
    Disarm,
    DisarmAnswer,
    GetMetadata,
    GetSetup,
    GetStatus,
    ReadAcquisition,
    Reset,
    ResetAnswer,
    parse_request,
)
from .datalog_setup import prepare_recording
from .datalog_sources import DatalogSources
from .datalogger import Datalogger
from .memory import SparseMemory
from .refusal import Refusal
from .settings import DeviceSettings

_CHUNK_HEAD_SIZE: Final = 4
_CRC_SIZE: Final = 4


class _Pass:
    """Reading an acquisition from its oldest entry to its newest; the data lie still meanwhile."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._offset = 0
        self._crc = 0
        self._chunk_count = 0

    def next_chunk(self, acquisition_id: int, room: int, octets_per_byte: int) -> AcquisitionChunk:
        """Take what fits a payload; whole bytes of the target."""
        room -= _CHUNK_HEAD_SIZE
        left = len(self._octets) - self._offset
        size = left if left <= room else room - room % octets_per_byte
        data = self._octets[self._offset : self._offset + size]
        counter = self._chunk_count & 0xFF
        self._offset += size
        self._crc = crc32(data, self._crc)
        self._chunk_count += 1
        is_last = size == left and size + _CRC_SIZE <= room
        return AcquisitionChunk(counter, acquisition_id, data, self._crc if is_last else None)


class DatalogControl:
    """Answers what a session asks of the datalogger.

    Attributes:
        datalogger: The engine; the application's loops run it.
    """

    def __init__(
        self,
        settings: DeviceSettings,
        memory: SparseMemory,
        read_rpv: Callable[[int], Value | None],
    ) -> None:
        """Published values are read by their id; None refuses one."""
        self._settings = settings
        self._fmt = settings.address_format
        self._octets_per_byte = settings.char_bit // 8
        self._sources = DatalogSources(settings, memory, read_rpv)
        self._pass: _Pass | None = None
        self.datalogger = Datalogger(self._octets_per_byte)

    def restart(self) -> None:
        """Be as after power-up."""
        self._pass = None
        self.datalogger = Datalogger(self._octets_per_byte)

    def answer(self, request: Request) -> AnswerMessage:
        """Do what a request asks for.

        Raises:
            Refusal: the answer is a code.
            MessageError: the request is malformed, or there is none like it.
        """
        if self._settings.datalog_buffer_size == 0:
            raise Refusal(ResponseCode.UNSUPPORTED_FEATURE)
        if request.subfunction == DatalogControlFunction.CONFIGURE:
            return self._configure(request.payload)
        match parse_request(request, self._fmt, {}):
            case GetSetup():
                return DatalogSetup(
                    self._settings.datalog_buffer_size,
                    DatalogEncoding.RAW,
                    self._settings.datalog_max_signals,
                )
            case Arm():
                self._needs(self.datalogger.arm())
                self._pass = None
                return ArmAnswer()
            case Disarm():
                self._needs(self.datalogger.disarm())
                self._pass = None
                return DisarmAnswer()
            case GetStatus():
                return self.datalogger.status()
            case GetMetadata():
                return self._metadata()
            case ReadAcquisition():
                return self._next_chunk()
            case Reset():
                self._pass = None
                self.datalogger.reset()
                return ResetAnswer()
            case _:
                raise UnsupportedRequest(Command.DATALOG_CONTROL, request.subfunction)

    def _configure(self, payload: bytes) -> ConfigureAnswer:
        self._pass = None
        self.datalogger.reset()  # a configuration that is refused leaves nothing either
        settings = self._settings
        configuration = Configure.parse(payload, self._fmt, settings.datalog_max_signals)
        recording = prepare_recording(configuration, settings, self._sources)
        self.datalogger.configure(recording)
        return ConfigureAnswer()

    def _metadata(self) -> AcquisitionMetadata:
        metadata = self.datalogger.metadata()
        if metadata is None:
            raise Refusal(ResponseCode.FAILURE_TO_PROCEED)
        return metadata

    def _next_chunk(self) -> AcquisitionChunk:
        acquisition_id = self._metadata().acquisition_id
        if self._pass is None:
            self._pass = _Pass(self.datalogger.octets())
        chunk = self._pass.next_chunk(
            acquisition_id, self._settings.max_tx_payload, self._octets_per_byte
        )
        if chunk.is_last:
            self._pass = None
        return chunk

    def _needs(self, is_configured: bool) -> None:
        if not is_configured:
            raise Refusal(ResponseCode.FAILURE_TO_PROCEED)
