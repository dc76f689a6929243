"""Does with the stock SDK what it is told: a command per line, its result per line, both JSON.

    {"name": "read", "arguments": {"path": "/rpv/x1000"}}  →  {"result": 1500.0}

A command that the server or the device refuses is answered with {"refused": "why"}.

This file is run in the environment of the peer, where `scrutiny` is the peer. Nothing in it goes
beyond what our own SDK offers under the same names, by which it is type-checked.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from typing import Any

from scrutiny import sdk
from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.exceptions import ScrutinySDKException

DEADLINE_S = 15.0
UPDATE_DEADLINE_S = 5.0


def device(client: ScrutinyClient) -> dict[str, Any]:
    """Wait until a device is ready, and tell what it told about itself."""
    client.wait_device_ready(DEADLINE_S)
    info = client.get_device_info()
    assert info is not None
    features = info.supported_features
    recorder = info.datalogging_capabilities
    return {
        "session": client.get_latest_server_status().device_session_id,
        "firmware_id": info.device_id,
        "name": info.display_name,
        "protocol": [info.protocol_major, info.protocol_minor],
        "request_size": info.max_rx_data_size,
        "answer_size": info.max_tx_data_size,
        "bitrate_bps": info.max_bitrate_bps,
        "silence_us": info.rx_timeout_us,
        "heartbeat_s": info.heartbeat_timeout,
        "address_bits": info.address_size_bits,
        "memory_write": features.memory_write,
        "user_command": features.user_command,
        "datalogging": features.datalogging,
        "64bit": features.sixtyfour_bits,
        "forbidden": [[region.start, region.size] for region in info.forbidden_memory_regions],
        "readonly": [[region.start, region.size] for region in info.readonly_memory_regions],
        "loops": []
        if recorder is None
        else [
            [rate.identifier, rate.name, getattr(rate, "frequency", None)]
            for rate in recorder.sampling_rates
        ],
    }


def types(client: ScrutinyClient) -> dict[str, str]:
    """Return all published values with their types."""
    download = client.download_watchable_list([sdk.WatchableType.RuntimePublishedValue])
    download.wait_for_completion(UPDATE_DEADLINE_S)
    return {path: value.datatype.name for path, value in download.get().rpv.items()}


def read(client: ScrutinyClient, path: str) -> Any:
    """Return a value that was read from the device after this call began."""
    handle = client.watch(path)
    handle.wait_update(UPDATE_DEADLINE_S)
    value = handle.value
    handle.unwatch()
    return value


def read_many(client: ScrutinyClient, paths: list[str]) -> list[Any]:
    """Return values that are watched at the same time."""
    handles = [client.watch(path) for path in paths]
    client.wait_new_value_for_all(UPDATE_DEADLINE_S)
    values = [handle.value for handle in handles]
    for handle in handles:
        handle.unwatch()
    return values


def write(client: ScrutinyClient, path: str, value: Any) -> None:
    """Write a value; it is not watched any more afterwards."""
    handle = client.watch(path)
    try:
        handle.value = value
    finally:
        handle.unwatch()


def user_command(client: ScrutinyClient, subfunction: int, data: str) -> str:
    """Run a user command, its octets in hexadecimal."""
    return client.user_command(subfunction, bytes.fromhex(data)).data.hex()


def read_memory(client: ScrutinyClient, address: int, size: int) -> str:
    """Return raw memory in hexadecimal."""
    return client.read_memory(address, size, UPDATE_DEADLINE_S).hex()


def write_memory(client: ScrutinyClient, address: int, data: str) -> None:
    """Write raw memory, in hexadecimal."""
    client.write_memory(address, bytes.fromhex(data), UPDATE_DEADLINE_S)


def record(client: ScrutinyClient, loop_id: int, paths: list[str]) -> dict[str, list[float]]:
    """Record values in a loop of the device, at once; return them and the times."""
    untyped: Any = client
    datalogging: Any = importlib.import_module("scrutiny.sdk.datalogging")
    config = datalogging.DataloggingConfig(sampling_rate=loop_id, name="interop")
    config.configure_trigger(datalogging.TriggerCondition.AlwaysTrue)
    config.configure_xaxis(datalogging.XAxisType.MeasuredTime)
    axis = config.add_axis("values")
    for path in paths:
        config.add_signal(path, axis, path)
    acquisition = untyped.start_datalog(config).wait_and_fetch(DEADLINE_S)
    columns = {signal.series.name: signal.series.get_data() for signal in acquisition.get_data()}
    return {"time": acquisition.xdata.get_data(), **columns}


def relink(client: ScrutinyClient) -> None:
    """Let the server close its link, and open it again; returns before the device is back."""
    link = client.get_latest_server_status().device_link
    assert link.config is not None
    client.configure_device_link(sdk.DeviceLinkType.NONE, sdk.NoneLinkConfig())
    gone = sdk.DeviceCommState.Disconnected
    while client.get_latest_server_status().device_comm_state is not gone:
        client.wait_server_status_update(UPDATE_DEADLINE_S)
    client.configure_device_link(link.type, link.config)


def wait_device_gone(client: ScrutinyClient, session: str) -> None:
    """Wait until the device of a session is gone."""
    while client.get_latest_server_status().device_session_id == session:
        client.wait_server_status_update(UPDATE_DEADLINE_S)


def wait_described(client: ScrutinyClient, firmware_id: str) -> None:
    """Wait until the description of a firmware is loaded."""
    while client.get_latest_server_status().sfd_firmware_id != firmware_id:
        client.wait_server_status_update(UPDATE_DEADLINE_S)


COMMANDS: dict[str, Callable[..., Any]] = {
    command.__name__: command
    for command in (
        device,
        types,
        read,
        read_many,
        write,
        user_command,
        read_memory,
        write_memory,
        record,
        relink,
        wait_device_gone,
        wait_described,
    )
}


def main() -> None:
    with ScrutinyClient().connect("127.0.0.1", int(sys.argv[1])) as client:
        for line in sys.stdin:
            command = json.loads(line)
            try:
                answer = {"result": COMMANDS[command["name"]](client, **command["arguments"])}
            except ScrutinySDKException as error:
                answer = {"refused": str(error)}
            sys.stdout.write(f"{json.dumps(answer)}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
