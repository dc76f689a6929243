"""Asks the system for short turns on a processor, so that the server has one when it needs it.

A server needs a processor a thousand times a second, for less than 0.1 ms each. On a machine with
few processors, Linux lets another process end its turn first, which may take milliseconds, during
which the line to the device is idle. A thread that asks for short turns is let in between; its
share of the processor stays the same. Needs no privilege. Source: sched_setattr(2), Linux 6.12.
"""

from __future__ import annotations

import logging
import os
import platform
import struct
import sys
from typing import Final

logger = logging.getLogger(__name__)

TURN_NS: Final = 100_000  # the shortest that Linux grants

_SYSTEM_CALLS: Final = {"x86_64": 314, "aarch64": 274, "riscv64": 274}  # of sched_setattr
_RESET_ON_FORK: Final = 1
# struct sched_attr: size, policy, flags, nice, priority, runtime, deadline, period.
_ATTRIBUTES: Final = struct.Struct("=IIQiIQQQ")


def ask_for_short_turns(thread: int = 0) -> bool:
    """Ask for a thread, not for what it starts; return whether the system has agreed.

    Whoever has chosen another policy for the server, as by chrt(1), has reasons; nothing is asked.

    Args:
        thread: its number, or that of a process with one; 0: the caller.
    """
    if sys.platform != "linux" or os.sched_getscheduler(thread) != os.SCHED_OTHER:
        return False
    call = _SYSTEM_CALLS.get(platform.machine())
    if call is None or sys.maxsize < 1 << 32:
        return False
    import ctypes  # takes 5 ms, which only Linux needs

    nice = os.getpriority(os.PRIO_PROCESS, thread)  # which would be reset otherwise
    attributes = _ATTRIBUTES.pack(_ATTRIBUTES.size, 0, _RESET_ON_FORK, nice, 0, TURN_NS, 0, 0)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(call, thread, ctypes.c_char_p(attributes), 0) == 0:
        return True
    logger.debug("no short turns on the processor: error %d", ctypes.get_errno())
    return False
