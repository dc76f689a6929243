"""Enumerations and data classes of the SDK.

Times are in seconds, sizes in octets, unless a name says otherwise. The larger families live in
modules of their own and are offered here as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal

from .data_types import (
    AddressSize,
    DataTypeSize,
    DataTypeType,
    EmbeddedDataType,
    Endianness,
    RuntimePublishedValue,
)
from .embedded_enum import EmbeddedEnum
from .link_configs import (
    BaseLinkConfig,
    CANLinkConfig,
    DeviceLinkType,
    NoneLinkConfig,
    RTTLinkConfig,
    SerialLinkConfig,
    SupportedLinkConfig,
    TCPLinkConfig,
    UDPLinkConfig,
)
from .sfd_info import SFDGenerationInfo, SFDInfo, SFDMetadata
from .watchable_configs import (
    BaseDetailedWatchableConfiguration,
    BriefWatchableConfiguration,
    DetailedAliasWatchableConfiguration,
    DetailedRPVWatchableConfiguration,
    DetailedVarWatchableConfiguration,
    DetailedWatchableConfiguration,
    ServerDatastoreContentType,
    VariableFactoryInterface,
    WatchableConfiguration,
    WatchableListContentPart,
    WatchableType,
)

__all__ = [
    "AddressSize",
    "BaseDetailedWatchableConfiguration",
    "BaseLinkConfig",
    "BriefWatchableConfiguration",
    "CANLinkConfig",
    "DataTypeSize",
    "DataTypeType",
    "DataloggerState",
    "DataloggingCapabilities",
    "DataloggingEncoding",
    "DataloggingInfo",
    "DataloggingListChangeType",
    "DataloggingState",
    "DetailedAliasWatchableConfiguration",
    "DetailedRPVWatchableConfiguration",
    "DetailedVarWatchableConfiguration",
    "DetailedWatchableConfiguration",
    "DeviceCommState",
    "DeviceInfo",
    "DeviceLinkInfo",
    "DeviceLinkType",
    "EmbeddedDataType",
    "EmbeddedEnum",
    "Endianness",
    "FixedFreqSamplingRate",
    "MemoryRegion",
    "NoneLinkConfig",
    "RTTLinkConfig",
    "RuntimePublishedValue",
    "SFDGenerationInfo",
    "SFDInfo",
    "SFDMetadata",
    "SamplingRate",
    "SerialLinkConfig",
    "ServerDatastoreContentType",
    "ServerInfo",
    "ServerState",
    "ServerStatistics",
    "SupportedFeatureMap",
    "SupportedLinkConfig",
    "TCPLinkConfig",
    "UDPLinkConfig",
    "UpdateMode",
    "UserCommandResponse",
    "ValueStatus",
    "VariableFactoryInterface",
    "VariableFreqSamplingRate",
    "WatchableConfiguration",
    "WatchableListContentPart",
    "WatchableType",
]


class ServerState(Enum):
    """State of the connection between this client and the server."""

    Disconnected = 0
    Connecting = 1
    Connected = 2
    Error = -1


class DeviceCommState(Enum):
    """State of the communication between the server and the device."""

    NA = 0
    Disconnected = 1
    Connecting = 2
    ConnectedReady = 3


class ValueStatus(Enum):
    """Whether a watched value can be used, and why not."""

    Valid = 1
    NeverSet = 2
    ServerGone = 3
    DeviceGone = 4
    SFDUnloaded = 5
    NotWatched = 6
    NullPtrDereferenced = 7
    ForbiddenRegion = 8
    ServerSetInvalidWithoutReason = 9


class UpdateMode(Enum):
    """Which of the values that the server reads are told to a watch.

    Attributes:
        Newest: all, but while this client is slow only the newest one.
        OnChange: those that differ from the one told last, by more than a dead band.
        EverySample: all, in their order; what there is no room for is counted.
    """

    Newest = "newest"
    OnChange = "on_change"
    EverySample = "every_sample"


class DataloggingState(Enum):
    """What the datalogger of the device does."""

    NA = 0
    Standby = 1
    WaitForTrigger = 2
    Acquiring = 3
    Downloading = 4
    Error = 5
    DataReady = 4  # noqa: PIE796 - the older name of Downloading: the same member


DataloggerState = DataloggingState


class DataloggingEncoding(Enum):
    """How the device stores samples."""

    RAW = 1


class DataloggingListChangeType(Enum):
    """What happened to the acquisitions that the server stores."""

    DELETE = 0
    NEW = 1
    UPDATE = 2
    DELETE_ALL = 3


@dataclass(frozen=True)
class DataloggingInfo:
    """State of the datalogger.

    Attributes:
        completion_ratio: 0 to 1 while acquiring or downloading, otherwise None.
    """

    state: DataloggingState
    completion_ratio: float | None


@dataclass(frozen=True)
class DeviceLinkInfo:
    """The channel between server and device.

    Attributes:
        config: None when the link has no parameters that this SDK knows.
        operational: the channel is open; a device need not answer.
        failure_reason: why the channel is not open, or no device answers; empty if all is well.
    """

    type: DeviceLinkType
    config: SupportedLinkConfig | None
    operational: bool
    demo_mode: bool
    failure_reason: str = ""


@dataclass(frozen=True)
class ServerInfo:
    """State of the server and of all that it talks to.

    Attributes:
        device_session_id: names one communication session with a device, None without one.
        sfd_firmware_id: firmware whose description is loaded, None if there is none.
        sfd_failure_reason: why there is none although a device is ready; else empty.
    """

    device_comm_state: DeviceCommState
    device_session_id: str | None
    datalogging: DataloggingInfo
    sfd_firmware_id: str | None
    device_link: DeviceLinkInfo
    sfd_failure_reason: str = ""


@dataclass(frozen=True)
class SupportedFeatureMap:
    """What the firmware was built with."""

    memory_write: bool
    datalogging: bool
    user_command: bool
    sixtyfour_bits: bool


@dataclass(frozen=True)
class MemoryRegion:
    """A range of device memory; start and size are not negative."""

    start: int
    size: int

    @property
    def end(self) -> int:
        """Last address of the range."""
        return self.start + max(self.size - 1, 0)

    def touches(self, other: MemoryRegion) -> bool:
        """Tell whether the two have an address in common."""
        if self.size <= 0 or other.size <= 0:
            return False
        return self.start <= other.end and other.start <= self.end


@dataclass(frozen=True)
class SamplingRate:
    """A loop of the firmware that can record signals."""

    identifier: int
    name: str


@dataclass(frozen=True)
class FixedFreqSamplingRate(SamplingRate):
    """A loop that runs at a fixed frequency, in Hz."""

    frequency: float


@dataclass(frozen=True)
class VariableFreqSamplingRate(SamplingRate):
    """A loop that runs when it can."""


@dataclass(frozen=True)
class DataloggingCapabilities:
    """What the datalogger of the device can do.

    Attributes:
        max_nb_signal: how many signals; measured time counts as one.
    """

    encoding: DataloggingEncoding
    buffer_size: int
    max_nb_signal: int
    sampling_rates: list[SamplingRate]


@dataclass(frozen=True)
class DeviceInfo:
    """A connected device, as it described itself.

    Attributes:
        max_tx_data_size: what the device can send in one answer.
        max_rx_data_size: what it can receive in one request.
        max_bitrate_bps: None if there is no limit.
        char_bit: bits of its smallest addressable unit.
    """

    session_id: str
    device_id: str
    display_name: str
    max_tx_data_size: int
    max_rx_data_size: int
    max_bitrate_bps: int | None
    rx_timeout_us: int
    heartbeat_timeout: float
    address_size_bits: int
    protocol_major: int
    protocol_minor: int
    supported_features: SupportedFeatureMap
    forbidden_memory_regions: list[MemoryRegion]
    readonly_memory_regions: list[MemoryRegion]
    datalogging_capabilities: DataloggingCapabilities | None
    char_bit: Literal[8, 16]


@dataclass(frozen=True)
class UserCommandResponse:
    """What the application of the device answered."""

    subfunction: int
    data: bytes


@dataclass(frozen=True)
class ServerStatistics:
    """Counters of the server since its start; rates are averages over about a second.

    Attributes:
        device_retry_count: requests to the device that were sent again.
        device_failed_request_count: requests to the device given up after all retries.
        value_replaced_count: values that were replaced by newer ones before a client was told.
    """

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
    device_retry_count: int = 0
    device_failed_request_count: int = 0
    value_replaced_count: int = 0
