"""What a client does that only records: a tick counter, of which no sample can be wrong unseen."""

from __future__ import annotations

import statistics
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from scrutiny.sdk.acquisition import DataloggingAcquisition
from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.datalogging import DataloggingConfig
from scrutiny.sdk.exceptions import OperationFailure, RequestTimeout, TimeoutException

from .bench import Events
from .processes import DEADLINE_S

TICKS_PATH: Final = "/rpv/x1010"
TICK_SIZE: Final = 8
CONTROL_LOOP: Final = 0

# A bad line may cost a minute; more than this is taken for a recording without an end.
LONGEST_S: Final = 300.0


@dataclass(slots=True)
class CaptureReport:
    """What came of it.

    Attributes:
        durations_s: of the captures whose data are right, from the command to the last sample.
        failures: reasons that were given instead of data, how often.
        wrong: what was wrong with data, or that nothing came at all. None is good.
        device_gone: how often the session with the device ended.
        retries: requests to the device that were sent again, other than those for chunks.
    """

    durations_s: list[float] = field(default_factory=list[float])
    failures: Counter[str] = field(default_factory=Counter[str])
    wrong: list[str] = field(default_factory=list[str])
    device_gone: int = 0
    retries: int = 0

    @property
    def count(self) -> int:
        """How many captures came to an end."""
        return len(self.durations_s) + self.failures.total() + len(self.wrong)

    @property
    def usual_s(self) -> float:
        """Median duration of those with data; 0 if there are none."""
        return statistics.median(self.durations_s) if self.durations_s else 0.0


class CaptureWorkload:
    """Records the ticks of the control loop again and again."""

    def __init__(self, client: ScrutinyClient, buffer_size: int) -> None:
        """Prepare; the device records so many octets, and nobody else has it record."""
        self._client = client
        self._point_count = buffer_size // TICK_SIZE
        self._last_tick = -1
        self._config = DataloggingConfig(CONTROL_LOOP, name="ticks")
        self._config.add_signal(TICKS_PATH, self._config.add_axis("iterations"))

    def run(self, seconds: float) -> CaptureReport:
        """Record for a while, the last capture to its end, and check all that comes."""
        client, report = self._client, CaptureReport()
        client.clear_event_queue()
        before = client.get_server_stats()
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            client.wait_device_ready(DEADLINE_S)
            self._capture(report)
            while (event := client.read_event(timeout=0)) is not None:
                report.device_gone += isinstance(event, Events.DeviceGoneEvent)
        report.retries = client.get_server_stats().device_retry_count - before.device_retry_count
        return report

    def _capture(self, report: CaptureReport) -> None:
        begin_s = time.monotonic()
        try:
            request = self._client.start_datalog(self._config)
            request.wait_for_completion(LONGEST_S)
            acquisition = request.fetch_acquisition(DEADLINE_S)
        except (TimeoutException, RequestTimeout) as error:
            report.wrong.append(f"no end: {error}")
        except OperationFailure as error:
            report.failures[f"{error}"] += 1
        else:
            if fault := self._fault(acquisition):
                report.wrong.append(fault)
            else:
                report.durations_s.append(time.monotonic() - begin_s)

    def _fault(self, acquisition: DataloggingAcquisition) -> str:
        """Return what is wrong with an acquisition, empty if nothing is."""
        ticks = [int(tick) for tick in acquisition.ydata[0].series.to_list()]
        first, trigger = ticks[0] if ticks else 0, acquisition.trigger_index
        last_tick, self._last_tick = self._last_tick, ticks[-1] if ticks else 0
        if len(ticks) != self._point_count or len(acquisition.xdata) != len(ticks):
            return f"{len(ticks)} samples instead of {self._point_count}"
        if ticks != list(range(first, first + len(ticks))):
            return "the ticks are not consecutive"
        if first <= last_tick:
            return f"recorded before it was asked for: tick {first} came before {last_tick}"
        if trigger is None or not 0 <= trigger < len(ticks):
            return f"the trigger index is {trigger}"
        return ""
