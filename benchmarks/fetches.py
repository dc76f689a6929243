"""What was measured of recordings of 64 KiB that were fetched: as numbers, and as tables."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from scrutiny.firmware_link.codes import REQUEST_OVERHEAD, RESPONSE_OVERHEAD

DATA_SIZE: Final = 65536

CHUNK_HEAD_SIZE: Final = 4
CRC_SIZE: Final = 4
BITS_PER_OCTET: Final = 10


def answer_sizes(data_size: int, tx_size: int) -> list[int]:
    """Return the octets of each frame that a device answers with in one pass."""
    sizes: list[int] = []
    is_finished = False
    while not is_finished:
        part = min(data_size, tx_size - CHUNK_HEAD_SIZE)
        is_finished = part == data_size and part <= tx_size - CHUNK_HEAD_SIZE - CRC_SIZE
        data_size -= part
        sizes.append(RESPONSE_OVERHEAD + CHUNK_HEAD_SIZE + part + (CRC_SIZE if is_finished else 0))
    return sizes


def gapless_s(baud: int, sizes: Sequence[int]) -> float:
    """Return how long a pass takes on a line without a gap."""
    return (len(sizes) * REQUEST_OVERHEAD + sum(sizes)) * BITS_PER_OCTET / baud


@dataclass(frozen=True, slots=True)
class Fetch:
    """One recording, fetched.

    Attributes:
        last_s: from the first request until the last chunk is here.
        checked_s: until it is known to be right; of the loop, the same.
        told_s: until the client knows that it is stored; of the loop, the same.
        request_count: as many as were answered.
        cpu_s: processor time that fetching and checking took.
    """

    last_s: float
    checked_s: float
    told_s: float
    request_count: int
    cpu_s: float


@dataclass(slots=True)
class Series:
    """All measurements on one line; those with the same index belong together."""

    baud: int
    tx_size: int
    loop: list[Fetch] = field(default_factory=list[Fetch])
    checking_loop: list[Fetch] = field(default_factory=list[Fetch])
    server: list[Fetch] = field(default_factory=list[Fetch])

    @property
    def line_name(self) -> str:
        return f"{self.baud:,} baud" if self.baud else "unthrottled"

    def ratios(self, fetches: Sequence[Fetch], seconds_of: Callable[[Fetch], float]) -> list[float]:
        """Return times over those of the loop, round by round."""
        pairs = zip(fetches, self.loop, strict=True)
        return [seconds_of(fetch) / loop.last_s for fetch, loop in pairs]

    def shares(self, fetches: Sequence[Fetch]) -> list[float]:
        """Return how much was used of what a line without gaps would have carried."""
        least_s = gapless_s(self.baud, answer_sizes(DATA_SIZE, self.tx_size))
        return [least_s / fetch.last_s for fetch in fetches]

    def line_shares(self, fetches: Sequence[Fetch]) -> list[float]:
        """Return the octets of data over all that the bare line could have carried."""
        return [DATA_SIZE * BITS_PER_OCTET / self.baud / fetch.last_s for fetch in fetches]


_HEAD_UNLIMITED: Final = (
    "tx size  frames  fetched by     ms                     ratio: last chunk      checked"
    "                client told           CPU µs/frame\n"
    "-------  ------  -------------  ---------------------  ---------------------"
    "  ---------------------  ---------------------  ------------"
)
_HEAD_LINE: Final = (
    "line             tx size  frames  fetched by     share of payload rate      of bare line"
    "  KiB/s   CPU µs/frame\n"
    "---------------  -------  ------  -------------  -------------------------  ------------"
    "  ------  ------------"
)


def text_of(all_series: Sequence[Series], retries: int, load: float) -> str:
    """Return the results as tables: medians, with the quartiles in brackets."""
    lines: list[str] = []
    unlimited = [series for series in all_series if not series.baud]
    if unlimited:
        lines.append(_HEAD_UNLIMITED)
    for series in unlimited:
        lines.append(_unlimited_row(series, "loop (ceiling)", series.loop))
        lines.append(_unlimited_row(series, "loop with CRC", series.checking_loop))
        lines.append(_unlimited_row(series, "server", series.server))
    on_line = [series for series in all_series if series.baud]
    if on_line:
        lines += ["", _HEAD_LINE] if lines else [_HEAD_LINE]
    for series in on_line:
        lines.append(_line_row(series, "loop", series.loop))
        lines.append(_line_row(series, "loop with CRC", series.checking_loop))
        lines.append(_line_row(series, "server", series.server))
    lines.append(f"Other processes have used {load:.0%} of a processor meanwhile.")
    if retries:
        lines.append(f"The server had to repeat {retries} requests: the machine is busy.")
    return "\n".join(lines)


def _unlimited_row(series: Series, what: str, fetches: Sequence[Fetch]) -> str:
    columns = [f"{series.tx_size:7}", f"{fetches[0].request_count:6}", f"{what:14}"]
    columns.append(f"{_spread([fetch.last_s * 1e3 for fetch in fetches]):21}")
    for seconds_of in (_last_s, _checked_s, _told_s):
        ratios = series.ratios(fetches, seconds_of)
        columns.append(f"{'1' if fetches is series.loop else _spread(ratios):21}")
    return "  ".join([*columns, f"{_cpu_us(fetches):11.0f}"])


def _line_row(series: Series, what: str, fetches: Sequence[Fetch]) -> str:
    shares = [share * 100 for share in series.shares(fetches)]
    rate = DATA_SIZE / 1024 / statistics.median(fetch.last_s for fetch in fetches)
    columns = (
        f"{series.line_name:15}",
        f"{series.tx_size:7}",
        f"{fetches[0].request_count:6}",
        f"{what:13}",
        f"{_spread(shares, '.1f'):21} %  ",
        f"{statistics.median(series.line_shares(fetches)):12.1%}",
        f"{rate:6.1f}",
        f"{_cpu_us(fetches):12.0f}",
    )
    return "  ".join(columns)


def _last_s(fetch: Fetch) -> float:
    return fetch.last_s


def _checked_s(fetch: Fetch) -> float:
    return fetch.checked_s


def _told_s(fetch: Fetch) -> float:
    return fetch.told_s


def _cpu_us(fetches: Sequence[Fetch]) -> float:
    return statistics.median(fetch.cpu_s / fetch.request_count for fetch in fetches) * 1e6


def _spread(numbers: Sequence[float], form: str = ".2f") -> str:
    middle = statistics.median(numbers)
    if len(numbers) < 4:
        return f"{middle:{form}}"
    low, _, high = statistics.quantiles(numbers, n=4, method="inclusive")
    return f"{middle:{form}}  [{low:{form}} to {high:{form}}]"
