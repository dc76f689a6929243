"""The core without I/O: messages in; events, watch states and outcomes out."""

from __future__ import annotations

import pytest

from scrutiny.api import messages as api
from scrutiny.sdk import exceptions
from scrutiny.sdk._core import ClientCore
from scrutiny.sdk._exchanges import Call, DeferredCall, ListDownload, WriteExchange
from scrutiny.sdk._watch_options import WatchOptions
from scrutiny.sdk.definitions import DataloggingState, ServerState, ValueStatus
from scrutiny.sdk.events import Events
from tests.unit.sdk.core_bench import (
    WALL_S,
    definition,
    events_of,
    make_core,
    receive,
    status,
    update,
    watch,
)

# --------------------------------------------------------------------- events


def test_order_of_events_after_connecting() -> None:
    core = ClientCore(listened_events=Events.LISTEN_ALL)

    core.opened("localhost", 8765)
    receive(core, api.Welcome(server_time_zero_timestamp=0.0), status("s1", "f1", "standby"))

    taken = [core.events.take() for _ in range(5)]
    assert taken[0] == Events.ConnectedEvent("localhost", 8765)
    assert isinstance(taken[1], Events.StatusUpdateEvent)
    assert taken[2:] == [Events.DeviceReadyEvent("s1"), Events.SFDLoadedEvent("f1"), None]


def test_order_of_events_when_the_device_is_lost() -> None:
    core = make_core()
    receive(core, status("s1", "f1", "standby"))
    events_of(core)

    receive(core, status())

    gone, unloaded, datalogger = events_of(core)
    assert gone == Events.DeviceGoneEvent("s1")
    assert unloaded == Events.SFDUnLoadedEvent("f1")
    assert isinstance(datalogger, Events.DataloggerStateChanged)
    assert datalogger.details.state is DataloggingState.NA


def test_a_replaced_device_is_gone_before_the_new_one_is_ready() -> None:
    core = make_core()
    receive(core, status("s1", "f1"), status("s2", "f2"))

    assert events_of(core) == [
        Events.DeviceReadyEvent("s1"),
        Events.SFDLoadedEvent("f1"),
        Events.DeviceGoneEvent("s1"),
        Events.SFDUnLoadedEvent("f1"),
        Events.DeviceReadyEvent("s2"),
        Events.SFDLoadedEvent("f2"),
    ]


def test_order_of_events_when_the_server_is_lost() -> None:
    core = make_core()
    receive(core, status("s1", "f1", "standby"))
    events_of(core)

    core.lost("killed", WALL_S)

    assert events_of(core) == [
        Events.DeviceGoneEvent("s1"),
        Events.SFDUnLoadedEvent("f1"),
        Events.DisconnectedEvent("localhost", 8765),
    ]
    assert core.state.name == "Disconnected"
    assert core.loss_reason == "killed"


def test_every_change_of_the_datalogger_is_an_event_but_not_the_first_status() -> None:
    core = make_core(listened=Events.LISTEN_DATALOGGER_STATE_CHANGED)

    receive(
        core,
        status("s1", None, "standby"),
        status("s1", None, "standby"),
        status("s1", None, "acquiring", 0.25),
        status("s1", None, "acquiring", 0.5),
        status("s1", None, "downloading"),
    )

    seen = [e.details for e in events_of(core) if isinstance(e, Events.DataloggerStateChanged)]
    assert [(info.state, info.completion_ratio) for info in seen] == [
        (DataloggingState.Acquiring, 0.25),
        (DataloggingState.Acquiring, 0.5),
        (DataloggingState.DataReady, None),
    ]


def test_a_status_that_repeats_itself_is_only_a_status_update() -> None:
    core = make_core()
    receive(core, status("s1"))
    core.events.clear()

    receive(core, status("s1"))

    assert isinstance(core.events.take(), Events.StatusUpdateEvent)
    assert core.events.take() is None
    assert core.status_count == 2


def test_a_session_counts_only_when_the_device_is_ready() -> None:
    core = make_core()
    handshake = status("s1")
    handshake.device_status = "connected"

    receive(core, handshake)

    assert events_of(core) == []


# --------------------------------------------------------------------- watches


def test_values_reach_their_watch() -> None:
    core = make_core()
    speed, mode = watch(core, "/speed", "a"), watch(core, "/mode", "b")

    receive(core, update("a", 3.5, d="AQI="), update("unknown", 1))

    assert speed.reading.value == 3.5
    assert speed.reading.octets() == b"\1\2"
    assert speed.reading.time_s == 1002.0
    assert speed.valid_count == 1
    assert mode.reading.status is ValueStatus.NeverSet


@pytest.mark.parametrize(("reason", "text"), [("nan", "nan"), ("inf", "inf"), ("-inf", "-inf")])
def test_what_json_cannot_write_is_a_valid_value(reason: str, text: str) -> None:
    core = make_core()
    state = watch(core, "/speed", "a")

    receive(core, update("a", None, r=reason))

    assert state.reading.status is ValueStatus.Valid
    assert str(state.reading.value) == text
    assert state.valid_count == 1


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"r": "nullptr"}, ValueStatus.NullPtrDereferenced),
        ({"r": "forbidden"}, ValueStatus.ForbiddenRegion),
        ({"r": "of the future"}, ValueStatus.ServerSetInvalidWithoutReason),
        ({}, ValueStatus.ServerSetInvalidWithoutReason),
    ],
)
def test_an_invalid_value_can_become_valid_again(
    fields: dict[str, str], expected: ValueStatus
) -> None:
    core = make_core()
    state = watch(core, "/speed", "a")

    receive(core, update("a", 1.0), update("a", None, **fields))
    assert state.reading.status is expected
    assert state.reading.value is None
    assert state.valid_count == 1

    receive(core, update("a", 2.0))
    assert state.reading.status is ValueStatus.Valid


def test_a_lost_device_makes_all_watches_stale_before_its_event_can_be_read() -> None:
    core = make_core()
    receive(core, status("s1"))
    states = [watch(core, "/speed", "a"), watch(core, "/rpv/x0001", "b", "rpv")]
    told: list[int] = []
    states[0].observe(lambda: told.append(len(core.events)))
    core.events.clear()

    receive(core, status("s2"))

    assert [state.reading.status for state in states] == [ValueStatus.DeviceGone] * 2
    assert told == [0]
    assert core.watches.find("/speed") is states[0]
    receive(core, update("a", 1.0))
    assert states[0].valid_count == 0


def test_an_unloaded_description_leaves_published_values() -> None:
    core = make_core()
    receive(core, status("s1", "f1"))
    variable, alias = watch(core, "/speed", "a"), watch(core, "/rpv/x0001", "b", "rpv")

    receive(core, status("s1", "f2"))

    assert variable.reading.status is ValueStatus.SFDUnloaded
    assert alias.reading.status is ValueStatus.NeverSet


def test_a_lost_server_ends_all_watches() -> None:
    core = make_core()
    state = watch(core, "/speed", "a")

    core.lost("killed", WALL_S)

    assert state.reading == (ValueStatus.ServerGone, None, None, WALL_S)
    assert state.is_over
    assert core.watches.find("/speed") is None


def test_spellings_that_the_server_takes_for_one_thing_share_a_watch() -> None:
    core = make_core()

    first, second = watch(core, "/table[1]", "a"), watch(core, "/table[01]", "a")

    assert first is second
    core.watches.end(first, ValueStatus.NotWatched, WALL_S)
    assert core.watches.find("/table[1]") is None
    assert core.watches.find("/table[01]") is None


def test_a_value_in_the_packet_of_the_subscription_is_not_lost() -> None:
    core = make_core()
    subscription = core.subscription(["/speed"], WatchOptions())
    command = core.start(subscription, 0.0)

    subscribed = {"/speed": definition("/speed", "a")}
    receive(core, api.SubscribeReply(reqid=command.reqid, subscribed=subscribed), update("a", 1.0))

    assert subscription.states["/speed"].reading.value == 1.0


def test_a_definition_that_makes_no_sense_fails_the_subscription() -> None:
    core = make_core()
    subscription = core.subscription(["/speed"], WatchOptions())
    command = core.start(subscription, 0.0)
    strange = definition("/speed", "a")
    strange.dtype = "decimal64"

    receive(core, api.SubscribeReply(reqid=command.reqid, subscribed={"/speed": strange}))

    assert isinstance(subscription.failure, exceptions.OperationFailure)
    assert "decimal64" in str(subscription.failure)


# --------------------------------------------------------------------- commands


def test_answers_are_matched_by_number() -> None:
    core = make_core()
    first = Call(api.Echo(payload="1"), api.EchoReply)
    second = Call(api.Echo(payload="2"), api.EchoReply)
    numbers = [core.start(call, 0.0).reqid for call in (first, second)]

    receive(core, api.EchoReply(reqid=numbers[1], payload="2"))

    assert numbers == [0, 1]
    assert second.reply.payload == "2"
    assert not first.is_done


def test_a_refusal_is_told_in_the_words_of_the_server() -> None:
    core = make_core()
    call = Call(api.Echo(payload=""), api.EchoReply)
    number = core.start(call, 0.0).reqid

    receive(core, api.Error(reqid=number, request_cmd="echo", msg="not today"))

    assert str(call.failure) == "the server refused echo: not today"


def test_an_answer_of_another_kind_is_a_failure() -> None:
    core = make_core()
    call = Call(api.Echo(payload=""), api.EchoReply)
    number = core.start(call, 0.0).reqid

    receive(core, api.SetLinkConfigReply(reqid=number))

    assert "response_set_link_config" in str(call.failure)


def test_an_answer_that_cannot_be_decoded_is_a_failure() -> None:
    core = make_core()
    call = Call(api.Echo(payload=""), api.EchoReply)
    number = core.start(call, 0.0).reqid

    core.malformed(number, "payload is missing")
    core.malformed(None, "an event of the future")

    assert "payload is missing" in str(call.failure)


def test_late_and_foreign_answers_are_ignored() -> None:
    core = make_core()
    call = Call(api.Echo(payload=""), api.EchoReply)
    number = core.start(call, 0.0).reqid
    core.forget(call)

    receive(
        core,
        api.EchoReply(reqid=number, payload=""),
        api.Error(reqid=99, request_cmd="echo", msg=""),
        api.Error(request_cmd="echo", msg=""),
        write_completed("of another client", 0),
    )

    assert not call.is_done


def test_a_deferred_answer_comes_under_its_token() -> None:
    core = make_core()
    command = api.ReadMemory(address=0, size=1)
    call = DeferredCall(command, api.ReadMemoryReply, api.MemoryReadCompleted)
    number = core.start(call, 0.0).reqid

    receive(core, api.ReadMemoryReply(reqid=number, request_token="t"))
    assert not call.is_done
    receive(
        core,
        api.MemoryReadCompleted(
            request_token="t",
            success=True,
            data="AQ==",
            detail_msg=None,
            completion_server_time_us=0,
        ),
    )

    assert call.reply.data == "AQ=="


def write_completed(token: str, index: int, reason: str = "") -> api.WriteCompleted:
    return api.WriteCompleted(
        request_token=token,
        batch_index=index,
        watchable="a",
        success=not reason,
        failure_reason=reason,
        completion_server_time_us=7.0,
    )


def make_write(core: ClientCore, outcomes: list[tuple[int, str, float | None]]) -> WriteExchange:
    items = [api.WriteItem(index, "a", index) for index in range(3)]

    def on_item(index: int, reason: str, server_time_us: float | None) -> None:
        outcomes.append((index, reason, server_time_us))

    exchange = WriteExchange(api.WriteWatchable(updates=items), on_item)
    number = core.start(exchange, 0.0).reqid
    receive(core, api.WriteReply(reqid=number, request_token="t", count=3))
    return exchange


def test_each_write_of_a_batch_is_confirmed_by_itself_and_once() -> None:
    core = make_core()
    outcomes: list[tuple[int, str, float | None]] = []
    exchange = make_write(core, outcomes)

    receive(core, write_completed("t", 2), write_completed("t", 0, "no"), write_completed("t", 2))
    assert not exchange.is_done
    receive(core, write_completed("t", 1), write_completed("t", 1))

    assert outcomes == [(2, "", 7.0), (0, "no", 7.0), (1, "", 7.0)]
    assert exchange.is_done
    assert exchange.failure is None


def test_writes_are_confirmed_many_at_a_time_and_once() -> None:
    core = make_core()
    outcomes: list[tuple[int, str, float | None]] = []
    exchange = make_write(core, outcomes)

    def confirmed(*indices: int) -> api.WritesConfirmed:
        return api.WritesConfirmed(
            request_token="t", batch_indices=[*indices], completion_server_time_us=9.0
        )

    receive(core, confirmed(2, 0, 2, -1, 3), confirmed(0))
    assert not exchange.is_done
    receive(core, write_completed("t", 1, "no"), confirmed(1))

    assert outcomes == [(2, "", 9.0), (0, "", 9.0), (1, "no", 7.0)]
    assert exchange.is_done


def test_a_lost_server_fails_what_is_pending() -> None:
    core = make_core()
    outcomes: list[tuple[int, str, float | None]] = []
    call = Call(api.Echo(payload=""), api.EchoReply)
    core.start(call, 0.0)
    write = make_write(core, outcomes)
    receive(core, write_completed("t", 0))
    done: list[str] = []
    call.on_done = lambda: done.append("call")
    write.on_done = lambda: done.append("write")

    core.lost("killed", WALL_S)
    core.lost("killed again", WALL_S)

    assert done == ["call", "write"]
    assert isinstance(call.failure, exceptions.ConnectionError)
    assert [outcome[0] for outcome in outcomes] == [0, 1, 2]
    assert "killed" in outcomes[1][1]


def list_reply(reqid: int | None, *, done: bool) -> api.WatchableListReply:
    groups = api.WatchableGroups([], [], [], [])
    return api.WatchableListReply(reqid=reqid, done=done, qty=api.WatchableCounts(), content=groups)


def test_a_download_fails_after_a_long_silence_only() -> None:
    core = make_core()
    parts: list[bool] = []
    download = ListDownload(api.GetWatchableList(), lambda part: parts.append(part.done), 30.0)
    number = core.start(download, 0.0).reqid

    receive(core, list_reply(number, done=False), now_s=29.0)
    core.tick(58.9)
    assert not download.is_done
    core.tick(59.0)

    assert isinstance(download.failure, exceptions.TimeoutException)
    receive(core, list_reply(number, done=True), now_s=60.0)
    assert parts == [False]


def test_welcome_completes_the_connection() -> None:
    core = ClientCore()
    states = [core.state]
    for step in (core.connecting, lambda: core.opened("localhost", 1)):
        step()
        states.append(core.state)
    receive(core, api.Welcome(server_time_zero_timestamp=0.0))

    assert states == [ServerState.Disconnected, ServerState.Connecting, ServerState.Connecting]
    assert core.state is ServerState.Connected
