"""What the server has, and what it tells about itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from scrutiny import sdk
from scrutiny.api import messages as api
from scrutiny.sdk.client import ScrutinyClient

from .fake_server import COUNT, SOON_S, SPEED, FakeServer, in_thread


def test_definitions_come_by_the_path_as_given(server: FakeServer, client: ScrutinyClient) -> None:
    known = {"/var/speed": SPEED, "/rpv/x1000": COUNT}
    server.answers[api.GetWatchableInfo] = lambda c: [
        api.WatchableInfoReply(info={path: known[path] for path in c.watchables})
    ]

    info = client.get_watchable_info(["/var/speed", "var/speed", "/rpv/x1000"])

    assert list(info) == ["/var/speed", "var/speed", "/rpv/x1000"]
    assert server.expect(api.GetWatchableInfo).watchables == ["/var/speed", "/rpv/x1000"]
    assert client.get_var_watchable_info("/var/speed").address == 0x100
    assert client.get_rpv_watchable_info("/rpv/x1000").rpvid == 0x1000
    with pytest.raises(sdk.exceptions.BadTypeError):
        client.get_alias_watchable_info("/var/speed")
    assert client.get_watchable_info([]) == {}


def test_count_of_watchables(server: FakeServer, client: ScrutinyClient) -> None:
    server.answers[api.GetWatchableCount] = lambda c: [
        api.WatchableCountReply(qty=api.WatchableCounts(var=4, rpv=2))
    ]

    count = client.get_watchable_count()

    assert count[sdk.ServerDatastoreContentType.Variable] == 4
    assert count[sdk.ServerDatastoreContentType.RuntimePublishedValue] == 2


def list_part(path: str, *, done: bool) -> api.WatchableListReply:
    group = api.WatchableGroups([api.BriefWatchable(path, "uint8")], [], [], [])
    return api.WatchableListReply(done=done, qty=api.WatchableCounts(var=1), content=group)


def test_the_list_of_watchables_comes_in_parts(server: FakeServer, client: ScrutinyClient) -> None:
    server.answers[api.GetWatchableList] = lambda c: [
        list_part("/a", done=False),
        list_part("/b", done=True),
    ]
    seen: list[tuple[list[str], bool]] = []

    whole = client.download_watchable_list([sdk.WatchableType.Variable], name_patterns=["/*"])
    whole.wait_for_completion(SOON_S)
    parts = client.download_watchable_list(
        partial_reception_callback=lambda part, last: seen.append((list(part.var), last))
    )
    parts.wait_for_completion(SOON_S)

    assert list(whole.get().var) == ["/a", "/b"]
    assert server.expect(api.GetWatchableList).filter == api.ListFilter(type=["var"], name=["/*"])
    assert seen == [(["/a"], False), (["/b"], True)]
    with pytest.raises(sdk.exceptions.InvalidValueError):
        parts.get()
    with pytest.raises(sdk.exceptions.OperationFailure):
        whole.cancel()
    with pytest.raises(ValueError, match="1 or more"):
        client.download_watchable_list(max_per_response=0)


def test_arrays_are_in_the_list_as_what_stands_for_their_elements(
    server: FakeServer, client: ScrutinyClient
) -> None:
    modes = api.Enumeration("Mode", {"OFF": 0})
    nodes = {"/global/*nodes": [2]}
    factory = api.VariableFactory(
        "/global/*nodes/mode", "uint8", {"array_nodes": nodes}, enum=modes
    )
    content = api.WatchableGroups([], [], [], [factory])
    counts = api.WatchableCounts(var_factory=1)
    server.answers[api.GetWatchableList] = lambda c: [
        list_part("/a", done=False),
        api.WatchableListReply(done=True, qty=counts, content=content),
    ]

    request = client.download_watchable_list()
    request.wait_for_completion(SOON_S)

    listed = request.get().var_factory["/global/*nodes/mode"]
    elements = dict(listed.iterate_possible_paths())
    assert list(elements) == ["/global/*nodes[0]/mode", "/global/*nodes[1]/mode"]
    brief = elements["/global/*nodes[1]/mode"]
    assert brief.datatype is sdk.EmbeddedDataType.uint8
    assert brief.enum == sdk.EmbeddedEnum("Mode", {"OFF": 0})
    assert list(request.get().var) == ["/a"]


def test_a_failing_callback_ends_its_download_only(
    server: FakeServer, client: ScrutinyClient, caplog: pytest.LogCaptureFixture
) -> None:
    server.answers[api.GetWatchableList] = lambda c: [
        list_part("/a", done=False),
        list_part("/b", done=True),
    ]
    calls: list[bool] = []

    def callback(part: sdk.WatchableListContentPart, last: bool) -> None:
        calls.append(last)
        client.get_watchable_count()  # would wait for itself

    request = client.download_watchable_list(partial_reception_callback=callback)

    with pytest.raises(sdk.exceptions.OperationFailure, match="callback"):
        request.wait_for_completion(SOON_S)
    client.wait_process(SOON_S)
    assert calls == [False]
    assert "not called again" in caplog.text


def test_a_download_can_be_cancelled_and_fails_with_the_connection(
    server: FakeServer, client: ScrutinyClient
) -> None:
    cancelled, lost = client.download_watchable_list(), client.download_watchable_list()

    cancelled.cancel()
    client.disconnect()

    assert cancelled.failure_reason == "the download was cancelled"
    with pytest.raises(sdk.exceptions.OperationFailure, match="connection was lost"):
        lost.wait_for_completion(SOON_S)


def test_message_callbacks_see_everything_until_they_fail(
    server: FakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[str] = []
    failures: list[str] = []

    def keep(client: ScrutinyClient, message: dict[str, Any]) -> None:
        seen.append(message["cmd"])

    def fail(client: ScrutinyClient, message: dict[str, Any]) -> None:
        failures.append(message["cmd"])
        raise KeyError("a defect of the user")

    client = ScrutinyClient(rx_message_callbacks=[fail, keep])
    with client.connect(server.host, server.port):
        client.wait_process(SOON_S)

    assert seen == ["welcome", "inform_server_status", "response_echo"]
    assert failures == ["welcome"]
    assert "a defect of the user" in caplog.text


def test_throttling_and_statistics(server: FakeServer, client: ScrutinyClient) -> None:
    server.answers[api.SetThrottling] = lambda c: [
        api.SetThrottlingReply(enabled=c.update_rate is not None, update_rate=c.update_rate)
    ]

    client.set_server_throttling(100)
    client.set_server_throttling(0)
    stats = client.get_local_stats()
    client.reset_local_stats()

    assert server.expect(api.SetThrottling).update_rate == 100
    assert server.expect(api.SetThrottling).update_rate is None
    assert stats.tx_message_rate > 0
    assert stats.rx_data_rate > 0


def test_statistics_may_take_longer_than_the_client_waits_by_default(server: FakeServer) -> None:
    with ScrutinyClient(timeout=0.1).connect(server.host, server.port) as client:
        asking = in_thread(lambda: client.get_server_stats(timeout=SOON_S))
        command = server.expect(api.GetServerStats)
        with pytest.raises(sdk.exceptions.RequestTimeout, match=r"0\.1 s"):
            client.get_server_stats()
        assert not asking.done()
        counts: dict[str, Any] = dict.fromkeys(api.ServerStatsReply.__struct_fields__, 0)
        counts |= {"client_count": 7, "reqid": command.reqid}
        server.send(api.ServerStatsReply(**counts))

        stats = asking.result(SOON_S)

    assert isinstance(stats, sdk.ServerStatistics)
    assert stats.client_count == 7


def test_requests_of_threads_do_not_mix(server: FakeServer, client: ScrutinyClient) -> None:
    server.answers[api.UserCommand] = lambda c: [
        api.UserCommandReply(subfunction=c.subfunction, data=c.data)
    ]

    def ask(number: int) -> bool:
        return all(
            client.user_command(number, bytes([turn])).data == bytes([turn]) for turn in range(30)
        )

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(8)))
