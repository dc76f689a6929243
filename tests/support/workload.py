"""What a busy client does: it watches many values and writes all the time."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.exceptions import InvalidValueError, OperationFailure, ScrutinySDKException
from scrutiny.sdk.watchable_handle import WatchableHandle

from .bench import Events
from .processes import DEADLINE_S


@dataclass(slots=True)
class WorkloadReport:
    """What came of it.

    Attributes:
        seconds: how long it took.
        confirmed: writes that the device confirmed.
        refused: writes that were surely not carried out.
        unknown: writes without an answer; the server said so, or a time-out did.
        contradictions: values read that were not the last one confirmed.
        device_gone: how often the session with the device ended.
        requests: to the device, repetitions included.
        retries: requests that were sent again.
        failed_requests: requests given up after all retries.
    """

    seconds: float = 0.0
    confirmed: int = 0
    refused: int = 0
    unknown: int = 0
    contradictions: list[str] = field(default_factory=list[str])
    device_gone: int = 0
    requests: int = 0
    retries: int = 0
    failed_requests: int = 0

    @property
    def polls_per_s(self) -> float:
        """Good reads of all watched values, which fit one request; heartbeats are counted too."""
        writes = self.confirmed + self.refused + self.unknown
        polls = self.requests - self.retries - self.failed_requests - writes
        return polls / self.seconds if self.seconds else 0.0


class Workload:
    """Watches values of its own, as often as possible, and writes them one after the other."""

    def __init__(self, client: ScrutinyClient, paths: Sequence[str]) -> None:
        """Start to watch; the device must be ready and nobody else may write the values."""
        self._client = client
        self._paths = paths
        self._number = 0  # all values that are written differ; below 2**24 as float32 takes them
        self._handles: list[WatchableHandle] = []
        self._confirmed: dict[str, int] = {}  # last value by path, unless its fate is unknown
        self._watch()

    def run(self, seconds: float) -> WorkloadReport:
        """Write for a while, check each value before it is written again, and count."""
        client, report = self._client, WorkloadReport()
        client.clear_event_queue()
        before = client.get_server_stats()
        begin_s = time.monotonic()
        while time.monotonic() - begin_s < seconds:
            self._write_next(report)
        report.seconds = time.monotonic() - begin_s
        after = client.get_server_stats()
        # Asked for twice within minutes, the rate is the average between the two.
        report.requests = round(after.device_request_per_sec * report.seconds)
        report.retries = after.device_retry_count - before.device_retry_count
        report.failed_requests = (
            after.device_failed_request_count - before.device_failed_request_count
        )
        while (event := client.read_event(timeout=0)) is not None:
            report.device_gone += isinstance(event, Events.DeviceGoneEvent)
        return report

    def check_all(self) -> list[str]:
        """Read everything from the device once more, and return the contradictions."""
        self._client.wait_new_value_for_all(DEADLINE_S)
        return [text for handle in self._handles if (text := self._contradiction(handle))]

    def _watch(self) -> None:
        self._client.wait_device_ready(DEADLINE_S)
        self._handles = [self._client.watch(path) for path in self._paths]
        self._client.wait_new_value_for_all(DEADLINE_S)
        self._confirmed.clear()

    def _write_next(self, report: WorkloadReport) -> None:
        handle = self._handles[self._number % len(self._handles)]
        if handle.is_dead:
            with contextlib.suppress(ScrutinySDKException):  # it may be gone again
                self._watch()
            return
        if text := self._contradiction(handle):
            report.contradictions.append(text)
        self._number += 1
        self._confirmed.pop(handle.server_path, None)
        try:
            handle.value = self._number
        except OperationFailure as error:
            if "unknown" in f"{error}":
                report.unknown += 1
            else:
                report.refused += 1
        else:
            report.confirmed += 1
            self._confirmed[handle.server_path] = self._number

    def _contradiction(self, handle: WatchableHandle) -> str:
        confirmed = self._confirmed.get(handle.server_path)
        if confirmed is None:
            return ""
        with contextlib.suppress(InvalidValueError):
            if (value := handle.value) != confirmed:
                return f"{handle.server_path} is {value}, confirmed was {confirmed}"
        return ""
