"""Why a link does not open, from the error with which it did not."""

from __future__ import annotations

import errno
import sys
from pathlib import Path

from ..errors import LinkOpenError, PortMissing
from ..transports.serial_port import located
from ..transports.settings import LinkSettings, SerialSettings
from .findings import Cause, Finding
from .port_holders import PROC, PortHolder, port_holders

_CAUSES = {
    errno.ENOENT: Cause.NO_SUCH_PORT,
    errno.ENODEV: Cause.NO_SUCH_PORT,
    errno.ENXIO: Cause.NO_SUCH_PORT,
    errno.EACCES: Cause.NO_PERMISSION,
    errno.EPERM: Cause.NO_PERMISSION,
    errno.EBUSY: Cause.PORT_BUSY,
    errno.EAGAIN: Cause.PORT_BUSY,
}


def why_it_does_not_open(
    settings: LinkSettings, error: LinkOpenError, proc: Path = PROC
) -> Finding:
    """Return the cause; for a port that another process has, which one that is."""
    if not isinstance(settings, SerialSettings) or settings.is_url:
        text, advice = _cut(f"{error}")
        return Finding(Cause.CANNOT_OPEN, text, advice)
    cause = _cause(error)
    text, advice = _cut(f"{error}")
    if cause is Cause.PORT_BUSY and (holders := _holders(settings, proc)):
        names = " and ".join(map(str, holders))
        verb = "has" if len(holders) == 1 else "have"
        return Finding(cause, f"{names} {verb} the serial port {settings.port}", advice)
    return Finding(cause, text, advice)


def _cause(error: LinkOpenError) -> Cause:
    if isinstance(error, PortMissing):
        return Cause.NO_SUCH_PORT
    number = _errno(error.__cause__)
    return Cause.CANNOT_OPEN if number is None else _CAUSES.get(number, Cause.CANNOT_OPEN)


def _holders(settings: SerialSettings, proc: Path) -> list[PortHolder]:
    try:
        return port_holders(located(settings).port, proc)
    except LinkOpenError:  # the device was unplugged since
        return []


def _errno(error: BaseException | None) -> int | None:
    if sys.platform == "win32":
        # pyserial keeps the system's error in the text only; "access denied" means busy there.
        for marker, code in (("FileNotFoundError", errno.ENOENT), ("PermissionError", errno.EBUSY)):
            if marker in str(error):
                return code
    return error.errno if isinstance(error, OSError) else None


def _cut(text: str) -> tuple[str, str]:
    """Cut the text of an error into what happened and what to do, which follows a full stop."""
    what, _, advice = text.partition(". ")
    return what, advice
