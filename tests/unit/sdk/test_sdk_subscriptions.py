"""Watches that outlive the device and its description, without I/O."""

from __future__ import annotations

from scrutiny.api import messages as api
from scrutiny.sdk._core import ClientCore
from scrutiny.sdk._watch_options import WatchOptions
from scrutiny.sdk._watch_state import WatchState
from scrutiny.sdk.data_types import EmbeddedDataType
from scrutiny.sdk.definitions import ValueStatus
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


def rebinding(core: ClientCore) -> api.SubscribeWatchable:
    """Take the one command that the core sends by itself."""
    (command,) = core.commands_to_send()
    assert isinstance(command, api.SubscribeWatchable)
    assert command.partial
    return command


def answer(
    core: ClientCore,
    command: api.SubscribeWatchable,
    ids: dict[str, str],
    failed: dict[str, str] | None = None,
) -> None:
    """Let the server have these paths under these ids."""
    subscribed = {path: definition(path, server_id) for path, server_id in ids.items()}
    receive(
        core, api.SubscribeReply(reqid=command.reqid, subscribed=subscribed, failed=failed or {})
    )


def ready_core() -> ClientCore:
    core = make_core()
    receive(core, status("s1", "f1"))
    return core


def test_a_device_that_is_back_has_its_values_back() -> None:
    core = ready_core()
    speed = watch(core, "/speed", "a")
    receive(core, update("a", 1.0), status())
    assert speed.is_stale
    assert core.commands_to_send() == []

    receive(core, status("s2", "f1"))
    command = rebinding(core)
    assert (command.watchables, command.rate) == (["/speed"], None)
    changed = definition("/speed", "b")
    changed.dtype, changed.address = "uint8", 0x1234
    receive(core, api.SubscribeReply(reqid=command.reqid, subscribed={"/speed": changed}))

    assert speed.reading.status is ValueStatus.NeverSet
    assert speed.reading.time_s == WALL_S
    assert speed.definition.datatype is EmbeddedDataType.uint8
    assert core.watches.find_id("b") is speed
    receive(core, update("a", 5.0), update("b", 2.0))
    assert speed.reading.value == 2.0
    assert speed.valid_count == 2


def test_events_are_put_before_anything_is_asked_for() -> None:
    core = ready_core()
    watch(core, "/speed", "a")
    events_of(core)

    receive(core, status("s2", "f2"))

    assert [type(event) for event in events_of(core)] == [
        Events.DeviceGoneEvent,
        Events.SFDUnLoadedEvent,
        Events.DeviceReadyEvent,
        Events.SFDLoadedEvent,
    ]
    assert rebinding(core).watchables == ["/speed"]


def test_what_is_missing_stays_stale_and_is_tried_with_the_next_device() -> None:
    core = ready_core()
    speed, mode = watch(core, "/speed", "a"), watch(core, "/mode", "b")

    receive(core, status("s2", "f2"))
    answer(core, rebinding(core), {"/speed": "c"}, {"/mode": "unknown watchable /mode"})

    assert not speed.is_dead
    assert mode.reading.status is ValueStatus.DeviceGone
    assert mode.why_unbound == "unknown watchable /mode"
    assert core.commands_to_send() == []  # no second attempt before something changes

    receive(core, status("s2"), status("s2", "f3"))
    assert mode.why_unbound == "unknown watchable /mode"
    assert speed.reading.status is ValueStatus.SFDUnloaded
    answer(core, rebinding(core), {"/mode": "d", "/speed": "e"})
    assert not mode.is_dead
    assert mode.why_unbound == ""


def test_without_a_description_only_published_values_are_tried() -> None:
    core = ready_core()
    watch(core, "/speed", "a")
    watch(core, "/rpv/x0001", "b", "rpv")

    receive(core, status("s2"))
    first = rebinding(core)
    assert first.watchables == ["/rpv/x0001"]
    receive(
        core,
        api.SubscribeReply(
            reqid=first.reqid, subscribed={"/rpv/x0001": definition("/rpv/x0001", "c", "rpv")}
        ),
        status("s2", "f1"),
    )

    assert rebinding(core).watchables == ["/speed"]


def test_a_device_that_goes_again_while_its_values_are_asked_for() -> None:
    core = ready_core()
    speed = watch(core, "/speed", "a")

    receive(core, status("s2", "f1"))
    first = rebinding(core)
    receive(core, status(), status("s3", "f1"))
    assert core.commands_to_send() == []  # one round at a time
    answer(core, first, {}, {"/speed": "no device is connected"})
    assert speed.is_stale
    answer(core, rebinding(core), {"/speed": "c"})

    assert not speed.is_dead
    assert core.watches.find_id("c") is speed


def test_an_answer_that_is_newer_than_it_seems_makes_the_second_round_needless() -> None:
    core = ready_core()
    speed = watch(core, "/speed", "a")

    receive(core, status("s2", "f1"))
    first = rebinding(core)
    receive(core, status("s3", "f1"))
    answer(core, first, {"/speed": "c"})

    assert not speed.is_dead
    assert core.commands_to_send() == []


def test_watching_a_stale_path_gives_the_same_watch() -> None:
    core = ready_core()
    speed = watch(core, "/speed", "a")
    receive(core, status("s2", "f1"))
    command = rebinding(core)

    assert watch(core, "/speed", "b") is speed
    receive(core, update("b", 1.0))
    bound = speed.definition
    answer(core, command, {"/speed": "b"})  # the answer of the core's own request changes nothing

    assert speed.definition is bound
    assert speed.reading.value == 1.0


def test_a_watch_that_its_user_leaves_is_not_asked_for() -> None:
    core = ready_core()
    speed = watch(core, "/speed", "a")
    receive(core, status())
    speed.is_leaving = True

    receive(core, status("s2", "f1"))

    assert core.commands_to_send() == []


def test_a_watch_that_ended_while_it_was_asked_for_stays_ended() -> None:
    core = ready_core()
    speed = watch(core, "/speed", "a")
    receive(core, status("s2", "f1"))
    command = rebinding(core)
    assert core.is_rebinding(speed)
    told: list[bool] = []
    speed.observe(lambda: told.append(core.is_rebinding(speed)))

    core.watches.end(speed, ValueStatus.NotWatched, WALL_S)
    answer(core, command, {"/speed": "b"})

    assert speed.reading.status is ValueStatus.NotWatched
    assert core.watches.find("/speed") is None
    assert core.watches.find_id("b") is None
    assert told == [True, False]


def test_each_rate_is_asked_for_by_itself_and_kept() -> None:
    core = ready_core()
    rates: dict[str, float | None] = {"/a": None, "/b": 5.0, "/c": 5.0}
    for path, rate in rates.items():
        subscription = core.subscription([path], WatchOptions(rate))
        number = core.start(subscription, 0.0).reqid
        subscribed = {path: definition(path, path)}
        receive(core, api.SubscribeReply(reqid=number, subscribed=subscribed))

    receive(core, status("s2", "f1"))
    commands = core.commands_to_send()

    asked = [(c.watchables, c.rate) for c in commands if isinstance(c, api.SubscribeWatchable)]
    assert asked == [(["/a"], None), (["/b", "/c"], 5.0)]


def test_many_stale_paths_take_several_commands() -> None:
    core = ready_core()
    paths = [f"/table[{index}]" for index in range(5000)]
    subscription = core.subscription(paths, WatchOptions())
    number = core.start(subscription, 0.0).reqid
    subscribed = {path: definition(path, path) for path in paths}
    receive(core, api.SubscribeReply(reqid=number, subscribed=subscribed))

    receive(core, status("s2", "f1"))

    sizes = [
        len(c.watchables) for c in core.commands_to_send() if isinstance(c, api.SubscribeWatchable)
    ]
    assert sizes == [4000, 1000]


def test_a_command_that_is_refused_as_a_whole_is_halved() -> None:
    core = ready_core()
    states = {path: watch(core, path, path) for path in ("/a", "/b", "/c")}
    receive(core, status("s2", "f1"))

    def refuse(command: api.SubscribeWatchable) -> None:
        message = "the answer is too large"
        receive(core, api.Error(reqid=command.reqid, request_cmd="", msg=message))

    refuse(rebinding(core))
    first, second = core.commands_to_send()
    assert isinstance(first, api.SubscribeWatchable)
    assert isinstance(second, api.SubscribeWatchable)
    assert (first.watchables, second.watchables) == (["/a"], ["/b", "/c"])
    assert core.is_rebinding(states["/c"])
    refuse(second)
    third, fourth = core.commands_to_send()
    assert isinstance(fourth, api.SubscribeWatchable)
    answer(core, first, {"/a": "d"})
    answer(core, fourth, {"/c": "e"})
    assert isinstance(third, api.SubscribeWatchable)
    refuse(third)

    assert core.commands_to_send() == []
    assert [state.is_stale for state in states.values()] == [False, True, False]
    assert "too large" in states["/b"].why_unbound
    receive(core, status("s3", "f1"))
    assert rebinding(core).watchables == ["/a", "/b", "/c"]


def test_a_round_without_answer_leaves_all_stale_until_the_next_device() -> None:
    core = ready_core()
    states = [watch(core, "/speed", "a"), watch(core, "/mode", "b")]
    receive(core, status("s2", "f1"))
    rebinding(core)

    core.tick(1000.0)

    assert all(state.is_stale for state in states)
    assert "no answer" in states[0].why_unbound
    assert core.commands_to_send() == []
    receive(core, status("s3", "f1"), now_s=1001.0)
    assert rebinding(core).watchables == ["/speed", "/mode"]


def test_a_definition_that_makes_no_sense_costs_only_itself() -> None:
    core = ready_core()
    speed, mode = watch(core, "/speed", "a"), watch(core, "/mode", "b")
    receive(core, status("s2", "f1"))
    command = rebinding(core)
    strange = definition("/mode", "d")
    strange.dtype = "decimal64"

    subscribed = {"/speed": definition("/speed", "c"), "/mode": strange}
    receive(core, api.SubscribeReply(reqid=command.reqid, subscribed=subscribed))

    assert not speed.is_dead
    assert "decimal64" in mode.why_unbound


def test_two_watches_that_become_one_thing_do_not_share_its_values() -> None:
    core = ready_core()
    first, second = watch(core, "/a", "a"), watch(core, "/b", "b")
    receive(core, status("s2", "f1"))

    answer(core, rebinding(core), {"/a": "same", "/b": "same"})

    assert not first.is_dead
    assert second.is_stale
    assert "/a" in second.why_unbound


def test_a_lost_server_ends_stale_watches_and_asks_for_nothing() -> None:
    core = ready_core()
    speed = watch(core, "/speed", "a")
    receive(core, status("s2", "f1"))

    core.lost("killed", WALL_S)

    assert speed.reading.status is ValueStatus.ServerGone
    assert core.commands_to_send() == []
    core.opened("localhost", 1)
    receive(core, api.Welcome(server_time_zero_timestamp=0.0), status("s3", "f1"))
    assert core.commands_to_send() == []


def test_a_lost_device_outweighs_a_description_that_was_unloaded_before() -> None:
    core = ready_core()
    speed = watch(core, "/speed", "a")

    receive(core, status("s1"))
    unloaded = speed.reading.status
    receive(core, status())

    assert unloaded is ValueStatus.SFDUnloaded
    assert speed.reading.status is ValueStatus.DeviceGone


def test_an_element_that_was_watched_under_another_spelling_is_found_again() -> None:
    core = ready_core()
    subscription = core.subscription(["/table[01]"], WatchOptions())
    number = core.start(subscription, 0.0).reqid
    subscribed = {"/table[01]": definition("/table[1]", "a")}
    receive(core, api.SubscribeReply(reqid=number, subscribed=subscribed))
    state = subscription.states["/table[01]"]

    receive(core, status("s2", "f1"))
    answer(core, rebinding(core), {"/table[1]": "b"})

    found: list[WatchState | None] = [core.watches.find(p) for p in ("/table[1]", "/table[01]")]
    assert found == [state, state]
    assert not state.is_dead


def test_a_path_that_got_another_id_without_notice_follows_it() -> None:
    core = ready_core()
    speed = watch(core, "/speed", "a")

    assert watch(core, "/speed", "b") is speed

    receive(core, update("a", 1.0), update("b", 2.0))
    assert (speed.reading.value, speed.valid_count) == (2.0, 1)


def test_a_subscription_tells_which_paths_were_refused() -> None:
    core = ready_core()
    subscription = core.subscription(["/a", "/b", "/c"], WatchOptions())
    number = core.start(subscription, 0.0).reqid

    subscribed = {"/a": definition("/a", "a")}
    receive(core, api.SubscribeReply(reqid=number, subscribed=subscribed, failed={"/b": "unknown"}))

    assert list(subscription.states) == ["/a"]
    assert subscription.made == [core.watches.find("/a")]
    assert subscription.refused == {"/b": "unknown", "/c": "the server does not tell why"}


# --------------------------------------------------------------------- a server that comes back


def come_back(core: ClientCore) -> None:
    core.opened("localhost", 8765)
    receive(core, api.Welcome(server_time_zero_timestamp=1000.0))


def test_watches_outlast_a_server_that_comes_back() -> None:
    core = ready_core()
    speed = watch(core, "/speed", "a")
    receive(core, update("a", 1.0))

    core.lost("killed", WALL_S, comes_back=True)
    assert (speed.is_stale, speed.is_over) == (True, False)
    assert speed.reading.status is ValueStatus.ServerGone
    come_back(core)
    receive(core, status("s2", "f1"))
    command = rebinding(core)
    answer(core, command, {"/speed": "a"})  # a new server counts from the beginning
    receive(core, update("a", 2.0))

    assert speed.reading.value == 2.0
    assert core.watches.find("/speed") is speed


def test_a_server_that_is_back_without_what_is_watched_tells_what_lacks() -> None:
    core = ready_core()
    speed = watch(core, "/speed", "a")
    core.lost("killed", WALL_S, comes_back=True)
    come_back(core)

    receive(core, status())
    without_device = speed.reading.status
    core.lost("killed", WALL_S, comes_back=True)
    come_back(core)
    receive(core, status("s2"))

    assert without_device is ValueStatus.DeviceGone
    assert speed.reading.status is ValueStatus.SFDUnloaded
    assert core.commands_to_send() == []


def test_who_gives_up_ends_all_watches_and_wakes_up_those_who_wait() -> None:
    core = ready_core()
    speed = watch(core, "/speed", "a")
    core.lost("killed", WALL_S, comes_back=True)
    told: list[bool] = []
    speed.observe(lambda: told.append(speed.is_over))
    revision = core.revision

    core.give_up(WALL_S)

    assert told == [True]
    assert core.revision > revision
    assert core.watches.find("/speed") is None


def test_throttling_is_asked_for_again_and_only_of_a_server_that_comes_back() -> None:
    core = ready_core()
    receive(core, api.SetThrottlingReply(enabled=True, update_rate=50.0))
    core.lost("killed", WALL_S, comes_back=True)

    come_back(core)
    (command,) = core.commands_to_send()
    assert isinstance(command, api.SetThrottling)
    assert command.update_rate == 50.0

    core.lost("disconnected", WALL_S)
    come_back(core)
    assert core.commands_to_send() == []
