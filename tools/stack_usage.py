"""How much stack the functions of the device library need, over all calls they may make.

The frames of the library are those that the compiler tells (`-fstack-usage`), those of the
compiler's own library are read from its instructions; who calls whom is in the linked program.
Callbacks of the application are not followed: where they are called is told instead.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .linked_sizes import ONE_FILE, Target, link, output_of

ENTRIES: Final = ("scrutiny_poll", "scrutiny_receive", "scrutiny_loop_run")

_INSTRUCTION: Final = re.compile(r"^ *([0-9a-f]+):\t[0-9a-f ]+\t([\w.]+)\s*(.*)$", re.MULTILINE)
_PLACE: Final = re.compile(r"(?:0x)?([0-9a-f]+) <[^>]+>\s*$")
_CALLS: Final = {"bl", "blx", "jal", "call", "rcall"}
_JUMPS: Final = re.compile(r"b(|\.n|\.w)|j|r?jmp")
_CALLBACKS: Final = {"icall", "eicall", "jalr"}
_STACK_MOVES: Final = {
    "sub": re.compile(r"sp, (?:sp, )?#(\d+)"),
    "addi": re.compile(r"sp,sp,-(\d+)"),
}
_RETURN_ADDRESS: Final = {"avr-": 2}


@dataclass(frozen=True, slots=True)
class Stack:
    """Stack in octets, the frame of the function itself included.

    Attributes:
        most: of the deepest path of calls, without callbacks.
        at_callback: where the deepest call of a callback is made; None if there is none.
    """

    most: int
    at_callback: int | None


@dataclass(slots=True)
class _Function:
    frame: int
    calls: set[str]
    jumps: set[str]
    has_callback: bool


def measure_stack(target: Target, features: str, folder: Path) -> dict[str, Stack]:
    """Return what each of `ENTRIES` needs that is in a program with these features.

    Args:
        target: one of `TARGETS`.
        features: a key of `FEATURES`.
        folder: where the program and the compiler's notes go.

    Raises:
        CannotMeasure: a tool is missing on this machine.
    """
    program = link(target, features, folder / "stack.elf", ONE_FILE, "-fstack-usage")
    functions = _functions(target, program, _told_frames(folder))
    return {entry: _deepest(functions, entry, ()) for entry in ENTRIES if entry in functions}


def _told_frames(folder: Path) -> dict[str, int]:
    """Return the frames that the compiler has told, by function."""
    frames: dict[str, int] = {}
    for notes in folder.glob("*.su"):
        for line in notes.read_text().splitlines():
            place, size, kind = line.split("\t")
            assert kind == "static", line
            name = place.rsplit(":", 1)[1]
            frames[name] = max(int(size), frames.get(name, 0))
    return frames


def _functions(target: Target, program: Path, told: dict[str, int]) -> dict[str, _Function]:
    symbols = output_of(f"{target.tools}nm", "--defined-only", str(program))
    places: list[tuple[int, str]] = sorted(
        (int(address, 16), name)
        for address, name in re.findall(r"^(\w+) [tTwW] ([^.$]\S*)$", symbols, re.MULTILINE)
    )
    starts = [address for address, _ in places]

    def name_at(address: int) -> str:
        return places[max(bisect_right(starts, address) - 1, 0)][1]

    code: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for address, mnemonic, operands in _INSTRUCTION.findall(
        output_of(f"{target.tools}objdump", "-d", str(program))
    ):
        code[name_at(int(address, 16))].append((mnemonic, operands))
    functions: dict[str, _Function] = {}
    for name, instructions in code.items():
        function = _Function(_frame(target, name, instructions, told), set(), set(), False)
        for mnemonic, operands in instructions:
            place = _PLACE.search(operands)
            if place is None:
                is_callback = mnemonic in _CALLBACKS or mnemonic == "blx"
                function.has_callback = function.has_callback or is_callback
            elif (other := name_at(int(place[1], 16))) != name:
                if mnemonic in _CALLS:
                    function.calls.add(other)
                elif _JUMPS.fullmatch(mnemonic):
                    function.jumps.add(other)
        functions[name] = function
    return functions


def _frame(
    target: Target, name: str, instructions: list[tuple[str, str]], told: dict[str, int]
) -> int:
    plain = name.partition(".")[0]
    if plain in told:
        return told[plain]
    size = _RETURN_ADDRESS.get(target.tools, 0)
    for mnemonic, operands in instructions:
        if mnemonic == "push":
            size += 4 * _register_count(operands) if "{" in operands else 1
        elif (mnemonic, operands[:4]) == ("stmdb", "sp!,"):
            size += 4 * _register_count(operands)
        elif mnemonic in _STACK_MOVES and (moved := _STACK_MOVES[mnemonic].match(operands)):
            size += int(moved[1])
    return size


def _register_count(operands: str) -> int:
    """Return how many registers are in a list as {r4, r5, lr}."""
    return operands[operands.index("{") :].count(",") + 1


def _deepest(functions: dict[str, _Function], name: str, path: tuple[str, ...]) -> Stack:
    function = functions[name]
    most = function.frame
    at_callback = function.frame if function.has_callback else None
    recursive = function.calls.intersection((*path, name))
    assert not recursive, f"{name} is called by itself: {' '.join(recursive)}"
    jumps = function.jumps.difference(path)  # back to where it came from: a loop
    for others, frame in ((function.calls, function.frame), (jumps, 0)):
        for other in others:
            below = _deepest(functions, other, (*path, name))
            most = max(most, frame + below.most)
            if below.at_callback is not None:
                at_callback = max(at_callback or 0, frame + below.at_callback)
    return Stack(most, at_callback)
