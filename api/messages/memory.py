"""Messages about raw memory and user commands. Source: client API, sections 7.6 and 7.7."""

from __future__ import annotations

from .base import Command, ServerMessage


class ReadMemory(Command, tag="read_memory"):
    """Read device memory; answered at once, then :class:`MemoryReadCompleted`."""

    address: int
    size: int


class ReadMemoryReply(ServerMessage, tag="response_read_memory"):
    request_token: str


class MemoryReadCompleted(ServerMessage, tag="inform_memory_read_complete"):
    request_token: str
    success: bool
    data: str | None
    detail_msg: str | None
    completion_server_time_us: float


class WriteMemory(Command, tag="write_memory"):
    """Write device memory (base64); answered at once, then :class:`MemoryWriteCompleted`."""

    address: int
    data: str


class WriteMemoryReply(ServerMessage, tag="response_write_memory"):
    request_token: str


class MemoryWriteCompleted(ServerMessage, tag="inform_memory_write_complete"):
    request_token: str
    success: bool
    detail_msg: str | None
    completion_server_time_us: float


class WriteSingleWatchableByData(Command, tag="write_single_watchable_by_data"):
    """Write the octets of a variable in memory (base64), by path; answered at the end.

    Fewer octets than it has are padded with zeros in front. Nothing is converted: an alias stands
    for its target, a bit field for all that shares its octets.
    """

    server_path: str
    data: str


class WriteSingleByDataReply(ServerMessage, tag="response_write_single_watchable_by_data"):
    success: bool
    failure_reason: str


class UserCommand(Command, tag="user_command"):
    """Run a command of the application (data in base64); answered when the device answered."""

    subfunction: int
    data: str = ""


class UserCommandReply(ServerMessage, tag="response_user_command"):
    """What the application of the device answered (base64)."""

    subfunction: int
    data: str
