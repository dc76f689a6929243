"""Recordings: asked for, waited for, cancelled."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime
from typing import Any

import pytest

from scrutiny import sdk
from scrutiny.api import messages as api
from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.datalogging import (
    DataloggingConfig,
    DataloggingRequest,
    DataloggingRequestState,
)
from scrutiny.sdk.exceptions import OperationFailure, RequestTimeout, TimeoutException

from .fake_server import SOON_S, FakeServer, in_thread, status

Events = ScrutinyClient.Events


def config() -> DataloggingConfig:
    made = DataloggingConfig(0, name="step")
    made.add_signal("/var/speed", made.add_axis("rpm"))
    return made


def completed(
    token: str, reference_id: str | None = "5d9f", detail: str = ""
) -> api.AcquisitionCompleted:
    return api.AcquisitionCompleted(
        request_token=token,
        success=reference_id is not None,
        reference_id=reference_id,
        detail_msg=detail,
    )


def accept(server: FakeServer, *before: api.ServerMessage) -> None:
    """Let the server accept requests, under the tokens t0, t1, ..."""
    tokens = (f"t{number}" for number in range(100))
    server.answers[api.RequestAcquisition] = lambda c: [
        *before,
        api.RequestAcquisitionReply(request_token=next(tokens)),
    ]


@pytest.fixture
def request_(server: FakeServer, client: ScrutinyClient) -> DataloggingRequest:
    """Return a request that the server has accepted, under the token t0."""
    accept(server)
    return client.start_datalog(config())


# --------------------------------------------------------------------- asking


def test_a_request_tells_what_to_record_and_who_asks(server: FakeServer) -> None:
    accept(server)
    with ScrutinyClient("the bench").connect(server.host, server.port) as client:
        request = client.start_datalog(config())

        command = server.expect(api.RequestAcquisition)
        assert command.name == "step"
        assert command.signals == [api.LoggedSignal("/var/speed", 0, "speed")]
        assert (command.queue, command.requested_by) == (True, "the bench")
        assert request.request_token == "t0"
        assert not request.completed
        assert request.acquisition_reference_id is None


def test_a_client_without_a_name_is_known_by_its_program(
    server: FakeServer, client: ScrutinyClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept(server)
    monkeypatch.setattr("sys.argv", ["/home/me/step_response.py", "--fast"])

    client.start_datalog(config())

    assert server.expect(api.RequestAcquisition).requested_by == "step_response.py"


def test_a_refusal_comes_at_once_and_in_the_words_of_the_server(
    server: FakeServer, client: ScrutinyClient
) -> None:
    server.answers[api.RequestAcquisition] = lambda c: [
        api.Error(request_cmd="request_datalogging_acquisition", msg="loop 0 does not record")
    ]

    with pytest.raises(OperationFailure, match="loop 0 does not record"):
        client.start_datalog(config())


def test_a_server_that_does_not_answer_leaves_open_what_it_does(server: FakeServer) -> None:
    with ScrutinyClient(timeout=0.05).connect(server.host, server.port) as client:
        with pytest.raises(RequestTimeout, match="get_datalogging_requests"):
            client.start_datalog(config())
        late = server.expect(api.RequestAcquisition)
        server.send(
            api.RequestAcquisitionReply(reqid=late.reqid, request_token="t"), completed("t")
        )

        client.wait_process(SOON_S)


def test_only_a_configuration_with_a_signal_is_sent(
    server: FakeServer, client: ScrutinyClient
) -> None:
    wrong: Any = "config"
    with pytest.raises(TypeError, match="DataloggingConfig"):
        client.start_datalog(wrong)
    with pytest.raises(ValueError, match="add_signal"):
        client.start_datalog(DataloggingConfig(0))

    client.wait_process(SOON_S)
    assert not server.has_received(api.RequestAcquisition)


# --------------------------------------------------------------------- the end of it


def test_a_request_ends_when_the_acquisition_is_stored(
    server: FakeServer, client: ScrutinyClient, request_: DataloggingRequest
) -> None:
    waiting = in_thread(request_.wait_for_completion)
    before = datetime.now()

    server.send(completed("of another client", "x"), completed("t0"))
    waiting.result(SOON_S)

    assert request_.is_success
    assert request_.acquisition_reference_id == "5d9f"
    assert request_.failure_reason == ""
    assert request_.completion_datetime is not None
    assert before <= request_.completion_datetime <= datetime.now()


def test_a_failure_is_told_in_the_words_of_the_server(
    server: FakeServer, request_: DataloggingRequest
) -> None:
    server.send(completed("t0", None, "the device is gone"))

    with pytest.raises(OperationFailure, match="the device is gone"):
        request_.wait_for_completion(SOON_S)
    assert request_.completed
    assert not request_.is_success
    assert request_.failure_reason == "the device is gone"
    assert request_.acquisition_reference_id is None


def test_the_first_end_counts(
    server: FakeServer, client: ScrutinyClient, request_: DataloggingRequest
) -> None:
    server.send(completed("t0"), completed("t0", None, "cancelled"))
    client.wait_process(SOON_S)

    assert request_.is_success
    assert request_.acquisition_reference_id == "5d9f"


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (completed("t0", None), "gave no reason"),
        (
            api.AcquisitionCompleted(
                request_token="t0", success=True, reference_id=None, detail_msg=""
            ),
            "where it has stored",
        ),
    ],
)
def test_an_end_that_tells_nothing_is_a_failure(
    server: FakeServer, request_: DataloggingRequest, end: api.AcquisitionCompleted, reason: str
) -> None:
    server.send(end)

    with pytest.raises(OperationFailure, match=reason):
        request_.wait_for_completion(SOON_S)


def test_an_end_that_comes_before_the_reply_is_not_lost(
    server: FakeServer, client: ScrutinyClient
) -> None:
    accept(server, completed("other", "x"), completed("t0"), completed("t0", None, "late"))

    request = client.start_datalog(config())
    request.wait_for_completion(SOON_S)

    assert request.acquisition_reference_id == "5d9f"


def test_many_requests_can_wait_at_once(server: FakeServer, client: ScrutinyClient) -> None:
    accept(server)
    requests = [client.start_datalog(config()) for _ in range(3)]

    server.send(completed("t1", "one"), completed("t0", None, "no"), completed("t2", "two"))
    client.wait_process(SOON_S)

    assert [r.request_token for r in requests] == ["t0", "t1", "t2"]
    assert [r.acquisition_reference_id for r in requests] == [None, "one", "two"]
    assert requests[0].failure_reason == "no"


def test_who_does_not_wait_for_ever_can_go_on_waiting(
    server: FakeServer, request_: DataloggingRequest
) -> None:
    with pytest.raises(TimeoutException):
        request_.wait_for_completion(0.01)
    with pytest.raises(TimeoutException):
        request_.wait_and_fetch(timeout=0.01)

    server.send(completed("t0"))
    request_.wait_for_completion(SOON_S)


def test_nothing_can_be_fetched_before_the_end_or_after_a_failure(
    server: FakeServer, request_: DataloggingRequest
) -> None:
    with pytest.raises(OperationFailure, match="wait_for_completion"):
        request_.fetch_acquisition()

    server.send(completed("t0", None, "the device is gone"))
    with pytest.raises(OperationFailure, match="the device is gone"):
        request_.wait_and_fetch(SOON_S)
    with pytest.raises(OperationFailure, match="the device is gone"):
        request_.fetch_acquisition()
    assert not server.has_received(api.ReadAcquisitionContent)


@pytest.mark.parametrize("ends", ["client", "server"])
def test_the_end_of_the_connection_fails_what_is_pending(
    server: FakeServer, client: ScrutinyClient, request_: DataloggingRequest, ends: str
) -> None:
    waiting = in_thread(lambda: request_.wait_for_completion(SOON_S))

    if ends == "client":
        client.disconnect()
    else:
        server.die()

    with pytest.raises(OperationFailure, match="list_stored_datalogging_acquisitions"):
        waiting.result(SOON_S)
    with pytest.raises(sdk.exceptions.ConnectionError):
        client.start_datalog(config())


def test_a_connection_that_ends_before_the_reply_is_a_connection_error(
    server: FakeServer, client: ScrutinyClient
) -> None:
    starting = in_thread(lambda: client.start_datalog(config()))
    server.expect(api.RequestAcquisition)

    server.cut()

    with pytest.raises(sdk.exceptions.ConnectionError):
        starting.result(SOON_S)


# --------------------------------------------------------------------- cancelling


def confirm_cancelling(server: FakeServer, *before: api.ServerMessage) -> None:
    server.answers[api.CancelAcquisition] = lambda c: [*before, api.CancelAcquisitionReply()]


def test_a_cancelled_request_is_over_when_cancel_returns(
    server: FakeServer, client: ScrutinyClient, request_: DataloggingRequest
) -> None:
    confirm_cancelling(server)

    request_.cancel()

    assert server.expect(api.CancelAcquisition).request_token == "t0"
    assert request_.completed
    assert "cancelled" in request_.failure_reason
    server.send(completed("t0"))
    client.wait_process(SOON_S)
    assert not request_.is_success
    assert request_.acquisition_reference_id is None


def test_the_server_may_tell_who_cancelled(
    server: FakeServer, request_: DataloggingRequest
) -> None:
    confirm_cancelling(server, completed("t0", None, "cancelled by the bench"))

    request_.cancel(SOON_S)

    assert request_.failure_reason == "cancelled by the bench"


def test_what_is_over_cannot_be_cancelled(
    server: FakeServer, client: ScrutinyClient, request_: DataloggingRequest
) -> None:
    server.send(completed("t0"))
    request_.wait_for_completion(SOON_S)

    with pytest.raises(OperationFailure, match="nothing to cancel"):
        request_.cancel()

    client.wait_process(SOON_S)
    assert not server.has_received(api.CancelAcquisition)
    assert request_.is_success


def test_a_server_that_cannot_cancel_leaves_the_request_as_it_is(
    server: FakeServer, request_: DataloggingRequest
) -> None:
    server.answers[api.CancelAcquisition] = lambda c: [
        api.Error(request_cmd="cancel_datalogging_request", msg="unknown command")
    ]

    with pytest.raises(OperationFailure, match="unknown command"):
        request_.cancel()
    assert not request_.completed

    server.send(completed("t0"))
    request_.wait_for_completion(SOON_S)


def test_a_request_of_another_client_is_cancelled_by_its_token(
    server: FakeServer, client: ScrutinyClient
) -> None:
    confirm_cancelling(server)

    client.cancel_datalogging_request("of another client")

    assert server.expect(api.CancelAcquisition).request_token == "of another client"


def test_a_request_that_another_client_cancels_is_over(
    server: FakeServer, request_: DataloggingRequest
) -> None:
    server.send(completed("t0", None, "cancelled by the bench"))

    with pytest.raises(OperationFailure, match="the bench"):
        request_.wait_for_completion(SOON_S)


# --------------------------------------------------------------------- where it is


def test_the_requests_of_all_clients_can_be_seen(
    server: FakeServer, client: ScrutinyClient, request_: DataloggingRequest
) -> None:
    server.answers[api.ListAcquisitionRequests] = lambda c: [
        api.AcquisitionRequestsReply(
            requests=[
                api.AcquisitionRequestInfo(
                    "x", "", "bench", False, True, "acquiring", 0.5, 1760000000.5
                ),
                api.AcquisitionRequestInfo(
                    "t0", "step", "me", True, True, "queued", None, 1760000001.5
                ),
            ]
        )
    ]

    first, second = client.get_datalogging_requests()

    assert (first.token, first.owner, first.is_mine) == ("x", "bench", False)
    assert (first.state, first.completion_ratio) == (DataloggingRequestState.Acquiring, 0.5)
    assert first.requested_at == datetime.fromtimestamp(1760000000.5)
    assert request_.get_info() == second
    assert (second.name, second.state) == ("step", DataloggingRequestState.Queued)
    server.send(completed("t0"))
    request_.wait_for_completion(SOON_S)
    assert request_.get_info() is None


def test_a_request_that_the_server_does_not_list_is_over(
    server: FakeServer, request_: DataloggingRequest
) -> None:
    server.answers[api.ListAcquisitionRequests] = lambda c: [
        api.AcquisitionRequestsReply(requests=[])
    ]

    assert request_.get_info(SOON_S) is None


def tell_states(server: FakeServer, *states: str) -> None:
    """Let the server tell these states of the request t0, one per question; then it is over."""
    remaining = list(states)

    def answer(command: api.ListAcquisitionRequests) -> list[api.ServerMessage]:
        requests: list[Any] = []
        if remaining:
            state: Any = remaining.pop(0)
            requests = [api.AcquisitionRequestInfo("t0", "", "me", True, True, state, None, 1.0)]
        return [api.AcquisitionRequestsReply(requests=requests)]

    server.answers[api.ListAcquisitionRequests] = answer


@pytest.mark.parametrize("state", ["waiting_for_trigger", "acquiring", "downloading", "storing"])
def test_one_can_wait_until_the_device_waits_for_the_trigger(
    server: FakeServer, request_: DataloggingRequest, state: str
) -> None:
    tell_states(server, "queued", "queued", "configuring", state)

    request_.wait_until_armed(SOON_S)

    asked = [server.expect(api.ListAcquisitionRequests) for _ in range(4)]
    assert len(asked) == 4
    assert not server.has_received(api.ListAcquisitionRequests)


def test_a_request_that_is_not_armed_in_time_goes_on(
    server: FakeServer, request_: DataloggingRequest
) -> None:
    tell_states(server, *["queued"] * 100)

    with pytest.raises(TimeoutException, match=r"0\.01 s, the request is queued"):
        request_.wait_until_armed(0.01)

    assert not request_.completed


def test_a_request_that_ends_instead_of_being_armed_tells_why(
    server: FakeServer, request_: DataloggingRequest
) -> None:
    tell_states(server, *["queued"] * 1000)
    waiting = in_thread(lambda: request_.wait_until_armed(SOON_S))
    server.expect(api.ListAcquisitionRequests)

    server.send(completed("t0", None, "cancelled by the bench"))

    with pytest.raises(OperationFailure, match="the bench"):
        waiting.result(SOON_S)


def test_a_request_that_is_over_was_armed(server: FakeServer, request_: DataloggingRequest) -> None:
    server.send(completed("t0"))
    request_.wait_for_completion(SOON_S)

    request_.wait_until_armed(0)

    assert not server.has_received(api.ListAcquisitionRequests)


@pytest.mark.parametrize("available", [True, False])
def test_capabilities_are_those_of_the_device(
    server: FakeServer, client: ScrutinyClient, available: bool
) -> None:
    features = api.SupportedFeatures(True, True, True, True)
    capabilities = api.DataloggingCapabilities(
        "raw", 4096, 16, [api.SamplingRate(1, "fast", "fixed_freq", 1e4)]
    )
    device = api.DeviceDescription(
        session_id="s",
        device_id="d",
        display_name="Pump",
        max_tx_data_size=1,
        max_rx_data_size=1,
        max_bitrate_bps=None,
        rx_timeout_us=1,
        heartbeat_timeout_us=1,
        address_size_bits=32,
        protocol_major=1,
        protocol_minor=0,
        char_bit=8,
        supported_feature_map=features,
        forbidden_memory_regions=[],
        readonly_memory_regions=[],
        datalogging_capabilities=capabilities,
    )
    server.answers[api.GetDeviceInfo] = lambda c: [
        api.DeviceInfoReply(available=available, device_info=device if available else None)
    ]

    found = client.get_datalogging_capabilities()

    if not available:
        assert found is None
        return
    assert found is not None
    assert (found.buffer_size, found.max_nb_signal) == (4096, 16)
    assert found.sampling_rates == [sdk.FixedFreqSamplingRate(1, "fast", 1e4)]
    DataloggingConfig(found.sampling_rates[0])


# --------------------------------------------------------------------- events and threads


def test_a_client_that_connects_in_mid_way_is_told(server: FakeServer) -> None:
    server.status = status("session-1")
    server.status.datalogging_status = api.DataloggingStatus("acquiring", 0.25)
    listened = Events.LISTEN_DEVICE_READY | Events.LISTEN_DATALOGGER_STATE_CHANGED
    with ScrutinyClient(enabled_events=listened).connect(server.host, server.port) as client:
        assert client.read_event(SOON_S) == Events.DeviceReadyEvent("session-1")
        event = client.read_event(SOON_S)

    assert event == Events.DataloggerStateChanged(
        sdk.DataloggingInfo(sdk.DataloggerState.Acquiring, 0.25)
    )


def test_changes_of_the_storage_are_events(server: FakeServer, client: ScrutinyClient) -> None:
    client.listen_events(Events.LISTEN_DATALOGGING_LIST_CHANGED)

    server.send(
        api.AcquisitionListChanged(action="new", reference_id="5d9f"),
        api.AcquisitionListChanged(action="delete_all", reference_id=None),
    )

    event = client.read_event(SOON_S)
    assert isinstance(event, Events.DataloggingListChanged)
    assert event.change_type is sdk.DataloggingListChangeType.NEW
    assert event.acquisition_reference_id == "5d9f"
    assert event.msg() == "Stored acquisitions changed: NEW 5d9f"
    event = client.read_event(SOON_S)
    assert event == Events.DataloggingListChanged(sdk.DataloggingListChangeType.DELETE_ALL, None)


BLOCKING: list[Callable[[ScrutinyClient], object]] = [
    lambda client: client.start_datalog(config()),
    lambda client: client.read_datalogging_acquisition("r"),
    lambda client: client.get_datalogging_requests(),
]


@pytest.mark.parametrize("blocking", BLOCKING)
def test_a_callback_that_would_wait_for_itself_is_told_so(
    server: FakeServer, blocking: Callable[[ScrutinyClient], object]
) -> None:
    outcome: Future[object] = Future()

    def callback(client: ScrutinyClient, message: dict[str, Any]) -> None:
        if not outcome.done():
            try:
                outcome.set_result(blocking(client))
            except OperationFailure as error:
                outcome.set_exception(error)

    client = ScrutinyClient(rx_message_callbacks=[callback])
    with (
        client.connect(server.host, server.port),
        pytest.raises(OperationFailure, match="callback"),
    ):
        outcome.result(SOON_S)
