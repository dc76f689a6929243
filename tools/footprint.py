"""What the device library takes of flash and RAM, by kind of microcontroller and features.

    python tools/footprint.py                       measure, and print the table
    python tools/footprint.py --modules             flash by source file of the library, too
    python tools/footprint.py --by-files            what it would be if compiled file by file, too
    python tools/footprint.py --check               fail if a line is above footprint_budget.json
    python tools/footprint.py --write               put the tables into docs/footprint.md

How it is measured: see linked_sizes.py. The figures depend on the compiler; those in the
documentation are of the versions that footprint_budget.json names.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # of a checkout that is not installed

from tools.linked_sizes import (  # noqa: E402
    FEATURES,
    TARGETS,
    CannotMeasure,
    Footprint,
    Target,
    compiler_version,
    measure,
    modules,
)
from tools.stack_usage import ENTRIES, Stack, measure_stack  # noqa: E402

PAGE: Final = ROOT / "docs" / "footprint.md"
BUDGET: Final = ROOT / "tools" / "footprint_budget.json"

OTHER_LIBRARY: Final = {
    "Cortex-M0": {
        "min": (6072, 188),
        "std": (6520, 200),
        "dl min": (13864, 672),
        "dl": (21176, 724),
    },
    "Cortex-M3": {
        "min": (5824, 188),
        "std": (6224, 200),
        "dl min": (11808, 672),
        "dl": (14396, 724),
    },
    "Cortex-M4F": {
        "min": (5848, 188),
        "std": (6256, 200),
        "dl min": (11552, 672),
        "dl": (14764, 724),
    },
    "RV32IMAC": {
        "min": (7676, 184),
        "std": (8172, 200),
        "dl min": (16712, 672),
        "dl": (18360, 720),
    },
    "ATmega328P": {
        "min": (9974, 227),
        "std": (11198, 233),
        "dl min": (20214, 517),
        "dl": (23046, 539),
    },
    "ATmega2560": {
        "min": (10010, 227),
        "std": (11234, 233),
        "dl min": (20250, 517),
        "dl": (23080, 539),
    },
}
"""Flash and RAM of scrutiny-embedded 0.7.1, in octets: same method, features and buffers. It has
no counters, and so no line *all*."""

STACK_FEATURES: Final = ("std", "dl")

Sizes = Mapping[tuple[str, str], Footprint]
"""By target and features."""
Stacks = Mapping[tuple[str, str], Mapping[str, Stack]]
"""By target and features, then by function."""


def main() -> int:
    """Measure, and do what the options say."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--modules", action="store_true", help="flash by source file, too")
    parser.add_argument("--by-files", action="store_true", help="compiled one by one, too")
    parser.add_argument("--check", action="store_true", help="fail above the budget")
    parser.add_argument("--write", action="store_true", help="renew the table of the documentation")
    arguments = parser.parse_args()
    try:
        sizes = measure_all()
    except CannotMeasure as reason:
        print(f"{reason}: sh tools/install_system_packages.sh test", file=sys.stderr)
        return 2
    print(table(sizes))
    if arguments.by_files:
        print_by_files()
    if arguments.modules:
        print_modules()
    if arguments.write:
        stacks = stack_table(measure_stacks())
        PAGE.write_text(with_table(with_table(PAGE.read_text(), table(sizes)), stacks))
    too_large = above_budget(sizes) if arguments.check else []
    for line in too_large:
        print(line, file=sys.stderr)
    return 1 if too_large else 0


def measure_all() -> Sizes:
    """Measure all targets and features, with as many compilers at once as there are processors.

    Raises:
        CannotMeasure: a tool is missing on this machine.
    """
    cases = list(product(TARGETS, FEATURES))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        footprints = pool.map(_measure, *zip(*cases, strict=True))
        return {
            (target.name, features): footprint
            for (target, features), footprint in zip(cases, footprints, strict=True)
        }


def above_budget(sizes: Sizes, tolerance: float = 1.0) -> list[str]:
    """Return a line for each figure above the budget, by more than the factor `tolerance`."""
    budget = read_budget()
    lines: list[str] = []
    for (target, features), footprint in sizes.items():
        flash, ram = budget[target][features]
        for what, size, limit in (("flash", footprint.flash, flash), ("RAM", footprint.ram, ram)):
            if size > limit * tolerance:
                lines.append(f"{target}, {features}: {size} octets of {what}, {limit} are allowed")
    return lines


def read_budget() -> dict[str, dict[str, tuple[int, int]]]:
    """Return the most flash and RAM allowed, by target and features."""
    content = json.loads(BUDGET.read_text())
    return {
        target: {features: (flash, ram) for features, (flash, ram) in lines.items()}
        for target, lines in content["octets"].items()
    }


def other_compilers() -> list[str]:
    """Return the compilers of this machine that are not those of the documented figures.

    Raises:
        CannotMeasure: one is missing on this machine.
    """
    expected: dict[str, str] = json.loads(BUDGET.read_text())["compilers"]
    found = {tools: compiler_version(tools) for tools in expected}
    return [f"{tools}gcc {found[tools]}" for tools in expected if found[tools] != expected[tools]]


def table(sizes: Sizes) -> str:
    """Return the table of the documentation, in Markdown."""
    lines = [
        "| Target | Features | Flash | scrutiny-embedded | | RAM | scrutiny-embedded | |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    for (target, features), size in sizes.items():
        cells = [target, features, f"**{size.flash:,}**", "", "", f"**{size.ram:,}**", "", ""]
        if features in OTHER_LIBRARY[target]:
            flash, ram = OTHER_LIBRARY[target][features]
            cells[3:5] = f"{flash:,}", f"{size.flash / flash:.0%}"
            cells[6:8] = f"{ram:,}", f"{size.ram / ram:.0%}"
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def measure_stacks() -> Stacks:
    """Measure the stack that the functions of the library need, for *std* and *dl*.

    Raises:
        CannotMeasure: a tool is missing on this machine.
    """
    stacks: dict[tuple[str, str], dict[str, Stack]] = {}
    for target, features in product(TARGETS, STACK_FEATURES):
        with tempfile.TemporaryDirectory() as folder:
            stacks[target.name, features] = measure_stack(target, features, Path(folder))
    return stacks


def stack_table(stacks: Stacks) -> str:
    """Return the table of stacks of the documentation, in Markdown."""
    lines = [
        f"| Target | Features | {' | '.join(f'`{entry}`' for entry in ENTRIES)} |",
        f"|---|---|{'--:|' * len(ENTRIES)}",
    ]
    for (target, features), stack in stacks.items():
        cells = [_stack_cell(stack.get(entry)) for entry in ENTRIES]
        lines.append(f"| {target} | {features} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _stack_cell(stack: Stack | None) -> str:
    if stack is None:
        return ""
    return f"{stack.most}" if stack.at_callback is None else f"{stack.most} ({stack.at_callback})"


def with_table(page: str, text: str) -> str:
    """Return a page with the lines of its table of sizes replaced."""
    start = page.index(text.splitlines()[0])
    end = page.index("\n\n", start)
    return page[:start] + text + page[end:]


def print_by_files() -> None:
    """Print flash with the library's files compiled one by one."""
    print("\nfile by file:")
    for target, features in product(TARGETS, FEATURES):
        with tempfile.TemporaryDirectory() as folder:
            size = measure(target, features, Path(folder), by_files=True)
        print(f"{target.name}, {features}: {size.flash}")


def print_modules() -> None:
    """Print flash by source file, the largest first."""
    for target, features in product(TARGETS, FEATURES):
        with tempfile.TemporaryDirectory() as folder:
            parts = modules(target, features, Path(folder))
        listed = ", ".join(f"{name} {size}" for name, size in parts.items())
        print(f"\n{target.name}, {features}: {listed}")


def _measure(target: Target, features: str) -> Footprint:
    with tempfile.TemporaryDirectory() as folder:
        return measure(target, features, Path(folder))


if __name__ == "__main__":
    sys.exit(main())
