"""Count what is left out, by reason: a hostile file gets a handful of messages, not a million."""

from __future__ import annotations

import msgspec

_SHOWN = 200  # characters of a name or a detail; both come from outside


class _Group(msgspec.Struct):
    count: int
    example: str


class Omissions:
    """What was left out of one kind of thing.

    Args:
        singular: what one of them is called, "variable".
        plural: what several are called.
    """

    def __init__(self, singular: str, plural: str) -> None:
        self._singular = singular
        self._plural = plural
        self._groups: dict[str, _Group] = {}

    def add(self, reason: str, name: str, detail: str = "") -> None:
        """Count one more; the first one of a reason is shown.

        Args:
            reason: one of few texts, without values.
            name: of what is left out.
            detail: the values, shown with the name.
        """
        group = self._groups.get(reason)
        if group is not None:
            group.count += 1
            return
        example = (_shown(name) or "''") + (f" ({_shown(detail)})" if detail else "")
        self._groups[reason] = _Group(1, example)

    def messages(self) -> list[str]:
        """Return one line per reason, in the order they came up."""
        return [
            f"{self._singular} {group.example} left out: {reason}"
            if group.count == 1
            else f"{group.count} {self._plural} left out: {reason}; the first is {group.example}"
            for reason, group in self._groups.items()
        ]


def _shown(text: str) -> str:
    """Return a text of bounded length that is one line and can be encoded."""
    cut = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in cut)
