"""Commands about server, device and link."""

from __future__ import annotations

import time

from scrutiny.api.messages import (
    DataloggingCapabilities,
    DataloggingStatus,
    DemoMode,
    DemoModeReply,
    DeviceDescription,
    DeviceInfoReply,
    GetDeviceInfo,
    GetServerStats,
    GetServerStatus,
    LinkStatus,
    MemoryRegion,
    SamplingRate,
    ServerStatsReply,
    ServerStatus,
    SetLinkConfig,
    SetLinkConfigReply,
    SupportedFeatures,
)
from scrutiny.core.firmware_id import firmware_id_text
from scrutiny.firmware_link.codes import FeatureBits, LoopType
from scrutiny.firmware_link.messages import DatalogSetup, LoopDefinition
from scrutiny.firmware_link.profile import DeviceProfile
from scrutiny.firmware_link.profile import MemoryRegion as ProfileRegion

from ..datalogging.logger_status import LoggerStatus
from ..demo import DEMO_LINK
from ..device_status import DeviceStatus
from .client import Client
from .errors import CommandRefused
from .links import link_settings_from_api, link_to_api


def server_status(
    status: DeviceStatus, logger: LoggerStatus, reqid: int | None = None
) -> ServerStatus:
    """Compose what clients are told about device, link and datalogger."""
    link_type, link_config = link_to_api(status.link)
    return ServerStatus(
        reqid=reqid,
        device_status=status.state.value,
        device_session_id=status.session_id,
        loaded_sfd_firmware_id=status.loaded_firmware_id,
        datalogging_status=DataloggingStatus(logger.state.value, logger.completion),
        device_comm_link=LinkStatus(
            link_type=link_type,
            link_operational=status.link_operational,
            demo_mode=status.link == DEMO_LINK,
            link_config=link_config,
            failure_reason=status.failure_reason,
        ),
        sfd_failure_reason=status.description_failure,
    )


def get_server_status(client: Client, command: GetServerStatus) -> None:
    """Tell the state of device, link and datalogger."""
    parts = client.parts
    client.send(server_status(parts.device.status, parts.recordings.status, command.reqid))


def get_device_info(client: Client, command: GetDeviceInfo) -> None:
    """Describe the connected device."""
    device = client.parts.device
    profile, session_id = device.profile, device.status.session_id
    info = None
    if profile is not None and session_id is not None:
        info = device_description(profile, session_id)
    client.send(DeviceInfoReply(reqid=command.reqid, available=info is not None, device_info=info))


def device_description(profile: DeviceProfile, session_id: str) -> DeviceDescription:
    """Compose what clients are told about a device."""
    return DeviceDescription(
        session_id=session_id,
        device_id=firmware_id_text(profile.firmware_id),
        display_name=profile.display_name,
        max_tx_data_size=profile.max_tx_payload,
        max_rx_data_size=profile.max_rx_payload,
        max_bitrate_bps=profile.max_bitrate_bps or None,
        rx_timeout_us=profile.rx_timeout_us,
        heartbeat_timeout_us=profile.heartbeat_timeout_us,
        address_size_bits=8 * profile.address_size,
        protocol_major=profile.protocol[0],
        protocol_minor=profile.protocol[1],
        char_bit=profile.char_bit,
        supported_feature_map=SupportedFeatures(
            memory_write=FeatureBits.MEMORY_WRITE in profile.features,
            datalogging=FeatureBits.DATALOGGING in profile.features,
            user_command=FeatureBits.USER_COMMAND in profile.features,
            sixtyfour_bits=FeatureBits.SUPPORT_64BITS in profile.features,
        ),
        forbidden_memory_regions=[_region(region) for region in profile.forbidden_regions],
        readonly_memory_regions=[_region(region) for region in profile.readonly_regions],
        datalogging_capabilities=_datalogging(profile, profile.datalog_setup),
    )


def _region(region: ProfileRegion) -> MemoryRegion:
    return MemoryRegion(region.start, region.end, region.end - region.start + 1)


def _datalogging(
    profile: DeviceProfile, setup: DatalogSetup | None
) -> DataloggingCapabilities | None:
    if setup is None or FeatureBits.DATALOGGING not in profile.features:
        return None
    return DataloggingCapabilities(
        encoding=setup.encoding.name.lower(),
        buffer_size=setup.buffer_size * profile.char_bit // 8,
        max_nb_signal=setup.max_signal_count,
        sampling_rates=[
            _sampling_rate(loop) for loop in profile.loops if loop.supports_datalogging
        ],
    )


def _sampling_rate(loop: LoopDefinition) -> SamplingRate:
    return SamplingRate(
        identifier=loop.loop_id,
        name=loop.name,
        type="fixed_freq" if loop.type is LoopType.FIXED_FREQUENCY else "variable_freq",
        frequency=1e7 / loop.period_100ns if loop.period_100ns else None,
    )


def set_link_config(client: Client, command: SetLinkConfig) -> None:
    """Use another link from now on; it is checked here, and opened later.

    Raises:
        CommandRefused: there is no such link.
    """
    try:
        settings = link_settings_from_api(command.link_type, command.link_config)
    except ValueError as error:
        raise CommandRefused(str(error)) from None
    client.parts.device.configure_link(settings)
    client.send(SetLinkConfigReply(reqid=command.reqid))


def set_demo_mode(client: Client, command: DemoMode) -> None:
    """Use the emulated device, a new one each time, or the link that was used before it.

    Raises:
        CommandRefused: too many commands wait.
    """
    demo = client.parts.demo

    async def answer() -> None:
        if command.enable:
            await demo.enable()
        else:
            demo.disable()
        client.send(DemoModeReply(reqid=command.reqid, enabled=demo.is_on))

    client.parts.background.start_in_order(client, command, answer, client.description_commands)


def get_server_stats(client: Client, command: GetServerStats) -> None:
    """Tell the counters of the server."""
    parts = client.parts
    clients, device = parts.metrics.clients, parts.device.statistics
    rates = parts.metrics.rates(device, time.monotonic())
    client.send(
        ServerStatsReply(
            reqid=command.reqid,
            uptime=parts.clock.uptime_s(),
            invalid_request_count=clients.invalid_requests,
            unexpected_error_count=clients.unexpected_errors,
            client_count=len(parts.clients),
            to_all_clients_datarate_byte_per_sec=rates.octets_to_clients,
            from_any_client_datarate_byte_per_sec=rates.octets_from_clients,
            msg_received=clients.messages_received,
            msg_sent=clients.messages_sent,
            device_session_count=device.session_count,
            to_device_datarate_byte_per_sec=rates.octets_to_device,
            from_device_datarate_byte_per_sec=rates.octets_from_device,
            device_request_per_sec=rates.requests_to_device,
            device_retry_count=device.retries,
            device_failed_request_count=device.failed_requests,
            value_replaced_count=clients.values_replaced,
        )
    )
