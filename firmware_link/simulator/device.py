"""A device without I/O: octets and a time go in, octets come out.

It holds what a firmware holds around its services: the receiver with its silence rule, the
session with its watchdog. Source: device protocol, sections 3, 7 and 13.1.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from ..codes import DISCOVER_MAGIC, Command, CommControlFunction, ResponseCode
from ..errors import CrcError, FrameError, MessageError
from ..frames import Request, RequestParser, Response
from ..messages import (
    AnswerMessage,
    AnyRequest,
    Connect,
    ConnectAnswer,
    Disconnect,
    DisconnectAnswer,
    Discover,
    DiscoverAnswer,
    Heartbeat,
    HeartbeatAnswer,
    parse_request,
)
from .application import Application
from .datalog_control import DatalogControl
from .memory import SparseMemory
from .motor_application import MotorApplication
from .refusal import Refusal
from .services import Services
from .settings import DeviceSettings

_NS_PER_US: Final = 1000
_U32_MAX: Final = 0xFFFF_FFFF
# Between the first session ids of two boots, so that an old id is not met again by accident.
_SESSION_ID_STRIDE: Final = 0x9E37_79B9


class _Session:
    def __init__(self, session_id: int, now_ns: int) -> None:
        self.id = session_id
        self.fed_ns = now_ns
        self.last_challenge: int | None = None
        self.ends_when_sent = False


class _Receiver(Enum):
    LISTENING = "listening"
    DEAF = "deaf"  # ends with the first octets after a full silence


class SimulatedDevice:
    """A firmware that speaks the protocol, with memory and an application.

    Unlike the reference firmware it serves every request of a chunk, in order, and checks all
    blocks of a write before it writes the first.

    Attributes:
        settings: What it is.
        memory: What servers read and write; also for a test to look into.
        application: What runs on it.
        boot_count: Restarts so far.
    """

    def __init__(
        self,
        settings: DeviceSettings | None = None,
        application: Application | None = None,
        now_ns: int = 0,
    ) -> None:
        self.settings = settings or DeviceSettings()
        self.memory = SparseMemory(self.settings.segments)
        self.application = MotorApplication() if application is None else application
        self.boot_count = 0
        self._fmt = self.settings.address_format
        self._datalog = DatalogControl(self.settings, self.memory, self.application.read_rpv)
        self._services = Services(self.settings, self.memory, self.application)
        self._silence_ns = self.settings.rx_timeout_us * _NS_PER_US
        self._heartbeat_timeout_ns = self.settings.heartbeat_timeout_us * _NS_PER_US
        self._parser = RequestParser(self.settings.max_rx_payload)
        self._output = bytearray()
        self._receiver = _Receiver.LISTENING
        self._heard_ns: int | None = None
        self._session: _Session | None = None
        self._next_session_id = 0
        self._boot(now_ns)

    @property
    def session_id(self) -> int | None:
        """The open session, if any."""
        return None if self._session is None else self._session.id

    def receive(self, data: bytes, now_ns: int) -> None:
        """Take octets, in any chunking, and serve the requests they complete."""
        self.tick(now_ns)
        if not data or self._output:  # octets that come during an answer are lost
            return
        if self._heard_ns is not None and now_ns - self._heard_ns >= self._silence_ns:
            self._reset_receiver()
        self._heard_ns = now_ns
        if self._receiver is _Receiver.DEAF:
            return
        for request in self._parse(data):
            self._serve(request, now_ns)

    def take_output(self) -> bytes:
        """Return the octets to send; a session that was asked to end does so now."""
        data = bytes(self._output)
        self._output.clear()
        if self._session is not None and self._session.ends_when_sent:
            self._session = None
        return data

    def tick(self, now_ns: int) -> None:
        """Let time pass: the application runs, an unfed session ends."""
        self.application.advance(now_ns)
        session = self._session
        if session is not None and now_ns - session.fed_ns >= self._heartbeat_timeout_ns:
            self._session = None
            self._output.clear()
            self._reset_receiver()

    def reboot(self, now_ns: int) -> None:
        """Restart: no session, memory and application as after power-up, other session ids."""
        self.boot_count += 1
        self._boot(now_ns)

    def _boot(self, now_ns: int) -> None:
        self._session = None
        self._heard_ns = None
        self._output.clear()
        self._reset_receiver()
        first_id = self.settings.first_session_id + self.boot_count * _SESSION_ID_STRIDE
        self._next_session_id = first_id & _U32_MAX
        self.memory.reset()
        self._datalog.restart()
        self.application.attach(self._datalog.datalogger)
        self.application.start(self.memory, self.settings.byte_order, now_ns)

    def _reset_receiver(self) -> None:
        self._parser.reset()
        self._receiver = _Receiver.LISTENING

    def _parse(self, data: bytes) -> list[Request]:
        requests: list[Request] = []
        while True:
            try:
                batch = self._parser.feed(data)
            except CrcError as error:
                data = error.following  # the next frame starts behind the bad one
                continue
            except FrameError:
                self._receiver = _Receiver.DEAF
                return requests
            if not batch:
                return requests
            requests += batch
            data = b""  # but the parser may hold a bad frame behind the good ones

    def _serve(self, request: Request, now_ns: int) -> None:
        if self._session is None and not _is_for_everybody(request):
            return
        payload = b""
        code = ResponseCode.OK
        try:
            payload = self._answer(request, now_ns).payload(self._fmt)
            if len(payload) > self.settings.max_tx_payload:
                payload, code = b"", ResponseCode.OVERFLOW
        except (Refusal, MessageError) as refusal:
            code = refusal.code
        self._output += Response(request.command, request.subfunction, code, payload).encode()

    def _answer(self, request: Request, now_ns: int) -> AnswerMessage:
        if request.command == Command.DATALOG_CONTROL:
            return self._datalog.answer(request)
        self._services.check_supported(request)
        message: AnyRequest = parse_request(request, self._fmt, self._services.rpv_sizes)
        match message:
            case Discover():
                return DiscoverAnswer(
                    *self.settings.protocol_version,
                    self.settings.firmware_id,
                    self.settings.display_name,
                )
            case Connect():
                return self._connect(now_ns)
            case Heartbeat():
                return self._heartbeat(message, now_ns)
            case Disconnect():
                return self._disconnect(message)
            case _:
                return self._services.answer(message)

    def _connect(self, now_ns: int) -> ConnectAnswer:
        if self._session is not None:
            raise Refusal(ResponseCode.BUSY)
        self._session = _Session(self._next_session_id, now_ns)
        self._next_session_id = (self._next_session_id + 1) & _U32_MAX
        return ConnectAnswer(self._session.id)

    def _heartbeat(self, message: Heartbeat, now_ns: int) -> HeartbeatAnswer:
        session = self._session_with(message.session_id)
        if message.challenge == session.last_challenge:
            raise Refusal(ResponseCode.INVALID_REQUEST)
        session.last_challenge = message.challenge
        session.fed_ns = now_ns
        return HeartbeatAnswer(session.id, message.challenge_response)

    def _disconnect(self, message: Disconnect) -> DisconnectAnswer:
        self._session_with(message.session_id).ends_when_sent = True
        return DisconnectAnswer()

    def _session_with(self, session_id: int) -> _Session:
        if self._session is None or self._session.id != session_id:
            raise Refusal(ResponseCode.INVALID_REQUEST)
        return self._session


def _is_for_everybody(request: Request) -> bool:
    """Whether a device without a session listens to it: Connect, and Discover with its magic."""
    if request.command != Command.COMM_CONTROL:
        return False
    if request.subfunction == CommControlFunction.CONNECT:
        return True
    is_discover = request.subfunction == CommControlFunction.DISCOVER
    return is_discover and request.payload.startswith(DISCOVER_MAGIC)
