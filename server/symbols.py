"""The description of the firmware that runs in the device: found, loaded, replaced, let go.

While a device is there, the store is looked at once per second: a description that appears is
loaded, one that is replaced is loaded anew, one that vanishes is let go. The work is done by a
process (`loading`); here files are only looked up and mapped. What was loaded last stays open, so
that a device that comes back with the same firmware has its variables at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from stat import S_ISREG
from typing import Final, NamedTuple, Protocol

import msgspec

from scrutiny.core.firmware_id import PLACEHOLDER, firmware_id_text
from scrutiny.firmware_link.profile import DeviceProfile
from scrutiny.sfd.compiled import CompiledDescription
from scrutiny.sfd.errors import SfdError
from scrutiny.sfd.store import DescriptionStore

from .loading import DescriptionLoader, LoadError
from .store import Description

logger = logging.getLogger(__name__)

LOOKUP_INTERVAL_S: Final = 1.0

NO_DEVICE: Final = "no device is connected, a description cannot be loaded without one"
NOT_AUTOMATIC: Final = (
    "descriptions are not loaded by themselves (autoload_sfd is off); load_sfd loads one"
)
UNTAGGED: Final = (
    "the firmware was never tagged with an identifier, so that its description cannot be found; "
    "tag the program (scrutiny tag-firmware-id) and flash the tagged one"
)


class DescribedDevice(Protocol):
    """What is needed from the device driver.

    Attributes:
        on_ready: all are called when a device is ready.
        on_gone: all are called when it is gone, and its variables with it.
    """

    on_ready: list[Callable[[DeviceProfile], None]]
    on_gone: list[Callable[[], None]]

    def attach_description(self, description: Description, firmware_id: str) -> None:
        """Offer the variables of a description."""
        ...

    def detach_description(self) -> None:
        """Take them away."""
        ...

    def description_failed(self, reason: str) -> None:
        """Tell clients why there is none."""
        ...


class FileMark(NamedTuple):
    """Tells a file from the one that was there before."""

    size: int
    mtime_ns: int
    inode: int


class LoadedDescription(msgspec.Struct, frozen=True):
    """An open description, and the installed file that it was made of."""

    firmware_id: str
    file: FileMark
    description: CompiledDescription


class _Loading(msgspec.Struct, frozen=True):
    firmware_id: str
    file: FileMark
    task: asyncio.Task[None]


class Symbols:
    """Keeps the device's description loaded.

    Args:
        loop: that all of this happens in.
        device: that the description is for.
        store: of installed descriptions.
        loader: prepares them.
        autoload: use the description of the device's firmware without being told.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        device: DescribedDevice,
        store: DescriptionStore,
        loader: DescriptionLoader,
        *,
        autoload: bool = True,
    ) -> None:
        self._loop = loop
        self._device = device
        self._store = store
        self._loader = loader
        self._autoload = autoload
        self._profile: DeviceProfile | None = None
        self._forced: str | None = None
        self._open: LoadedDescription | None = None
        self._is_attached = False
        self._loading: _Loading | None = None
        self._failed: tuple[str | None, FileMark | None] | None = None
        self._logged = ""
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting: list[tuple[str, asyncio.Future[None]]] = []
        device.on_ready.append(self._device_ready)
        device.on_gone.append(self._device_gone)

    @property
    def loaded(self) -> LoadedDescription | None:
        """The description that the device's variables come from; None without one.

        It is closed as soon as another one takes its place.
        """
        return self._open if self._is_attached else None

    def check(self) -> None:
        """Compare what is installed with what is loaded, and do what that asks for.

        What is gone or open already is seen to at once; loading ends later.
        """
        if self._profile is None:
            return
        wanted = self._wanted()
        file = None if wanted is None else self._look_up(wanted)
        if file is None and self._forced is not None:
            self._forced = None
            self._fail_waiting("it was uninstalled meanwhile")
            self.check()
        elif wanted is None or file is None:
            self._cancel_loading()
            self._fail(wanted, None, self._why_missing(wanted))
        elif self.loaded is not None and _is_of(self.loaded, wanted, file):
            self._cancel_loading()
            self._end_waiting(wanted)
        elif self._loading is None or not _is_of(self._loading, wanted, file):
            self._cancel_loading()
            if self._failed != (wanted, file):
                self._load(wanted, file)

    async def load(self, firmware_id: str) -> None:
        """Use a description, whatever the device says about itself, until the device is gone.

        Returns when it is loaded; one that was loaded before stays if this one cannot be.

        Args:
            firmware_id: 32 lower-case hexadecimal digits.

        Raises:
            LoadError: there is no device, it is not installed, or cannot be used.
        """
        if self._profile is None:
            raise LoadError(NO_DEVICE)
        if self._look_up(firmware_id) is None:
            raise LoadError(f"no description of firmware {firmware_id} is installed")
        loaded = self._loop.create_future()
        self._waiting.append((firmware_id, loaded))
        self._forced = firmware_id
        self._failed = None  # whoever asks again may have changed something
        self.check()
        await loaded

    async def close(self) -> None:
        """Stop loading, and close what is open; the device must not be used any more."""
        self._device_gone()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._open is not None:
            self._open.description.close()
            self._open = None

    # ------------------------------------------------------------------ the device

    def _device_ready(self, profile: DeviceProfile) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._profile = profile
        self._look_again()

    def _device_gone(self) -> None:
        self._profile = None
        self._forced = None
        self._failed = None
        self._is_attached = False
        self._cancel_loading()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._fail_waiting("the device is gone")

    def _look_again(self) -> None:
        self._timer = self._loop.call_later(LOOKUP_INTERVAL_S, self._look_again)
        self.check()

    # ------------------------------------------------------------------ what is wanted

    def _wanted(self) -> str | None:
        assert self._profile is not None
        if self._forced is not None:
            return self._forced
        if not self._autoload or self._profile.firmware_id == PLACEHOLDER:
            return None
        return firmware_id_text(self._profile.firmware_id)

    def _look_up(self, firmware_id: str) -> FileMark | None:
        try:
            status = self._store.find(firmware_id).stat()
        except OSError:
            return None
        if not S_ISREG(status.st_mode):
            return None
        return FileMark(status.st_size, status.st_mtime_ns, status.st_ino)

    def _why_missing(self, wanted: str | None) -> str:
        if wanted is not None:
            return (
                f"no description of firmware {wanted} is installed; make one with "
                "scrutiny sfd build, or install the one of this build with scrutiny install-sfd"
            )
        return UNTAGGED if self._autoload else NOT_AUTOMATIC

    # ------------------------------------------------------------------ loading

    def _load(self, firmware_id: str, file: FileMark) -> None:
        if self._open is not None and _is_of(self._open, firmware_id, file):
            self._use(self._open)
            return
        task = self._loop.create_task(self._prepare(firmware_id, file), name="load description")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._loading = _Loading(firmware_id, file, task)

    def _cancel_loading(self) -> None:
        if self._loading is not None:
            self._loading.task.cancel()
            self._loading = None

    async def _prepare(self, firmware_id: str, file: FileMark) -> None:
        description: CompiledDescription | None = None
        reason = ""
        try:
            path = await self._loader.prepare(self._store.find(firmware_id))
            description = CompiledDescription.open(path)
        except (LoadError, SfdError) as error:
            reason = str(error)
        except Exception:
            # The file is untrusted, and what goes wrong with it must not end anything else.
            logger.exception("loading the description of firmware %s failed", firmware_id)
            reason = "the server failed to load it, its log tells more"

        self._loading = None
        if self._look_up(firmware_id) != file:  # replaced meanwhile: which one is it?
            if description is not None:
                description.close()
            self.check()
        elif description is not None:
            self._use(LoadedDescription(firmware_id, file, description))
        else:
            self._could_not_load(firmware_id, file, reason)

    def _use(self, loaded: LoadedDescription) -> None:
        assert self._profile is not None
        needed, available = loaded.description.char_bit, self._profile.char_bit
        if needed != available:
            if loaded is not self._open:
                loaded.description.close()
            reason = f"it is for bytes of {needed} bits, the device has bytes of {available} bits"
            self._could_not_load(loaded.firmware_id, loaded.file, reason)
            return
        before, self._open = self._open, loaded
        self._detach()
        self._is_attached = True
        self._failed = None
        self._logged = ""
        self._device.attach_description(loaded.description, loaded.firmware_id)
        if before is not None and before is not loaded:
            before.description.close()
        _log_loaded(loaded)
        runs = firmware_id_text(self._profile.firmware_id) if self._profile else ""
        if loaded.firmware_id != runs:
            logger.warning(
                "that is not the description of the firmware in the device, %s: values may be "
                "those of other variables, and writes may go anywhere",
                runs,
            )
        self._end_waiting(loaded.firmware_id)

    def _could_not_load(self, firmware_id: str, file: FileMark, reason: str) -> None:
        text = f"the description of firmware {firmware_id} cannot be loaded: {reason}"
        if firmware_id != self._forced:
            self._fail(firmware_id, file, text)
            return
        # Back to what was there before, or to what the device asks for.
        logger.warning("%s", text)
        self._fail_waiting(text)
        loaded = self.loaded
        self._forced = loaded.firmware_id if loaded and loaded.firmware_id != firmware_id else None
        self.check()

    def _fail(self, firmware_id: str | None, file: FileMark | None, reason: str) -> None:
        self._fail_waiting(reason)
        if self._failed == (firmware_id, file):
            return
        self._failed = (firmware_id, file)
        self._detach()
        self._device.description_failed(reason)
        if reason != self._logged:
            self._logged = reason
            logger.log(logging.INFO if reason == NOT_AUTOMATIC else logging.WARNING, "%s", reason)

    def _detach(self) -> None:
        if self._is_attached:
            self._is_attached = False
            self._device.detach_description()

    # ------------------------------------------------------------------ who waits for it

    def _end_waiting(self, firmware_id: str) -> None:
        mine = [future for wanted, future in self._waiting if wanted == firmware_id]
        self._waiting = [item for item in self._waiting if item[0] != firmware_id]
        for future in mine:
            if not future.done():
                future.set_result(None)
        self._fail_waiting("another description was asked for")

    def _fail_waiting(self, reason: str) -> None:
        waiting, self._waiting = self._waiting, []
        for _, future in waiting:
            if not future.done():
                future.set_exception(LoadError(reason))


def _is_of(loaded: LoadedDescription | _Loading, firmware_id: str, file: FileMark) -> bool:
    return (loaded.firmware_id, loaded.file) == (firmware_id, file)


def _log_loaded(loaded: LoadedDescription) -> None:
    description = loaded.description
    logger.info(
        "description of firmware %s is loaded: %d variables, %d in arrays, %d aliases",
        loaded.firmware_id,
        description.variable_count,
        description.factory_count,
        description.alias_count,
    )
    if description.warnings:
        logger.warning(
            "not all of it can be used (%d remarks, the first: %s)",
            len(description.warnings),
            description.warnings[0],
        )
