"""Every message between a client and the server, one struct each.

The JSON object of a message has the fields of its struct, and ``cmd``, the struct's tag. Commands
go from client to server; each is answered by a reply with the same ``reqid``, or by :class:`Error`.
Events go from server to client at any time, with a null ``reqid``.

Source: client API, sections 3 to 7. Fields marked *added* are ours; other clients ignore them.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

# What users write: a string is "true", "false", a number or an expression.
WrittenValue = bool | int | float | str
ReadValue = bool | int | float | None

WatchableKind = Literal["var", "alias", "rpv"]


# --------------------------------------------------------------------- parts of messages


class Enumeration(Struct):
    """Named values of an integer."""

    name: str
    values: dict[str, int]


class BriefWatchable(Struct, omit_defaults=True):
    """A watchable in a list."""

    path: str
    dtype: str
    enum: Enumeration | UnsetType = UNSET


class DetailedWatchable(Struct, omit_defaults=True):
    """A watchable in the answer to a subscription or a query; fields depend on ``type``."""

    path: str
    type: WatchableKind
    id: str
    dtype: str
    enum: Enumeration | UnsetType = UNSET
    rpvid: int | UnsetType = UNSET
    address: int | UnsetType | None = UNSET
    bitoffset: int | UnsetType | None = UNSET
    bitsize: int | UnsetType | None = UNSET
    target: str | UnsetType = UNSET
    target_type: WatchableKind | UnsetType = UNSET
    gain: float | UnsetType | None = UNSET
    bias: float | UnsetType | None = UNSET
    offset: float | UnsetType | None = UNSET  # added: the same as bias, which some clients look for
    min: float | UnsetType | None = UNSET
    max: float | UnsetType | None = UNSET


class WatchableCounts(Struct):
    """How many watchables there are of each kind."""

    var: int = 0
    alias: int = 0
    rpv: int = 0
    var_factory: int = 0


class VariableFactory(Struct, omit_defaults=True):
    """A leaf inside arrays; its elements are addressed with indices."""

    path: str
    dtype: str
    factory_params: dict[str, Any]
    enum: Enumeration | UnsetType = UNSET


class WatchableGroups(Struct):
    """Watchables of a list, by kind."""

    var: list[BriefWatchable]
    alias: list[BriefWatchable]
    rpv: list[BriefWatchable]
    var_factory: list[VariableFactory]


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


class SfdInfo(Struct):
    """A firmware description file; its size in octets is null for a built-in one."""

    firmware_id: str
    filesize: int | None
    metadata: dict[str, Any]


class ListFilter(Struct):
    """Restricts a list: to kinds, and to paths that match any of the glob patterns."""

    type: list[WatchableKind] | str | None = None
    name: list[str] | str | None = None


class WriteItem(Struct):
    """One write of a batch; ``watchable`` is the id that the server gave."""

    batch_index: int
    watchable: str
    value: WrittenValue


class RateChange(Struct):
    """A new update rate, in updates per second; null means as fast as possible."""

    id: str
    rate: float | None


class ValueUpdate(Struct, omit_defaults=True):
    """One value read from the device.

    ``t`` is the server time in microseconds. ``v`` is null when there is no number to show; ``r``
    then tells why: ``nullptr``, ``forbidden``, or ``nan``, ``inf``, ``-inf`` for a float that JSON
    cannot write (added).
    """

    id: str
    t: float
    v: ReadValue
    d: str | UnsetType = UNSET
    r: str | UnsetType = UNSET


# --------------------------------------------------------------------- commands


class Command(Struct, tag_field="cmd", kw_only=True):
    """Base of what clients send."""

    reqid: int | None = None


class Echo(Command, tag="echo"):
    """Ask for the same text back."""

    payload: str


class GetServerStatus(Command, tag="get_server_status"):
    """Ask for :class:`ServerStatus`."""


class GetDeviceInfo(Command, tag="get_device_info"):
    """Ask for the description of the connected device."""


class SetLinkConfig(Command, tag="set_link_config"):
    """Choose the channel to the device."""

    link_type: str
    link_config: dict[str, Any]


class GetWatchableCount(Command, tag="get_watchable_count"):
    """Ask how many watchables there are."""


class GetWatchableList(Command, tag="get_watchable_list"):
    """Ask for watchables; answered in one or more parts."""

    max_per_response: int = 1000
    filter: ListFilter | None = None


class ReadWatchable(Command, tag="read_watchable"):
    """Added: read each path once, now; answered when all were read, without a subscription."""

    watchables: list[str]


class GetWatchableInfo(Command, tag="get_watchable_info"):
    """Ask for the details of watchables by path."""

    watchables: list[str]


class SubscribeWatchable(Command, tag="subscribe_watchable"):
    """Watch by path; ``rate`` in updates per second, null means as fast as possible.

    One path that cannot be watched refuses all, unless ``partial`` (added) is set.
    """

    watchables: list[str]
    rate: float | None = None
    partial: bool = False


class UnsubscribeWatchable(Command, tag="unsubscribe_watchable"):
    """Stop watching by path."""

    watchables: list[str]


class ChangeSubscriptionUpdateRate(Command, tag="change_subscription_update_rate"):
    """Change the rates of running subscriptions."""

    changes: list[RateChange]


class SetThrottling(Command, tag="set_throttling"):
    """Limit the value updates per second sent to this client; null or 0 lifts the limit."""

    update_rate: float | None


class WriteWatchable(Command, tag="write_watchable"):
    """Write a batch; answered at once, then one :class:`WriteCompleted` per item."""

    updates: list[WriteItem]


class WriteSingleWatchable(Command, tag="write_single_watchable"):
    """Write one value by path; answered when the device confirmed or the write failed."""

    server_path: str
    value: WrittenValue


class ReadMemory(Command, tag="read_memory"):
    """Read device memory; answered at once, then :class:`MemoryReadCompleted`."""

    address: int
    size: int


class WriteMemory(Command, tag="write_memory"):
    """Write device memory (base64); answered at once, then :class:`MemoryWriteCompleted`."""

    address: int
    data: str


class UserCommand(Command, tag="user_command"):
    """Run a command of the application (data in base64); answered when the device answered."""

    subfunction: int
    data: str = ""


class GetInstalledSfd(Command, tag="get_installed_sfd"):
    """Ask which firmware descriptions the server has."""


class GetLoadedSfd(Command, tag="get_loaded_sfd"):
    """Ask which firmware description is in use."""


class LoadSfd(Command, tag="load_sfd"):
    """Use this firmware description, whatever the device says about itself."""

    firmware_id: str


class UninstallSfd(Command, tag="uninstall_sfd"):
    """Remove firmware descriptions; all or none."""

    firmware_id_list: list[str]


class DownloadSfd(Command, tag="download_sfd"):
    """Ask for a firmware description file, in chunks of at most ``max_chunk_size`` octets."""

    firmware_id: str
    max_chunk_size: int | None = None


class UploadSfdInit(Command, tag="upload_sfd_init"):
    """Announce a firmware description file of ``total_size`` octets."""

    firmware_id: str
    total_size: int


class FileChunk(Struct):
    """A piece of a file, base64; ``chunk_index`` counts from 0."""

    chunk_index: int
    data: str


class UploadSfdData(Command, tag="upload_sfd_data"):
    """The next piece of an announced file; the last one installs it."""

    token: str
    file_chunk: FileChunk


class GetServerStats(Command, tag="get_server_stats"):
    """Ask for counters of the server."""


AnyCommand = (
    Echo
    | GetServerStatus
    | GetDeviceInfo
    | SetLinkConfig
    | GetWatchableCount
    | GetWatchableList
    | GetWatchableInfo
    | ReadWatchable
    | SubscribeWatchable
    | UnsubscribeWatchable
    | ChangeSubscriptionUpdateRate
    | SetThrottling
    | WriteWatchable
    | WriteSingleWatchable
    | ReadMemory
    | WriteMemory
    | UserCommand
    | GetInstalledSfd
    | GetLoadedSfd
    | LoadSfd
    | UninstallSfd
    | DownloadSfd
    | UploadSfdInit
    | UploadSfdData
    | GetServerStats
)


# --------------------------------------------------------------------- replies and events


class ServerMessage(Struct, tag_field="cmd", kw_only=True):
    """Base of what the server sends; ``reqid`` is null in events."""

    reqid: int | None = None


class Error(ServerMessage, tag="error"):
    """The command named in ``request_cmd`` was refused."""

    request_cmd: str
    msg: str


class Welcome(ServerMessage, tag="welcome"):
    """First message of a connection.

    ``server_time_zero_timestamp`` is the Unix time, in seconds, of zero on the server's clock.
    """

    server_time_zero_timestamp: float
    server: str = ""  # added: name and version of the server
    api_version: str = ""  # added
    features: list[str] = []  # added


class EchoReply(ServerMessage, tag="response_echo"):
    payload: str


class ServerStatus(ServerMessage, tag="inform_server_status"):
    """State of device and link; the reply to GetServerStatus, and an event on every change."""

    device_status: str
    device_session_id: str | None
    loaded_sfd_firmware_id: str | None
    datalogging_status: DataloggingStatus
    device_comm_link: LinkStatus
    sfd_failure_reason: str = ""  # added: why no description is loaded although a device is ready


class DeviceInfoReply(ServerMessage, tag="response_get_device_info"):
    available: bool
    device_info: DeviceDescription | None


class SetLinkConfigReply(ServerMessage, tag="response_set_link_config"):
    pass


class WatchableCountReply(ServerMessage, tag="response_get_watchable_count"):
    qty: WatchableCounts


class WatchableListReply(ServerMessage, tag="response_get_watchable_list"):
    """One part of a list; ``qty`` counts this part, ``done`` marks the last."""

    done: bool
    qty: WatchableCounts
    content: WatchableGroups


class ReadResult(Struct, omit_defaults=True):
    """Added: a value that was read once; as in :class:`ValueUpdate`, ``r`` tells why there is none.

    Besides the reasons there, ``r`` may be a sentence: the device refused, or did not answer.
    """

    t: float
    v: ReadValue
    d: str | UnsetType = UNSET
    r: str | UnsetType = UNSET


class ReadWatchableReply(ServerMessage, tag="response_read_watchable"):
    """Added: what was read, by the path as it was asked for."""

    values: dict[str, ReadResult]


class WatchableInfoReply(ServerMessage, tag="response_get_watchable_info"):
    info: dict[str, DetailedWatchable]


class SubscribeReply(ServerMessage, tag="response_subscribe_watchable"):
    """What is now watched, by the path as it was asked for.

    With ``partial``, ``failed`` (added) tells why the other paths are not.
    """

    subscribed: dict[str, DetailedWatchable]
    failed: dict[str, str] | UnsetType = UNSET


class UnsubscribeReply(ServerMessage, tag="response_unsubscribe_watchable"):
    unsubscribed: list[str]


class ChangeRateReply(ServerMessage, tag="response_change_subscription_update_rate"):
    """Rates in force over all clients, by id; null means unlimited."""

    effective_rates: dict[str, float | None]


class SetThrottlingReply(ServerMessage, tag="response_set_throttling"):
    enabled: bool
    update_rate: float | None


class WriteReply(ServerMessage, tag="response_write_watchable"):
    """The batch is queued; completions carry the token."""

    request_token: str
    count: int


class WriteSingleReply(ServerMessage, tag="response_write_single_watchable"):
    success: bool
    failure_reason: str


class ReadMemoryReply(ServerMessage, tag="response_read_memory"):
    request_token: str


class WriteMemoryReply(ServerMessage, tag="response_write_memory"):
    request_token: str


class UserCommandReply(ServerMessage, tag="response_user_command"):
    """What the application of the device answered (base64)."""

    subfunction: int
    data: str


class InstalledSfdReply(ServerMessage, tag="response_get_installed_sfd"):
    sfd_list: list[SfdInfo]


class LoadedSfdReply(ServerMessage, tag="response_get_loaded_sfd"):
    """The description in use, null if there is none."""

    sfd: SfdInfo | None


class LoadSfdReply(ServerMessage, tag="response_load_sfd"):
    """Added: the description is loaded; a status event came before."""


class UninstallSfdReply(ServerMessage, tag="response_uninstall_sfd"):
    pass


class DownloadSfdReply(ServerMessage, tag="response_download_sfd"):
    """One chunk of the file; it is complete when ``total_size`` octets have come."""

    firmware_id: str
    total_size: int
    file_chunk: FileChunk


class UploadSfdInitReply(ServerMessage, tag="response_upload_sfd_init"):
    """The file may be sent; ``will_overwrite`` if one of this firmware is installed."""

    token: str
    will_overwrite: bool


class UploadSfdDataReply(ServerMessage, tag="response_upload_sfd_data"):
    """``actual_size`` octets have come; ``sfd_info`` when the file is complete and installed."""

    completed: bool
    actual_size: int
    sfd_info: SfdInfo | None


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


class WatchableUpdate(ServerMessage, tag="watchable_update"):
    """Values that were read since the last update; the newest of each watchable."""

    updates: list[ValueUpdate]


class WriteCompleted(ServerMessage, tag="inform_write_completion"):
    """One item of a batch was confirmed by the device, or failed."""

    request_token: str
    batch_index: int
    watchable: str
    success: bool
    failure_reason: str
    completion_server_time_us: float


class MemoryReadCompleted(ServerMessage, tag="inform_memory_read_complete"):
    request_token: str
    success: bool
    data: str | None
    detail_msg: str | None
    completion_server_time_us: float


class MemoryWriteCompleted(ServerMessage, tag="inform_memory_write_complete"):
    request_token: str
    success: bool
    detail_msg: str | None
    completion_server_time_us: float


AnyServerMessage = (
    Error
    | Welcome
    | EchoReply
    | ServerStatus
    | DeviceInfoReply
    | SetLinkConfigReply
    | WatchableCountReply
    | WatchableListReply
    | WatchableInfoReply
    | ReadWatchableReply
    | SubscribeReply
    | UnsubscribeReply
    | ChangeRateReply
    | SetThrottlingReply
    | WriteReply
    | WriteSingleReply
    | ReadMemoryReply
    | WriteMemoryReply
    | UserCommandReply
    | InstalledSfdReply
    | LoadedSfdReply
    | LoadSfdReply
    | UninstallSfdReply
    | DownloadSfdReply
    | UploadSfdInitReply
    | UploadSfdDataReply
    | ServerStatsReply
    | WatchableUpdate
    | WriteCompleted
    | MemoryReadCompleted
    | MemoryWriteCompleted
)


def command_name(message: msgspec.Struct) -> str:
    """Return the ``cmd`` of a message."""
    return str(message.__struct_config__.tag)
