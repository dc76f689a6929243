"""The running server: builds the parts, owns the tasks, and takes all down in order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from scrutiny.sfd.store import default_data_folder

from .access.audit_log import AuditLog
from .access.front_door import FrontDoor
from .api.background import BackgroundTasks
from .api.client import SharedParts
from .api.device_port import Device
from .api.hub import Hub
from .api.listener import Listener
from .api.tcp_listener import TcpListener
from .clock import ServerClock
from .datalogging.firmware_names import FirmwareNames
from .datalogging.recordings import Recordings
from .datalogging.storage import AcquisitionStorage
from .demo import DemoMode
from .device import DeviceDriver
from .library import DescriptionLibrary
from .loading import LOADER, DescriptionLoader
from .settings import DeviceSettings, ServerSettings
from .store import ValueStore
from .subscriptions import Subscriptions
from .symbols import Symbols
from .turns import Turns

logger = logging.getLogger(__name__)

MakeDevice = Callable[
    [asyncio.AbstractEventLoop, DeviceSettings, ValueStore, Subscriptions], Device
]


class Daemon:
    """One server: one device, any number of clients.

    Args:
        settings: of the server.
        make_device: replaces the driver, in tests.
        loader: starts the process that loads descriptions; replaces it, in tests.
    """

    def __init__(
        self,
        settings: ServerSettings,
        make_device: MakeDevice = DeviceDriver,
        loader: tuple[str, ...] = LOADER,
    ) -> None:
        self._settings = settings
        self._make_device = make_device
        self._loader = loader
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        """Let `run` come to its end; call it from the loop's thread."""
        self._stopped.set()

    async def run(self, ready: Callable[[int], None] = lambda port: None) -> None:
        """Serve until `stop` is called.

        Cancelling is safe: the clients are told, and the device is disconnected.

        Args:
            ready: called with the port once clients can connect.

        Raises:
            ListenError: the address for clients cannot be opened.
            TooExposed: others could reach the device there, and nothing protects it.
            TlsError: the certificate or its key cannot be used.
        """
        loop = asyncio.get_running_loop()
        host, tcp_port = self._settings.host, self._settings.tcp_port
        door = FrontDoor(self._settings.access, host, has_tcp=tcp_port is not None)
        parts = self._build(loop, door)
        hub = Hub(parts)
        listener = await Listener.open(hub, door, host, self._settings.port)
        tcp_listener = TcpListener(hub, door.tcp_identity)
        if tcp_port is not None:
            try:
                tcp_listener = await TcpListener.open(hub, door.tcp_identity, host, tcp_port)
            except BaseException:
                await listener.close()
                door.close()
                raise
        parts.acquisitions.begin()
        recording = loop.create_task(parts.recordings.run(), name="recordings")
        link = loop.create_task(parts.device.run(), name="device link")
        stopped = loop.create_task(self._stopped.wait(), name="wait for stop")
        try:
            ready(listener.port)
            await asyncio.wait((link, stopped), return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
            door.close()
            # Both at once: a client that does not answer must not delay the goodbye to the device.
            _, _, problem, _ = await asyncio.gather(
                listener.close(),
                tcp_listener.close(),
                _end_device(parts.recordings, recording, link),
                stopped,
                return_exceptions=True,
            )
            await parts.background.close()
            await parts.acquisitions.close()
            await parts.audit.close()
            parts.descriptions.close()
            await parts.symbols.close()
            logger.info("%s has stopped", self._settings.name)
        if isinstance(problem, Exception):
            raise problem

    def _build(self, loop: asyncio.AbstractEventLoop, door: FrontDoor) -> SharedParts:
        settings = self._settings
        store, subscriptions = ValueStore(), Subscriptions()
        device = self._make_device(loop, settings.device, store, subscriptions)
        data_folder = settings.data_folder or default_data_folder()
        library = DescriptionLibrary(data_folder)
        loader = DescriptionLoader(settings.cache_folder, self._loader)
        symbols = Symbols(loop, device, library.store, loader, autoload=settings.autoload_sfd)
        runtime_folder = settings.device.runtime_folder
        audit_file = settings.access.audit_file or runtime_folder / "audit.jsonl"
        storage = AcquisitionStorage(data_folder, settings.max_database_size)
        names = FirmwareNames(symbols, library)
        return SharedParts(
            loop=loop,
            clock=ServerClock(),
            store=store,
            subscriptions=subscriptions,
            device=device,
            descriptions=library,
            symbols=symbols,
            recordings=Recordings(loop, device, storage, names.name_of),
            acquisitions=storage,
            firmware_names=names,
            demo=DemoMode(device, library.store, settings.cache_folder),
            background=BackgroundTasks(loop),
            turns=Turns(loop),
            audit=AuditLog(audit_file, loop),
            policy=door.policy,
        )


async def _end_device(
    recordings: Recordings, recording: asyncio.Task[None], link: asyncio.Task[None]
) -> None:
    """Let what is recorded come to its end, then say goodbye to the device."""
    try:
        if not link.done():
            await recordings.stop()
    finally:
        recording.cancel()
        link.cancel()
        _, problem = await asyncio.gather(recording, link, return_exceptions=True)
    if isinstance(problem, Exception):
        raise problem
