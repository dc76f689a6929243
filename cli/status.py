"""``scrutiny status``: what the server knows of itself, its link and its device."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any, NamedTuple

from scrutiny.sdk import (
    CANLinkConfig,
    DeviceCommState,
    DeviceInfo,
    DeviceLinkInfo,
    DeviceLinkType,
    ServerDatastoreContentType,
    ServerInfo,
    ServerStatistics,
    SFDInfo,
)
from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.exceptions import TimeoutException
from scrutiny.sdk.link_configs import SupportedLinkConfig

from .output import one_line, show
from .quantities import in_seconds, with_unit
from .server_connection import connected_client
from .verb_arguments import add_log_options, client_parser, parse

_DESCRIPTION = """\
Show the server, its link, the device, the description of its firmware, the
datalogger, and how much goes back and forth. No device is no failure."""
_EXAMPLES = """\
scrutiny status
scrutiny status --json | jq -r .device.display_name"""
_CONNECTING_LIMIT_S = 0.5  # a device that is just being asked is worth so long a wait


class Overview(NamedTuple):
    """All that the server tells."""

    address: str
    server: ServerInfo
    statistics: ServerStatistics
    device: DeviceInfo | None
    description: SFDInfo | None
    counts: Mapping[ServerDatastoreContentType, int]


def main(argv: Sequence[str]) -> int:
    """Ask, and show; 0 when the server has answered.

    Raises:
        ScrutinyError: it has not.
    """
    parser = client_parser("status", _DESCRIPTION, examples=_EXAMPLES)
    parser.add_argument("--json", action="store_true", help="all of it, as one object")
    add_log_options(parser)
    arguments = parse(parser, argv)
    with connected_client("status", arguments) as client:
        overview = _ask(client, f"{arguments.host}:{arguments.port}")
    if arguments.json:
        show(json.dumps(_content(overview), default=_json, allow_nan=False))
        return 0
    for name, text in _lines(overview):
        show(f"{name:12} {one_line(text)}")
    return 0


def _ask(client: ScrutinyClient, address: str) -> Overview:
    if client.get_latest_server_status().device_comm_state is DeviceCommState.Connecting:
        with contextlib.suppress(TimeoutException):
            client.wait_device_ready(_CONNECTING_LIMIT_S)
    statistics = client.get_server_stats()
    return Overview(
        address,
        client.get_latest_server_status(),
        statistics,
        client.get_device_info(),
        client.get_loaded_sfd(),
        client.get_watchable_count(),
    )


# --------------------------------------------------------------------- for people


def _lines(overview: Overview) -> Iterator[tuple[str, str]]:
    statistics, status = overview.statistics, overview.server
    clients = _counted(statistics.client_count, "client")
    yield "Server", f"{overview.address}, up {in_seconds(statistics.uptime)}, {clients}"
    yield "Link", _link(status.device_link)
    yield "Device", _device(overview)
    yield "Description", _description(overview)
    yield "Datalogger", _datalogger(overview)
    yield "Requests", _requests(statistics)
    yield "Traffic", _traffic(statistics)


def _link(link: DeviceLinkInfo) -> str:
    if link.type is DeviceLinkType.NONE:
        return "none; start the server with --link"
    if link.demo_mode:
        return "a device that the server emulates"
    texts = [] if link.config is None else list(_settings(link.config))
    state = "open" if link.operational else f"closed: {link.failure_reason or 'being opened'}"
    return ", ".join([link.type.name.lower(), *texts, state])


def _settings(config: SupportedLinkConfig) -> Iterator[str]:
    """Yield what is set, by name; what is left as it is, is not worth a word."""
    if isinstance(config, CANLinkConfig):
        yield from _can_settings(config)
        return
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if value and value != field.default:
            yield f"{field.name} {value.value if isinstance(value, Enum) else value}"


def _can_settings(config: CANLinkConfig) -> Iterator[str]:
    yield config.interface.name
    for name, value in dataclasses.asdict(config.interface_config).items():
        yield f"{name} {value}"
    yield f"txid {config.txid:#x}"
    yield f"rxid {config.rxid:#x}"
    for name in ("extended_id", "fd", "bitrate_switch"):
        if getattr(config, name):
            yield name


def _device(overview: Overview) -> str:
    device, link = overview.device, overview.server.device_link
    if device is None:
        if link.type is DeviceLinkType.NONE:
            return "none"
        reason = f": {link.failure_reason}" if link.failure_reason else ""
        return f"none{reason}; to find out more: scrutiny doctor"
    protocol = f"{device.protocol_major}.{device.protocol_minor}"
    return (
        f"{device.display_name}, firmware {device.device_id}, protocol {protocol}, "
        f"session {device.session_id}"
    )


def _description(overview: Overview) -> str:
    description = overview.description
    if description is None:
        return f"none{_why(overview.server.sfd_failure_reason)}"
    counts, metadata = overview.counts, description.metadata
    name = (
        ""
        if metadata is None
        else " ".join(filter(None, (metadata.project_name, metadata.version)))
    )
    variables = _counted(counts.get(ServerDatastoreContentType.Variable, 0), "variable")
    arrays = _counted(counts.get(ServerDatastoreContentType.VariableFactory, 0), "array")
    aliases = _counted(counts.get(ServerDatastoreContentType.Alias, 0), "alias", "aliases")
    return f"{name or description.firmware_id}: {variables}, {arrays}, {aliases}"


def _datalogger(overview: Overview) -> str:
    device, state = overview.device, overview.server.datalogging
    if device is None or device.datalogging_capabilities is None:
        return "none"
    ratio = "" if state.completion_ratio is None else f" ({state.completion_ratio:.0%})"
    size = device.datalogging_capabilities.buffer_size
    return f"{state.state.name}{ratio}, buffer of {size} octets"


def _requests(statistics: ServerStatistics) -> str:
    return (
        f"{statistics.device_request_per_sec:.0f}/s to the device, "
        f"{statistics.device_retry_count} sent again, "
        f"{statistics.device_failed_request_count} given up"
    )


def _traffic(statistics: ServerStatistics) -> str:
    rates = {
        "to the device": statistics.to_device_datarate_byte_per_sec,
        "from it": statistics.from_device_datarate_byte_per_sec,
        "to all clients": statistics.to_all_clients_datarate_byte_per_sec,
        "from them": statistics.from_any_client_datarate_byte_per_sec,
    }
    return ", ".join(f"{with_unit(round(rate), 'B/s')} {which}" for which, rate in rates.items())


def _why(reason: str) -> str:
    return f": {reason}" if reason else ""


def _counted(count: int, one: str, many: str | None = None) -> str:
    return f"{count} {one if count == 1 else many or f'{one}s'}"


# --------------------------------------------------------------------- for programs


def _content(overview: Overview) -> dict[str, Any]:
    status = dataclasses.asdict(overview.server)
    link = status.pop("device_link")
    return {
        "address": overview.address,
        "link": link,
        "device": overview.device and dataclasses.asdict(overview.device),
        "description": overview.description and dataclasses.asdict(overview.description),
        "watchable_counts": {kind.value: count for kind, count in overview.counts.items()},
        **status,
        "statistics": dataclasses.asdict(overview.statistics),
    }


def _json(value: object) -> object:
    """Return what JSON has for a value of the SDK."""
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{value!r} is nothing for JSON")
