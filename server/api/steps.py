"""Commands that are carried out in slices, and what they have in common."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Final, TypeVar, cast

import msgspec
from msgspec import Raw, Struct

from scrutiny.api.messages import AnyCommand, DetailedWatchable, command_name
from scrutiny.api.versions import MAX_MESSAGE_SIZE
from scrutiny.core.errors import ScrutinyError

from ..entries import Entry
from ..store import Holds
from ..turns import NO_PAUSE, Steps
from .definitions import detailed
from .errors import CommandRefused

if TYPE_CHECKING:
    from .client import Client

_encoder: Final = msgspec.json.Encoder()
_ENVELOPE: Final = 200  # octets of an answer besides what is told about paths
_ToldT = TypeVar("_ToldT", bound=Struct | str)


def answered(client: Client, command: AnyCommand, steps: Steps) -> Steps:
    """Carry out a command, or what is left of it, and answer what goes wrong.

    It ends where it is when the client has left.
    """
    name = command_name(command)
    try:
        for pause_s in steps:
            yield pause_s
            if not client.is_open:
                steps.close()
                return
    except ScrutinyError as error:
        client.refuse(str(error), reqid=command.reqid, request_cmd=name)
    except Exception as error:
        # One client's command must not take the others down, whatever fails.
        client.fail(error, reqid=command.reqid, request_cmd=name)


class AnswerParts:
    """What an answer tells of each path, encoded as it comes in.

    So no turn of the loop has to encode a large answer at once, and one that is too large is known
    before it is complete.
    """

    def __init__(self) -> None:
        self._octets = _ENVELOPE

    def encoded(self, path: str, told: _ToldT) -> _ToldT:
        """Return what takes the place of something in the answer.

        Raises:
            CommandRefused: the answer becomes too large.
        """
        octets = _encoder.encode(told)
        self._octets += len(octets) + len(_encoder.encode(path)) + 2
        if self._octets > MAX_MESSAGE_SIZE:
            raise CommandRefused(
                f"the answer would have more than {MAX_MESSAGE_SIZE} octets; "
                "split the paths over several commands"
            )
        # The encoder copies it into the message; nobody else looks at it.
        return cast("_ToldT", Raw(octets))


class Resolved:
    """Paths of a command, and what they lead to.

    Attributes:
        entries: by path.
        definitions: of the entries, by path, encoded for the answer; empty unless asked for.
        failed: why there is no entry, by path.
    """

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.definitions: dict[str, DetailedWatchable] = {}
        self.failed: dict[str, str] = {}


def resolve(
    client: Client, paths: Sequence[str], *, described: bool = False, partial: bool = False
) -> Generator[float, None, Resolved]:
    """Find the entries at paths; all of them are there when it has ended.

    Looking up takes 15 µs each, so that in between the device may have gone, or its description
    may be another one. Then all is done again, as if the command had come after that. What other
    clients ask for meanwhile takes no entry away.

    Args:
        client: that asks.
        paths: to look up.
        described: return definitions too.
        partial: go on where there is nothing.

    Raises:
        CommandRefused: one path is unknown, or the answer is too large.
    """
    store = client.parts.store
    holds = Holds(store)
    while True:
        resolved, answer, description = Resolved(), AnswerParts(), store.description
        try:
            for path in paths:
                try:
                    entry = resolved.entries[path] = client.parts.find_entry(path)
                except CommandRefused as error:
                    if not partial:
                        raise
                    resolved.failed[path] = answer.encoded(path, str(error))
                else:
                    holds.add(entry)
                    if described:
                        definition = detailed(entry, client.parts.device)
                        resolved.definitions[path] = answer.encoded(path, definition)
                yield NO_PAUSE
            if store.description is description and store.has_all(resolved.entries.values()):
                return resolved
        finally:
            holds.release()
