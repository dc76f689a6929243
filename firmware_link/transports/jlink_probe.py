"""Opening a J-Link through pylink, and finding the RTT buffers of the firmware behind it."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from ..errors import LinkOpenError
from .base import Transport
from .driver_words import hush, told
from .settings import RttSettings
from .worker import open_in_worker

if TYPE_CHECKING:
    from types import ModuleType

# The firmware may just be starting, and Segger's software looks through all of its RAM.
FIND_BUFFERS_S: Final = 3.0
_LOOK_AGAIN_S: Final = 0.02
_HAND_OVER_S: Final = 2.0
_TIFS: Final = {"jtag": 0, "swd": 1, "fine": 3, "icsp": 4, "spi": 5, "c2": 6}
_DOWNLOAD: Final = "https://www.segger.com/downloads/jlink"

# Segger's library has one state for the whole process: closing a probe closes the next one too, if
# that is open already.
_library_in_use = threading.Lock()


class Probe(Protocol):
    """What is used of an open ``pylink.JLink``."""

    def rtt_read(self, buffer_index: int, num_bytes: int) -> list[int]: ...
    def rtt_write(self, buffer_index: int, data: list[int]) -> int: ...
    def rtt_stop(self) -> None: ...
    def close(self) -> None: ...


async def open_jlink(settings: RttSettings) -> Transport:
    """Open a probe in a worker thread. Cancelling is safe.

    Raises:
        LinkOpenError: with the reason and what to do about it.
    """
    probe = await open_in_worker(lambda: open_probe(settings), close_probe)
    from .jlink_transport import JLinkTransport  # which needs pylink

    return JLinkTransport(settings, probe)


def open_probe(settings: RttSettings) -> Probe:
    """Open a probe and the RTT buffers of its target. Blocks: for worker threads.

    Raises:
        LinkOpenError: with the reason and what to do about it.
    """
    hush("pylink")
    try:
        # It comes without types.
        import pylink  # pyright: ignore[reportMissingTypeStubs]
    except ImportError as error:
        raise LinkOpenError(
            "RTT through a J-Link needs pylink: pip install 'scrutiny-bridge[rtt]'. An RTT server "
            "needs nothing: rtt://localhost:19021"
        ) from error
    if not _library_in_use.acquire(timeout=_HAND_OVER_S):
        raise LinkOpenError(
            "this program uses a J-Link already; use the RTT server of a second one, as "
            "rtt://localhost:19021"
        )
    try:
        return _open(pylink, settings)
    except BaseException:
        _library_in_use.release()
        raise


def close_probe(probe: Probe) -> None:
    """Give a probe back, whatever state it is in; to be called once. Blocks a little."""
    from pylink.errors import JLinkException  # pyright: ignore[reportMissingTypeStubs]

    try:
        with contextlib.suppress(JLinkException):  # it may be unplugged
            probe.rtt_stop()
        with contextlib.suppress(JLinkException):
            probe.close()
    finally:
        _library_in_use.release()


def _open(pylink: ModuleType, settings: RttSettings) -> Probe:
    try:
        jlink: Any = pylink.JLink()
    except (TypeError, AttributeError, OSError) as error:
        raise LinkOpenError(
            f"Segger's J-Link software is not installed, or too old: {_DOWNLOAD}"
        ) from error
    # ValueError: what is no name of a target. AttributeError: the library is too old for RTT.
    failures = (pylink.errors.JLinkException, ValueError, AttributeError)
    try:
        jlink.open(serial_no=settings.probe or None)
    except failures as error:
        which = f"no J-Link with the number {settings.probe}" if settings.probe else "no J-Link"
        raise LinkOpenError(
            f"{which} answers: {told(error)}. Plug it in; if another program holds it, use the "
            "RTT server of that one, as rtt://localhost:19021"
        ) from error
    try:
        _connect(jlink, settings, failures)
        _find_buffers(jlink, settings, failures)
    except BaseException:
        with contextlib.suppress(*failures):
            jlink.close()
        raise
    return cast("Probe", jlink)


def _connect(jlink: Any, settings: RttSettings, failures: tuple[type[Exception], ...]) -> None:
    target, interface = settings.target, settings.interface
    try:
        jlink.exec_command("SetBatchMode = 1")  # nobody would click on a window
        if not jlink.set_tif(_TIFS[interface]):
            raise ValueError("it refused the interface")
    except failures as error:
        raise LinkOpenError(
            f"this J-Link cannot do {interface}: {told(error)}. Name another interface in the "
            f"link, as rtt:{target}?interface=swd"
        ) from error
    try:
        jlink.connect(target)
        jlink.rtt_start()
    except failures as error:
        raise LinkOpenError(
            f"the J-Link cannot connect to {target}: {told(error)}. Check the name (J-Link "
            "Commander lists all: `expdevlist devices.csv`), the power of the board and its cable"
        ) from error


def _find_buffers(jlink: Any, settings: RttSettings, failures: tuple[type[Exception], ...]) -> None:
    give_up_s = time.monotonic() + FIND_BUFFERS_S
    while True:
        try:
            count = min(jlink.rtt_get_num_up_buffers(), jlink.rtt_get_num_down_buffers())
        except failures as error:
            if time.monotonic() > give_up_s:
                raise LinkOpenError(
                    f"there are no RTT buffers in the RAM of {settings.target}: {told(error)}. The "
                    "firmware has to run and to call SEGGER_RTT_Init; check that this one does"
                ) from error
        else:
            break
        time.sleep(_LOOK_AGAIN_S)  # nothing tells when they are found
    if settings.channel >= count:
        raise LinkOpenError(
            f"the firmware has {count} pairs of RTT buffers, counted from 0: there is no channel "
            f"{settings.channel}. Raise SEGGER_RTT_MAX_NUM_UP_BUFFERS and _DOWN_BUFFERS in it"
        )
