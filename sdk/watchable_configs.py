"""What the server tells about the things that can be watched."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from . import exceptions
from .data_types import EmbeddedDataType
from .embedded_enum import EmbeddedEnum


class WatchableType(StrEnum):
    """Kind of a watchable; members equal their plain strings."""

    Variable = "var"
    RuntimePublishedValue = "rpv"
    Alias = "alias"

    @classmethod
    def all(cls) -> list[WatchableType]:
        """Return all kinds."""
        return list(cls)

    def to_str(self) -> str:
        """Return the plain string."""
        return self.value

    @classmethod
    def from_str(cls, v: str) -> WatchableType:
        """Return the kind of that name; ValueError if there is none."""
        return cls(v)


class ServerDatastoreContentType(StrEnum):
    """What a server holds: watchables of each kind, and arrays of them."""

    Variable = "var"
    RuntimePublishedValue = "rpv"
    Alias = "alias"
    VariableFactory = "var_factory"

    @classmethod
    def all(cls) -> list[ServerDatastoreContentType]:
        """Return all kinds."""
        return list(cls)

    def to_str(self) -> str:
        """Return the plain string."""
        return self.value

    @classmethod
    def from_str(cls, v: str) -> ServerDatastoreContentType:
        """Return the kind of that name; ValueError if there is none."""
        return cls(v)


@dataclass(frozen=True)
class BriefWatchableConfiguration:
    """A watchable in a list."""

    watchable_type: WatchableType
    datatype: EmbeddedDataType
    enum: EmbeddedEnum | None


WatchableConfiguration = BriefWatchableConfiguration  # its older name


@dataclass(frozen=True)
class BaseDetailedWatchableConfiguration(BriefWatchableConfiguration):
    """A watchable with all that its kinds have in common."""

    server_id: str
    server_path: str

    @property
    def name(self) -> str:
        """Last segment of the path."""
        return self.server_path.rpartition("/")[2]

    def has_enum(self) -> bool:
        """Tell whether values have names."""
        return self.enum is not None

    def get_enum(self) -> EmbeddedEnum:
        """Return a copy of the enumeration.

        Raises:
            BadEnumError: the watchable has none.
        """
        if self.enum is None:
            raise exceptions.BadEnumError(f"{self.server_path} has no enumeration")
        return self.enum.copy()

    def parse_enum_val(self, val: str) -> int:
        """Return the value of an enumerator.

        Raises:
            BadEnumError: the watchable has no enumeration, or it has no such name.
            TypeError: the name is not a string.
        """
        if not isinstance(val, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"the name of an enumerator is a str, not {val!r}")
        enum = self.get_enum()
        if not enum.has_value(val):
            names = ", ".join(enum.vals)
            raise exceptions.BadEnumError(
                f"{enum.name}, the enumeration of {self.server_path}, has no {val!r} but {names}"
            )
        return enum.get_value(val)


@dataclass(frozen=True)
class DetailedVarWatchableConfiguration(BaseDetailedWatchableConfiguration):
    """A variable; the address is None behind a null pointer, the bits when it is no bit-field."""

    address: int | None
    bitoffset: int | None
    bitsize: int | None


@dataclass(frozen=True)
class DetailedAliasWatchableConfiguration(BaseDetailedWatchableConfiguration):
    """Another view of a watchable: value · gain + offset, written values limited to min and max."""

    target: str
    target_type: WatchableType
    gain: float | None
    offset: float | None
    min: float | None
    max: float | None


@dataclass(frozen=True)
class DetailedRPVWatchableConfiguration(BaseDetailedWatchableConfiguration):
    """A value that the firmware publishes under a number."""

    rpvid: int


DetailedWatchableConfiguration = (
    DetailedVarWatchableConfiguration
    | DetailedAliasWatchableConfiguration
    | DetailedRPVWatchableConfiguration
)


@dataclass(frozen=True)
class VariableFactoryInterface:
    """A leaf inside one or more arrays; stands for all its elements."""

    access_path: str
    datatype: EmbeddedDataType
    enum: EmbeddedEnum | None
    array_dims: dict[str, tuple[int, ...]]  # path of each array in access_path: its dimensions

    def count_possible_paths(self) -> int:
        """Return how many elements there are."""
        count = 1
        for dimensions in self.array_dims.values():
            for size in dimensions:
                count *= size
        return count

    def iterate_possible_paths(self) -> Iterator[tuple[str, BriefWatchableConfiguration]]:
        """Yield path and configuration of each element, the last index fastest."""
        brief = BriefWatchableConfiguration(WatchableType.Variable, self.datatype, self.enum)
        arrays = sorted(self.array_dims, key=len)  # outer arrays first: their paths are prefixes
        pieces: list[str] = []
        sizes: list[int] = []
        end = 0
        for array in arrays:
            indices = "[{}]" * len(self.array_dims[array])
            pieces.append(_literal(self.access_path[end : len(array)]) + indices)
            sizes += self.array_dims[array]
            end = len(array)
        form = "".join(pieces) + _literal(self.access_path[end:])
        for choice in itertools.product(*map(range, sizes)):
            yield form.format(*choice), brief


def _literal(text: str) -> str:
    """Return what ``str.format`` gives back as the text."""
    return text.replace("{", "{{").replace("}", "}}")


def _no_watchables() -> dict[str, BriefWatchableConfiguration]:
    return {}


def _no_factories() -> dict[str, VariableFactoryInterface]:
    return {}


@dataclass
class WatchableListContentPart:
    """Watchables by path, in a dictionary per kind."""

    var: dict[str, BriefWatchableConfiguration] = field(default_factory=_no_watchables)
    alias: dict[str, BriefWatchableConfiguration] = field(default_factory=_no_watchables)
    rpv: dict[str, BriefWatchableConfiguration] = field(default_factory=_no_watchables)
    var_factory: dict[str, VariableFactoryInterface] = field(default_factory=_no_factories)

    def extend(self, other: WatchableListContentPart) -> None:
        """Add the content of another part."""
        self.var.update(other.var)
        self.alias.update(other.alias)
        self.rpv.update(other.rpv)
        self.var_factory.update(other.var_factory)
