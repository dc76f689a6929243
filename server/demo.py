"""The demo mode: a device that the server emulates, with a description of its own.

Source: client API, section 7.1, ``demo_mode``.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final, Protocol

from scrutiny.firmware_link.transports.memory import register_endpoint
from scrutiny.firmware_link.transports.settings import LinkSettings, MemorySettings, NoLink
from scrutiny.sfd.errors import PackageError
from scrutiny.sfd.store import DescriptionStore

from .device_status import DeviceStatus

_LINK_NAME: Final = "demo-mode"
DEMO_LINK: Final = MemorySettings(_LINK_NAME)


class _Device(Protocol):
    @property
    def status(self) -> DeviceStatus: ...

    def configure_link(self, settings: LinkSettings) -> None: ...


class DemoMode:
    """Puts the emulated device in the place of the link, and takes it away again.

    Args:
        device: whose link it is.
        store: which is told of the description.
        folder: where the description is written, when first needed.
    """

    def __init__(self, device: _Device, store: DescriptionStore, folder: Path) -> None:
        self._device = device
        self._store = store
        self._package = folder / "demo.sfd"
        self._before: LinkSettings = NoLink()

    @property
    def is_on(self) -> bool:
        """Whether the emulated device is in use; another link ends that."""
        return self._device.status.link == DEMO_LINK

    async def enable(self) -> None:
        """Use a new emulated device.

        Raises:
            PackageError: its description cannot be written.
        """
        from .demo_device import DEMO_FIRMWARE_ID, demo_endpoint  # few servers need them

        await asyncio.to_thread(_provide_description, self._package)
        self._store.provide(DEMO_FIRMWARE_ID, self._package)
        register_endpoint(_LINK_NAME, demo_endpoint)
        if not self.is_on:
            self._before = self._device.status.link
        self._device.configure_link(DEMO_LINK)

    def disable(self) -> None:
        """Go back to the link that was used before; nothing happens unless it is on."""
        if self.is_on:
            self._device.configure_link(self._before)


def _provide_description(target: Path) -> None:
    """Write the description, unless it is there: one that is written anew is loaded anew."""
    from scrutiny.sfd.package import read_package, write_package

    from .demo_device import demo_package

    package = demo_package()
    try:
        is_there = read_package(target) == package
    except PackageError:
        is_there = False
    if is_there:
        return
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PackageError(f"cannot make {target.parent}: {error.strerror or error}") from error
    write_package(package, target)
