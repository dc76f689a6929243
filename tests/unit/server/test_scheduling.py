"""Short turns on a processor: what the system has noted, asked from outside."""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import subprocess
import sys

import pytest

from scrutiny.server.scheduling import TURN_NS
from tests.support.missing_tools import does_not_apply

if sys.platform != "linux":
    pytest.skip("short turns are asked for on Linux only", allow_module_level=True)

SYSTEM_CALLS = {"x86_64": 315, "aarch64": 275, "riscv64": 275}  # of sched_getattr
ATTRIBUTES = struct.Struct("=IIQiIQQQII")
SCRIPT = """
import subprocess, sys
from scrutiny.server.scheduling import ask_for_short_turns
print(ask_for_short_turns(), flush=True)
child = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
print(child.pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def system_knows_turns() -> None:
    release = tuple(int(part) for part in platform.release().split(".")[:2] if part.isdigit())
    if release < (6, 12) or platform.machine() not in SYSTEM_CALLS:
        does_not_apply("this system has one length of turns for all")


def attributes_of(pid: int) -> tuple[int, int]:
    """Return how nice a process is, and the length of its turns in nanoseconds."""
    room = ctypes.create_string_buffer(ATTRIBUTES.size)
    call = SYSTEM_CALLS[platform.machine()]
    assert ctypes.CDLL(None).syscall(call, pid, room, ATTRIBUTES.size, 0) == 0
    _, _, _, nice, _, turn_ns, *_ = ATTRIBUTES.unpack(room.raw)
    return nice, turn_ns


def ask(*wrapper: str, of_child: bool = False) -> tuple[str, int, int]:
    """Return the answer of a process that asks, and what the system has noted of it."""
    command = [*wrapper, sys.executable, "-c", SCRIPT]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        answer = process.stdout.readline().strip()
        child = int(process.stdout.readline())
        return answer, *attributes_of(child if of_child else process.pid)


def test_turns_are_short_from_then_on() -> None:
    assert ask() == ("True", os.getpriority(os.PRIO_PROCESS, 0), TURN_NS)


def test_what_it_starts_has_turns_as_usual() -> None:
    answer, _, turn_ns = ask(of_child=True)

    assert answer == "True"
    assert turn_ns == attributes_of(os.getpid())[1]


def test_a_process_stays_as_nice_as_it_was() -> None:
    answer, nice, turn_ns = ask("nice", "-n", "7")

    assert (answer, turn_ns) == ("True", TURN_NS)
    assert nice == min(19, os.getpriority(os.PRIO_PROCESS, 0) + 7)


def test_another_policy_is_left_alone() -> None:
    answer, _, turn_ns = ask("chrt", "--batch", "0")

    assert answer == "False"
    assert turn_ns != TURN_NS
