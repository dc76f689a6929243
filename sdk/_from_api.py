"""Messages of the server as the data classes that users see, and link parameters back.

A server may know more than this SDK: an unknown kind of link or state must not cost the rest of a
message, so it becomes the nearest thing that means "not usable".
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, TypeVar, cast

from msgspec import UNSET, UnsetType

from scrutiny.api import messages as api

from . import exceptions
from ._link_messages import link_from_message
from .definitions import (
    BriefWatchableConfiguration,
    DataloggingCapabilities,
    DataloggingEncoding,
    DataloggingInfo,
    DataloggingState,
    DetailedAliasWatchableConfiguration,
    DetailedRPVWatchableConfiguration,
    DetailedVarWatchableConfiguration,
    DetailedWatchableConfiguration,
    DeviceCommState,
    DeviceInfo,
    DeviceLinkInfo,
    EmbeddedDataType,
    EmbeddedEnum,
    FixedFreqSamplingRate,
    MemoryRegion,
    SamplingRate,
    ServerInfo,
    ServerStatistics,
    SFDGenerationInfo,
    SFDInfo,
    SFDMetadata,
    SupportedFeatureMap,
    VariableFactoryInterface,
    VariableFreqSamplingRate,
    WatchableListContentPart,
    WatchableType,
)

_T = TypeVar("_T")

_DEVICE_STATES = {
    "unknown": DeviceCommState.NA,
    "disconnected": DeviceCommState.Disconnected,
    "connecting": DeviceCommState.Connecting,
    "connected": DeviceCommState.Connecting,  # the handshake is still running
    "connected_ready": DeviceCommState.ConnectedReady,
}
_DATA_TYPES = dict(EmbeddedDataType.__members__)
_DATALOGGING_STATES = {
    "unavailable": DataloggingState.NA,
    "standby": DataloggingState.Standby,
    "waiting_for_trigger": DataloggingState.WaitForTrigger,
    "acquiring": DataloggingState.Acquiring,
    "downloading": DataloggingState.Downloading,
    "data_ready": DataloggingState.DataReady,
    "error": DataloggingState.Error,
}


# --------------------------------------------------------------------- status


def server_info(message: api.ServerStatus) -> ServerInfo:
    """Return the status of the server; a session id counts only while the device is ready."""
    state = _DEVICE_STATES.get(message.device_status, DeviceCommState.NA)
    ready = state is DeviceCommState.ConnectedReady
    datalogging = message.datalogging_status
    return ServerInfo(
        device_comm_state=state,
        device_session_id=message.device_session_id if ready else None,
        datalogging=DataloggingInfo(
            _DATALOGGING_STATES.get(datalogging.datalogging_state, DataloggingState.NA),
            datalogging.completion_ratio,
        ),
        sfd_firmware_id=message.loaded_sfd_firmware_id,
        device_link=_link_info(message.device_comm_link),
        sfd_failure_reason=message.sfd_failure_reason,
    )


def _link_info(link: api.LinkStatus) -> DeviceLinkInfo:
    link_type, config = link_from_message(link.link_type, link.link_config)
    return DeviceLinkInfo(
        link_type, config, link.link_operational, link.demo_mode, link.failure_reason
    )


# --------------------------------------------------------------------- device and server


def device_info(message: api.DeviceDescription) -> DeviceInfo:
    """Return the description of a device."""
    features = message.supported_feature_map
    capabilities = message.datalogging_capabilities
    char_bit: Literal[8, 16] = 16 if message.char_bit == 16 else 8
    return DeviceInfo(
        session_id=message.session_id,
        device_id=message.device_id,
        display_name=message.display_name,
        max_tx_data_size=message.max_tx_data_size,
        max_rx_data_size=message.max_rx_data_size,
        max_bitrate_bps=message.max_bitrate_bps,
        rx_timeout_us=message.rx_timeout_us,
        heartbeat_timeout=message.heartbeat_timeout_us * 1e-6,
        address_size_bits=message.address_size_bits,
        protocol_major=message.protocol_major,
        protocol_minor=message.protocol_minor,
        supported_features=SupportedFeatureMap(
            memory_write=features.memory_write,
            datalogging=features.datalogging,
            user_command=features.user_command,
            sixtyfour_bits=features.sixtyfour_bits,
        ),
        forbidden_memory_regions=_regions(message.forbidden_memory_regions),
        readonly_memory_regions=_regions(message.readonly_memory_regions),
        datalogging_capabilities=None if capabilities is None else _datalogging(capabilities),
        char_bit=char_bit,
    )


def _regions(regions: list[api.MemoryRegion]) -> list[MemoryRegion]:
    return [MemoryRegion(region.start, region.size) for region in regions]


def _datalogging(capabilities: api.DataloggingCapabilities) -> DataloggingCapabilities:
    return DataloggingCapabilities(
        encoding=DataloggingEncoding.RAW,
        buffer_size=capabilities.buffer_size,
        max_nb_signal=capabilities.max_nb_signal,
        sampling_rates=[_sampling_rate(rate) for rate in capabilities.sampling_rates],
    )


def _sampling_rate(rate: api.SamplingRate) -> SamplingRate:
    if rate.frequency is None:
        return VariableFreqSamplingRate(rate.identifier, rate.name)
    return FixedFreqSamplingRate(rate.identifier, rate.name, rate.frequency)


def server_statistics(message: api.ServerStatsReply) -> ServerStatistics:
    """Return the counters of the server."""
    return ServerStatistics(
        uptime=message.uptime,
        invalid_request_count=message.invalid_request_count,
        unexpected_error_count=message.unexpected_error_count,
        client_count=message.client_count,
        to_all_clients_datarate_byte_per_sec=message.to_all_clients_datarate_byte_per_sec,
        from_any_client_datarate_byte_per_sec=message.from_any_client_datarate_byte_per_sec,
        msg_received=message.msg_received,
        msg_sent=message.msg_sent,
        device_session_count=message.device_session_count,
        to_device_datarate_byte_per_sec=message.to_device_datarate_byte_per_sec,
        from_device_datarate_byte_per_sec=message.from_device_datarate_byte_per_sec,
        device_request_per_sec=message.device_request_per_sec,
        device_retry_count=message.device_retry_count,
        device_failed_request_count=message.device_failed_request_count,
        value_replaced_count=message.value_replaced_count,
    )


# --------------------------------------------------------------------- firmware descriptions


def sfd_info(message: api.SfdInfo) -> SFDInfo:
    """Return what the server tells about a description."""
    metadata = sfd_metadata(message.metadata) if message.metadata else None
    return SFDInfo(message.firmware_id, message.filesize, metadata)


def sfd_metadata(fields: dict[str, Any]) -> SFDMetadata:
    """Return what an author says about a firmware; what has a wrong type is left out."""
    generation: object = fields.get("generation_info")
    return SFDMetadata(
        project_name=_text(fields, "project_name"),
        author=_text(fields, "author"),
        version=_text(fields, "version"),
        generation_info=_generation_info(
            cast("dict[str, Any]", generation) if isinstance(generation, dict) else {}
        ),
    )


def _generation_info(fields: dict[str, Any]) -> SFDGenerationInfo:
    return SFDGenerationInfo(
        timestamp=_local_time(fields.get("time")),
        python_version=_text(fields, "python_version"),
        scrutiny_version=_text(fields, "scrutiny_version"),
        system_type=_text(fields, "system_type"),
    )


def _text(fields: dict[str, Any], name: str) -> str | None:
    value = fields.get(name)
    return value if isinstance(value, str) else None


def _local_time(unix_s: object) -> datetime | None:
    if isinstance(unix_s, bool) or not isinstance(unix_s, int):
        return None
    try:
        return datetime.fromtimestamp(unix_s)
    except (OverflowError, OSError, ValueError):  # far beyond what a calendar has
        return None


# --------------------------------------------------------------------- watchables


def detailed_watchable(message: api.DetailedWatchable) -> DetailedWatchableConfiguration:
    """Return the definition of a watchable.

    Raises:
        BadResponseError: a field is missing, or a data type is unknown.
    """
    datatype, enum = _data_type(message.dtype), _enum(message.enum)
    match message.type:
        case "var":
            return DetailedVarWatchableConfiguration(
                watchable_type=WatchableType.Variable,
                datatype=datatype,
                enum=enum,
                server_id=message.id,
                server_path=message.path,
                address=_or_none(message.address),
                bitoffset=_or_none(message.bitoffset),
                bitsize=_or_none(message.bitsize),
            )
        case "alias":
            if message.target is UNSET or message.target_type is UNSET:
                raise exceptions.BadResponseError(f"the alias {message.path} has no target")
            return DetailedAliasWatchableConfiguration(
                watchable_type=WatchableType.Alias,
                datatype=datatype,
                enum=enum,
                server_id=message.id,
                server_path=message.path,
                target=message.target,
                target_type=WatchableType(message.target_type),
                gain=_or_none(message.gain),
                offset=_offset(message),
                min=_or_none(message.min),
                max=_or_none(message.max),
            )
        case "rpv":
            if message.rpvid is UNSET:
                raise exceptions.BadResponseError(f"{message.path} has no number")
            return DetailedRPVWatchableConfiguration(
                watchable_type=WatchableType.RuntimePublishedValue,
                datatype=datatype,
                enum=enum,
                server_id=message.id,
                server_path=message.path,
                rpvid=message.rpvid,
            )


def _offset(alias: api.DetailedWatchable) -> float | None:
    """Return the offset: ``bias`` on the wire, which some servers call ``offset`` as well."""
    return _or_none(alias.offset if isinstance(alias.bias, UnsetType) else alias.bias)


def list_part(message: api.WatchableListReply) -> WatchableListContentPart:
    """Return one part of a list of watchables."""
    groups = message.content
    return WatchableListContentPart(
        var=_briefs(WatchableType.Variable, groups.var),
        alias=_briefs(WatchableType.Alias, groups.alias),
        rpv=_briefs(WatchableType.RuntimePublishedValue, groups.rpv),
        var_factory={factory.path: _factory(factory) for factory in groups.var_factory},
    )


def _briefs(
    kind: WatchableType, items: list[api.BriefWatchable]
) -> dict[str, BriefWatchableConfiguration]:
    return {
        item.path: BriefWatchableConfiguration(kind, _data_type(item.dtype), _enum(item.enum))
        for item in items
    }


def _factory(message: api.VariableFactory) -> VariableFactoryInterface:
    try:
        nodes: dict[str, list[int]] = message.factory_params["array_nodes"]
        dimensions = {path: tuple(int(size) for size in sizes) for path, sizes in nodes.items()}
        if not all(f"{message.path}/".startswith(f"{path}/") for path in dimensions):
            raise ValueError
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise exceptions.BadResponseError(
            f"the array {message.path} has no usable dimensions: {message.factory_params}"
        ) from error
    return VariableFactoryInterface(
        message.path, _data_type(message.dtype), _enum(message.enum), dimensions
    )


def _data_type(name: str) -> EmbeddedDataType:
    try:
        return _DATA_TYPES[name]
    except KeyError:
        raise exceptions.BadResponseError(f"the data type {name!r} is unknown") from None


def _enum(enum: api.Enumeration | UnsetType) -> EmbeddedEnum | None:
    return None if isinstance(enum, UnsetType) else EmbeddedEnum(enum.name, enum.values)


def _or_none(value: _T | UnsetType | None) -> _T | None:
    return None if isinstance(value, UnsetType) else value
