"""The client of a Scrutiny server for asyncio: what takes time is awaited, nothing uses threads.

It has the names of :class:`scrutiny.sdk.client.ScrutinyClient`, which describes them in full.
"""

# The blocking client has these parameters too.
# ruff: noqa: ASYNC109

from __future__ import annotations

import json
import logging
import sys
import weakref
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from scrutiny.api.messages import GetServerStatus, ServerStatus

from . import (
    _datalogging,
    _memory,
    _path_questions,
    _questions,
    _status_waits,
    events,
    exceptions,
)
from ._arguments import (
    check_before,
    check_int,
    check_memory_range,
    check_new_names,
    check_octets,
    check_optional_timeout,
    check_path,
    check_paths,
    check_str,
    check_strings,
    check_timeout,
    check_written_value,
)
from ._async_channel import AsyncChannel
from ._async_handle import AsyncWatchableHandle
from ._async_requests import (
    AsyncDataloggingRequest,
    AsyncSFDDownloadRequest,
    AsyncSFDUploadRequest,
    AsyncWatchableListDownloadRequest,
)
from ._async_watching import AsyncWatching, ValueUpdate
from ._async_writer import AsyncBatchWriteContext, AsyncWriter
from ._core import ClientCore
from ._exchanges import Call
from ._list_transfer import PartCallback
from ._server_address import ServerAddress, server_address
from ._traffic import TrafficRates
from ._watch_options import watch_options
from ._watched_value import ValueSnapshot
from .datalogging_request_info import DataloggingRequestInfo
from .datalogging_storage import DataloggingStorageEntry
from .definitions import (
    BaseLinkConfig,
    DataloggingCapabilities,
    DetailedAliasWatchableConfiguration,
    DetailedRPVWatchableConfiguration,
    DetailedVarWatchableConfiguration,
    DetailedWatchableConfiguration,
    DeviceInfo,
    DeviceLinkType,
    ServerDatastoreContentType,
    ServerInfo,
    ServerState,
    ServerStatistics,
    SFDInfo,
    UpdateMode,
    UserCommandResponse,
    WatchableType,
)

if TYPE_CHECKING:
    import ssl

    from .acquisition import DataloggingAcquisition
    from .datalogging_config import DataloggingConfig

__all__ = [
    "AsyncDataloggingRequest",
    "AsyncSFDDownloadRequest",
    "AsyncSFDUploadRequest",
    "AsyncScrutinyClient",
    "AsyncWatchableHandle",
    "AsyncWatchableListDownloadRequest",
    "ValueUpdate",
]

_Definition = TypeVar("_Definition", bound=DetailedWatchableConfiguration)

_STATUS_TIMEOUT_S = 2.5
_LONGEST_ACQUISITION_LIST = 10_000


class Connecting:
    """What ``connect()`` returns: to be awaited, or the head of an ``async with``, once."""

    def __init__(
        self,
        client: AsyncScrutinyClient,
        channel: AsyncChannel,
        address: ServerAddress,
        *,
        wait_status: bool,
        reconnect: bool,
    ) -> None:
        self._client = client
        self._channel = channel
        self._address = address
        self._wait_status = wait_status
        self._reconnect = reconnect

    async def _connect(self) -> AsyncScrutinyClient:
        await self._channel.reopen(
            self._address, wait_status=self._wait_status, reconnect=self._reconnect
        )
        return self._client

    def __await__(self) -> Generator[Any, None, AsyncScrutinyClient]:
        return self._connect().__await__()

    async def __aenter__(self) -> AsyncScrutinyClient:
        return await self._connect()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Disconnect."""
        await self._client.disconnect()


class AsyncScrutinyClient:
    """A connection to a Scrutiny server, for the tasks of one event loop.

    Any await may be cancelled: what it asked for is forgotten, and whether the server or the
    device has done it is unknown. Callbacks run in the loop and must not block. An exception in a
    callback is logged, and that callback is not called again.

    Args:
        name: For the log.
        rx_message_callbacks: Called as ``callback(client, message)`` with every message of the
            server, as a dictionary, before the client takes it. Values then come in JSON, which
            takes more of the processor.
        timeout: How long the server may take to answer, in seconds.
        write_timeout: How long a write may take until the device confirmed it, in seconds.
        enabled_events: What :meth:`listen_events` would take.
        event_queue_size: How many unread events are kept; then the oldest is dropped.
    """

    Events = events.Events
    Statistics = TrafficRates
    RxMessageCallback = Callable[["AsyncScrutinyClient", dict[str, Any]], None]

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
        self._channel = AsyncChannel(core, check_timeout(timeout))
        self._writer = AsyncWriter(self._channel, check_timeout(write_timeout, "write_timeout"))
        self._watching = AsyncWatching(self, self._channel, self._writer)
        self._rx_message_callbacks = list(rx_message_callbacks or ())
        if self._rx_message_callbacks:
            this = weakref.ref(self)  # the reader task must not keep the client alive

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
    def lost_sample_count(self) -> int:
        """How many samples the server had no room for, since this client was made.

        Only with ``UpdateMode.EverySample``, and only if this client does not keep up.
        """
        return self._core.lost_sample_count

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

    def connect(
        self,
        hostname: str,
        port: int,
        wait_status: bool = True,
        *,
        reconnect: bool = True,
        token: str | None = None,
        tls: bool | ssl.SSLContext = False,
        fingerprint: str | None = None,
    ) -> Connecting:
        """Connect to a server; a connection that exists is ended first.

        When it is lost later, a task of the client connects again, until :meth:`disconnect` or
        :meth:`close_socket`. What is watched is watched again then, at the same rates and by the
        same handles, which meanwhile are dead (``ServerGone``). What was asked or written and not
        answered fails with ConnectionError, and is not sent again.

        Nothing happens before the result is awaited, or entered: ``await client.connect(...)``
        returns the client, ``async with client.connect(...):`` disconnects at the end.

        Args:
            hostname: Name, IPv4 or IPv6 address.
            port: 8765 unless the server was told otherwise.
            wait_status: Return only when the server's status is known.
            reconnect: False lets handles be dead for ever when the connection is lost.
            token: What lets this client in; by default that of the variable ``SCRUTINY_TOKEN``, or
                the one that a server on this machine has left for its own account.
            tls: True checks the server's certificate against the authorities of this system; a
                context may trust another one: ``ssl.create_default_context(cafile="bench.pem")``.
            fingerprint: SHA-256 of the server's certificate, in hexadecimal: TLS with this server
                and no other, whoever has signed its certificate.

        Raises:
            ConnectionError: there is no server, it cannot be reached or trusted, or it turns this
                client away.
            TimeoutException: something answers, but not as expected, or not in time.
            ValueError: the host is empty, the port is out of range, or the token or fingerprint is
                none.
        """
        address = server_address(hostname, port, token, tls, fingerprint)
        return Connecting(
            self, self._channel, address, wait_status=wait_status, reconnect=reconnect
        )

    async def disconnect(self) -> None:
        """End the connection: handles are dead for ever, pending requests fail. Harmless without.

        An attempt to connect again ends as well. While another task connects, it waits for the end
        of that; :meth:`close_socket` does not.
        """
        await self._channel.close()

    def close_socket(self) -> None:
        """Cut the connection at once, from any task, even one that :meth:`connect` waits for."""
        self._channel.abort()

    async def __aenter__(self) -> AsyncScrutinyClient:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Disconnect."""
        await self.disconnect()

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
            except Exception:
                self._logger.exception("A message callback failed; it is not called again")
                self._rx_message_callbacks.remove(callback)

    # ----------------------------------------------------------------- status

    def get_latest_server_status(self) -> ServerInfo:
        """Return the newest status that the server sent, without a request.

        Raises:
            ConnectionError: there is no connection.
            InvalidValueError: no status came yet.
        """
        return _status_waits.latest(self._core)

    def get_server_status(self) -> ServerInfo:
        """Older name of :meth:`get_latest_server_status`."""
        return self.get_latest_server_status()

    async def wait_server_status_update(self, timeout: float = _STATUS_TIMEOUT_S) -> None:
        """Wait for a status that arrives after the call.

        The server sends one when something changed; to have one now, use
        :meth:`request_server_status_update`.

        Raises:
            TimeoutException: none came.
            ConnectionError: there is no connection, and the client does not connect again.
        """
        limit_s = check_timeout(timeout)
        core = self._core
        count = core.status_count
        if not await self._channel.wait_state(
            lambda: core.status_count != count, limit_s, outlasts_connection=True
        ):
            raise _status_waits.no_status(limit_s)

    async def request_server_status_update(
        self, wait: bool = False, timeout: float | None = None
    ) -> ServerInfo | None:
        """Ask the server for its status.

        Args:
            wait: Return it, instead of returning at once.
            timeout: How long to wait, in seconds.
        """
        timeout_s = check_optional_timeout(timeout)
        if not wait:
            self._channel.start(Call(GetServerStatus(), ServerStatus))
            return None
        return await self._channel.run(
            _questions.status(_STATUS_TIMEOUT_S if timeout_s is None else timeout_s)
        )

    async def wait_device_ready(self, timeout: float) -> None:
        """Wait until the server talks to a device; returns at once if it does.

        Raises:
            TimeoutException: there is no device.
            ConnectionError: there is no connection, and the client does not connect again.
        """
        limit_s = check_timeout(timeout)
        core = self._core

        def is_ready() -> bool:
            return _status_waits.is_device_ready(core)

        if not await self._channel.wait_state(is_ready, limit_s, outlasts_connection=True):
            raise _status_waits.no_device(core, limit_s)

    async def wait_sfd_loaded(self, timeout: float) -> None:
        """Wait until the server has loaded the description of the firmware; at once if it has.

        Variables and aliases exist from then on; that may be some time after
        :meth:`wait_device_ready`.

        Raises:
            TimeoutException: there is none; the text says why if the server does.
            ConnectionError: there is no connection, and the client does not connect again.
        """
        limit_s = check_timeout(timeout)
        core = self._core

        def is_loaded() -> bool:
            return _status_waits.is_sfd_loaded(core)

        if not await self._channel.wait_state(is_loaded, limit_s, outlasts_connection=True):
            raise _status_waits.no_sfd(core, limit_s)

    async def wait_process(self, timeout: float | None = None) -> None:
        """Wait until everything that the server sent before this call was taken in."""
        await self._channel.run(_questions.echo(check_optional_timeout(timeout)))

    # ----------------------------------------------------------------- events

    def listen_events(self, enabled_events: int, disabled_events: int = 0) -> None:
        """Choose which later events :meth:`read_event` gives; replaces the previous choice.

        Args:
            enabled_events: Flags of ``AsyncScrutinyClient.Events``, combined with ``|``.
            disabled_events: Flags to leave out of them.

        Raises:
            TypeError: a value is not an int.
            ValueError: a value is negative.
        """
        enabled = check_int("enabled_events", enabled_events, 0)
        disabled = check_int("disabled_events", disabled_events, 0)
        self._core.events.listened = enabled & ~disabled

    async def read_event(self, timeout: float | None = None) -> events.AnyEvent | None:
        """Take the oldest event, or wait for one.

        Args:
            timeout: In seconds; None waits for ever, also while disconnected.

        Returns:
            The event, None when the time is up.
        """
        return await self._channel.next_event(check_optional_timeout(timeout), always=True)

    async def events(self, enabled_events: int | None = None) -> AsyncGenerator[events.AnyEvent]:
        """Yield events as they come: ``async for event in ...``.

        It ends when the connection has ended and is not made again; the last event is that, if it
        is listened for. Whoever reads the same
        queue, by this or :meth:`read_event`, takes events away from the others.

        Args:
            enabled_events: As for :meth:`listen_events`; None leaves the choice that was made.

        Raises:
            ConnectionError: there is no connection, none is made again, and no event is left.
        """
        if enabled_events is not None:
            self.listen_events(enabled_events)
        if not self._channel.is_kept and not self.has_event_pending():
            raise exceptions.ConnectionError(f"not connected: {self._core.loss_reason}")
        while (event := await self._channel.next_event(None, always=False)) is not None:
            yield event

    def has_event_pending(self) -> bool:
        """Tell whether :meth:`read_event` would return an event at once."""
        return len(self._core.events) > 0

    def clear_event_queue(self) -> None:
        """Throw away the events that were not read."""
        self._core.events.clear()

    @property
    def dropped_event_count(self) -> int:
        """How many events nobody read in time."""
        return self._core.events.dropped_count

    # ----------------------------------------------------------------- watching

    async def watch(
        self,
        path: str,
        update_rate: float | None = None,
        *,
        mode: UpdateMode = UpdateMode.Newest,
        dead_band: float = 0.0,
    ) -> AsyncWatchableHandle:
        """Watch a variable, alias or published value.

        Args:
            path: Its path; watching it again gives the same handle, at the same rate.
            update_rate: How often the device is read, per second, at least 1; None for as often
                as the link allows.
            mode: Which of its values are told; of what is watched already, that stays.
            dead_band: With ``UpdateMode.OnChange``, how far a value has to be from the one told
                last, in its unit.

        Returns:
            A handle whose first value is still to come: see its ``wait_update``. It outlives
            restarts of the device and other firmware, see its ``is_dead``.

        Raises:
            OperationFailure: there is nothing of this path.
            ConnectionError: there is no connection, or it was lost meanwhile.
        """
        options = watch_options(update_rate, mode, dead_band)
        return (await self._watching.watch([check_path(path)], options))[0]

    async def watch_many(
        self,
        paths: Sequence[str],
        update_rate: float | None = None,
        *,
        mode: UpdateMode = UpdateMode.Newest,
        dead_band: float = 0.0,
    ) -> list[AsyncWatchableHandle]:
        """Watch many things in one round trip, all or none.

        Args:
            paths: Their paths, as for :meth:`watch`; more than 4,000 take several requests.
            update_rate: Of those that are not watched yet.
            mode: As for :meth:`watch`, likewise.
            dead_band: As for :meth:`watch`, likewise.

        Returns:
            A handle per path, in the same order; the same handle where paths mean the same.

        Raises:
            OperationFailure: there is nothing of one of these paths, which the text names.
            ConnectionError: there is no connection, or it was lost meanwhile.
        """
        options = watch_options(update_rate, mode, dead_band)
        return await self._watching.watch(check_paths(paths), options)

    async def stream(
        self,
        paths: Sequence[str],
        update_rate: float | None = None,
        *,
        mode: UpdateMode = UpdateMode.Newest,
        dead_band: float = 0.0,
    ) -> AsyncGenerator[ValueUpdate]:
        """Watch many things, and yield their updates: ``async for update in ...``.

        Of each thing the newest update is kept until it is taken, so a slow loop misses values
        instead of falling behind, and no path starves another; with ``UpdateMode.EverySample`` all
        updates are kept. The loss of a value is an update
        too. It ends when none of them can come any more: with a connection that is not made again.
        The paths stay watched, as after :meth:`watch_many`.

        Args:
            paths: Their paths, as for :meth:`watch`.
            update_rate: Of those that are not watched yet.
            mode: As for :meth:`watch`, likewise.
            dead_band: As for :meth:`watch`, likewise.

        Raises:
            OperationFailure: there is nothing of one of these paths, which the text names.
            ConnectionError: there is no connection.
        """
        handles = await self.watch_many(paths, update_rate, mode=mode, dead_band=dead_band)
        updates = self._watching.stream(handles)
        try:
            async for update in updates:
                yield update
        finally:
            await updates.aclose()

    async def unwatch(self, watchable_ref: str | AsyncWatchableHandle) -> None:
        """Stop watching.

        Raises:
            NameNotFoundError: this client does not watch it.
        """
        if isinstance(watchable_ref, str):
            handle = self.try_get_existing_watch_handle(watchable_ref)
        elif isinstance(watchable_ref, AsyncWatchableHandle):  # pyright: ignore[reportUnnecessaryIsInstance]
            handle = watchable_ref
        else:
            raise TypeError(f"a path or a handle is unwatched, not {watchable_ref!r}")
        if handle is None:
            raise exceptions.NameNotFoundError(f"{watchable_ref} is not watched")
        await handle.unwatch()

    def try_get_existing_watch_handle(self, path: str) -> AsyncWatchableHandle | None:
        """Return the handle of a path that is watched, also of a dead one, without a request."""
        return self._watching.find(check_path(path))

    def try_get_existing_watch_handle_by_server_id(
        self, server_id: str
    ) -> AsyncWatchableHandle | None:
        """Return the handle of a server id that is watched, without a request."""
        return self._watching.find_id(server_id)

    async def wait_new_value_for_all(self, timeout: float = 5) -> None:
        """Wait until each watched value was updated after this call.

        Raises:
            TimeoutException: some were not.
            InvalidValueError: one of them has no value, or waits for its device; at once.
        """
        await self._watching.wait_for_all(check_timeout(timeout))

    async def read_once(self, path: str, timeout: float | None = None) -> int | float | bool:
        """Read a variable, alias or published value from the device now, without watching it.

        Args:
            path: Its path.
            timeout: In seconds; None for the client's timeout.

        Raises:
            InvalidValueError: it has no value, for example behind a null pointer; the text says
                why.
            OperationFailure: there is nothing of this path.
            RequestTimeout: the device or the server did not answer in time.
            ConnectionError: there is no connection, or it was lost meanwhile.
        """
        wanted = check_path(path)
        read = _path_questions.read([wanted], check_optional_timeout(timeout))
        snapshot = (await self._channel.run(read))[wanted]
        if snapshot.value is None:
            raise exceptions.InvalidValueError(f"{wanted} has no value: {snapshot.failure_reason}")
        return snapshot.value

    async def read_many(
        self, paths: Sequence[str], timeout: float | None = None
    ) -> dict[str, ValueSnapshot]:
        """Read many things from the device now, without watching them.

        The server puts what lies close together into one request to the device.

        Args:
            paths: Their paths; more than 4,000 take several requests, one after the other.
            timeout: In seconds, for each of these requests; None for the client's timeout.

        Returns:
            What was read, by the paths as given. One that has no value does not hinder the
            others: its ``status`` and ``failure_reason`` tell why.

        Raises:
            OperationFailure: there is nothing of one of these paths, which the text names.
            RequestTimeout: the device or the server did not answer in time.
            ConnectionError: there is no connection, or it was lost meanwhile.
        """
        wanted = check_paths(paths)
        read = _path_questions.read(wanted, check_optional_timeout(timeout))
        snapshots = await self._channel.run(read)
        return {given: snapshots[path] for given, path in zip(paths, wanted, strict=True)}

    # ----------------------------------------------------------------- what there is

    async def get_watchable_info(
        self, paths: Sequence[str]
    ) -> dict[str, DetailedWatchableConfiguration]:
        """Return the definitions of watchables, by the paths as given, without watching them.

        Raises:
            OperationFailure: one of the paths is unknown.
        """
        wanted = check_paths(paths)
        definitions = await self._channel.run(_path_questions.describe(wanted))
        return {given: definitions[path] for given, path in zip(paths, wanted, strict=True)}

    async def get_var_watchable_info(self, path: str) -> DetailedVarWatchableConfiguration:
        """Return the definition of a variable; BadTypeError if it is something else."""
        return await self._definition(path, DetailedVarWatchableConfiguration)

    async def get_alias_watchable_info(self, path: str) -> DetailedAliasWatchableConfiguration:
        """Return the definition of an alias; BadTypeError if it is something else."""
        return await self._definition(path, DetailedAliasWatchableConfiguration)

    async def get_rpv_watchable_info(self, path: str) -> DetailedRPVWatchableConfiguration:
        """Return the definition of a published value; BadTypeError if it is something else."""
        return await self._definition(path, DetailedRPVWatchableConfiguration)

    async def _definition(self, path: str, kind: type[_Definition]) -> _Definition:
        return _path_questions.of_kind((await self.get_watchable_info([path]))[path], path, kind)

    async def get_watchable_count(self) -> dict[ServerDatastoreContentType, int]:
        """Return how many watchables the server has, by kind."""
        return await self._channel.run(_questions.watchable_count())

    def download_watchable_list(
        self,
        types: Sequence[WatchableType] | None = None,
        max_per_response: int = 500,
        name_patterns: Sequence[str] = (),
        partial_reception_callback: PartCallback | None = None,
    ) -> AsyncWatchableListDownloadRequest:
        """Start to download the list of what can be watched; returns at once.

        Args:
            types: Restricts it to these kinds.
            max_per_response: How many watchables a part has at most.
            name_patterns: Restricts it to paths that match one of these globs.
            partial_reception_callback: Called as ``callback(part, last)`` with each part, in the
                event loop, instead of collecting them.

        Returns:
            The request: ``wait_for_completion()``, then ``get()``.
        """
        check_int("max_per_response", max_per_response, 1)
        kinds = None if types is None else [WatchableType(kind) for kind in types]
        patterns = check_strings("name_patterns", name_patterns)
        request = AsyncWatchableListDownloadRequest(self._channel, partial_reception_callback)
        request.start(kinds, max_per_response, patterns)
        return request

    # ----------------------------------------------------------------- firmware descriptions

    async def get_installed_sfds(self) -> dict[str, SFDInfo]:
        """Return the firmware descriptions that the server has, by firmware id."""
        return await self._channel.run(_questions.installed_sfds())

    async def get_loaded_sfd(self) -> SFDInfo | None:
        """Return the firmware description in use, None if there is none."""
        return await self._channel.run(_questions.loaded_sfd())

    async def load_sfd(self, firmware_id: str, timeout: float | None = None) -> None:
        """Let the server use this description, whatever the device says, until the device is gone.

        Args:
            firmware_id: Of an installed description.
            timeout: In seconds; None for the client's timeout. A description of a million
                variables takes several seconds.

        Raises:
            OperationFailure: it is not installed, or cannot be used.
            RequestTimeout: it is not loaded yet.
        """
        limit_s = check_optional_timeout(timeout)
        await self._channel.run(_questions.load_sfd(check_str("firmware_id", firmware_id), limit_s))

    async def uninstall_sfds(self, firmware_id_list: Sequence[str]) -> None:
        """Remove firmware descriptions from the server, all or none.

        If one of them is in use, handles of variables and aliases are dead until there is another.

        Raises:
            OperationFailure: one of them is not installed.
        """
        if isinstance(firmware_id_list, str):
            raise TypeError("firmware_id_list is a list; for one id, give a list of one")
        ids = [check_str("a firmware id", firmware_id) for firmware_id in firmware_id_list]
        await self._channel.run(_questions.uninstall_sfds(ids))

    def download_sfd(self, firmware_id: str) -> AsyncSFDDownloadRequest:
        """Start to download a firmware description file; returns at once.

        Returns:
            The request: ``wait_for_completion()``, then ``get()``. It fails if the server has no
            such file, or sends nothing for 30 s.
        """
        request = AsyncSFDDownloadRequest(self._channel, check_str("firmware_id", firmware_id))
        request.start()
        return request

    async def init_sfd_upload(self, filepath: str | Path) -> AsyncSFDUploadRequest:
        """Announce a firmware description file to the server, which will install it.

        The file is read at once, and sent when ``start()`` of the request is called, within 30 s.
        If it describes the firmware of the connected device, the server then loads it, instead of
        the one in use if there is one: handles are bound again.

        Args:
            filepath: An ``.sfd`` file of at most 64 MiB.

        Returns:
            The request: look at ``will_overwrite``, ``start()``, ``wait_for_completion()``, then
            ``get_sfd_info()``. Without ``start()`` nothing changes on the server.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: it is no firmware description, or too large.
            OperationFailure: the server refused.
        """
        from ._sfd_file import read_sfd_file  # here: zipfile is a tenth of the import time

        if not isinstance(filepath, str | Path):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"filepath is a str or a Path, not {filepath!r}")
        path = Path(filepath)
        content, firmware_id = read_sfd_file(path)
        request = AsyncSFDUploadRequest(self._channel, path, content, firmware_id)
        await request.announce()
        return request

    # ----------------------------------------------------------------- writing

    def batch_write(self, timeout: float | None = None) -> AsyncBatchWriteContext:
        """Collect the writes of this task in an ``async with`` block, and send them together.

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
        return AsyncBatchWriteContext(
            self._writer, self._writer.timeout_s if timeout_s is None else timeout_s
        )

    async def write_watchable(self, server_path: str, value: int | float | bool | str) -> None:
        """Write by path, without watching; returns when the device confirmed. Not part of batches.

        Raises:
            OperationFailure: the server or the device refused.
            RequestTimeout: no confirmation came; whether the device took it is unknown.
        """
        path = check_path(server_path)
        checked = check_written_value(value)
        await self._channel.run(_questions.write_single(path, checked, self._writer.timeout_s))

    async def write_watchable_memory(
        self, server_path: str, data: bytes | bytearray | memoryview
    ) -> None:
        """Write a variable as it is in memory, by path; returns when the device confirmed.

        Nothing is converted: an alias stands for its target, a bit field for all that shares its
        octets.

        Args:
            server_path: Of a variable, or of an alias of one.
            data: In the byte order of the device; at most as many octets as the variable has, at
                least one. Fewer are padded with zeros in front.

        Raises:
            OperationFailure: the server or the device refused; published values have no memory.
            RequestTimeout: no confirmation came; whether the device took it is unknown.
        """
        path = check_path(server_path)
        octets = check_octets("data", data)
        check_int("size of data", len(octets), 1)
        command = _questions.write_single_memory(path, octets, self._writer.timeout_s)
        await self._channel.run(command)

    # ----------------------------------------------------------------- device

    async def read_memory(self, address: int, size: int, timeout: float | None = None) -> bytes:
        """Read raw memory of the device, of any size.

        Args:
            address: 0 or more.
            size: In octets, 1 or more.
            timeout: In seconds, for all of it; None for the client's timeout, for each 16 KiB.

        Raises:
            OperationFailure: the server or the device refused.
            RequestTimeout: the data did not come in time.
        """
        check_memory_range(address, size)
        limit_s = check_optional_timeout(timeout)
        welcome, usual_s = self._core.welcome, self._channel.timeout_s
        reading = _memory.read_memory(welcome, address, size, limit_s, usual_s)
        return await self._channel.run(reading)

    async def write_memory(
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
        check_memory_range(address, len(octets), "size of data")
        await self._channel.run(
            _memory.write_memory(address, octets, check_optional_timeout(timeout))
        )

    async def user_command(
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
        return await self._channel.run(_questions.user_command(number, check_octets("data", data)))

    async def get_device_info(self) -> DeviceInfo | None:
        """Return what the connected device told about itself, None without a device."""
        return await self._channel.run(_questions.device_info())

    async def configure_device_link(
        self, link_type: DeviceLinkType, link_config: BaseLinkConfig
    ) -> None:
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
        await self._channel.run(_questions.configure_link(link_type, link_config))

    async def request_demo_mode(self, enable: bool) -> None:
        """Let the server use a device that it emulates, with a description of its own, or not.

        It takes the place of the device for all clients. At the end of the demo mode the server
        goes back to the link that it used before; another link ends it, too. Returns when that is
        done; then :meth:`wait_device_ready` waits for the other device.

        Args:
            enable: True for a new emulated device, False for the link before it.

        Raises:
            OperationFailure: the server refused, or is too old to know it.
        """
        if not isinstance(enable, bool):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"enable is a bool, not {enable!r}")
        await self._channel.run(_questions.demo_mode(enable=enable))

    # ----------------------------------------------------------------- datalogging

    async def get_datalogging_capabilities(self) -> DataloggingCapabilities | None:
        """Return what the datalogger of the device can do, None without device or datalogger."""
        device = await self.get_device_info()
        return None if device is None else device.datalogging_capabilities

    async def start_datalog(self, config: DataloggingConfig) -> AsyncDataloggingRequest:
        """Ask for an acquisition; returns when the server has accepted.

        One acquisition is recorded at a time, in the order in which they were asked for, by
        whatever client.

        Args:
            config: What to record, with at least one signal.

        Returns:
            The request: ``wait_for_completion()``, then ``fetch_acquisition()``; or ``cancel()``.

        Raises:
            ValueError: the configuration has no signal.
            OperationFailure: the server refused; the text says why.
            RequestTimeout: it did not answer; whether it will record is unknown.
            ConnectionError: there is no connection, or it was lost meanwhile.
        """
        # Here, since few scripts record.
        from .datalogging_config import DataloggingConfig

        if not isinstance(config, DataloggingConfig):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"config is a DataloggingConfig, not {config!r}")
        command = config.make_command(self._name or Path(sys.argv[0]).name)
        request = AsyncDataloggingRequest(self._channel, command)
        await request.start()
        return request

    async def get_datalogging_requests(
        self, timeout: float | None = None
    ) -> list[DataloggingRequestInfo]:
        """Return the requests of all clients that have not ended, in the order of their turn."""
        return await self._channel.run(_datalogging.requests(check_optional_timeout(timeout)))

    async def cancel_datalogging_request(self, token: str, timeout: float | None = None) -> None:
        """End a request, of this or another client, in the device as well.

        Whoever made it is told that it failed.

        Args:
            token: Of :meth:`get_datalogging_requests`.
            timeout: In seconds; None for the client's timeout.

        Raises:
            OperationFailure: there is no such request any more.
        """
        limit_s = check_optional_timeout(timeout)
        await self._channel.run(_datalogging.cancel_request(check_str("token", token), limit_s))

    async def read_datalogging_acquisition(
        self, reference_id: str, timeout: float | None = None
    ) -> DataloggingAcquisition:
        """Return a stored acquisition with its samples.

        Args:
            reference_id: Of a request that is complete, or of the list of what is stored.
            timeout: In seconds, for all of it; None for the client's timeout, for each chunk.

        Raises:
            OperationFailure: there is none of this id, or what came is damaged.
            RequestTimeout: it did not come in time.
        """
        from ._acquisition_download import fetch

        limit_s = check_optional_timeout(timeout)
        checked_id = check_str("reference_id", reference_id)
        return await self._channel.run(fetch(self._core.welcome, checked_id, limit_s))

    async def list_stored_datalogging_acquisitions(
        self,
        firmware_id: str | None = None,
        before_datetime: datetime | None = None,
        count: int = 500,
        timeout: float | None = None,
    ) -> list[DataloggingStorageEntry]:
        """Return what is stored, newest first, without the samples.

        Args:
            firmware_id: Restricts it to recordings of devices with this firmware.
            before_datetime: Restricts it to those that are older, for example than the last one of
                the list before; local time unless it has a time zone, 1970 or later.
            count: The longest list that is wanted, 0 to 10000.
            timeout: In seconds; None for the client's timeout.
        """
        if firmware_id is not None:
            check_str("firmware_id", firmware_id)
        before_s = check_before(before_datetime)
        check_int("count", count, 0, _LONGEST_ACQUISITION_LIST)
        limit_s = check_optional_timeout(timeout)
        return await self._channel.run(_datalogging.stored(firmware_id, before_s, count, limit_s))

    async def read_datalogging_acquisitions_metadata(
        self, reference_id: str, timeout: float | None = None
    ) -> DataloggingStorageEntry | None:
        """Return what the list tells about one stored acquisition, None if there is none."""
        limit_s = check_optional_timeout(timeout)
        checked_id = check_str("reference_id", reference_id)
        return await self._channel.run(_datalogging.metadata(checked_id, limit_s))

    async def update_datalogging_acquisition(
        self,
        reference_id: str,
        name: str | None = None,
        axis_names: Mapping[int, str] | None = None,
        timeout: float | None = None,
    ) -> None:
        """Rename a stored acquisition, or some of its axes, or both.

        Args:
            reference_id: Of the acquisition.
            name: New name; None leaves it.
            axis_names: New names by the ``axis_id`` of an axis; -1 is the X axis.
            timeout: In seconds; None for the client's timeout.

        Raises:
            ValueError: nothing is to be changed.
            OperationFailure: there is no such acquisition, or no such axis.
        """
        limit_s = check_optional_timeout(timeout)
        check_str("reference_id", reference_id)
        axes = check_new_names(name, axis_names)
        await self._channel.run(_datalogging.rename(reference_id, name, axes, limit_s))

    async def delete_datalogging_acquisition(
        self, reference_id: str, timeout: float | None = None
    ) -> None:
        """Delete a stored acquisition, for all clients; OperationFailure if there is none."""
        limit_s = check_optional_timeout(timeout)
        await self._channel.run(
            _datalogging.delete(check_str("reference_id", reference_id), limit_s)
        )

    async def clear_datalogging_storage(self, timeout: float | None = None) -> None:
        """Delete all stored acquisitions, of all firmwares, for all clients."""
        await self._channel.run(_datalogging.delete_all(check_optional_timeout(timeout)))

    # ----------------------------------------------------------------- server

    async def set_server_throttling(self, max_update_rate: float) -> None:
        """Limit how many value updates per second the server sends to this client; 0 lifts it."""
        await self._channel.run(
            _questions.throttle(check_timeout(max_update_rate, "max_update_rate"))
        )

    async def get_server_stats(self, timeout: float | None = None) -> ServerStatistics:
        """Return the counters of the server."""
        return await self._channel.run(_questions.server_stats(check_optional_timeout(timeout)))

    def get_local_stats(self) -> TrafficRates:
        """Return how much this client sends and receives per second, lately."""
        return self._channel.traffic_rates()

    def reset_local_stats(self) -> None:
        """Let the next :meth:`get_local_stats` tell about the time from now on."""
        self._channel.reset_traffic()
