"""What may be wrong with a device that answers: version, damage on the way, its session."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable
from typing import Final

from scrutiny.core.firmware_id import PLACEHOLDER

from ..codes import ResponseCode
from ..errors import LinkError
from ..frames import Response
from ..messages import AddressFormat, Connect, Disconnect, Discover, DiscoverAnswer
from ..session import SUPPORTED_PROTOCOL
from .findings import Cause, Finding
from .hearing import Heard
from .line import Line

_PATIENCE_S: Final = 0.4
_REPEATED: Final = 20
_FORMAT: Final = AddressFormat(4)
_OTHER_FIRMWARE: Final = "the firmware may be of another version, or be another program"


async def second_look(
    line: Line, heard: Heard, first: Response, on_step: Callable[[str], None]
) -> AsyncGenerator[Finding]:
    """Find out whether a device that answers can be used, and how well.

    A session is opened and closed again, if the device has none.
    """
    if heard.is_echoed:
        yield Finding(
            Cause.ECHO,
            "a device answers, but what is sent comes back before its answer",
            "the adapter hears itself, as on a bus with one wire: switch its receiver off while it "
            "sends",
        )
        return
    if first.code != ResponseCode.OK:
        yield Finding(
            Cause.REFUSED,
            f"the device refuses to tell who it is: code {first.code}",
            "its name may not fit its transmit buffer: see its configuration",
        )
        return
    try:
        device = Discover().parse_answer(first.payload, _FORMAT)
    except LinkError as error:
        yield Finding(
            Cause.OTHER_PROTOCOL,
            f"the answer makes no sense: {error}",
            _OTHER_FIRMWARE,
        )
        return
    if (device.protocol_major, device.protocol_minor) != SUPPORTED_PROTOCOL:
        version = ".".join(map(str, SUPPORTED_PROTOCOL))
        yield Finding(
            Cause.OTHER_PROTOCOL,
            f"{_name(device)} speaks protocol {device.protocol_major}.{device.protocol_minor}, "
            f"this program {version}",
            "update the older one",
        )
        return
    on_step("asking it again and again")
    good_s, bad = await _repeat(line)
    if bad:
        yield Finding(
            Cause.DAMAGED_ANSWERS,
            f"{bad} of {_REPEATED} answers were damaged or lost",
            "check ground, the length of the wires, and other loads on the supply; a lower baud "
            "rate stands more",
            prevents=False,
        )
    if refusal := await _session_problem(line):
        yield refusal
        return
    if device.firmware_id == PLACEHOLDER:
        yield Finding(
            Cause.UNTAGGED,
            "the program on the board was not tagged after linking: its variables have no names",
            "run `scrutiny sfd build FILE --tag-inplace --install` with the ELF file, and flash "
            "what comes out",
            prevents=False,
        )
    time_ms = f"{sorted(good_s)[len(good_s) // 2] * 1e3:.3g} ms" if good_s else "much too long"
    yield Finding(
        Cause.ALL_WELL,
        f"{_name(device)} answers within {time_ms} and gives a session; firmware "
        f"{device.firmware_id.hex()}",
        prevents=False,
    )


async def _repeat(line: Line) -> tuple[list[float], int]:
    """Ask often; return how long good answers took, in seconds, and how many were not."""
    good_s: list[float] = []
    for _ in range(_REPEATED):
        start_s = time.monotonic()
        heard = await line.ask(Discover(), _PATIENCE_S)
        if heard.response is not None:
            good_s.append(time.monotonic() - start_s)
    return good_s, _REPEATED - len(good_s)


async def _session_problem(line: Line) -> Finding | None:
    response = (await line.ask(Connect(), _PATIENCE_S)).response
    if response is None:
        return Finding(
            Cause.SESSION_BUSY,
            "the device says who it is, but does not answer when a session is asked for",
            "try again; if it stays so, the firmware is too busy to answer in time",
        )
    if response.code == ResponseCode.BUSY:
        return Finding(
            Cause.SESSION_BUSY,
            "the device is in use: it has a session with another program",
            "end that one, a server on another machine or port, say; if it has crashed, the device "
            "frees itself after its heartbeat time-out, 5 s by default",
        )
    if response.code != ResponseCode.OK:
        return Finding(
            Cause.REFUSED, f"the device refuses a session: code {response.code}", _OTHER_FIRMWARE
        )
    try:
        session_id = Connect().parse_answer(response.payload, _FORMAT).session_id
    except LinkError as error:
        return Finding(
            Cause.OTHER_PROTOCOL, f"the session makes no sense: {error}", _OTHER_FIRMWARE
        )
    await line.ask(Disconnect(session_id), _PATIENCE_S)
    return None


def _name(device: DiscoverAnswer) -> str:
    return f"device {device.display_name!r}"
