"""From a request frame to its typed message: the device's side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from ..codes import Command
from ..errors import UnsupportedRequest
from ..frames import Request
from .base import AddressFormat
from .comm_control import Connect, Disconnect, Discover, GetParams, Heartbeat
from .datalog_control import (
    Arm,
    Configure,
    Disarm,
    GetMetadata,
    GetSetup,
    GetStatus,
    ReadAcquisition,
    Reset,
)
from .get_info import (
    GetLoopCount,
    GetLoopDefinition,
    GetProtocolVersion,
    GetRpvCount,
    GetRpvDefinitions,
    GetSoftwareId,
    GetSpecialRegion,
    GetSpecialRegionCount,
    GetSupportedFeatures,
)
from .memory_control import ReadMemory, ReadRpvs, WriteMemory, WriteMemoryMasked, WriteRpvs
from .user_command import UserCommand

PlainRequest: TypeAlias = (
    Discover
    | Connect
    | Heartbeat
    | GetParams
    | Disconnect
    | GetProtocolVersion
    | GetSoftwareId
    | GetSupportedFeatures
    | GetSpecialRegionCount
    | GetSpecialRegion
    | GetRpvCount
    | GetRpvDefinitions
    | GetLoopCount
    | GetLoopDefinition
    | ReadMemory
    | WriteMemory
    | WriteMemoryMasked
    | GetSetup
    | Configure
    | Arm
    | Disarm
    | GetStatus
    | GetMetadata
    | ReadAcquisition
    | Reset
)
"""Requests that a device reads from the payload alone."""

RpvRequest: TypeAlias = ReadRpvs | WriteRpvs
"""Requests that take the sizes of the published values to read."""

AnyRequest: TypeAlias = PlainRequest | RpvRequest | UserCommand
"""All requests, to match on their type."""

_PLAIN_TYPES: Final[tuple[type[PlainRequest], ...]] = (
    Discover,
    Connect,
    Heartbeat,
    GetParams,
    Disconnect,
    GetProtocolVersion,
    GetSoftwareId,
    GetSupportedFeatures,
    GetSpecialRegionCount,
    GetSpecialRegion,
    GetRpvCount,
    GetRpvDefinitions,
    GetLoopCount,
    GetLoopDefinition,
    ReadMemory,
    WriteMemory,
    WriteMemoryMasked,
    GetSetup,
    Configure,
    Arm,
    Disarm,
    GetStatus,
    GetMetadata,
    ReadAcquisition,
    Reset,
)
_RPV_TYPES: Final[tuple[type[RpvRequest], ...]] = (ReadRpvs, WriteRpvs)

_PLAIN: Final = {(cls.command, cls.subfunction): cls for cls in _PLAIN_TYPES}
_RPV: Final = {(cls.command, cls.subfunction): cls for cls in _RPV_TYPES}


def parse_request(request: Request, fmt: AddressFormat, rpv_sizes: Mapping[int, int]) -> AnyRequest:
    """Read a request as a device does.

    Args:
        request: A frame with a good CRC.
        fmt: How the device writes addresses.
        rpv_sizes: Octets of each published value, by id.

    Raises:
        UnsupportedRequest: no such command or subfunction.
        MessageError: malformed; its ``code`` is the device's answer.
    """
    if request.command == Command.USER_COMMAND:
        return UserCommand.parse(request.payload, fmt, request.subfunction)
    key = (request.command, request.subfunction)
    if (plain := _PLAIN.get(key)) is not None:
        return plain.parse(request.payload, fmt)
    if (rpv := _RPV.get(key)) is not None:
        return rpv.parse(request.payload, fmt, rpv_sizes)
    raise UnsupportedRequest(*key)
