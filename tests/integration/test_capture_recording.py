"""What ``scrutiny scope`` does with a server that is slow, silent, or quicker than expected."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator

import pytest

from scrutiny.api import messages as api
from scrutiny.cli.capture import recording
from scrutiny.cli.capture.errors import CaptureEnded
from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.datalogging import DataloggingConfig
from scrutiny.sdk.exceptions import OperationFailure
from tests.integration.test_sdk_client.fake_server import FakeServer

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is a signal of POSIX here")

TOKEN = "t0"


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as fake:
        fake.answers[api.RequestAcquisition] = lambda c: [
            api.RequestAcquisitionReply(request_token=TOKEN)
        ]
        fake.answers[api.ListAcquisitionRequests] = lambda c: [waiting()]
        fake.answers[api.CancelAcquisition] = lambda c: [api.CancelAcquisitionReply()]
        yield fake


@pytest.fixture
def client(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScrutinyClient]:
    monkeypatch.setattr(recording, "_CANCEL_TIMEOUT_S", 0.1)
    with ScrutinyClient(timeout=0.1).connect(server.host, server.port) as connected:
        yield connected


def waiting() -> api.AcquisitionRequestsReply:
    mine = api.AcquisitionRequestInfo(
        request_token=TOKEN,
        name="",
        owner="scope (127.0.0.1:5)",
        is_mine=True,
        is_owner_connected=True,
        state="waiting_for_trigger",
        completion_ratio=None,
        timestamp=0.0,
    )
    other = api.AcquisitionRequestInfo(
        request_token="t9",
        name="",
        owner="bob",
        is_mine=False,
        is_owner_connected=True,
        state="queued",
        completion_ratio=None,
        timestamp=0.0,
    )
    return api.AcquisitionRequestsReply(requests=[mine, other])


def config() -> DataloggingConfig:
    made = DataloggingConfig(0)
    made.add_signal("/var/speed", made.add_axis("rpm"))
    return made


def cancelled(server: FakeServer) -> list[str]:
    commands = list(server.commands.queue)
    return [each.request_token for each in commands if isinstance(each, api.CancelAcquisition)]


def test_without_a_trigger_in_time_the_request_is_cancelled(
    server: FakeServer, client: ScrutinyClient
) -> None:
    with pytest.raises(CaptureEnded, match="no trigger within 50 ms; the request is cancelled"):
        recording.record(client, config(), trigger_timeout_s=0.05)
    assert cancelled(server) == [TOKEN]


def test_a_trigger_in_the_last_moment_counts(server: FakeServer, client: ScrutinyClient) -> None:
    def refuse(command: api.CancelAcquisition) -> list[api.ServerMessage]:
        done = api.AcquisitionCompleted(
            request_token=TOKEN, success=True, reference_id="5d9f", detail_msg=""
        )
        refusal = api.Error(request_cmd="cancel_datalogging_request", msg="is being stored")
        return [refusal, done]

    server.answers[api.CancelAcquisition] = refuse
    for fetch in (api.DownloadAcquisition, api.ReadAcquisitionContent):
        server.answers[fetch] = lambda c: [api.Error(request_cmd="any", msg="fetched in vain")]
    with pytest.raises(OperationFailure, match="fetched in vain"):
        recording.record(client, config(), trigger_timeout_s=0.05)


def test_a_server_that_falls_silent_is_not_waited_for_longer_than_for_the_trigger(
    server: FakeServer, client: ScrutinyClient
) -> None:
    del server.answers[api.ListAcquisitionRequests], server.answers[api.CancelAcquisition]
    with pytest.raises(
        CaptureEnded,
        match=r"no trigger within 200 ms, the server does not answer; .* may still be under way",
    ):
        recording.record(client, config(), trigger_timeout_s=0.2)


def test_a_server_that_is_lost_meanwhile_is_told(
    server: FakeServer, client: ScrutinyClient
) -> None:
    def cut(command: api.ListAcquisitionRequests) -> list[api.ServerMessage]:
        server.cut()
        return []

    server.answers[api.ListAcquisitionRequests] = cut
    with pytest.raises(CaptureEnded, match=r"no capture: the connection .* goes on recording"):
        recording.record(client, config())


def interrupt(command: api.Command) -> list[api.ServerMessage]:
    os.kill(os.getpid(), signal.SIGINT)
    return []


def test_ctrl_c_cancels_also_what_the_server_has_not_confirmed_yet(
    server: FakeServer, client: ScrutinyClient
) -> None:
    server.answers[api.RequestAcquisition] = interrupt
    with pytest.raises(CaptureEnded, match="interrupted; the request is cancelled"):
        recording.record(client, config())
    assert cancelled(server) == [TOKEN]


def test_after_ctrl_c_a_silent_server_leaves_open_what_it_does(
    server: FakeServer, client: ScrutinyClient
) -> None:
    def interrupt_once(command: api.Command) -> list[api.ServerMessage]:
        del server.answers[api.ListAcquisitionRequests]
        return interrupt(command)

    server.answers[api.ListAcquisitionRequests] = interrupt_once
    with pytest.raises(CaptureEnded, match="interrupted; the server does not answer"):
        recording.record(client, config())


def test_the_second_ctrl_c_is_not_taken_for_the_first(
    server: FakeServer, client: ScrutinyClient
) -> None:
    server.answers[api.ListAcquisitionRequests] = interrupt
    with pytest.raises(KeyboardInterrupt):
        recording.record(client, config())


def test_ctrl_c_too_late_tells_why_nothing_is_cancelled(
    server: FakeServer, client: ScrutinyClient
) -> None:
    server.answers[api.RequestAcquisition] = interrupt
    server.answers[api.CancelAcquisition] = lambda c: [
        api.Error(request_cmd="cancel_datalogging_request", msg="it is being stored")
    ]
    with pytest.raises(CaptureEnded, match=r"the request is not cancelled: .*it is being stored"):
        recording.record(client, config())


def test_ctrl_c_before_there_is_a_request_cancels_nothing(
    server: FakeServer, client: ScrutinyClient
) -> None:
    server.answers[api.RequestAcquisition] = interrupt
    server.answers[api.ListAcquisitionRequests] = lambda c: [
        api.AcquisitionRequestsReply(requests=[])
    ]
    with pytest.raises(CaptureEnded, match="interrupted; there was nothing to cancel"):
        recording.record(client, config())
    assert cancelled(server) == []
