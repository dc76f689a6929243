"""All that can be found out about a link, in the order in which one thing needs the other."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..errors import LinkClosed, LinkOpenError
from ..messages import Discover
from ..transports.serial_port import located
from ..transports.settings import LinkSettings, NoLink, SerialSettings
from ..transports.urls import link_url
from .answered import second_look
from .findings import Cause, Finding
from .hearing import Heard, Sound
from .latency_timer import SYSFS, slow_latency_timer
from .line import Line, open_line
from .opening import why_it_does_not_open
from .port_holders import PROC
from .unanswered import BAUD_RATES, answering_settings, nothing_known, what_it_is

_ATTEMPTS: Final = 3
_UNMISTAKABLE: Final = (Sound.ANSWER, Sound.ECHO, Sound.TEXT, Sound.SEVEN_BIT_TEXT)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an examination looks at besides the link.

    Attributes:
        sysfs: where the system tells of devices.
        proc: where it tells of processes.
        baud_rates: to be tried when nothing answers at the one that is set.
        start_delay_s: to be tried then, too: how long a board may take to start that does so when
            its port is opened; 0 if none does.
        patience_s: how long a device may take to begin its answer.
        on_step: is called with what comes next, for people.
    """

    sysfs: Path = SYSFS
    proc: Path = PROC
    baud_rates: tuple[int, ...] = BAUD_RATES
    start_delay_s: float = 2
    patience_s: float = 0.4
    on_step: Callable[[str], None] = lambda text: None


async def examine(
    settings: LinkSettings, surroundings: Surroundings | None = None
) -> AsyncGenerator[Finding]:
    """Open a link, ask whatever is at its end, and tell what is found, as it is found.

    A session is opened and closed again, if the device has none; nothing is written.
    """
    around = surroundings or Surroundings()
    if isinstance(settings, NoLink):
        yield Finding(Cause.NO_LINK, "no link is given", "name one, as serial:/dev/ttyACM0")
        return
    if timer := _timer(settings, around):
        yield timer
    try:
        around.on_step(f"opening {link_url(settings)}")
        async with open_line(settings) as line:
            delay_s = settings.start_delay_s if isinstance(settings, SerialSettings) else 0
            heard = await _first_contact(line, delay_s, around)
            if (response := heard[-1].response) is not None:
                async for finding in second_look(line, heard[-1], response, around.on_step):
                    yield finding
                return
    except LinkOpenError as error:
        yield why_it_does_not_open(settings, error, around.proc)
        return
    except LinkClosed as error:
        yield Finding(Cause.LINK_LOST, f"{error}", "check the cable, and try again")
        return
    yield (
        what_it_is(heard)
        or await answering_settings(
            settings,
            around.baud_rates,
            around.start_delay_s,
            around.patience_s,
            around.on_step,
        )
        or nothing_known(settings, heard)
    )


def _timer(settings: LinkSettings, around: Surroundings) -> Finding | None:
    if not isinstance(settings, SerialSettings) or settings.is_url:
        return None
    with contextlib.suppress(LinkOpenError):  # which is told when it is opened
        return slow_latency_timer(located(settings).port, around.sysfs)
    return None


async def _first_contact(line: Line, delay_s: float, around: Surroundings) -> list[Heard]:
    """Listen, then ask who is there; the last thing heard is the answer, if there is one."""
    heard = [await line.listen(max(delay_s, around.patience_s / 2))]
    around.on_step("asking who is there")
    for _ in range(_ATTEMPTS):
        heard.append(await line.ask(Discover(), around.patience_s))
        if heard[-1].sound in _UNMISTAKABLE:
            break
    return heard
