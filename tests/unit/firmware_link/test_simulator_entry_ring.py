"""The ring of recorded entries."""

from __future__ import annotations

import pytest

from scrutiny.firmware_link.simulator.entry_ring import EntryRing


@pytest.mark.parametrize("count", range(10))
def test_it_holds_the_last_entries_oldest_first(count: int) -> None:
    ring = EntryRing(2, 4)
    entries = [bytes((number, number ^ 0xFF)) for number in range(count)]

    for entry in entries:
        ring.append(entry)

    assert ring.octets() == b"".join(entries[-4:])
    assert ring.entry_count == min(count, 4)


def test_one_entry_may_be_all() -> None:
    ring = EntryRing(3, 1)

    ring.append(b"old")
    ring.append(b"new")

    assert ring.octets() == b"new"


def test_what_was_read_does_not_change_any_more() -> None:
    ring = EntryRing(1, 2)
    ring.append(b"a")
    before = ring.octets()

    ring.append(b"b")

    assert before == b"a"
