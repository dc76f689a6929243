"""What is asked when, and that nothing waits between a chunk and the next request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from typing import Any

import pytest

from scrutiny.firmware_link.acquisition_transfer import AcquisitionTransfer
from scrutiny.firmware_link.codes import ResponseCode
from scrutiny.firmware_link.datalog import Download
from scrutiny.firmware_link.errors import DeviceRefused, NoAnswer
from scrutiny.firmware_link.frames import Response, crc32
from scrutiny.firmware_link.messages import (
    AcquisitionChunk,
    AcquisitionMetadata,
    AddressFormat,
    Arm,
    GetStatus,
)
from scrutiny.firmware_link.session import Ask, Wait
from scrutiny.server.datalog_lane import DatalogLane
from scrutiny.server.datalogging.conversation import ChunkJob, Conversation
from scrutiny.server.datalogging.errors import SessionLost
from scrutiny.server.jobs import Job

from .naive_datalogger import profile

FMT = AddressFormat(4)
DATA = bytes(range(70))
CHUNK_SIZE = 28

Steps = Generator[Any, Any, Any]


class Bench:
    """A conversation, and a lane that the test takes jobs from.

    Attributes:
        heard: what the conversation was sent or thrown.
    """

    def __init__(self, *steps: Any) -> None:
        self.heard: list[Any] = []
        self.lane = DatalogLane()
        loop = asyncio.get_running_loop()
        self.conversation = Conversation(loop, self.lane, FMT, self._talk(steps))
        self.run = loop.create_task(self.conversation.run())

    def _talk(self, steps: tuple[Any, ...]) -> Steps:
        for step in steps:
            try:
                self.heard.append((yield step))
            except (NoAnswer, DeviceRefused) as error:
                self.heard.append(type(error))
        return "over"

    async def job(self) -> Job:
        """Return what is to be sent."""
        while not self.lane:  # noqa: ASYNC110 - it comes within a few turns
            await asyncio.sleep(0)
        return self.lane.next_job()


def run(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(20):
            await scenario()

    asyncio.run(limited())


def response(job: Job, payload: bytes = b"", code: ResponseCode = ResponseCode.OK) -> Response:
    return Response(job.command, job.subfunction, code, payload)


def chunk(index: int, size: int = CHUNK_SIZE) -> bytes:
    data = DATA[index * size : (index + 1) * size]
    crc = crc32(DATA) if (index + 1) * size >= len(DATA) else None
    return AcquisitionChunk(index, 3, data, crc).payload(FMT)


def make_transfer() -> AcquisitionTransfer:
    metadata = AcquisitionMetadata(3, 1, 70, 70, 10)
    return AcquisitionTransfer(metadata, profile(max_tx_payload=CHUNK_SIZE + 4))


def test_answers_refusals_and_pauses_are_passed_on() -> None:
    async def scenario() -> None:
        bench = Bench(Ask(Arm(), retries=0), Ask(GetStatus()), Wait(1_000_000))
        job = await bench.job()
        assert (job.retries, job.idempotent) == (0, True)  # waits no longer than others
        assert job.decides_next(response(job))
        job.answered(response(job, code=ResponseCode.FAILURE_TO_PROCEED), 0)
        assert bench.heard == [DeviceRefused]
        job = await bench.job()
        job.answered(response(job, bytes(9)), 0)
        assert await bench.run == "over"
        assert bench.heard[1].bytes_to_acquire == 0
        assert bench.heard[2] is None

    run(scenario)


def test_a_lost_answer_is_told_in_the_next_turn_for_the_session_may_have_ended() -> None:
    async def scenario() -> None:
        bench = Bench(Ask(Arm(), retries=0))
        job = await bench.job()
        job.failed("silence", 0)
        assert bench.heard == []
        bench.conversation.break_off(SessionLost("the device is gone"))
        with pytest.raises(SessionLost):
            await bench.run
        assert bench.heard == []

        bench = Bench(Ask(Arm(), retries=0))
        job = await bench.job()
        job.failed("silence", 0)
        assert await bench.run == "over"
        assert bench.heard == [NoAnswer]

    run(scenario)


def test_the_next_chunk_is_asked_for_before_this_one_is_looked_at_if_it_is_needed() -> None:
    async def scenario() -> None:
        transfer = make_transfer()
        bench = Bench(Download(transfer))
        seen: list[float] = []
        bench.conversation.on_chunk = lambda transfer: seen.append(transfer.completion)
        job = await bench.job()
        assert isinstance(job, ChunkJob)
        decided: list[bool] = []
        for index in range(3):
            answer = response(job, chunk(index))
            decided.append(job.decides_next(answer))
            if not decided[-1]:
                assert bench.lane.next_job() is job  # the same, as long as chunks are missing
            job.answered(answer, 0)
        assert decided == [False, False, True]  # the third one may be the last
        assert job.under_way == 0
        assert not bench.lane
        assert await bench.run == "over"
        assert transfer.result() == DATA
        assert seen == [28 / 70, 56 / 70, 1.0]

    run(scenario)


def test_a_chunk_that_is_lost_is_asked_for_again() -> None:
    async def scenario() -> None:
        transfer = make_transfer()
        bench = Bench(Download(transfer))
        job = await bench.job()
        job.answered(response(job, chunk(0)), 0)
        job.failed("silence", 0)
        assert bench.lane
        for index in (2, 0, 1):
            job.answered(response(job, chunk(index)), 0)
        assert await bench.run == "over"
        assert transfer.result() == DATA

    run(scenario)


def test_a_refusal_ends_the_download_and_what_is_under_way_counts_no_more() -> None:
    async def scenario() -> None:
        transfer = make_transfer()
        bench = Bench(Download(transfer), Ask(GetStatus()))
        job = await bench.job()
        refusal = response(job, code=ResponseCode.FAILURE_TO_PROCEED)
        assert job.decides_next(refusal)
        job.answered(refusal, 0)
        assert transfer.refusal is ResponseCode.FAILURE_TO_PROCEED
        following = await bench.job()
        assert following.subfunction == GetStatus.subfunction
        job.answered(response(job, chunk(0)), 0)
        job.failed("silence", 0)
        assert bench.heard == [None]
        following.answered(response(following, bytes(9)), 0)
        assert await bench.run == "over"

    run(scenario)


def test_cancelling_takes_back_what_waits_and_ignores_what_comes() -> None:
    async def scenario() -> None:
        for step in (Ask(GetStatus()), Wait(10**12), Download(make_transfer())):
            bench = Bench(step)
            await asyncio.sleep(0)
            job = bench.lane.next_job() if bench.lane else None
            bench.run.cancel()
            with pytest.raises(asyncio.CancelledError):
                await bench.run
            assert not bench.lane
            if job is not None:
                job.answered(response(job, bytes(9)), 0)
            await asyncio.sleep(0)
            assert bench.heard == []

    run(scenario)


def test_what_a_conversation_raises_comes_out() -> None:
    async def scenario() -> None:
        def talk() -> Steps:
            yield Ask(GetStatus())
            raise ZeroDivisionError

        lane = DatalogLane()
        conversation = Conversation(asyncio.get_running_loop(), lane, FMT, talk())
        running = asyncio.create_task(conversation.run())
        await asyncio.sleep(0)
        job = lane.next_job()
        job.answered(response(job, bytes(9)), 0)
        with pytest.raises(ZeroDivisionError):
            await running

    run(scenario)
