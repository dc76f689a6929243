"""A server that follows a script, and what several test files share."""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Any, TypeVar

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from scrutiny.api import messages as api
from scrutiny.api.codec import decode_command, encode
from scrutiny.api.versions import API_VERSION, FEATURES

# For waits that should end at once: long enough for a busy machine, short enough to fail usefully.
SOON_S = 10.0

C = TypeVar("C", bound=api.Command)
Answer = Callable[[Any], "list[api.ServerMessage]"]

SPEED = api.DetailedWatchable("/var/speed", "var", "s", "float32", address=0x100)
MODE = api.DetailedWatchable(
    "/var/mode", "var", "m", "uint8", api.Enumeration("Mode", {"OFF": 0, "ON": 1}), address=0x200
)
COUNT = api.DetailedWatchable("/rpv/x1000", "rpv", "r", "sint32", rpvid=0x1000)


def status(session: str | None = None, firmware: str | None = None) -> api.ServerStatus:
    return api.ServerStatus(
        device_status="connected_ready" if session else "disconnected",
        device_session_id=session,
        loaded_sfd_firmware_id=firmware,
        datalogging_status=api.DataloggingStatus("standby" if session else "unavailable"),
        device_comm_link=api.LinkStatus("udp", True, False, {"host": "1.2.3.4", "port": 5}),
    )


def values(*updates: api.ValueUpdate) -> api.WatchableUpdate:
    return api.WatchableUpdate(updates=list(updates))


def welcome(
    *, zero_s: float = 0.0, features: Sequence[str] = FEATURES, version: str = API_VERSION
) -> api.Welcome:
    return api.Welcome(
        server_time_zero_timestamp=zero_s, api_version=version, features=list(features)
    )


class FakeServer:
    """Answers each command with what a test scripted, and keeps the commands for it."""

    def __init__(self, listener: socket.socket | None = None) -> None:
        self.status = status("session-1", "firmware-1")
        self.welcome: api.Welcome | None = welcome(zero_s=1000.0)
        self.commands: queue.Queue[api.AnyCommand] = queue.Queue()
        self.ended: queue.Queue[ServerConnection] = queue.Queue()  # connections that are over
        self.current: ServerConnection | None = None
        self.known = {watchable.path: watchable for watchable in (SPEED, MODE, COUNT)}
        self.answers: dict[type[api.Command], Answer] = {
            api.Echo: lambda c: [api.EchoReply(payload=c.payload)],
            api.GetServerStatus: lambda c: [self.status],
            api.SetValueFormat: lambda c: [api.SetValueFormatReply(format="json", octets=False)],
            api.SubscribeWatchable: self._subscribe,
            api.UnsubscribeWatchable: lambda c: [api.UnsubscribeReply(unsubscribed=c.watchables)],
            api.WriteWatchable: lambda c: write_replies(c),
        }
        # A server does one thing at a time: an answer is never about a device that is gone already.
        self._turn = threading.RLock()
        listener = listener or socket.create_server(("127.0.0.1", 0))
        self._server = serve(self._handle, sock=listener, compression=None)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.host: str = self._server.socket.getsockname()[0]
        self.port: int = self._server.socket.getsockname()[1]

    def _subscribe(self, command: api.SubscribeWatchable) -> list[api.ServerMessage]:
        wanted = command.watchables
        assert command.partial
        failed = {path: f"no watchable {path}" for path in wanted if path not in self.known}
        subscribed = {path: self.known[path] for path in wanted if path in self.known}
        return [api.SubscribeReply(subscribed=subscribed, failed=failed)]

    def restart_device(self, session: str, *known: api.DetailedWatchable) -> None:
        """Lose the device, and have another session in which these exist, under new ids."""
        with self._turn:
            self.send(status())
            self.known = {watchable.path: watchable for watchable in known}
            self.send(status(session, "firmware-1"))

    def _handle(self, connection: ServerConnection) -> None:
        self.current = connection
        try:
            if self.welcome is not None:
                self.send(self.welcome)
            for data in connection:
                command = decode_command(data)
                self.commands.put(command)
                with self._turn:
                    for reply in self.answers.get(type(command), lambda c: [])(command):
                        if not isinstance(reply, COMPLETIONS):
                            reply.reqid = command.reqid
                        self.send(reply)
        except ConnectionClosed:
            pass
        finally:
            self.ended.put(connection)

    def send(self, *messages: api.ServerMessage) -> None:
        assert self.current is not None
        for message in messages:
            self.current.send(encode(message).decode())

    def expect(self, kind: type[C]) -> C:
        """Return the next command of a kind, skipping others."""
        while True:
            command = self.commands.get(timeout=SOON_S)
            if isinstance(command, kind):
                return command

    def has_received(self, kind: type[api.Command]) -> bool:
        return any(isinstance(command, kind) for command in self.commands.queue)

    def cut(self) -> None:
        """Drop the connection without a word, as a killed server does."""
        assert self.current is not None
        self.current.socket.shutdown(socket.SHUT_RDWR)

    def die(self) -> None:
        """Drop the connection, and be there for no other: a client cannot be back already."""
        self._server.socket.close()
        self.cut()

    def stop(self) -> None:
        """Hang up, and accept no connection any more; harmless when repeated."""
        self._server.shutdown()
        self._thread.join()

    def __enter__(self) -> FakeServer:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


COMPLETIONS = (
    api.WatchableUpdate,
    api.WriteCompleted,
    api.MemoryReadCompleted,
    api.MemoryWriteCompleted,
    api.AcquisitionCompleted,
    api.AcquisitionListChanged,
)


def write_replies(
    command: api.WriteWatchable, failures: dict[int, str] | None = None
) -> list[api.ServerMessage]:
    """Confirm each item, as a device would: the value first, then the completion."""
    replies: list[api.ServerMessage] = [
        api.WriteReply(request_token=f"t{command.reqid}", count=len(command.updates))
    ]
    for item in command.updates:
        reason = (failures or {}).get(item.batch_index, "")
        if not reason and not isinstance(item.value, str):
            replies.append(values(api.ValueUpdate(item.watchable, 1.0, item.value)))
        replies.append(
            api.WriteCompleted(
                request_token=f"t{command.reqid}",
                batch_index=item.batch_index,
                watchable=item.watchable,
                success=not reason,
                failure_reason=reason,
                completion_server_time_us=2e6,
            )
        )
    return replies


def in_thread(work: Callable[[], object]) -> Future[object]:
    """Run something in a thread of its own; ``result()`` raises what it raised."""
    future: Future[object] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run).start()
    return future
