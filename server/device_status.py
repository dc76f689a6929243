"""State of device and link, as clients are told."""

from __future__ import annotations

from enum import Enum

import msgspec

from scrutiny.firmware_link.transports.settings import LinkSettings


class DeviceState(Enum):
    """The value is the word of the client API."""

    UNKNOWN = "unknown"
    DISCONNECTED = "disconnected"
    CONNECTING = "connecting"
    CONNECTED = "connected"  # the handshake is running
    READY = "connected_ready"


class DeviceStatus(msgspec.Struct, frozen=True):
    """One snapshot.

    Attributes:
        state: of the device.
        session_id: 32 hexadecimal digits, new at each connection; None unless READY.
        link: settings of the channel.
        link_operational: the channel is open.
        failure_reason: why there is no link or no device at the moment; empty if there is.
        loaded_firmware_id: of the description in use; None without one.
        description_failure: why there is none although a device is ready; empty if there is.
    """

    state: DeviceState
    session_id: str | None
    link: LinkSettings
    link_operational: bool
    failure_reason: str
    loaded_firmware_id: str | None = None
    description_failure: str = ""
