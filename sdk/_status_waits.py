"""What the status of the server has to tell before a wait is over, and what to say if it does not.

Nothing here waits, and nothing locks: a client looks under the lock of its core, if it has one.
"""

from __future__ import annotations

from . import exceptions
from ._core import ClientCore
from .definitions import DeviceCommState, ServerInfo, ServerState


def latest(core: ClientCore) -> ServerInfo:
    """Return the newest status; ConnectionError or InvalidValueError if there is none."""
    if core.state is not ServerState.Connected:
        raise exceptions.ConnectionError(f"not connected: {core.loss_reason}")
    if core.status is None:
        raise exceptions.InvalidValueError("the server has not sent its status yet")
    return core.status


def no_welcome(limit_s: float) -> exceptions.TimeoutException:
    """Return what to raise when the server has not introduced itself in time."""
    return exceptions.TimeoutException(
        f"no welcome message within {limit_s:g} s: is it a Scrutiny server, and of this version?"
    )


def no_first_status(limit_s: float) -> exceptions.TimeoutException:
    """Return what to raise when no status has followed the welcome in time."""
    return exceptions.TimeoutException(f"the server sent no status within {limit_s:g} s")


def no_status(limit_s: float) -> exceptions.TimeoutException:
    """Return what to raise when no other status came in time."""
    return exceptions.TimeoutException(
        f"the server sent no status within {limit_s:g} s; it does when something changes"
    )


def is_device_ready(core: ClientCore) -> bool:
    """Whether the server talks to a device."""
    return (
        core.status is not None and core.status.device_comm_state is DeviceCommState.ConnectedReady
    )


def no_device(core: ClientCore, limit_s: float) -> exceptions.TimeoutException:
    """Return what to raise when there was no device in time."""
    reason = core.status.device_link.failure_reason if core.status else ""
    return exceptions.TimeoutException(
        f"no device was ready within {limit_s:g} s" + (reason and f": {reason}")
    )


def is_sfd_loaded(core: ClientCore) -> bool:
    """Whether the server has loaded a description of the firmware."""
    return core.status is not None and core.status.sfd_firmware_id is not None


def no_sfd(core: ClientCore, limit_s: float) -> exceptions.TimeoutException:
    """Return what to raise when no description was loaded in time."""
    reason = core.status.sfd_failure_reason if core.status else ""
    return exceptions.TimeoutException(
        f"no firmware description was loaded within {limit_s:g} s" + (reason and f": {reason}")
    )
