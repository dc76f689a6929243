"""Requests, the device and the storage together: nothing is faked but the way to the device."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from scrutiny.core.datalogging import Acquisition
from scrutiny.core.types import DataType
from scrutiny.core.watchables import Variable
from scrutiny.firmware_link.codes import DatalogControlFunction as Function
from scrutiny.firmware_link.codes import DatalogState, ResponseCode
from scrutiny.firmware_link.frames import Response
from scrutiny.firmware_link.messages import AddressFormat, DatalogStatus
from scrutiny.server.datalogging import logger_link, recordings
from scrutiny.server.datalogging.errors import DatabaseUnusable, RecordingRefused, RequestNotEnded

from .naive_datalogger import BASE, variable, wanted
from .recording_bench import (
    Bench,
    BenchDevice,
    at_level,
    at_once,
    refused,
    running,
)

Scenario = Callable[[Bench], Coroutine[Any, Any, None]]


@pytest.fixture(autouse=True)
def quick_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask the device often: time does not matter here."""
    monkeypatch.setattr(logger_link, "SHORTEST_POLL_NS", 1_000_000)


def run(folder: Path, scenario: Scenario) -> None:
    async def complete() -> None:
        async with running(folder) as bench:
            await scenario(bench)

    asyncio.run(complete())


# --------------------------------------------------------------------- from request to storage


def test_a_recording_is_triggered_fetched_and_stored(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        device = bench.device
        request = bench.ask(at_level(5))
        await bench.until_state(request, "waiting_for_trigger")
        device.iterate(30)
        device.set_level(5)
        device.iterate(4)
        await bench.until_state(request, "acquiring")
        await bench.until(lambda: request.completion)
        device.iterate(20)

        samples = await bench.samples(request)
        await bench.standby()

        assert samples == list(range(24, 40))  # 16 fit the buffer, half of them before the trigger
        (reference_id,) = bench.stored
        acquisition = await bench.storage.read(reference_id)
        assert acquisition.trigger_index is not None
        assert acquisition.series[0].samples[acquisition.trigger_index] == 31
        assert acquisition.firmware_name == "firmware 0001"
        assert bench.states == ["waiting_for_trigger", "acquiring", "downloading", "standby"]
        assert bench.events[-3:] == ["new", "A stored", "standby"]
        assert device.asked[:2] == [Function.CONFIGURE, Function.ARM]
        assert device.asked[-1] is Function.RESET

    run(tmp_path, scenario)


def test_the_completion_grows_and_is_not_told_too_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(bench: Bench) -> None:
        monkeypatch.setattr(recordings, "COMPLETION_INTERVAL_S", 0.0)
        request = bench.ask(at_level(1, probe_location=0))
        await bench.until_state(request, "waiting_for_trigger")
        bench.device.set_level(1)
        bench.device.iterate(2)
        await bench.until_state(request, "acquiring")
        for _ in range(7):
            bench.device.iterate(2)
            await bench.after_questions(2)
        bench.device.iterate(9)
        await bench.ended(request)

        ratios = [s.completion for s in bench.told if s.state.value == "acquiring"]
        known = [ratio for ratio in ratios if ratio is not None]
        assert len(known) >= 5
        assert known == sorted(known)
        downloads = [s.completion for s in bench.told if s.state.value == "downloading"]
        assert len(downloads) >= 3  # of three chunks
        assert downloads[-1] == 1.0
        await bench.standby()
        bench.told.clear()

        monkeypatch.setattr(recordings, "COMPLETION_INTERVAL_S", 3600.0)
        request = bench.ask(at_once())
        await bench.until_state(request, "waiting_for_trigger")
        bench.device.iterate(40)
        await bench.samples(request)
        await bench.standby()
        assert len([s for s in bench.told if s.state.value == "downloading"]) == 1

    run(tmp_path, scenario)


def test_requests_are_carried_out_in_their_order(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        first = bench.ask(at_level(1))
        second = bench.ask(at_once(), bench.bob)
        await bench.until_state(first, "waiting_for_trigger")
        assert [r.state.value for r in bench.recordings.requests] == [
            "waiting_for_trigger",
            "queued",
        ]
        assert [r.owner for r in bench.recordings.requests] == ["1.1.1.1:1", "bob (2.2.2.2:2)"]
        bench.device.set_level(1)
        bench.device.iterate(40)
        await bench.ended(first)
        await bench.until_state(second, "waiting_for_trigger")
        bench.device.iterate(40)
        await bench.ended(second)
        await bench.standby()

        ends = [event for event in bench.events if event in ("A stored", "B stored", "new")]
        assert ends == ["new", "A stored", "new", "B stored"]
        assert "standby" not in bench.events[:-1]  # from one recording to the next
        assert bench.device.asked.count(Function.RESET) == 2

    run(tmp_path, scenario)


def test_each_recording_has_a_configuration_id_of_its_own(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        for _ in range(3):
            request = bench.ask(at_once())
            await bench.until_state(request, "waiting_for_trigger")
            bench.device.iterate(40)
            await bench.samples(request)
        assert len(bench.stored) == len(set(bench.stored)) == 3

    run(tmp_path, scenario)


def test_a_slow_line_is_asked_less_often(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def line_ns(octets: int) -> int:
        return octets * 1_000_000

    async def scenario(bench: Bench) -> None:
        link = logger_link.LoggerLink(asyncio.get_running_loop(), bench.device)
        monkeypatch.setattr(logger_link, "SHORTEST_POLL_NS", 50_000_000)
        assert link.poll_ns == 50_000_000
        monkeypatch.setattr(bench.device, "line_ns", line_ns)
        assert link.poll_ns == 20 * 26_000_000  # 26 octets both ways, frames included

    run(tmp_path, scenario)


# --------------------------------------------------------------------- pointers

POINTER = Variable("/p", DataType.PTR32, "little", BASE + 32)
POINTED = variable("/*p", DataType.UINT32, 4, pointer=POINTER)


def point_to(device: BenchDevice, address: int) -> None:
    device.write(BASE + 32, address.to_bytes(4, "little"))


def test_a_pointer_is_read_just_before_it_is_recorded(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        point_to(bench.device, BASE + 0x40)
        await bench.recordings.check(wanted(POINTED))
        first = bench.ask(at_level(1))
        second = bench.ask(wanted(POINTED, probe_location=0))
        await bench.until_state(first, "waiting_for_trigger")
        point_to(bench.device, BASE - 4)  # the tick
        bench.recordings.cancel("A", "me")
        await bench.until_state(second, "waiting_for_trigger")
        bench.device.iterate(17)
        assert await bench.samples(second) == list(range(2, 18))  # of the tick

    run(tmp_path, scenario)


def test_a_pointer_that_leads_nowhere_is_refused_and_later_fails_the_request(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench) -> None:
        with pytest.raises(RecordingRefused, match="pointer /p is null"):
            await bench.recordings.check(wanted(POINTED))
        end = await bench.ended(bench.ask(wanted(POINTED)))
        assert "pointer /p is null" in end.reason
        bench.device.unreadable = "forbidden"
        with pytest.raises(RecordingRefused, match="could not be read: forbidden"):
            await bench.recordings.check(wanted(POINTED))
        await bench.standby()

    run(tmp_path, scenario)


# --------------------------------------------------------------------- ends


@pytest.mark.parametrize("state", ["waiting_for_trigger", "acquiring", "downloading"])
def test_a_request_can_be_cancelled_in_every_state(tmp_path: Path, state: str) -> None:
    async def scenario(bench: Bench) -> None:
        request = bench.ask(at_level(1))
        await bring_to(bench, request, state)

        bench.recordings.cancel("A", "bob (2.2.2.2:2)")

        assert bench.events[-1] == "A cancelled by bob (2.2.2.2:2)"
        assert bench.recordings.requests == []
        bench.device.release()
        await bench.until(lambda: Function.RESET in bench.device.asked)
        await bench.standby()
        assert bench.stored == []
        following = bench.ask(at_once())
        await bench.until_state(following, "waiting_for_trigger")
        bench.device.iterate(40)
        await bench.samples(following)

    run(tmp_path, scenario)


async def bring_to(bench: Bench, request: Any, state: str) -> None:
    """Let a request that waits for level 1 get so far, and no further."""
    await bench.until_state(request, "waiting_for_trigger")
    if state == "waiting_for_trigger":
        return
    bench.device.iterate(20)
    bench.device.set_level(1)
    bench.device.iterate(2)
    await bench.until_state(request, "acquiring")
    if state == "downloading":
        bench.device.held = Function.READ_ACQUISITION
        bench.device.iterate(20)
        await bench.until_state(request, "downloading")


def test_what_is_being_stored_cannot_be_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(bench: Bench) -> None:
        may_store = asyncio.Event()
        add_made = bench.storage.add_made

        async def slow(make: Callable[[], Acquisition]) -> Acquisition:
            await may_store.wait()
            return await add_made(make)

        monkeypatch.setattr(bench.storage, "add_made", slow)
        request = bench.ask(at_once())
        await bench.until_state(request, "waiting_for_trigger")
        bench.device.iterate(40)
        await bench.until_state(request, "storing")

        with pytest.raises(RequestNotEnded, match="being stored"):
            bench.recordings.cancel("A", "me")
        with pytest.raises(RequestNotEnded, match="no request 'Z'"):
            bench.recordings.cancel("Z", "me")
        bench.ask(at_once(), queue=False)  # not even by a newer one of the same client
        assert bench.recordings.status.state.value == "downloading"
        await bench.until(lambda: Function.RESET in bench.device.asked)  # the device is done
        may_store.set()
        assert len(await bench.samples(request)) == 16

    run(tmp_path, scenario)


def test_what_cannot_be_stored_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(bench: Bench) -> None:
        for error, text in (
            (DatabaseUnusable("the disk is full"), "could not be stored: the disk is full"),
            (ZeroDivisionError(), "the log of the server tells more"),
        ):

            async def fail(make: Callable[[], Acquisition], error: Exception = error) -> None:
                raise error

            monkeypatch.setattr(bench.storage, "add_made", fail)
            request = bench.ask(at_once())
            await bench.until_state(request, "waiting_for_trigger")
            bench.device.iterate(40)
            assert text in (await bench.ended(request)).reason
            await bench.standby()
        assert bench.stored == []

    run(tmp_path, scenario)


def test_a_device_that_refuses_is_reset_and_the_next_request_has_its_turn(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        device = bench.device
        device.answers[Function.CONFIGURE] = refused(Function.CONFIGURE, ResponseCode.FORBIDDEN)
        device.held = Function.RESET
        first, second = bench.ask(at_once()), bench.ask(at_once())
        assert "FORBIDDEN" in (await bench.ended(first)).reason
        del device.answers[Function.CONFIGURE]
        device.release()
        await bench.until_state(second, "waiting_for_trigger")
        device.iterate(40)
        assert len(await bench.samples(second)) == 16

    run(tmp_path, scenario)


def test_an_error_of_the_device_is_told_until_it_was_reset(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        device = bench.device
        status = DatalogStatus(DatalogState.ERROR, 0, 0).payload(AddressFormat(4))
        request = bench.ask(at_level(1))
        await bench.until_state(request, "waiting_for_trigger")
        device.answers[Function.GET_STATUS] = Response(5, Function.GET_STATUS, 0, status)
        device.held = Function.RESET
        await bench.ended(request)
        assert bench.told[-1].state.value == "error"
        del device.answers[Function.GET_STATUS]
        device.release()
        await bench.standby()
        assert bench.states == ["waiting_for_trigger", "error", "standby"]

    run(tmp_path, scenario)


def test_a_defect_of_the_server_ends_one_request_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(bench: Bench) -> None:
        def fail(*arguments: object) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(logger_link, "RecordingPlan", fail)
        end = await bench.ended(bench.ask(at_once()))
        assert "log of the server tells more" in end.reason
        monkeypatch.undo()
        request = bench.ask(at_once())
        await bench.until_state(request, "waiting_for_trigger")
        bench.device.iterate(40)
        await bench.samples(request)

    run(tmp_path, scenario)
    assert "ZeroDivisionError" in caplog.text


# --------------------------------------------------------------------- clients


def test_a_client_that_cannot_cancel_replaces_its_own_requests_only(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        first = bench.ask(at_level(1), queue=False)
        await bench.until_state(first, "waiting_for_trigger")
        other = bench.ask(at_level(1), bench.bob)
        second = bench.ask(at_level(1), queue=False)
        assert (await bench.ended(first)).reason == "replaced by a newer request of the same client"
        await bench.until_state(other, "waiting_for_trigger")
        third = bench.ask(at_level(1), queue=False)
        assert "replaced" in (await bench.ended(second)).reason
        assert [r.token for r in bench.recordings.requests] == [other.token, third.token]

    run(tmp_path, scenario)


def test_what_a_client_that_has_left_waits_for_goes_on_until_somebody_else_waits(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench) -> None:
        first, second = bench.ask(at_level(1)), bench.ask(at_level(1))
        await bench.until_state(first, "waiting_for_trigger")
        bench.recordings.leave(bench.alice)
        assert "has left" in (await bench.ended(second)).reason
        assert [r.token for r in bench.recordings.requests] == ["A"]

        following = bench.ask(at_once(), bench.bob)

        assert "gave way to a request of bob (2.2.2.2:2)" in (await bench.ended(first)).reason
        await bench.until_state(following, "waiting_for_trigger")
        bench.device.iterate(40)
        await bench.samples(following)

    run(tmp_path, scenario)


def test_what_has_triggered_is_stored_though_its_client_has_left(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        first = bench.ask(at_level(1))
        await bring_to(bench, first, "acquiring")
        bench.ask(at_level(1), bench.bob)
        bench.recordings.leave(bench.alice)
        bench.device.iterate(20)
        assert len(await bench.samples(first)) == 16

    run(tmp_path, scenario)


# --------------------------------------------------------------------- sessions


def test_a_session_begins_with_a_reset(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        bench.device.vanish()
        assert bench.recordings.status.state.value == "unavailable"
        bench.device.appear()
        assert bench.recordings.status.state.value == "standby"
        await bench.until(lambda: bench.device.asked)  # more may follow before this is seen
        assert bench.device.asked[0] == Function.RESET
        assert bench.device.asked.count(Function.RESET) == 1

    run(tmp_path, scenario)


@pytest.mark.parametrize("state", ["waiting_for_trigger", "acquiring", "downloading"])
def test_a_recording_goes_on_when_the_device_is_back(tmp_path: Path, state: str) -> None:
    async def scenario(bench: Bench) -> None:
        device = bench.device
        request = bench.ask(at_level(1))
        await bring_to(bench, request, state)

        device.vanish()

        assert request.end is None
        assert request.state.value == state
        assert bench.told[-1].state.value == "unavailable"
        device.set_level(1)
        device.iterate(20)  # it records all the same
        device.asked.clear()
        device.held = None
        device.appear()
        assert bench.recordings.status.state.value == state
        samples = await bench.samples(request)
        assert samples == list(range(int(samples[0]), int(samples[0]) + 16))
        assert Function.CONFIGURE not in device.asked
        assert Function.RESET not in device.asked[:-1]
        await bench.standby()

    run(tmp_path, scenario)


def test_a_device_that_goes_while_it_is_configured_is_configured_again(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        device = bench.device
        device.held = Function.ARM
        request = bench.ask(at_once())
        await bench.until(lambda: Function.CONFIGURE in device.asked)
        device.vanish()
        device.restart()
        device.held = None
        device.appear()
        await bench.until_state(request, "waiting_for_trigger")
        device.iterate(40)
        assert len(await bench.samples(request)) == 16

    run(tmp_path, scenario)


@pytest.mark.parametrize("state", ["waiting_for_trigger", "acquiring", "downloading"])
def test_a_device_that_has_restarted_has_lost_the_recording(tmp_path: Path, state: str) -> None:
    async def scenario(bench: Bench) -> None:
        request = bench.ask(at_level(1))
        await bring_to(bench, request, state)
        bench.device.vanish()
        bench.device.restart()
        bench.device.held = None
        bench.device.appear()
        assert "restarted" in (await bench.ended(request)).reason
        await bench.standby()

    run(tmp_path, scenario)


def test_another_firmware_ends_all_requests_at_once(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        first, second = bench.ask(at_level(1)), bench.ask(at_level(1), bench.bob)
        await bench.until_state(first, "waiting_for_trigger")
        bench.device.vanish()
        bench.device.asked.clear()
        bench.device.appear(firmware_id=b"another firmware")
        for request in (first, second):
            assert request.end is not None
            assert request.end.reason == "another firmware was connected"
        await bench.until(lambda: Function.RESET in bench.device.asked)
        await bench.standby()

    run(tmp_path, scenario)


def test_without_a_device_requests_wait_and_can_be_cancelled(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        first, second = bench.ask(at_level(1)), bench.ask(at_once(), bench.bob)
        await bench.until_state(first, "waiting_for_trigger")
        bench.device.vanish()
        await asyncio.sleep(0.05)
        assert [r.state.value for r in bench.recordings.requests] == [
            "waiting_for_trigger",
            "queued",
        ]
        bench.recordings.cancel("A", "bob")
        bench.device.appear()
        await bench.until_state(second, "waiting_for_trigger")
        assert Function.RESET in bench.device.asked  # what it did for the first one
        bench.device.iterate(40)
        await bench.samples(second)

    run(tmp_path, scenario)


def test_a_device_without_a_datalogger_is_left_alone(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        bench.device.vanish()
        bench.device.asked.clear()
        bench.device.appear(datalog_buffer_size=0)
        assert bench.recordings.status.state.value == "unavailable"
        with pytest.raises(RecordingRefused, match="built without datalogging"):
            await bench.recordings.check(at_once())
        assert bench.device.asked == []

    run(tmp_path, scenario)


def test_a_session_that_ends_again_and_again_does_no_harm(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        request = bench.ask(at_level(1))
        await bench.until_state(request, "waiting_for_trigger")
        for _ in range(20):
            bench.device.vanish()
            bench.device.appear()
            await asyncio.sleep(0.001)
        bench.device.set_level(1)
        bench.device.iterate(40)
        assert len(await bench.samples(request)) == 16

    run(tmp_path, scenario)


# --------------------------------------------------------------------- the end of the server


@pytest.mark.parametrize("state", ["waiting_for_trigger", "acquiring", "downloading"])
def test_the_device_is_let_go_before_the_server_stops(tmp_path: Path, state: str) -> None:
    async def scenario(bench: Bench) -> None:
        first, second = bench.ask(at_level(1)), bench.ask(at_level(1))
        await bring_to(bench, first, state)
        bench.device.asked.clear()
        bench.device.release()

        await bench.recordings.stop()

        assert bench.device.asked[-1] is Function.RESET
        assert {r.end.reason for r in (first, second) if r.end} == {"the server stops"}
        late = bench.ask(at_once())
        assert (await bench.ended(late)).reason == "the server stops"

    run(tmp_path, scenario)


def test_a_server_that_stops_waits_for_what_is_being_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(bench: Bench) -> None:
        add_made = bench.storage.add_made

        async def slow(make: Callable[[], Acquisition]) -> Acquisition:
            await asyncio.sleep(0.1)
            return await add_made(make)

        monkeypatch.setattr(bench.storage, "add_made", slow)
        request = bench.ask(at_once())
        await bench.until_state(request, "waiting_for_trigger")
        bench.device.iterate(40)
        await bench.until_state(request, "storing")
        await bench.recordings.stop()
        assert len(await bench.samples(request)) == 16

    run(tmp_path, scenario)


def test_a_device_that_does_not_answer_does_not_keep_the_server_from_stopping(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(bench: Bench) -> None:
        monkeypatch.setattr(recordings, "LAST_RESET_S", 0.05)
        request = bench.ask(at_level(1))
        await bench.until_state(request, "waiting_for_trigger")
        bench.device.held = Function.RESET
        await bench.recordings.stop()

    with caplog.at_level(logging.WARNING):
        run(tmp_path, scenario)
    assert "was not reset in time" in caplog.text
