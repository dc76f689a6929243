"""Commands on raw memory, and commands of the application."""

from __future__ import annotations

import base64
import binascii
import time
from functools import partial
from typing import Final

from scrutiny.api.messages import (
    MemoryReadCompleted,
    MemoryWriteCompleted,
    ReadMemory,
    ReadMemoryReply,
    UserCommand,
    UserCommandReply,
    WriteMemory,
    WriteMemoryReply,
    WriteSingleByDataReply,
    WriteSingleWatchableByData,
)
from scrutiny.api.versions import LARGEST_MEMORY_READ
from scrutiny.core.watchables import PublishedValue
from scrutiny.firmware_link.codes import FeatureBits

from ..access.audit_log import Change
from ..entries import Entry
from ..outcome import Outcome
from .client import Client
from .errors import CommandRefused, quoted
from .write import answer_write, new_token

_LONGEST_NOTED: Final = 256  # octets of a write, in the audit log
_LARGEST_ADDRESS: Final = (1 << 64) - 1


def read_memory(client: Client, command: ReadMemory) -> None:
    """Read memory of the device; the octets follow with the completion.

    Raises:
        CommandRefused: address or size make no sense for any device, or too many transfers wait.
    """
    _check_address(command.address)
    if command.size < 1:
        raise CommandRefused(f"size is {command.size}, at least 1 is due")
    client.memory_transfers.start()
    token = new_token()
    client.send(ReadMemoryReply(reqid=command.reqid, request_token=token))
    done = partial(_report_read, client, token)
    if command.size > LARGEST_MEMORY_READ:
        reason = (
            f"{command.size} octets are too many for one request, at most {LARGEST_MEMORY_READ}"
        )
        done(Outcome(success=False, reason=reason, data=b"", time_ns=time.monotonic_ns()))
        return
    client.parts.device.read_memory(command.address, command.size, done)


def write_memory(client: Client, command: WriteMemory) -> None:
    """Write memory of the device; a completion follows.

    Raises:
        CommandRefused: the address makes no sense for any device, there are no octets, or too many
            transfers wait.
    """
    _check_address(command.address)
    data = decode_base64(command.data)
    if not data:
        raise CommandRefused("data is empty, at least 1 octet is due")
    client.memory_transfers.start()
    token = new_token()
    client.send(WriteMemoryReply(reqid=command.reqid, request_token=token))
    done = partial(_report_write, client, token)
    change = Change("write_memory", f"{command.address:#x}", new=data[:_LONGEST_NOTED].hex())
    client.parts.device.write_memory(command.address, data, client.noted(change, done))


def write_by_data(client: Client, command: WriteSingleWatchableByData) -> None:
    """Write the octets of a variable as they are, and answer when the device has confirmed.

    It keeps its place among the writes of values.

    Raises:
        CommandRefused: the path is unknown, or that of a published value; the octets are none, or
            too many; or too many writes wait.
    """
    entry = client.parts.find_entry(command.server_path)
    source = entry.source
    if isinstance(source, PublishedValue):
        raise CommandRefused(f"{quoted(command.server_path)} is not in memory: it is published")
    data, size = decode_base64(command.data), source.data_type.size
    if not 1 <= len(data) <= size:
        raise CommandRefused(f"data has {len(data)} octets, 1 to {size} are due")
    if client.parts.device.profile is None:
        raise CommandRefused("no device is connected")
    client.writes.start()
    done = partial(_report_write_by_data, client, entry, command.reqid)
    change = Change("write_single_watchable_by_data", entry.path, entry.value, data.hex())
    client.parts.device.write_octets(entry, data.rjust(size, b"\0"), client.noted(change, done))


def user_command(client: Client, command: UserCommand) -> None:
    """Run a command of the application, and answer when the device has.

    Raises:
        CommandRefused: the device is not there or has no such commands, the octets are too many, or
            too many commands wait.
    """
    if not 0 <= command.subfunction <= 0xFF:
        raise CommandRefused(f"subfunction is {command.subfunction}, not within 0 to 255")
    data = decode_base64(command.data)
    profile = client.parts.device.profile
    if profile is None:
        raise CommandRefused("no device is connected")
    if FeatureBits.USER_COMMAND not in profile.features:
        raise CommandRefused("the firmware of the device was built without user commands")
    if len(data) > profile.max_rx_payload:
        raise CommandRefused(
            f"{len(data)} octets are too many, the device takes {profile.max_rx_payload}"
        )
    client.user_commands.start()
    done = partial(_report_user_command, client, command)
    change = Change("user_command", str(command.subfunction), new=data[:_LONGEST_NOTED].hex())
    client.parts.device.user_command(command.subfunction, data, client.noted(change, done))


def decode_base64(text: str) -> bytes:
    """Return the octets of standard base64 with padding.

    Raises:
        CommandRefused: the text is something else.
    """
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError as error:
        raise CommandRefused(f"data is not base64: {error}") from None


def _check_address(address: int) -> None:
    if not 0 <= address <= _LARGEST_ADDRESS:
        raise CommandRefused(f"address {address} is not within 64 bits")


def _report_read(client: Client, token: str, outcome: Outcome) -> None:
    client.memory_transfers.end()
    client.send(
        MemoryReadCompleted(
            request_token=token,
            success=outcome.success,
            data=_base64(outcome.data) if outcome.success else None,
            detail_msg=outcome.reason or None,
            completion_server_time_us=client.parts.clock.to_us(outcome.time_ns),
        )
    )


def _report_write(client: Client, token: str, outcome: Outcome) -> None:
    client.memory_transfers.end()
    client.send(
        MemoryWriteCompleted(
            request_token=token,
            success=outcome.success,
            detail_msg=outcome.reason or None,
            completion_server_time_us=client.parts.clock.to_us(outcome.time_ns),
        )
    )


def _report_write_by_data(
    client: Client, entry: Entry, reqid: int | None, outcome: Outcome
) -> None:
    client.writes.end()
    answer_write(
        client,
        entry,
        WriteSingleByDataReply(reqid=reqid, success=outcome.success, failure_reason=outcome.reason),
    )


def _report_user_command(client: Client, command: UserCommand, outcome: Outcome) -> None:
    client.user_commands.end()
    if not outcome.success:
        client.refuse(outcome.reason, reqid=command.reqid, request_cmd="user_command")
        return
    client.send(
        UserCommandReply(
            reqid=command.reqid, subfunction=command.subfunction, data=_base64(outcome.data)
        )
    )


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
