"""Entries of the value store: what clients watch and write, with the last value read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from scrutiny.core.enums import Enumeration
from scrutiny.core.types import DataType
from scrutiny.core.values import Value
from scrutiny.core.watchables import Alias, PublishedValue, Variable

if TYPE_CHECKING:
    from .receivers import Receiver

Source = PublishedValue | Variable
SourceKey = int | str
EntryKind = Literal["var", "alias", "rpv"]


class Entry:
    """One watchable of the connected device. It exists from the first time that it is asked for.

    Attributes:
        id: handle that clients use, a hexadecimal number that is never used again.
        number: the id, as a number; 0 without one.
        path: where clients find it.
        source: where the value is in the device; for an alias that of its target.
        type_id: of the value in the device.
        alias: None unless the entry is an alias.
        is_scaled: it is an alias whose units are not those of the device.
        value: last value read or written, in the user's units; None before the first, and when
            there is none.
        reason: why there is no value, ``nullptr`` or ``forbidden``; else empty.
        octets: last octets in memory, of the whole storage, in the target's byte order; None
            for published values, and after a write of a bit field.
        time_ns: when the value or its loss was known, `time.monotonic_ns`.
        watchers: who takes its values, with the updates per second; None: all there are.
        informed: those of the watchers that know the reason.
        holds: operations under way that need it; it is not forgotten before they end.
    """

    __slots__ = (
        "alias",
        "holds",
        "id",
        "informed",
        "is_scaled",
        "number",
        "octets",
        "path",
        "reason",
        "source",
        "time_ns",
        "type_id",
        "value",
        "watchers",
    )

    def __init__(self, entry_id: str, source: Source, alias: Alias | None = None) -> None:
        self.id = entry_id
        self.number = int(entry_id, 16) if entry_id else 0
        self.path = source.path if alias is None else alias.path
        self.source = source
        self.type_id: int = source.data_type.value
        self.alias = alias
        self.is_scaled = alias is not None and alias.is_scaled
        self.value: Value | None = None
        self.reason = ""
        self.octets: bytes | None = None
        self.time_ns = 0
        self.watchers: dict[Receiver, float | None] = {}
        self.informed: tuple[Receiver, ...] = ()
        self.holds = 0

    @property
    def is_idle(self) -> bool:
        """Whether nobody needs it at the moment."""
        return not self.watchers and not self.holds

    @property
    def kind(self) -> EntryKind:
        """What clients call it."""
        if self.alias is not None:
            return "alias"
        return "var" if isinstance(self.source, Variable) else "rpv"

    @property
    def data_type(self) -> DataType:
        """The type of the value in the device, of the whole storage for a bit field."""
        return self.source.data_type

    @property
    def enum(self) -> Enumeration | None:
        """Names of the values."""
        if self.alias is not None and self.alias.enum is not None:
            return self.alias.enum
        return self.source.enum if isinstance(self.source, Variable) else None


def source_key(source: Source) -> SourceKey:
    """Return what tells sources apart: the id of a published value, the path of a variable."""
    return source.id if isinstance(source, PublishedValue) else source.path
