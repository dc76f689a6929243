"""Does with the stock SDK what it is told: a command per line, its result per line, both JSON.

    {"name": "read", "arguments": {"path": "/rpv/x1000"}}  →  {"result": 1500.0}

A command that the server or the device refuses is answered with {"refused": "why"}.

This file is run in the environment of the peer, where `scrutiny` is the peer. Nothing in it goes
beyond what our own SDK offers under the same names, by which it is type-checked.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from scrutiny import sdk
from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.datalogging import (
    DataloggingAcquisition,
    DataloggingConfig,
    DataloggingRequest,
    DataSeries,
    TriggerCondition,
    XAxisType,
)
from scrutiny.sdk.exceptions import InvalidValueError, OperationFailure, ScrutinySDKException
from scrutiny.sdk.listeners.csv_file_listener import CSVFileListener
from scrutiny.sdk.watchable_handle import WatchableHandle

DEADLINE_S = 15.0
UPDATE_DEADLINE_S = 5.0
_LOOK_AGAIN_S = 0.02
RESTING = (sdk.DataloggingState.Standby, sdk.DataloggingState.NA)

requests: dict[str, DataloggingRequest] = {}


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
        if "*" in path:
            # The stock server can follow a pointer only after it has read it.
            _wait_valid(handle)
        handle.value = value
    finally:
        handle.unwatch()


def _wait_valid(handle: WatchableHandle) -> None:
    """Wait until a value came from the device. The stock handle cannot: it raises while invalid."""
    deadline = time.monotonic() + UPDATE_DEADLINE_S
    while time.monotonic() < deadline:
        try:
            _ = handle.value
        except InvalidValueError:
            time.sleep(_LOOK_AGAIN_S)
        else:
            return
    raise TimeoutError(f"{handle.server_path} has no value after {UPDATE_DEADLINE_S:g} s")


def user_command(client: ScrutinyClient, subfunction: int, data: str) -> str:
    """Run a user command, its octets in hexadecimal."""
    return client.user_command(subfunction, bytes.fromhex(data)).data.hex()


def read_memory(client: ScrutinyClient, address: int, size: int) -> str:
    """Return raw memory in hexadecimal."""
    return client.read_memory(address, size, UPDATE_DEADLINE_S).hex()


def write_memory(client: ScrutinyClient, address: int, data: str) -> None:
    """Write raw memory, in hexadecimal."""
    client.write_memory(address, bytes.fromhex(data), UPDATE_DEADLINE_S)


def start(client: ScrutinyClient, name: str, **wish: Any) -> None:
    """Ask for a recording, under a name by which it can be fetched; see `config_of`."""
    requests[name] = client.start_datalog(config_of(name, **wish))


def arm(client: ScrutinyClient, name: str, **wish: Any) -> None:
    """Ask for a recording, and wait until the device waits for the trigger."""
    client.clear_event_queue()
    start(client, name, **wish)
    _wait_for_recorder(client, sdk.DataloggingState.WaitForTrigger)


def fetch(client: ScrutinyClient, name: str) -> dict[str, Any]:
    """Return a recording that was asked for, when it is there."""
    try:
        return content_of(requests.pop(name).wait_and_fetch(DEADLINE_S, DEADLINE_S))
    finally:
        # For some 40 ms the stock server fails every request: it takes its own reset of the
        # datalogger for the end of the next recording.
        while client.get_latest_server_status().datalogging.state not in RESTING:
            client.wait_server_status_update(UPDATE_DEADLINE_S)


def record(client: ScrutinyClient, name: str = "interop", **wish: Any) -> dict[str, Any]:
    """Ask for a recording, and return it."""
    start(client, name, **wish)
    return fetch(client, name)


def record_after_refusal(client: ScrutinyClient, **wish: Any) -> dict[str, Any]:
    """Record as soon as the stock server, which resets something then, lets us."""
    deadline_s = time.monotonic() + DEADLINE_S
    while True:
        try:
            return record(client, **wish)
        except OperationFailure as error:
            if "reset" not in str(error) or time.monotonic() > deadline_s:
                raise


def config_of(
    name: str,
    *,
    paths: list[str],
    loop_id: int = 0,
    decimation: int = 1,
    timeout_s: float = 0.0,
    condition: str = "AlwaysTrue",
    operands: list[float | str] | None = None,
    position: float = 0.5,
    hold_s: float = 0.0,
    x_axis: str = "Indexed",
    x_signal: str | None = None,
) -> DataloggingConfig:
    """Return what records some paths, under which the series are named."""
    config = DataloggingConfig(loop_id, decimation, timeout_s, name)
    axis = config.add_axis("values")
    for path in paths:
        config.add_signal(path, axis, path)
    config.configure_trigger(TriggerCondition[condition], operands, position, hold_s)
    config.configure_xaxis(XAxisType[x_axis], x_signal, x_signal)
    return config


def content_of(acquisition: DataloggingAcquisition) -> dict[str, Any]:
    """Return all that a recording tells."""
    return {
        "reference_id": acquisition.reference_id,
        # The stock server keeps whole seconds; of two in one, ours takes the later a bit later.
        "time": int(acquisition.acq_time.timestamp()),
        "firmware_id": acquisition.firmware_id,
        "firmware_name": acquisition.firmware_name,
        "name": acquisition.name,
        "trigger": acquisition.trigger_index,
        "x": _series(acquisition.xdata),
        "signals": [
            {**_series(entry.series), "axis": entry.axis.name} for entry in acquisition.get_data()
        ],
    }


def _series(series: DataSeries) -> dict[str, Any]:
    logged = series.logged_watchable
    return {
        "name": series.name,
        "path": None if logged is None else logged.path,
        "kind": None if logged is None else logged.type.name,
        "samples": list(series.get_data()),
    }


def states_until(client: ScrutinyClient, state: str) -> list[list[Any]]:
    """Return the states and ratios that the recorder was in, and wait for the last one."""
    return _wait_for_recorder(client, sdk.DataloggingState[state])


def _wait_for_recorder(client: ScrutinyClient, state: sdk.DataloggingState) -> list[list[Any]]:
    seen: list[list[Any]] = []
    while True:
        event = client.read_event(DEADLINE_S)
        assert event is not None, f"the recorder is not in {state.name}, but was in {seen}"
        if isinstance(event, ScrutinyClient.Events.DataloggingStateChanged):
            seen.append([event.details.state.name, event.details.completion_ratio])
            if event.details.state is state:
                return seen


def stored(client: ScrutinyClient, **selection: Any) -> list[list[str]]:
    """Return name and reference of what the server has stored, newest first."""
    listed = client.list_stored_datalogging_acquisitions(**selection)
    return [[entry.name, entry.reference_id] for entry in listed]


def read_stored(client: ScrutinyClient, reference_id: str) -> dict[str, Any]:
    """Return a stored recording."""
    return content_of(client.read_datalogging_acquisition(reference_id))


def rename(client: ScrutinyClient, reference_id: str, name: str) -> None:
    """Give a stored recording another name."""
    client.update_datalogging_acquisition(reference_id, name)


def delete(client: ScrutinyClient, reference_id: str) -> None:
    """Delete a stored recording."""
    client.delete_datalogging_acquisition(reference_id)


def delete_all(client: ScrutinyClient) -> None:
    """Delete all that is stored."""
    client.clear_datalogging_storage()


def relink(client: ScrutinyClient) -> None:
    """Let the server close its link, and open it again; returns before the device is back."""
    link = client.get_latest_server_status().device_link
    assert link.config is not None
    client.configure_device_link(sdk.DeviceLinkType.NONE, sdk.NoneLinkConfig())
    gone = sdk.DeviceCommState.Disconnected
    while client.get_latest_server_status().device_comm_state is not gone:
        client.wait_server_status_update(UPDATE_DEADLINE_S)
    client.configure_device_link(link.type, link.config)


def link_by_rtt(client: ScrutinyClient, target: str, buffer_index: int) -> list[Any]:
    """Choose a link by RTT, and return what is then told about it."""
    interface = sdk.RTTLinkConfig.JLinkInterface.SWD
    config = sdk.RTTLinkConfig(target, interface, buffer_index)
    client.configure_device_link(sdk.DeviceLinkType.RTT, config)
    told = _told_link(client, sdk.DeviceLinkType.RTT)
    assert isinstance(told, sdk.RTTLinkConfig)
    return [told.target_device, told.jlink_interface.to_str(), told.buffer_index]


def link_by_can(client: ScrutinyClient, adapter: str, fields: dict[str, Any]) -> bool:
    """Choose a link by CAN, and return whether the same is then told about it."""
    kind = getattr(sdk.CANLinkConfig, f"{adapter}Config")
    config = sdk.CANLinkConfig(
        interface=sdk.CANLinkConfig.CANInterface[adapter],
        txid=0x1FFF_FFFF,
        rxid=2,
        extended_id=True,
        fd=True,
        bitrate_switch=True,
        interface_config=kind(**fields),
    )
    client.configure_device_link(sdk.DeviceLinkType.CAN, config)
    return _told_link(client, sdk.DeviceLinkType.CAN) == config


def told_link_type(client: ScrutinyClient) -> str:
    """Return the type of the link."""
    return client.get_latest_server_status().device_link.type.name


def _told_link(client: ScrutinyClient, link_type: sdk.DeviceLinkType) -> sdk.BaseLinkConfig | None:
    while (link := client.get_latest_server_status().device_link).type is not link_type:
        client.wait_server_status_update(UPDATE_DEADLINE_S)
    return link.config


def wait_device_gone(client: ScrutinyClient, session: str) -> None:
    """Wait until the device of a session is gone."""
    while client.get_latest_server_status().device_session_id == session:
        client.wait_server_status_update(UPDATE_DEADLINE_S)


def wait_described(client: ScrutinyClient, firmware_id: str) -> None:
    """Wait until the description of a firmware is loaded."""
    while client.get_latest_server_status().sfd_firmware_id != firmware_id:
        client.wait_server_status_update(UPDATE_DEADLINE_S)


def write_batch(client: ScrutinyClient, values: dict[str, Any]) -> list[Any]:
    """Write values in one batch, and return what is then read."""
    handles = [client.watch(path) for path in values]
    client.wait_new_value_for_all(UPDATE_DEADLINE_S)
    with client.batch_write(UPDATE_DEADLINE_S):
        for handle, value in zip(handles, values.values(), strict=True):
            handle.value = value
    client.wait_new_value_for_all(UPDATE_DEADLINE_S)
    written = [handle.value for handle in handles]
    for handle in handles:
        handle.unwatch()
    return written


def counts(client: ScrutinyClient) -> list[int]:
    """Return how many watchables of each kind the server tells, and how many it lists."""
    told = {kind.name: count for kind, count in client.get_watchable_count().items()}
    kinds = (
        sdk.WatchableType.Variable,
        sdk.WatchableType.Alias,
        sdk.WatchableType.RuntimePublishedValue,
    )
    download = client.download_watchable_list(list(kinds))
    download.wait_for_completion(DEADLINE_S)
    listed = download.get()
    return [
        *(told[kind.name] for kind in kinds),
        len(listed.var),
        len(listed.alias),
        len(listed.rpv),
    ]


def upload(client: ScrutinyClient, file: str) -> str:
    """Install a description, and return its firmware id."""
    request = client.init_sfd_upload(file)
    request.start()
    request.wait_for_completion(DEADLINE_S)
    return request.firmware_id


def installed(client: ScrutinyClient) -> list[str]:
    """Return the firmware ids of what is installed."""
    return list(client.get_installed_sfds())


def download(client: ScrutinyClient, firmware_id: str) -> str:
    """Return an installed description, its octets in hexadecimal."""
    request = client.download_sfd(firmware_id)
    request.wait_for_completion(DEADLINE_S)
    return request.get().hex()


def uninstall(client: ScrutinyClient, firmware_id: str) -> None:
    """Uninstall a description."""
    client.uninstall_sfds([firmware_id])


def listen(client: ScrutinyClient) -> None:
    """From now on take events of the device, and forget those before."""
    events = ScrutinyClient.Events
    client.listen_events(events.LISTEN_DEVICE_READY | events.LISTEN_DEVICE_GONE)
    client.clear_event_queue()


def next_event(client: ScrutinyClient) -> list[str]:
    """Return the name of the next event, and the session of the device."""
    event = client.read_event(DEADLINE_S)
    events = ScrutinyClient.Events
    assert isinstance(event, (events.DeviceReadyEvent, events.DeviceGoneEvent))
    return [type(event).__name__, event.session_id]


def log_csv(
    client: ScrutinyClient, folder: str, paths: list[str], update_rate: float, seconds: float
) -> None:
    """Write all updates of some values into a CSV file for a while."""
    handles = [client.watch(path, update_rate) for path in paths]
    client.wait_new_value_for_all(UPDATE_DEADLINE_S)
    listener = CSVFileListener(folder=folder, filename="session")
    client.register_listener(listener)
    listener.subscribe(handles)
    with listener.start():
        time.sleep(seconds)  # the session, not a wait for something
    for handle in handles:
        handle.unwatch()


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
        start,
        arm,
        fetch,
        record,
        record_after_refusal,
        states_until,
        stored,
        read_stored,
        rename,
        delete,
        delete_all,
        relink,
        link_by_rtt,
        link_by_can,
        told_link_type,
        wait_device_gone,
        wait_described,
        write_batch,
        counts,
        upload,
        installed,
        download,
        uninstall,
        listen,
        next_event,
        log_csv,
    )
}


def main() -> None:
    events = ScrutinyClient.Events.LISTEN_DATALOGGING_STATE_CHANGED
    with ScrutinyClient(enabled_events=events).connect("127.0.0.1", int(sys.argv[1])) as client:
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
