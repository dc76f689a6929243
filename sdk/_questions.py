"""What a client asks with one command, and how it tells the answer; no I/O.

Time limits are in seconds, None for that of the client. Arguments are checked before.
"""

from __future__ import annotations

import base64

from scrutiny.api import messages as api

from . import _from_api, exceptions
from ._dialogue import Dialogue, ask
from ._link_messages import link_message
from ._memory import decode_octets
from ._writes import UNKNOWN_OUTCOME
from .definitions import (
    BaseLinkConfig,
    DeviceInfo,
    DeviceLinkType,
    ServerDatastoreContentType,
    ServerInfo,
    ServerStatistics,
    SFDInfo,
    UserCommandResponse,
)

# --------------------------------------------------------------------- server


def status(timeout_s: float | None) -> Dialogue[ServerInfo]:
    """Return the status of the server."""
    reply = yield from ask(api.GetServerStatus(), api.ServerStatus, timeout_s)
    return _from_api.server_info(reply)


def echo(timeout_s: float | None) -> Dialogue[None]:
    """Have the server answer after all that it sent before."""
    yield from ask(api.Echo(payload=""), api.EchoReply, timeout_s)


def throttle(max_update_rate: float) -> Dialogue[None]:
    """Limit the updates per second; 0 or infinity lifts it."""
    limit = max_update_rate if 0 < max_update_rate < float("inf") else None
    yield from ask(api.SetThrottling(update_rate=limit), api.SetThrottlingReply)


def server_stats(timeout_s: float | None) -> Dialogue[ServerStatistics]:
    """Return the counters of the server."""
    reply = yield from ask(api.GetServerStats(), api.ServerStatsReply, timeout_s)
    return _from_api.server_statistics(reply)


def watchable_count() -> Dialogue[dict[ServerDatastoreContentType, int]]:
    """Return how many watchables there are, by kind."""
    reply = yield from ask(api.GetWatchableCount(), api.WatchableCountReply)
    counts = reply.qty
    return {
        ServerDatastoreContentType.Variable: counts.var,
        ServerDatastoreContentType.Alias: counts.alias,
        ServerDatastoreContentType.RuntimePublishedValue: counts.rpv,
        ServerDatastoreContentType.VariableFactory: counts.var_factory,
    }


# --------------------------------------------------------------------- firmware descriptions


def installed_sfds() -> Dialogue[dict[str, SFDInfo]]:
    """Return the descriptions that the server has, by firmware id."""
    reply = yield from ask(api.GetInstalledSfd(), api.InstalledSfdReply)
    return {info.firmware_id: _from_api.sfd_info(info) for info in reply.sfd_list}


def loaded_sfd() -> Dialogue[SFDInfo | None]:
    """Return the description in use."""
    reply = yield from ask(api.GetLoadedSfd(), api.LoadedSfdReply)
    return None if reply.sfd is None else _from_api.sfd_info(reply.sfd)


def load_sfd(firmware_id: str, timeout_s: float | None) -> Dialogue[None]:
    """Let the server use a description."""
    yield from ask(api.LoadSfd(firmware_id=firmware_id), api.LoadSfdReply, timeout_s)


def uninstall_sfds(firmware_ids: list[str]) -> Dialogue[None]:
    """Remove descriptions."""
    yield from ask(api.UninstallSfd(firmware_id_list=firmware_ids), api.UninstallSfdReply)


# --------------------------------------------------------------------- device


def device_info() -> Dialogue[DeviceInfo | None]:
    """Return what the device told about itself."""
    reply = yield from ask(api.GetDeviceInfo(), api.DeviceInfoReply)
    if not reply.available or reply.device_info is None:
        return None
    return _from_api.device_info(reply.device_info)


def configure_link(link_type: DeviceLinkType, link_config: BaseLinkConfig) -> Dialogue[None]:
    """Choose how the server reaches the device."""
    command = link_message(link_type, link_config)
    yield from ask(command, api.SetLinkConfigReply)
    # The status at hand tells about the link before; this answer is newer for certain.
    yield from ask(api.GetServerStatus(), api.ServerStatus)


def demo_mode(*, enable: bool) -> Dialogue[None]:
    """Use the emulated device of the server, or the link before it."""
    reply = yield from ask(api.DemoMode(enable=enable), api.DemoModeReply)
    if reply.enabled != enable:
        raise exceptions.OperationFailure(
            f"the demo mode is {'on' if reply.enabled else 'off'}: another client has changed it"
        )
    # As for a link: the status at hand may tell about the device before.
    yield from ask(api.GetServerStatus(), api.ServerStatus)


def user_command(subfunction: int, data: bytes) -> Dialogue[UserCommandResponse]:
    """Run a command of the application."""
    octets = base64.b64encode(data).decode()
    command = api.UserCommand(subfunction=subfunction, data=octets)
    unknown = "the device may or may not have run the command"
    reply = yield from ask(command, api.UserCommandReply, unknown=unknown)
    answer = decode_octets(reply.data, "user_command")
    return UserCommandResponse(reply.subfunction, answer)


def write_single(path: str, value: api.WrittenValue, timeout_s: float) -> Dialogue[None]:
    """Write by path."""
    command = api.WriteSingleWatchable(server_path=path, value=value)
    reply = yield from ask(command, api.WriteSingleReply, timeout_s, UNKNOWN_OUTCOME)
    if not reply.success:
        reason = reply.failure_reason or "the server gave no reason"
        raise exceptions.OperationFailure(f"{path} was not written: {reason}")


def write_single_memory(path: str, data: bytes, timeout_s: float) -> Dialogue[None]:
    """Write the octets of a variable by path."""
    octets = base64.b64encode(data).decode()
    command = api.WriteSingleWatchableByData(server_path=path, data=octets)
    reply = yield from ask(command, api.WriteSingleByDataReply, timeout_s, UNKNOWN_OUTCOME)
    if not reply.success:
        reason = reply.failure_reason or "the server gave no reason"
        raise exceptions.OperationFailure(f"{path} was not written: {reason}")
