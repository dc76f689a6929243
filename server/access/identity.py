"""Who a client is, and what it may do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import msgspec

from .rights import RIGHTS_OF_ROLE, Right, Role


@dataclass(frozen=True, slots=True)
class Identity:
    """What a token stands for.

    Attributes:
        name: of the token, as the audit log shows it.
        role: the bundle of rights that it was given.
        extra: rights besides those of the role.
        rights: all that it has.
    """

    name: str
    role: Role
    extra: frozenset[Right] = frozenset()
    rights: frozenset[Right] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rights", RIGHTS_OF_ROLE[self.role] | self.extra)

    def why_not(self, right: Right) -> str:
        """Return why a command that needs a right is refused."""
        return (
            f"this needs the right {right.value!r}, which {self.name!r} ({self.role.value}) does "
            f"not have; connect with the token of somebody who has it, or give it to this one: "
            f"`scrutiny token add {self.name} --right {right.value}`"
        )


class AccessPolicy(msgspec.Struct, frozen=True):
    """What the server allows to whom, besides what tokens say.

    Attributes:
        memory_write: raw memory may be written by those who have the right.
    """

    memory_write: bool = False

    def why_refused(self, identity: Identity, right: Right) -> str:
        """Return why somebody may not use a right; empty if he may."""
        if right not in identity.rights:
            return identity.why_not(right)
        if right is Right.MEMORY_WRITE and not self.memory_write:
            return (
                "raw memory cannot be written through this server; "
                "start it with --allow-memory-write to permit it"
            )
        return ""


def parse_rights(names: Iterable[str]) -> frozenset[Right]:
    """Return rights by their names.

    Raises:
        ValueError: there is no such right; the text tells which there are.
    """
    rights: set[Right] = set()
    for name in names:
        if name not in _RIGHTS:
            raise ValueError(f"{name!r} is no right; there are {', '.join(_RIGHTS)}")
        rights.add(_RIGHTS[name])
    return frozenset(rights)


_RIGHTS: Final = {right.value: right for right in Right}

# Whoever connects where nobody is asked who he is.
ANYBODY: Final = "anybody"
# Whoever has the token that the server has left for its own account.
ACCOUNT: Final = "owner of the server"
