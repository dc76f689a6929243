"""A recording between the request and its end, as the core sees it."""

from __future__ import annotations

import pytest

from scrutiny.api import messages as api
from scrutiny.sdk import exceptions
from scrutiny.sdk._core import ClientCore
from scrutiny.sdk._recording import Recording
from scrutiny.sdk.datalogging import DataloggingConfig
from scrutiny.sdk.definitions import DataloggingListChangeType, DataloggingState
from scrutiny.sdk.events import Events
from tests.unit.sdk.core_bench import WALL_S, events_of, make_core, receive, status


class Bench:
    """A recording that was asked for, and what became of it."""

    def __init__(self, core: ClientCore) -> None:
        config = DataloggingConfig(0)
        config.add_signal("/speed", config.add_axis("rpm"))
        self.told: list[str] = []
        self.recording = Recording(config.make_command(""), lambda: self.told.append("accepted"))
        self.recording.on_done = lambda: self.told.append("done")
        self.number = core.start(self.recording, 0.0).reqid

    def accept(self, token: str) -> api.RequestAcquisitionReply:
        return api.RequestAcquisitionReply(reqid=self.number, request_token=token)


def completed(
    token: str, reference_id: str | None = "5d9f", detail: str = ""
) -> api.AcquisitionCompleted:
    return api.AcquisitionCompleted(
        request_token=token,
        success=reference_id is not None,
        reference_id=reference_id,
        detail_msg=detail,
    )


def test_a_recording_is_accepted_and_ends_later() -> None:
    core = make_core()
    bench = Bench(core)

    receive(core, bench.accept("t"))
    assert bench.told == ["accepted"]
    receive(core, completed("t"), now_s=1e6)

    assert bench.told == ["accepted", "done"]
    assert bench.recording.completion == completed("t")
    assert bench.recording.failure is None


def test_the_first_end_counts() -> None:
    core = make_core()
    bench = Bench(core)

    receive(core, bench.accept("t"), completed("t", None, "cancelled"), completed("t"))

    assert bench.recording.completion == completed("t", None, "cancelled")
    assert bench.told == ["accepted", "done"]


def test_an_end_that_comes_before_the_reply_is_not_lost() -> None:
    core = make_core()
    bench = Bench(core)

    receive(core, completed("t", "first"), completed("other"), completed("t", "second"))
    assert not bench.recording.is_done
    receive(core, bench.accept("t"))

    assert bench.told == ["accepted", "done"]
    assert bench.recording.completion == completed("t", "first")


def test_each_of_two_recordings_finds_its_own_early_end() -> None:
    core = make_core()
    first, second = Bench(core), Bench(core)

    receive(core, completed("2", "two"), completed("1", "one"))
    receive(core, first.accept("1"), second.accept("2"))

    ends = [bench.recording.completion for bench in (first, second)]
    assert ends == [completed("1", "one"), completed("2", "two")]


def test_an_end_that_nobody_can_be_waiting_for_is_ignored() -> None:
    core = make_core()

    receive(core, completed("t"))
    bench = Bench(core)
    receive(core, bench.accept("t"))

    assert not bench.recording.is_done


def test_ends_of_others_cannot_fill_the_memory() -> None:
    core = make_core()
    bench = Bench(core)

    receive(core, *(completed(f"other {number}") for number in range(1000)))
    receive(core, bench.accept("other 0"))
    assert not bench.recording.is_done

    bench = Bench(core)
    receive(core, *(completed(f"other {number}") for number in range(1000)))
    receive(core, bench.accept("other 999"))
    assert bench.recording.is_done


@pytest.mark.parametrize("accepted", [False, True])
def test_the_end_of_the_connection_ends_a_recording_here(accepted: bool) -> None:
    core = make_core()
    bench = Bench(core)
    if accepted:
        receive(core, bench.accept("t"))

    core.lost("killed", WALL_S)

    assert isinstance(bench.recording.failure, exceptions.ConnectionError)
    assert bench.told[-1] == "done"


def test_a_refusal_is_told_in_the_words_of_the_server() -> None:
    core = make_core()
    bench = Bench(core)

    receive(core, api.Error(reqid=bench.number, request_cmd="", msg="no such loop"))

    assert "no such loop" in str(bench.recording.failure)
    assert bench.told == ["done"]


def test_two_replies_make_no_sense() -> None:
    core = make_core()
    bench = Bench(core)

    receive(core, bench.accept("t"), bench.accept("u"))

    assert isinstance(bench.recording.failure, exceptions.OperationFailure)


# --------------------------------------------------------------------- events


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("waiting_for_trigger", DataloggingState.WaitForTrigger),
        ("acquiring", DataloggingState.Acquiring),
        ("downloading", DataloggingState.DataReady),
        ("error", DataloggingState.Error),
    ],
)
def test_who_connects_in_mid_way_is_told_after_the_other_events(
    state: str, expected: DataloggingState
) -> None:
    core = make_core()

    receive(core, status("s1", "f1", state, 0.5))

    ready, loaded, datalogger = events_of(core)
    assert ready == Events.DeviceReadyEvent("s1")
    assert loaded == Events.SFDLoadedEvent("f1")
    assert isinstance(datalogger, Events.DataloggerStateChanged)
    assert (datalogger.details.state, datalogger.details.completion_ratio) == (expected, 0.5)


@pytest.mark.parametrize("state", ["unavailable", "standby", "of the future"])
def test_an_idle_datalogger_is_no_news_after_connecting(state: str) -> None:
    core = make_core(listened=Events.LISTEN_DATALOGGER_STATE_CHANGED)

    receive(core, status("s1", "f1", state))

    assert events_of(core) == []


def test_who_connects_again_is_told_again() -> None:
    core = make_core(listened=Events.LISTEN_DATALOGGER_STATE_CHANGED)
    receive(core, status("s1", None, "acquiring"))
    core.lost("killed", WALL_S)
    receive(core, api.Welcome(server_time_zero_timestamp=0.0), status("s1", None, "acquiring"))

    assert len(events_of(core)) == 2


def test_changes_of_what_is_stored_are_events() -> None:
    core = make_core(listened=Events.LISTEN_DATALOGGING_LIST_CHANGED)

    receive(
        core,
        api.AcquisitionListChanged(action="new", reference_id="a"),
        api.AcquisitionListChanged(action="update", reference_id="a"),
        api.AcquisitionListChanged(action="delete", reference_id="a"),
        api.AcquisitionListChanged(action="delete_all", reference_id=None),
    )

    assert events_of(core) == [
        Events.DataloggingListChanged(DataloggingListChangeType.NEW, "a"),
        Events.DataloggingListChanged(DataloggingListChangeType.UPDATE, "a"),
        Events.DataloggingListChanged(DataloggingListChangeType.DELETE, "a"),
        Events.DataloggingListChanged(DataloggingListChangeType.DELETE_ALL, None),
    ]
