"""The table of trigger cases: histories, and the iteration at which each has to fire.

``python -m tests.support.trigger_table`` writes it anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from scrutiny.firmware_link.codes import OperandKind, TriggerCondition

from .trigger_cases import all_histories
from .trigger_oracle import OperandCase, TriggerCase, fires_at

TABLE: Final = Path(__file__).resolve().parents[1] / "data" / "trigger-cases.json"

_ABOUT: Final = (
    "When a trigger fires, for every condition, kind of operand and type. Written by "
    "tests/support/trigger_table.py, expected results by exact arithmetic. "
    "operands: literal and its float32; variable, bits (offset and size), published, with a type. "
    "rows: one per iteration, the bits of each operand but literals, most significant first; "
    "null is refused. commands: what is sent before an iteration. fires: the iteration, from 1, or "
    "null. fires_without_64bits: where a target without 64-bit integers sees it differently. "
    "Recorded is the counter of the iterations, in a loop of 1000 times 100 ns."
)


@dataclass(frozen=True)
class ExpectedCase:
    """A case of the table.

    Attributes:
        fires: The iteration, from 1; None for never.
        fires_without_64bits: The same on a target whose widest integers have 32 bits, if it has
            the types.
    """

    case: TriggerCase
    fires: int | None
    fires_without_64bits: int | None


def all_cases() -> Iterator[ExpectedCase]:
    """Make the table."""
    for case in all_histories():
        fires = fires_at(case), fires_at(case, wide_bits=64 if case.needs_64bits else 32)
        if case.rows:
            yield ExpectedCase(_until(case, *fires), *fires)


def _until(case: TriggerCase, *fires: int | None) -> TriggerCase:
    """Leave out what happens after it has fired on all targets."""
    last = max(len(case.rows) if iteration is None else iteration for iteration in fires)
    commands = tuple(command for command in case.commands if command[0] <= last)
    return replace(case, rows=case.rows[:last], commands=commands)


# --- The file -----------------------------------------------------------------------------------


def to_json(cases: Sequence[ExpectedCase]) -> str:
    """One line per case."""
    lines = ",\n".join(json.dumps(_entry(case), separators=(",", ":")) for case in cases)
    return f'{{"about": {json.dumps(_ABOUT)},\n"cases": [\n{lines}\n]}}\n'


def _entry(expected: ExpectedCase) -> dict[str, Any]:
    case = expected.case
    types = [operand.type for operand in case.operands if operand.kind is not OperandKind.LITERAL]
    entry: dict[str, Any] = {
        "name": case.name,
        "condition": case.condition.name,
        "operands": [str(operand) for operand in case.operands],
        "rows": [
            [
                None if of is None else f"{of:0{2 * data_type.size}x}"
                for of, data_type in zip(row, types, strict=True)
            ]
            for row in case.rows
        ],
        "fires": expected.fires,
    }
    if case.hold_time_100ns:
        entry["hold_time_100ns"] = case.hold_time_100ns
    if case.decimation != 1:
        entry["decimation"] = case.decimation
    if case.commands != ((1, "arm"),):
        entry["commands"] = [list(command) for command in case.commands]
    if expected.fires_without_64bits != expected.fires:
        entry["fires_without_64bits"] = expected.fires_without_64bits
    return entry


def load_table() -> list[ExpectedCase]:
    """Read the file."""
    return [_expected_case(entry) for entry in json.loads(TABLE.read_text())["cases"]]


def _expected_case(entry: dict[str, Any]) -> ExpectedCase:
    case = TriggerCase(
        entry["name"],
        TriggerCondition[entry["condition"]],
        tuple(OperandCase.parse(text) for text in entry["operands"]),
        tuple(tuple(None if of is None else int(of, 16) for of in row) for row in entry["rows"]),
        entry.get("hold_time_100ns", 0),
        entry.get("decimation", 1),
        tuple((iteration, what) for iteration, what in entry.get("commands", [(1, "arm")])),
    )
    return ExpectedCase(case, entry["fires"], entry.get("fires_without_64bits", entry["fires"]))


if __name__ == "__main__":
    TABLE.write_text(to_json(list(all_cases())))
