"""What goes wrong on a line, on purpose and repeatably: lost, flipped, doubled, late octets.

A filter on octet streams without I/O and without knowledge of frames, so that it serves between
a link and the simulated device as well as in a proxy in front of a real one. What needs the
notion of an answer (`FaultSettings.truncate`) takes a chunk for one: the simulated device gives
each answer as one chunk.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import Enum
from random import Random
from typing import Final

_NS_PER_MS: Final = 1_000_000


class Direction(Enum):
    """Which way octets go."""

    TO_DEVICE = "to device"
    TO_HOST = "to host"


class FaultKind(Enum):
    """What a scripted fault does to its octet."""

    DROP = "drop"
    FLIP = "flip"
    DUPLICATE = "duplicate"
    TRUNCATE = "truncate"  # this octet and the rest of its chunk are lost


@dataclass(frozen=True, slots=True)
class LineFaults:
    """Faults of one direction: probabilities per octet, and a delay of all octets."""

    drop: float = 0.0
    flip: float = 0.0  # of one bit
    duplicate: float = 0.0
    delay_ns: int = 0

    def __post_init__(self) -> None:
        _check_probabilities(drop=self.drop, flip=self.flip, duplicate=self.duplicate)
        _check_durations(delay_ns=self.delay_ns)

    @property
    def changes_octets(self) -> bool:
        return bool(self.drop or self.flip or self.duplicate)


@dataclass(frozen=True, slots=True)
class FaultSettings:
    """How unreliable the line and the device are.

    Attributes:
        truncate: Probability that an answer is cut, anywhere.
        stall: Probability, per chunk towards the device, that the device hangs.
        stall_ns: How long it hangs then: it neither hears nor answers.
        reboot: Probability, per chunk towards the device, that the device restarts instead
            of serving it.
        seed: Of the random numbers; equal seeds and equal octets give equal faults.
    """

    to_device: LineFaults = field(default_factory=LineFaults)
    to_host: LineFaults = field(default_factory=LineFaults)
    truncate: float = 0.0
    stall: float = 0.0
    stall_ns: int = 500 * _NS_PER_MS
    reboot: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        _check_probabilities(truncate=self.truncate, stall=self.stall, reboot=self.reboot)
        _check_durations(stall_ns=self.stall_ns)


@dataclass(slots=True)
class FaultCounts:
    """What a fault model did so far; octets, except for stalls, reboots and truncations."""

    passed: int = 0
    dropped: int = 0
    flipped: int = 0
    duplicated: int = 0
    truncations: int = 0
    truncated_octets: int = 0
    stalls: int = 0
    stalled_octets: int = 0
    reboots: int = 0

    def __str__(self) -> str:
        return ", ".join(f"{f.name} {getattr(self, f.name)}" for f in fields(self))


@dataclass(frozen=True, slots=True)
class ScriptedFault:
    """A fault that happens once.

    Attributes:
        offset: Which octet it meets, counted from 0 at the moment it is scripted, in its
            direction; however the octets are cut into chunks.
        mask: Bits that `FaultKind.FLIP` inverts.
    """

    kind: FaultKind
    offset: int = 0
    direction: Direction = Direction.TO_HOST
    mask: int = 0x01

    def __post_init__(self) -> None:
        if self.offset < 0:
            raise ValueError(f"octet {self.offset} of the next answer does not exist")
        if not 1 <= self.mask <= 0xFF:
            raise ValueError(f"mask {self.mask:#x} does not flip bits of one octet")


def _check_probabilities(**probabilities: float) -> None:
    for name, probability in probabilities.items():
        if not 0.0 <= probability <= 1.0:
            raise ValueError(f"{name} is {probability}, a probability is 0 to 1")


def _check_durations(**durations_ns: int) -> None:
    for name, duration_ns in durations_ns.items():
        if duration_ns < 0:
            raise ValueError(f"{name} is {duration_ns}, a duration is 0 or more")


class _Line:
    """One direction: its own random numbers, its scripted faults, its position."""

    def __init__(self, faults: LineFaults, random: Random) -> None:
        self.faults = faults
        self.position = 0  # octets that came in so far
        self.last_due_ns = 0
        self._random = random
        self._script: dict[int, ScriptedFault] = {}  # by the position of its octet

    @property
    def is_transparent(self) -> bool:
        return not self._script and not self.faults.changes_octets

    def script(self, fault: ScriptedFault) -> None:
        self._script[self.position + fault.offset] = fault

    def pass_on(self, data: bytes, counts: FaultCounts) -> bytes:
        if self.is_transparent:
            self.position += len(data)
            return data
        result = bytearray()
        for index, octet in enumerate(data):
            fault = self._script.pop(self.position, None)
            if fault is not None and fault.kind is FaultKind.TRUNCATE:
                self.skip(len(data) - index)
                counts.truncations += 1
                counts.truncated_octets += len(data) - index
                break
            self.position += 1
            result += (
                self._random_fault(octet, counts) if fault is None else _hit(fault, octet, counts)
            )
        return bytes(result)

    def skip(self, octet_count: int) -> None:
        """Octets were lost before they came here; faults scripted for them have no effect."""
        self.position += octet_count
        for position in [p for p in self._script if p < self.position]:
            del self._script[position]

    def _random_fault(self, octet: int, counts: FaultCounts) -> bytes:
        # Always the same number of draws per octet, so that chunking does not matter.
        drop, flip, duplicate = (self._random.random() for _ in range(3))
        bit = self._random.getrandbits(3)
        if drop < self.faults.drop:
            counts.dropped += 1
            return b""
        if flip < self.faults.flip:
            counts.flipped += 1
            octet ^= 1 << bit
        if duplicate < self.faults.duplicate:
            counts.duplicated += 1
            return bytes((octet, octet))
        return bytes((octet,))


def _hit(fault: ScriptedFault, octet: int, counts: FaultCounts) -> bytes:
    match fault.kind:
        case FaultKind.DROP:
            counts.dropped += 1
            return b""
        case FaultKind.FLIP:
            counts.flipped += 1
            return bytes((octet ^ fault.mask,))
        case _:
            counts.duplicated += 1
            return bytes((octet, octet))


class FaultModel:
    """A bad line with a bad device at its end; no I/O, no clock.

    Attributes:
        counts: What it did so far.
    """

    def __init__(self, settings: FaultSettings | None = None) -> None:
        self.settings = settings or FaultSettings()
        self.counts = FaultCounts()
        seed = self.settings.seed
        self._random = Random(f"{seed} device")
        self._lines = {
            Direction.TO_DEVICE: _Line(self.settings.to_device, Random(f"{seed} to device")),
            Direction.TO_HOST: _Line(self.settings.to_host, Random(f"{seed} to host")),
        }
        self._stalled_until_ns = 0
        self._reboot_due = False

    def pass_on(self, data: bytes, direction: Direction, now_ns: int) -> list[tuple[int, bytes]]:
        """Take a chunk and return what arrives of it, each part with the time it does.

        Times never go backwards within a direction.
        """
        line = self._lines[direction]
        if not data:
            return []
        if direction is Direction.TO_DEVICE:
            self._draw_device_faults(now_ns)
        if now_ns < self._stalled_until_ns or self._reboot_due:
            line.skip(len(data))
            self.counts.stalled_octets += len(data)
            return []
        if direction is Direction.TO_HOST:
            data = self._cut(data, line)
        passed = line.pass_on(data, self.counts)
        if not passed:
            return []
        self.counts.passed += len(passed)
        line.last_due_ns = max(now_ns + line.faults.delay_ns, line.last_due_ns)
        return [(line.last_due_ns, passed)]

    def script(self, fault: ScriptedFault) -> None:
        """Have a fault happen once, to an octet that is still to come."""
        self._lines[fault.direction].script(fault)

    def stall(self, duration_ns: int, now_ns: int) -> None:
        """Let the device hang from now on: octets in either direction are lost."""
        self.counts.stalls += 1
        self._stalled_until_ns = max(self._stalled_until_ns, now_ns + duration_ns)

    def reboot(self) -> None:
        """Ask for a restart of the device; see `take_reboot`."""
        self.counts.reboots += 1
        self._reboot_due = True

    def take_reboot(self) -> bool:
        """Tell, once, that the device has to be restarted by whoever runs it."""
        due, self._reboot_due = self._reboot_due, False
        return due

    def _draw_device_faults(self, now_ns: int) -> None:
        settings = self.settings
        if settings.stall and self._random.random() < settings.stall:
            self.stall(settings.stall_ns, now_ns)
        if settings.reboot and self._random.random() < settings.reboot:
            self.reboot()

    def _cut(self, data: bytes, line: _Line) -> bytes:
        if not self.settings.truncate or self._random.random() >= self.settings.truncate:
            return data
        kept = self._random.randrange(len(data))
        self.counts.truncations += 1
        self.counts.truncated_octets += len(data) - kept
        return data[:kept]


def parse_faults(text: str, seed: int = 0) -> FaultSettings:
    """Read ``drop=0.001,flip=0.0005,delay_ms=20`` as the command line has it.

    Octet faults and the delay apply to both directions.

    Raises:
        ValueError: an unknown name, or a value that is not a number in its range.
    """
    values: dict[str, float] = {}
    for item in filter(None, text.split(",")):
        name, _, number = item.partition("=")
        if name not in FAULT_NAMES:
            raise ValueError(f"unknown fault {name!r}, there are: {', '.join(FAULT_NAMES)}")
        try:
            values[name] = float(number)
        except ValueError:
            raise ValueError(f"fault {name} takes a number, not {number!r}") from None
    line = LineFaults(
        values.get("drop", 0.0),
        values.get("flip", 0.0),
        values.get("duplicate", 0.0),
        _to_ns(values.get("delay_ms", 0.0)),
    )
    return FaultSettings(
        to_device=line,
        to_host=line,
        truncate=values.get("truncate", 0.0),
        stall=values.get("stall", 0.0),
        stall_ns=_to_ns(values.get("stall_ms", 500.0)),
        reboot=values.get("reboot", 0.0),
        seed=seed,
    )


def _to_ns(milliseconds: float) -> int:
    try:
        return round(milliseconds * _NS_PER_MS)
    except (OverflowError, ValueError):
        raise ValueError(f"{milliseconds} ms is not a duration") from None


FAULT_NAMES: Final = (
    "drop",
    "flip",
    "duplicate",
    "delay_ms",
    "truncate",
    "stall",
    "stall_ms",
    "reboot",
)
