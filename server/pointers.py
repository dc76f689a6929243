"""Values of the pointers that variables are read through."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from scrutiny.core.watchables import Variable

from .entries import Entry

NULL_POINTER = "nullptr"


class Pointer:
    """One pointer of the device.

    Attributes:
        entry: takes what is read; nobody else knows it, it is in no store.
        value: where it points to, in the target's bytes; None while that is not known.
        failure: why it cannot be read; empty if it can, or if nobody has tried.
    """

    __slots__ = ("entry", "failure", "value")

    def __init__(self, variable: Variable) -> None:
        self.entry = Entry("", variable)
        self.value: int | None = None
        self.failure = ""

    def address_of(self, variable: Variable, mask: int) -> int | str | None:
        """Return the address of a variable behind it, why there is none, or None: not known."""
        if self.failure:
            return self.failure
        if self.value is None:
            return None
        if self.value == 0:
            return NULL_POINTER
        return (self.value + variable.address) & mask


class PointerTable:
    """All pointers in use; they are remembered from one plan to the next.

    Attributes:
        on_change: called with the pointers that have another value, and the time.
    """

    def __init__(self) -> None:
        self.on_change: Callable[[set[Pointer], int], None] = lambda pointers, now_ns: None
        self._by_path: dict[str, Pointer] = {}

    def get(self, variable: Variable) -> Pointer:
        """Return the pointer that is this variable."""
        pointer = self._by_path.get(variable.path)
        if pointer is None:
            pointer = self._by_path[variable.path] = Pointer(variable)
        return pointer

    def address_of(self, variable: Variable, mask: int) -> int | str | None:
        """Return the address of a variable behind a pointer, as `Pointer.address_of`."""
        if variable.pointer is None:
            return variable.address
        pointer = self._by_path.get(variable.pointer.path)
        return None if pointer is None else pointer.address_of(variable, mask)

    def among(self, entries: Iterable[Entry]) -> list[Pointer]:
        """Return the pointers whose values are read with these entries."""
        if not self._by_path:
            return []
        known = self._by_path
        return [known[entry.path] for entry in entries if not entry.id and entry.path in known]

    def keep_only(self, pointers: Iterable[Pointer]) -> None:
        """Forget those that are not read any more."""
        self._by_path = {pointer.entry.path: pointer for pointer in pointers}

    def clear(self) -> None:
        """Forget all: they are of another firmware, or of no device."""
        self._by_path.clear()

    def learn(self, pointers: Iterable[Pointer], now_ns: int) -> None:
        """Compare what was just read with what was known."""
        changed: set[Pointer] = set()
        for pointer in pointers:
            value = pointer.entry.value
            if value != pointer.value and value is not None:
                pointer.value = int(value)
                pointer.failure = ""
                changed.add(pointer)
        if changed:
            self.on_change(changed, now_ns)

    def fail(self, pointers: Iterable[Pointer], reason: str, now_ns: int) -> None:
        """Note that these pointers cannot be read."""
        changed = {pointer for pointer in pointers if pointer.failure != reason}
        for pointer in changed:
            pointer.failure = reason
            pointer.value = None
        if changed:
            self.on_change(changed, now_ns)
