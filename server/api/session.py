"""One client, without I/O: a message goes in, messages come out, whatever it was."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import assert_never

from scrutiny.api import messages as m
from scrutiny.api.codec import decode_command
from scrutiny.api.errors import MalformedMessage
from scrutiny.api.versions import MAX_MESSAGE_SIZE

from . import memory, status, watch, write
from .client import Client, SharedParts
from .errors import CommandRefused

logger = logging.getLogger(__name__)


class ClientSession:
    """Takes the messages of one client, and answers each.

    Args:
        parts: of the server.
        send: passes one encoded message on, without waiting.
        backlog: how many octets the client has not taken yet.
    """

    def __init__(
        self, parts: SharedParts, send: Callable[[bytes], None], backlog: Callable[[], int]
    ) -> None:
        self.client = Client(parts, send, backlog)
        self._counters = parts.metrics.clients

    def receive(self, data: bytes) -> None:
        """Take one whole message. Never raises: what is wrong with it is answered."""
        self._counters.messages_received += 1
        self._counters.octets_received += len(data)
        try:
            self._execute(data)
        except Exception:
            # Not even the refusal could be sent.
            logger.exception("a message of a client cannot be answered")
            self._fail(None, "<empty>")

    def close(self) -> None:
        """Forget the client: it has left."""
        self.client.close()

    def _execute(self, data: bytes) -> None:
        if len(data) > MAX_MESSAGE_SIZE:
            self.client.refuse(
                f"the message has {len(data)} octets, at most {MAX_MESSAGE_SIZE} are taken"
            )
            return
        reqid: int | None = None
        name = "<empty>"
        try:
            command = decode_command(data)
            reqid, name = command.reqid, m.command_name(command)
            dispatch(self.client, command)
        except MalformedMessage as error:
            self.client.refuse(str(error), reqid=error.reqid, request_cmd=error.command)
        except CommandRefused as error:
            self.client.refuse(str(error), reqid=reqid, request_cmd=name)
        except Exception:
            # One client's command must not take the others down, whatever fails.
            logger.exception("the command %s of a client failed", name)
            self._fail(reqid, name)

    def _fail(self, reqid: int | None, name: str) -> None:
        self._counters.unexpected_errors += 1
        self.client.send(m.Error(reqid=reqid, request_cmd=name, msg="Internal error"))


def dispatch(client: Client, command: m.AnyCommand) -> None:
    """Call the handler of a command; those that have to be quick are tried first.

    Raises:
        CommandRefused: the command cannot be done as asked.
    """
    match command:
        case m.WriteWatchable():
            write.write_batch(client, command)
        case m.WriteSingleWatchable():
            write.write_single(client, command)
        case m.ReadMemory():
            memory.read_memory(client, command)
        case m.WriteMemory():
            memory.write_memory(client, command)
        case m.UserCommand():
            memory.user_command(client, command)
        case m.Echo():
            client.send(m.EchoReply(reqid=command.reqid, payload=command.payload))
        case m.SubscribeWatchable():
            watch.subscribe(client, command)
        case m.UnsubscribeWatchable():
            watch.unsubscribe(client, command)
        case m.ChangeSubscriptionUpdateRate():
            watch.change_rates(client, command)
        case m.SetThrottling():
            watch.set_throttling(client, command)
        case m.GetWatchableCount():
            watch.get_watchable_count(client, command)
        case m.GetWatchableList():
            watch.get_watchable_list(client, command)
        case m.GetWatchableInfo():
            watch.get_watchable_info(client, command)
        case m.GetServerStatus():
            client.send(status.server_status(client.parts.device.status, command.reqid))
        case m.GetDeviceInfo():
            status.get_device_info(client, command)
        case m.SetLinkConfig():
            status.set_link_config(client, command)
        case m.GetServerStats():
            status.get_server_stats(client, command)
        case m.GetInstalledSfd():
            client.send(m.InstalledSfdReply(reqid=command.reqid, sfd_list=[]))
        case m.GetLoadedSfd():
            client.send(m.LoadedSfdReply(reqid=command.reqid, sfd=None))
        case _:
            assert_never(command)
