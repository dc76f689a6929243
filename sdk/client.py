"""The client of a Scrutiny server, for scripts: every method returns when its work is done."""

from __future__ import annotations

import base64
import json
import logging
import weakref
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, TypeVar

from scrutiny.api.messages import (
    DetailedWatchable,
    DeviceInfoReply,
    Echo,
    EchoReply,
    GetDeviceInfo,
    GetServerStats,
    GetServerStatus,
    GetWatchableCount,
    GetWatchableInfo,
    ServerMessage,
    ServerStatsReply,
    ServerStatus,
    SetLinkConfigReply,
    SetThrottling,
    SetThrottlingReply,
    UserCommand,
    UserCommandReply,
    WatchableCountReply,
    WatchableInfoReply,
    WriteSingleReply,
    WriteSingleWatchable,
)

from . import _from_api, _memory, events, exceptions
from ._arguments import (
    check_int,
    check_octets,
    check_optional_timeout,
    check_path,
    check_rate,
    check_timeout,
    check_written_value,
)
from ._channel import Channel
from ._core import ClientCore
from ._exchanges import Call
from ._traffic import TrafficRates
from ._watch_state import WatchState
from .batch import UNKNOWN_OUTCOME, BatchWriteContext, Writer
from .definitions import (
    BaseLinkConfig,
    DetailedAliasWatchableConfiguration,
    DetailedRPVWatchableConfiguration,
    DetailedVarWatchableConfiguration,
    DetailedWatchableConfiguration,
    DeviceCommState,
    DeviceInfo,
    DeviceLinkType,
    ServerDatastoreContentType,
    ServerInfo,
    ServerState,
    ServerStatistics,
    UserCommandResponse,
    ValueStatus,
    WatchableType,
)
from .watchable_handle import WatchableHandle
from .watchable_list import PartCallback, WatchableListDownloadRequest

__all__ = ["ScrutinyClient", "WatchableListDownloadRequest"]

_Reply = TypeVar("_Reply", bound=ServerMessage)

_LARGEST_ADDRESS = (1 << 64) - 1
_STATUS_TIMEOUT_S = 2.5


class ScrutinyClient:
    """A connection to a Scrutiny server.

    All methods may be called from any thread, but not from the callbacks given here and to
    :meth:`download_watchable_list`: those run in the thread that receives. An exception in a
    callback is logged, and that callback is not called again.

    Args:
        name: For the log.
        rx_message_callbacks: Called as ``callback(client, message)`` with every message of the
            server, as a dictionary, before the client takes it.
        timeout: How long the server may take to answer, in seconds.
        write_timeout: How long a write may take until the device confirmed it, in seconds.
        enabled_events: What :meth:`listen_events` would take.
        event_queue_size: How many unread events are kept; then the oldest is dropped.
    """

    Events = events.Events
    Statistics = TrafficRates
    RxMessageCallback = Callable[["ScrutinyClient", dict[str, Any]], None]

    def __init__(
        self,
        name: str | None = None,
        rx_message_callbacks: list[RxMessageCallback] | None = None,
        timeout: float = 4.0,
        write_timeout: float = 5.0,
        enabled_events: int = events.Events.LISTEN_NONE,
        event_queue_size: int = 100,
    ) -> None:
        self._name = name or ""
        self._logger = logging.getLogger(f"{__name__}[{name}]" if name else __name__)
        core = ClientCore(
            check_int("event_queue_size", event_queue_size, 1),
            check_int("enabled_events", enabled_events, 0),
        )
        self._core = core
        self._channel = Channel(core, check_timeout(timeout))
        self._writer = Writer(self._channel, check_timeout(write_timeout, "write_timeout"))
        self._handles: dict[str, tuple[WatchState, WatchableHandle]] = {}  # by path
        self._rx_message_callbacks = list(rx_message_callbacks or ())
        if self._rx_message_callbacks:
            this = weakref.ref(self)  # the reader thread must not keep the client alive

            def on_raw_message(data: bytes) -> None:
                if (client := this()) is not None:
                    client._show_message(data)

            self._channel.on_raw_message = on_raw_message

    # ----------------------------------------------------------------- connection

    @property
    def logger(self) -> logging.Logger:
        """Where this client logs."""
        return self._logger

    @property
    def name(self) -> str:
        """Name given to the constructor, or an empty string."""
        return self._name

    @property
    def server_state(self) -> ServerState:
        """State of the connection to the server."""
        return self._core.state

    @property
    def hostname(self) -> str | None:
        """Host of the server, None when disconnected."""
        address = self._channel.address
        return None if address is None else address[0]

    @property
    def port(self) -> int | None:
        """Port of the server, None when disconnected."""
        address = self._channel.address
        return None if address is None else address[1]

    def connect(self, hostname: str, port: int, wait_status: bool = True) -> ScrutinyClient:
        """Connect to a server; a connection that exists is ended first.

        Args:
            hostname: Name, IPv4 or IPv6 address.
            port: 8765 unless the server was told otherwise.
            wait_status: Return only when the server's status is known.

        Returns:
            This client, for ``with client.connect(...):``, which disconnects at the end.

        Raises:
            ConnectionError: there is no server, or it cannot be reached.
            TimeoutException: something answers, but not as expected, or not in time.
            ValueError: the host is empty, or the port is out of range.
        """
        if not isinstance(hostname, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"hostname is a str, not {hostname!r}")
        if not hostname:
            raise ValueError("hostname is empty; give a name or an address, as localhost")
        check_int("port", port, 1, 0xFFFF)
        channel = self._channel
        channel.forbid_reader_thread()
        with channel.changing_connection():
            self.disconnect()
            channel.open(hostname, port, channel.timeout_s, wait_status=wait_status)
        return self

    def disconnect(self) -> None:
        """End the connection: handles are dead, pending requests fail. Harmless without one.

        While another thread connects, it waits for the end of that; :meth:`close_socket` does not.
        """
        with self._channel.changing_connection():
            self._channel.close()
            with self._channel.lock:
                self._handles.clear()

    def close_socket(self) -> None:
        """Cut the connection at once, from any thread, even one that :meth:`connect` waits for."""
        self._channel.abort()

    def __enter__(self) -> ScrutinyClient:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Disconnect."""
        self.disconnect()

    def __del__(self) -> None:
        if (channel := getattr(self, "_channel", None)) is not None:
            channel.abort()

    def _show_message(self, data: bytes) -> None:
        """Hand a message to the callbacks, and take out those that fail."""
        try:
            message: dict[str, Any] = json.loads(data)
        except ValueError:  # logged where the client takes it
            return
        for callback in list(self._rx_message_callbacks):
            try:
                callback(self, message)
            except BaseException:  # sys.exit() too: it would end the reader thread, not the program
                self._logger.exception("A message callback failed; it is not called again")
                self._rx_message_callbacks.remove(callback)

    # ----------------------------------------------------------------- status

    def get_latest_server_status(self) -> ServerInfo:
        """Return the newest status that the server sent, without a request.

        Raises:
            ConnectionError: there is no connection.
            InvalidValueError: no status came yet.
        """
        with self._channel.lock:
            status, state, reason = self._core.status, self._core.state, self._core.loss_reason
        if state is not ServerState.Connected:
            raise exceptions.ConnectionError(f"not connected: {reason}")
        if status is None:
            raise exceptions.InvalidValueError("the server has not sent its status yet")
        return status

    def get_server_status(self) -> ServerInfo:
        """Older name of :meth:`get_latest_server_status`."""
        return self.get_latest_server_status()

    def wait_server_status_update(self, timeout: float = _STATUS_TIMEOUT_S) -> None:
        """Wait for a status that arrives after the call.

        The server sends one when something changed; to have one now, use
        :meth:`request_server_status_update`.

        Raises:
            TimeoutException: none came.
            ConnectionError: there is no connection, or it was lost meanwhile.
        """
        limit_s = check_timeout(timeout)
        core = self._core
        count = core.status_count
        if not self._channel.wait_state(lambda: core.status_count != count, limit_s):
            raise exceptions.TimeoutException(
                f"the server sent no status within {limit_s:g} s; it does when something changes"
            )

    def request_server_status_update(
        self, wait: bool = False, timeout: float | None = None
    ) -> ServerInfo | None:
        """Ask the server for its status.

        Args:
            wait: Return it, instead of returning at once.
            timeout: How long to wait, in seconds.
        """
        timeout_s = check_optional_timeout(timeout)
        call = Call(GetServerStatus(), ServerStatus)
        if not wait:
            self._channel.start(call)
            return None
        self._channel.call(call, _STATUS_TIMEOUT_S if timeout_s is None else timeout_s)
        return _from_api.server_info(call.reply)

    def wait_device_ready(self, timeout: float) -> None:
        """Wait until the server talks to a device; returns at once if it does.

        Raises:
            TimeoutException: there is no device.
            ConnectionError: there is no connection, or it was lost meanwhile.
        """
        limit_s = check_timeout(timeout)
        core = self._core

        def is_ready() -> bool:
            state = core.status.device_comm_state if core.status else None
            return state is DeviceCommState.ConnectedReady

        if not self._channel.wait_state(is_ready, limit_s):
            link = core.status.device_link if core.status else None
            reason = link.failure_reason if link else ""
            raise exceptions.TimeoutException(
                f"no device was ready within {limit_s:g} s" + (reason and f": {reason}")
            )

    def wait_process(self, timeout: float | None = None) -> None:
        """Wait until everything that the server sent before this call was taken in."""
        self._call(Call(Echo(payload=""), EchoReply), timeout)

    # ----------------------------------------------------------------- events

    def listen_events(self, enabled_events: int, disabled_events: int = 0) -> None:
        """Choose which later events :meth:`read_event` gives; replaces the previous choice.

        Args:
            enabled_events: Flags of ``ScrutinyClient.Events``, combined with ``|``.
            disabled_events: Flags to leave out of them.

        Raises:
            TypeError: a value is not an int.
            ValueError: a value is negative.
        """
        enabled = check_int("enabled_events", enabled_events, 0)
        disabled = check_int("disabled_events", disabled_events, 0)
        with self._channel.lock:
            self._core.events.listened = enabled & ~disabled

    def read_event(self, timeout: float | None = None) -> events.AnyEvent | None:
        """Take the oldest event, or wait for one.

        Args:
            timeout: In seconds; None waits for ever, also while disconnected.

        Returns:
            The event, None when the time is up.
        """
        return self._channel.next_event(check_optional_timeout(timeout))

    def has_event_pending(self) -> bool:
        """Tell whether :meth:`read_event` would return an event at once."""
        return len(self._core.events) > 0

    def clear_event_queue(self) -> None:
        """Throw away the events that were not read."""
        with self._channel.lock:
            self._core.events.clear()

    @property
    def dropped_event_count(self) -> int:
        """How many events nobody read in time."""
        return self._core.events.dropped_count

    # ----------------------------------------------------------------- watching

    def watch(self, path: str, update_rate: float | None = None) -> WatchableHandle:
        """Watch a variable, alias or published value.

        Args:
            path: Its path; watching it again gives the same handle, at the same rate.
            update_rate: How often the device is read, per second, at least 1; None for as often
                as the link allows.

        Returns:
            A handle whose first value is still to come: see ``WatchableHandle.wait_update``.

        Raises:
            OperationFailure: there is nothing of this path.
            ConnectionError: there is no connection, or it was lost meanwhile.
        """
        wanted, rate = check_path(path), check_rate(update_rate)
        if (handle := self.try_get_existing_watch_handle(wanted)) is not None:
            return handle
        subscription = self._core.subscription(wanted, rate)
        self._channel.call(subscription, self._channel.timeout_s)
        return self._handle_of(subscription.state)

    def unwatch(self, watchable_ref: str | WatchableHandle) -> None:
        """Stop watching.

        Raises:
            NameNotFoundError: this client does not watch it.
        """
        if isinstance(watchable_ref, str):
            handle = self.try_get_existing_watch_handle(watchable_ref)
        elif isinstance(watchable_ref, WatchableHandle):  # pyright: ignore[reportUnnecessaryIsInstance]
            handle = watchable_ref
        else:
            raise TypeError(f"a path or a handle is unwatched, not {watchable_ref!r}")
        if handle is None:
            raise exceptions.NameNotFoundError(f"{watchable_ref} is not watched")
        handle.unwatch()

    def try_get_existing_watch_handle(self, path: str) -> WatchableHandle | None:
        """Return the handle of a path that is watched, without a request."""
        wanted = check_path(path)
        with self._channel.lock:
            state = self._core.watches.find(wanted)
        return None if state is None else self._handle_of(state)

    def try_get_existing_watch_handle_by_server_id(self, server_id: str) -> WatchableHandle | None:
        """Return the handle of a server id that is watched, without a request."""
        with self._channel.lock:
            state = self._core.watches.find_id(server_id)
        return None if state is None else self._handle_of(state)

    def wait_new_value_for_all(self, timeout: float = 5) -> None:
        """Wait until each watched value was updated after this call.

        Raises:
            TimeoutException: some were not.
            InvalidValueError: one of them has no value; at once.
        """
        limit_s = check_timeout(timeout)
        with self._channel.lock:
            waiting = {state: state.valid_count for state in self._core.watches}

        def all_updated() -> bool:
            for state, count in list(waiting.items()):
                status = state.reading.status
                if status not in (ValueStatus.Valid, ValueStatus.NeverSet):
                    raise exceptions.InvalidValueError(f"{state.path} has no value: {status.name}")
                if state.valid_count != count:
                    del waiting[state]
            return not waiting

        if not self._channel.wait_watches(list(waiting), all_updated, limit_s):
            some = ", ".join(state.path for state in list(waiting)[:3])
            raise exceptions.TimeoutException(
                f"{len(waiting)} watched values were not updated within {limit_s:g} s: {some} ..."
            )

    def _handle_of(self, state: WatchState) -> WatchableHandle:
        with self._channel.lock:
            known, handle = self._handles.get(state.path, (None, None))
            if handle is None or known is not state:
                handle = WatchableHandle(self, self._channel, self._writer, state)
                self._handles[state.path] = (state, handle)
            return handle

    # ----------------------------------------------------------------- what there is

    def get_watchable_info(self, paths: Sequence[str]) -> dict[str, DetailedWatchableConfiguration]:
        """Return the definitions of watchables, by the paths as given, without watching them.

        Raises:
            OperationFailure: one of the paths is unknown.
        """
        if isinstance(paths, str):
            raise TypeError("paths is a list; for one path, give a list of one")
        wanted = {path: check_path(path) for path in paths}
        if not wanted:
            return {}
        command = GetWatchableInfo(watchables=list(dict.fromkeys(wanted.values())))
        info = self._call(Call(command, WatchableInfoReply)).info
        return {given: self._definition(info, path) for given, path in wanted.items()}

    def _definition(
        self, info: dict[str, DetailedWatchable], path: str
    ) -> DetailedWatchableConfiguration:
        if path not in info:
            raise exceptions.OperationFailure(f"the server told nothing about {path}")
        try:
            return _from_api.detailed_watchable(info[path])
        except exceptions.BadResponseError as error:
            raise exceptions.OperationFailure(
                f"what the server told is unusable: {error}"
            ) from error

    def get_var_watchable_info(self, path: str) -> DetailedVarWatchableConfiguration:
        """Return the definition of a variable; BadTypeError if it is something else."""
        definition = self.get_watchable_info([path])[path]
        if not isinstance(definition, DetailedVarWatchableConfiguration):
            raise exceptions.BadTypeError(f"{path} is no variable: {definition.watchable_type}")
        return definition

    def get_alias_watchable_info(self, path: str) -> DetailedAliasWatchableConfiguration:
        """Return the definition of an alias; BadTypeError if it is something else."""
        definition = self.get_watchable_info([path])[path]
        if not isinstance(definition, DetailedAliasWatchableConfiguration):
            raise exceptions.BadTypeError(f"{path} is no alias: {definition.watchable_type}")
        return definition

    def get_rpv_watchable_info(self, path: str) -> DetailedRPVWatchableConfiguration:
        """Return the definition of a published value; BadTypeError if it is something else."""
        definition = self.get_watchable_info([path])[path]
        if not isinstance(definition, DetailedRPVWatchableConfiguration):
            raise exceptions.BadTypeError(f"{path} is no RPV: {definition.watchable_type}")
        return definition

    def get_watchable_count(self) -> dict[ServerDatastoreContentType, int]:
        """Return how many watchables the server has, by kind."""
        counts = self._call(Call(GetWatchableCount(), WatchableCountReply)).qty
        return {
            ServerDatastoreContentType.Variable: counts.var,
            ServerDatastoreContentType.Alias: counts.alias,
            ServerDatastoreContentType.RuntimePublishedValue: counts.rpv,
            ServerDatastoreContentType.VariableFactory: counts.var_factory,
        }

    def download_watchable_list(
        self,
        types: Sequence[WatchableType] | None = None,
        max_per_response: int = 500,
        name_patterns: Sequence[str] = (),
        partial_reception_callback: PartCallback | None = None,
    ) -> WatchableListDownloadRequest:
        """Start to download the list of what can be watched; returns at once.

        Args:
            types: Restricts it to these kinds.
            max_per_response: How many watchables a part has at most.
            name_patterns: Restricts it to paths that match one of these globs.
            partial_reception_callback: Called as ``callback(part, last)`` with each part, in the
                thread that receives, instead of collecting them.

        Returns:
            The request: ``wait_for_completion()``, then ``get()``.
        """
        check_int("max_per_response", max_per_response, 1)
        kinds = None if types is None else [WatchableType(kind) for kind in types]
        if isinstance(name_patterns, str) or not all(isinstance(p, str) for p in name_patterns):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"name_patterns is a list of str, not {name_patterns!r}")
        request = WatchableListDownloadRequest(self._channel, partial_reception_callback)
        request.start(kinds, max_per_response, list(name_patterns))
        return request

    # ----------------------------------------------------------------- writing

    def batch_write(self, timeout: float | None = None) -> BatchWriteContext:
        """Collect the writes that this thread makes in a ``with`` block, and send them together.

        The end of the block returns when the device confirmed them all. An exception inside the
        block discards them. They are carried out in order, not atomically; what the device refuses
        does not stop the others.

        Args:
            timeout: For all of them, from the end of the block; None for the client's
                ``write_timeout``.

        Raises:
            OperationFailure: at the end, the first failure; at the start, another batch is open.
            RequestTimeout: at the end, some are not confirmed; their outcome is unknown.
        """
        timeout_s = check_optional_timeout(timeout)
        return BatchWriteContext(
            self._writer, self._writer.timeout_s if timeout_s is None else timeout_s
        )

    def write_watchable(self, server_path: str, value: int | float | bool | str) -> None:
        """Write by path, without watching; returns when the device confirmed. Not part of batches.

        Raises:
            OperationFailure: the server or the device refused.
            RequestTimeout: no confirmation came; whether the device took it is unknown.
        """
        path = check_path(server_path)
        command = WriteSingleWatchable(server_path=path, value=check_written_value(value))
        call = Call(command, WriteSingleReply)
        self._channel.call(call, self._writer.timeout_s, unknown=UNKNOWN_OUTCOME)
        if not call.reply.success:
            reason = call.reply.failure_reason or "the server gave no reason"
            raise exceptions.OperationFailure(f"{path} was not written: {reason}")

    # ----------------------------------------------------------------- device

    def read_memory(self, address: int, size: int, timeout: float | None = None) -> bytes:
        """Read raw memory of the device, of any size.

        Args:
            address: 0 or more.
            size: In octets, 1 or more.
            timeout: In seconds, for all of it; None for the client's timeout, for each 16 KiB.

        Raises:
            OperationFailure: the server or the device refused.
            RequestTimeout: the data did not come in time.
        """
        check_int("size", size, 1)
        check_int("address", address, 0, _LARGEST_ADDRESS - size + 1)
        return _memory.read_memory(self._channel, address, size, check_optional_timeout(timeout))

    def write_memory(
        self,
        address: int,
        data: bytes | bytearray | memoryview,
        timeout: float | None = None,
    ) -> None:
        """Write raw memory of the device; more than 16 KiB goes in pieces, in order.

        Args:
            address: 0 or more.
            data: One octet or more.
            timeout: In seconds, for all of it; None for the client's timeout, for each 16 KiB.

        Raises:
            OperationFailure: the server or the device refused; a part may have been written.
            RequestTimeout: no confirmation came; whether the device took it is unknown.
        """
        octets = check_octets("data", data)
        check_int("size of data", len(octets), 1)
        check_int("address", address, 0, _LARGEST_ADDRESS - len(octets) + 1)
        _memory.write_memory(self._channel, address, octets, check_optional_timeout(timeout))

    def user_command(
        self, subfunction: int, data: bytes | bytearray | memoryview = b""
    ) -> UserCommandResponse:
        """Run a command that the application of the device defines.

        Args:
            subfunction: 0 to 255.
            data: For the application.

        Raises:
            OperationFailure: the device has no user commands, or refused this one.
            RequestTimeout: no answer; whether the device ran it is unknown.
        """
        number = check_int("subfunction", subfunction, 0, 0xFF)
        octets = base64.b64encode(check_octets("data", data)).decode()
        call = Call(UserCommand(subfunction=number, data=octets), UserCommandReply)
        unknown = "the device may or may not have run the command"
        self._channel.call(call, self._channel.timeout_s, unknown=unknown)
        answer = _memory.decode_octets(call.reply.data, "user_command")
        return UserCommandResponse(call.reply.subfunction, answer)

    def get_device_info(self) -> DeviceInfo | None:
        """Return what the connected device told about itself, None without a device."""
        reply = self._call(Call(GetDeviceInfo(), DeviceInfoReply))
        if not reply.available or reply.device_info is None:
            return None
        return _from_api.device_info(reply.device_info)

    def configure_device_link(self, link_type: DeviceLinkType, link_config: BaseLinkConfig) -> None:
        """Choose how the server reaches the device, for all clients.

        Returns when the server accepted; then :meth:`wait_device_ready` waits for the device at
        the end of the new link.

        Args:
            link_type: Kind of link.
            link_config: Parameters of the class of that kind; ``NoneLinkConfig()`` for none.

        Raises:
            TypeError: the parameters are of another kind of link.
            OperationFailure: the server refused.
        """
        if not isinstance(link_type, DeviceLinkType):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"link_type is a DeviceLinkType, not {link_type!r}")
        command = _from_api.link_message(link_type, link_config)
        self._call(Call(command, SetLinkConfigReply))
        # The status at hand tells about the link before; this answer is newer for certain.
        self._call(Call(GetServerStatus(), ServerStatus))

    # ----------------------------------------------------------------- server

    def set_server_throttling(self, max_update_rate: float) -> None:
        """Limit how many value updates per second the server sends to this client; 0 lifts it."""
        rate = check_timeout(max_update_rate, "max_update_rate")
        limit = rate if 0 < rate < float("inf") else None
        self._call(Call(SetThrottling(update_rate=limit), SetThrottlingReply))

    def get_server_stats(self, timeout: float | None = None) -> ServerStatistics:
        """Return the counters of the server."""
        reply = self._call(Call(GetServerStats(), ServerStatsReply), timeout)
        return _from_api.server_statistics(reply)

    def get_local_stats(self) -> TrafficRates:
        """Return how much this client sends and receives per second, lately."""
        return self._channel.traffic_rates()

    def reset_local_stats(self) -> None:
        """Let the next :meth:`get_local_stats` tell about the time from now on."""
        self._channel.reset_traffic()

    def _call(self, call: Call[_Reply], timeout: float | None = None) -> _Reply:
        timeout_s = check_optional_timeout(timeout)
        self._channel.call(call, self._channel.timeout_s if timeout_s is None else timeout_s)
        return call.reply
