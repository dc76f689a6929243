"""One client, without I/O: a message goes in, messages come out, whatever it was."""

from __future__ import annotations

import asyncio

from scrutiny.api import messages as m
from scrutiny.api.codec import decode_command
from scrutiny.api.errors import MalformedMessage
from scrutiny.api.versions import MAX_MESSAGE_SIZE
from scrutiny.core.errors import ScrutinyError

from ..access.identity import Identity
from ..turns import Steps
from . import (
    acquisitions,
    datalogging,
    descriptions,
    lists,
    memory,
    read,
    status,
    transfers,
    watch,
    write,
)
from .authorization import authorize
from .client import Client, SharedParts
from .outlet import Outlet
from .steps import answered

DescriptionCommand = (
    m.GetInstalledSfd
    | m.GetLoadedSfd
    | m.LoadSfd
    | m.UninstallSfd
    | m.DownloadSfd
    | m.UploadSfdInit
    | m.UploadSfdData
)
AcquisitionCommand = (
    m.ListAcquisitionRequests
    | m.CancelAcquisition
    | m.ListAcquisitions
    | m.ReadAcquisitionContent
    | m.DownloadAcquisition
    | m.UpdateAcquisition
    | m.DeleteAcquisition
    | m.DeleteAllAcquisitions
)


class ClientSession:
    """Takes the messages of one client, and answers each.

    Args:
        parts: of the server.
        outlet: where its messages go out.
        address: where it comes from.
        identity: who it is, and what it may do.
    """

    def __init__(
        self, parts: SharedParts, outlet: Outlet, address: str, identity: Identity
    ) -> None:
        self.client = Client(parts, outlet, address, identity)
        self._counters = parts.metrics.clients
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def is_busy(self) -> bool:
        """Whether a command is being carried out, which the next one has to wait for."""
        return not self._idle.is_set()

    async def idle(self) -> None:
        """Wait until the next message may come. Cancelling is safe: the command goes on."""
        await self._idle.wait()

    async def take(self, data: bytes) -> None:
        """Take one whole message when its turn has come; return when the next may come.

        Cancelling is safe: what is begun goes on.
        """
        self.begin(data)
        if self.is_busy:
            await self.idle()

    def begin(self, data: bytes) -> None:
        """Take one whole message when its turn has come, at once if nothing else is being done.

        Not to be called while the session is busy. The messages of all clients share the slice of
        a turn, so that many small ones, or costly ones, leave the device and other clients their
        time.
        """
        self._idle.clear()
        self.client.parts.turns.start(self._in_turn(data))

    def receive(self, data: bytes) -> None:
        """Take one whole message, not while the session is busy.

        Never raises: what is wrong with the message is answered.
        """
        self._counters.messages_received += 1
        self._counters.octets_received += len(data)
        try:
            self._execute(data)
        except Exception as error:
            # Not even the refusal could be sent.
            self.client.fail(error, reqid=None, request_cmd="<empty>")

    def room_made(self) -> None:
        """Go on with what waits: the client has taken what was sent, nearly all or all of it.

        To be called each time when `MAX_BACKLOG` was exceeded before.
        """
        self.client.feed.room_made()

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
            authorize(self.client, command)
            steps = dispatch(self.client, command)
            if steps is not None:
                self._idle.clear()
                self.client.parts.turns.start(self._to_its_end(command, steps))
        except MalformedMessage as error:
            self.client.refuse(str(error), reqid=error.reqid, request_cmd=error.command)
        except ScrutinyError as error:
            self.client.refuse(str(error), reqid=reqid, request_cmd=name)
        except Exception as error:
            # One client's command must not take the others down, whatever fails.
            self.client.fail(error, reqid=reqid, request_cmd=name)

    def _in_turn(self, data: bytes) -> Steps:
        self._idle.set()  # unless the command begins something that goes on
        if self.client.is_open:
            self.receive(data)
        yield from ()

    def _to_its_end(self, command: m.AnyCommand, steps: Steps) -> Steps:
        try:
            yield from answered(self.client, command, steps)
        finally:
            self._idle.set()


def dispatch(client: Client, command: m.AnyCommand) -> Steps | None:
    """Call the handler of a command; those that have to be quick are tried first.

    Returns:
        What is still to be done, in slices; None if that was all.

    Raises:
        CommandRefused: the command cannot be done as asked.
    """
    match command:
        case m.WriteWatchable():
            return write.write_batch(client, command)
        case m.WriteSingleWatchable():
            write.write_single(client, command)
        case m.ReadMemory():
            memory.read_memory(client, command)
        case m.WriteMemory():
            memory.write_memory(client, command)
        case m.WriteSingleWatchableByData():
            memory.write_by_data(client, command)
        case m.UserCommand():
            memory.user_command(client, command)
        case m.Echo():
            client.send(m.EchoReply(reqid=command.reqid, payload=command.payload))
        case m.SubscribeWatchable():
            return watch.subscribe(client, command)
        case m.UnsubscribeWatchable():
            return watch.unsubscribe(client, command)
        case m.ChangeSubscriptionUpdateRate():
            return watch.change_rates(client, command)
        case m.SetThrottling():
            watch.set_throttling(client, command)
        case m.SetValueFormat():
            watch.set_value_format(client, command)
        case m.GetWatchableCount():
            lists.get_watchable_count(client, command)
        case m.GetWatchableList():
            lists.get_watchable_list(client, command)
        case m.GetWatchableInfo():
            return watch.get_watchable_info(client, command)
        case m.ReadWatchable():
            return read.read_watchable(client, command)
        case m.GetServerStatus():
            status.get_server_status(client, command)
        case m.GetDeviceInfo():
            status.get_device_info(client, command)
        case m.SetLinkConfig():
            status.set_link_config(client, command)
        case m.DemoMode():
            status.set_demo_mode(client, command)
        case m.GetServerStats():
            status.get_server_stats(client, command)
        case m.RequestAcquisition():
            return datalogging.request_acquisition(client, command)
        case _:
            _dispatch_description_command(client, command)
    return None


def _dispatch_description_command(
    client: Client, command: DescriptionCommand | AcquisitionCommand
) -> None:
    match command:
        case m.GetInstalledSfd():
            descriptions.get_installed(client, command)
        case m.GetLoadedSfd():
            descriptions.get_loaded(client, command)
        case m.LoadSfd():
            descriptions.load(client, command)
        case m.UninstallSfd():
            descriptions.uninstall(client, command)
        case m.DownloadSfd():
            transfers.download(client, command)
        case m.UploadSfdInit():
            transfers.upload_init(client, command)
        case m.UploadSfdData():
            transfers.upload_data(client, command)
        case _:
            _dispatch_acquisition_command(client, command)


def _dispatch_acquisition_command(client: Client, command: AcquisitionCommand) -> None:
    match command:
        case m.ListAcquisitionRequests():
            datalogging.list_requests(client, command)
        case m.CancelAcquisition():
            datalogging.cancel(client, command)
        case m.ListAcquisitions():
            acquisitions.list_stored(client, command)
        case m.ReadAcquisitionContent():
            acquisitions.read_content(client, command)
        case m.DownloadAcquisition():
            acquisitions.download(client, command)
        case m.UpdateAcquisition():
            acquisitions.update(client, command)
        case m.DeleteAcquisition():
            acquisitions.delete(client, command)
        case m.DeleteAllAcquisitions():
            acquisitions.delete_all(client, command)
