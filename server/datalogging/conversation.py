"""Leads a conversation with the datalogger of a device over its place in the schedule.

A conversation is a generator of `firmware_link.datalog`: it yields what to ask, to wait for, or to
download, and is sent the answer or thrown the error. All of it happens in callbacks, so that the
next request goes out in the turn in which the last answer came.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from typing import Any, Generic, TypeVar

from scrutiny.firmware_link.acquisition_transfer import AcquisitionTransfer
from scrutiny.firmware_link.codes import DatalogState, ResponseCode
from scrutiny.firmware_link.datalog import Download
from scrutiny.firmware_link.errors import LinkError, NoAnswer
from scrutiny.firmware_link.frames import Response
from scrutiny.firmware_link.messages import AddressFormat, DatalogStatus
from scrutiny.firmware_link.session import Ask, Wait

from ..datalog_lane import DatalogLane, RepeatedJob
from ..jobs import MessageJob

ResultT = TypeVar("ResultT")


class ChunkJob(RepeatedJob):
    """Asks for chunk after chunk; the same request each time, so it is made once.

    Unless a chunk may be the last one, the next request goes out before it is looked at, or, where
    the device keeps it, before it has come.
    """

    __slots__ = ("_reported", "_transfer")

    def __init__(self, transfer: AcquisitionTransfer, reported: Callable[[bool], None]) -> None:
        """Prepare; ``reported`` is called after each request, and told whether it was answered."""
        super().__init__(transfer.transaction)
        self._transfer = transfer
        self._reported = reported

    @property
    def is_one_more_certain(self) -> bool:
        return self._transfer.are_certain(self.under_way + 1)

    def decides_next(self, response: Response) -> bool:
        return response.code != ResponseCode.OK or not self.is_one_more_certain

    def answered(self, response: Response, now_ns: int) -> None:
        self.under_way -= 1
        if response.code == ResponseCode.OK:
            self._transfer.received(response.payload)
        else:
            self._transfer.refused(ResponseCode(response.code))
        self._reported(True)

    def failed(self, reason: str, now_ns: int) -> None:
        self.taken_back()
        self._reported(False)

    def taken_back(self) -> None:
        self.under_way -= 1
        self._transfer.lost()


class Conversation(Generic[ResultT]):
    """One conversation, to its end.

    Args:
        loop: that its pauses are made in.
        lane: of the device; nobody else uses it meanwhile.
        fmt: of the device's addresses.
        steps: the conversation.

    Attributes:
        on_chunk: called after each chunk, with the transfer.
        device_state: of the datalogger, as the device told last.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        lane: DatalogLane,
        fmt: AddressFormat,
        steps: Generator[Ask | Wait | Download, Any, ResultT],
    ) -> None:
        self.on_chunk: Callable[[AcquisitionTransfer], None] = lambda transfer: None
        self.device_state: DatalogState | None = None
        self._loop = loop
        self._lane = lane
        self._fmt = fmt
        self._steps = steps
        self._pause: asyncio.Handle | None = None
        self._ended: asyncio.Future[ResultT] = loop.create_future()

    async def run(self) -> ResultT:
        """Return what the conversation comes to.

        Cancelling is safe: nothing more is asked.

        Raises:
            LinkError: it has failed, or was broken off.
        """
        self._go_on()
        try:
            return await self._ended
        finally:
            self._stop()

    def break_off(self, error: LinkError) -> None:
        """End it: there is nobody to talk to any more."""
        if not self._ended.done():
            self._ended.set_exception(error)
            self._stop()

    def _stop(self) -> None:
        self._ended.cancel()  # if it has not ended by itself
        if self._pause is not None:
            self._pause.cancel()
        self._lane.withdraw()
        self._steps.close()

    def _go_on(self, answer: Any = None, error: LinkError | None = None) -> None:
        if self._ended.done():
            return
        try:
            step = self._steps.send(answer) if error is None else self._steps.throw(error)
        except StopIteration as end:
            self._ended.set_result(end.value)
            return
        except Exception as failure:
            self._ended.set_exception(failure)
            return
        match step:
            case Ask():
                job = MessageJob(
                    step.message,
                    self._fmt,
                    self._answered,
                    retries=step.retries,
                    patience_ns=step.patience_ns,
                )
                self._lane.put(job)
            case Wait():
                self._pause = self._loop.call_later(step.delay_ns / 1e9, self._go_on)
            case Download():
                self._download(step.transfer)

    def _answered(self, result: Any, now_ns: int) -> None:
        if isinstance(result, NoAnswer):
            self._go_on_later(result)
        elif isinstance(result, LinkError):
            self._go_on(error=result)
        else:
            if isinstance(result, DatalogStatus):
                self.device_state = result.state
            self._go_on(result)

    def _go_on_later(self, error: LinkError | None = None) -> None:
        """Go on in the next turn: maybe the session has ended, which is told in this one."""
        self._pause = self._loop.call_soon(self._go_on, None, error)

    def _download(self, transfer: AcquisitionTransfer) -> None:
        if transfer.is_done:
            self._go_on()
            return
        has_ended = False

        def reported(is_answered: bool) -> None:
            # A request may be under way when the transfer ends; its answer counts no more.
            nonlocal has_ended
            if has_ended or self._ended.done():
                return
            self.on_chunk(transfer)
            if not transfer.is_done:
                return
            has_ended = True
            self._lane.withdraw()
            if is_answered:
                self._go_on()
            else:
                self._go_on_later()

        self._lane.put(ChunkJob(transfer, reported))
