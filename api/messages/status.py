"""Messages about server, link and device. Source: client API, sections 6.2 and 7.1."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from .base import Command, ServerMessage


class DataloggingStatus(Struct):
    """State of the datalogger, and how full the acquisition is (0 to 1, null when unknown)."""

    datalogging_state: str
    completion_ratio: float | None = None


class LinkStatus(Struct):
    """The channel to the device."""

    link_type: str
    link_operational: bool
    demo_mode: bool
    link_config: dict[str, Any]
    failure_reason: str = ""  # added: why the link is not open, or no device answers; else empty


class MemoryRegion(Struct):
    """A range of device memory; ``end`` is its last address."""

    start: int
    end: int
    size: int


class SamplingRate(Struct):
    """A loop of the firmware that can record signals; frequency in Hz, null when variable."""

    identifier: int
    name: str
    type: Literal["fixed_freq", "variable_freq"]
    frequency: float | None


class DataloggingCapabilities(Struct):
    """What the datalogger of the device can do; the buffer size is in octets."""

    encoding: str
    buffer_size: int
    max_nb_signal: int
    sampling_rates: list[SamplingRate]


class SupportedFeatures(Struct, rename={"sixtyfour_bits": "_64bits"}):
    """What the firmware was built with."""

    memory_write: bool
    datalogging: bool
    user_command: bool
    sixtyfour_bits: bool


class DeviceDescription(Struct):
    """A connected device, as it described itself."""

    session_id: str
    device_id: str
    display_name: str
    max_tx_data_size: int
    max_rx_data_size: int
    max_bitrate_bps: int | None
    rx_timeout_us: int
    heartbeat_timeout_us: int
    address_size_bits: int
    protocol_major: int
    protocol_minor: int
    char_bit: int
    supported_feature_map: SupportedFeatures
    forbidden_memory_regions: list[MemoryRegion]
    readonly_memory_regions: list[MemoryRegion]
    datalogging_capabilities: DataloggingCapabilities | None


class GetServerStatus(Command, tag="get_server_status"):
    """Ask for :class:`ServerStatus`."""


class ServerStatus(ServerMessage, tag="inform_server_status"):
    """State of device and link; the reply to GetServerStatus, and an event on every change."""

    device_status: str
    device_session_id: str | None
    loaded_sfd_firmware_id: str | None
    datalogging_status: DataloggingStatus
    device_comm_link: LinkStatus
    sfd_failure_reason: str = ""  # added: why no description is loaded although a device is ready


class GetDeviceInfo(Command, tag="get_device_info"):
    """Ask for the description of the connected device."""


class DeviceInfoReply(ServerMessage, tag="response_get_device_info"):
    available: bool
    device_info: DeviceDescription | None


class SetLinkConfig(Command, tag="set_link_config"):
    """Choose the channel to the device."""

    link_type: str
    link_config: dict[str, Any]


class SetLinkConfigReply(ServerMessage, tag="response_set_link_config"):
    pass


class DemoMode(Command, tag="demo_mode"):
    """Replace the device by one that the server emulates, or go back to the link before."""

    enable: bool


class DemoModeReply(ServerMessage, tag="response_demo_mode"):
    enabled: bool


class GetServerStats(Command, tag="get_server_stats"):
    """Ask for counters of the server."""


class ServerStatsReply(ServerMessage, tag="response_get_server_stats"):
    """Counters since the start; rates are averages over about a second; uptime in seconds."""

    uptime: float
    invalid_request_count: int
    unexpected_error_count: int
    client_count: int
    to_all_clients_datarate_byte_per_sec: float
    from_any_client_datarate_byte_per_sec: float
    msg_received: int
    msg_sent: int
    device_session_count: int
    to_device_datarate_byte_per_sec: float
    from_device_datarate_byte_per_sec: float
    device_request_per_sec: float
    device_retry_count: int = 0  # added: requests that were sent again
    device_failed_request_count: int = 0  # added: requests given up after all retries
    value_replaced_count: int = 0  # added: by newer ones, before a client could be told
