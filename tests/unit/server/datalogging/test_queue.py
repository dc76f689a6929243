"""Whose turn it is, and whose request ends because of what."""

from __future__ import annotations

import pytest

from scrutiny.server.datalogging.errors import RequestNotEnded
from scrutiny.server.datalogging.queue import (
    RecordingRequest,
    RequestEnd,
    Requester,
    RequestQueue,
    RequestState,
)

from .naive_datalogger import variable, wanted

FIRMWARE, OTHER = b"firmware of this", b"firmware of else"


class Clients:
    """A queue, and what its requests were told."""

    def __init__(self) -> None:
        self.queue = RequestQueue()
        self.alice, self.bob = Requester("1.1.1.1:1"), Requester("2.2.2.2:2", "bob")
        self.ends: dict[str, RequestEnd] = {}

    def request(
        self, token: str, whose: Requester | None = None, firmware_id: bytes = FIRMWARE
    ) -> RecordingRequest:
        def told(end: RequestEnd) -> None:
            assert token not in self.ends
            self.ends[token] = end

        wish = wanted(variable("/v"))
        whose = whose or self.alice
        return RecordingRequest(token, wish, firmware_id, whose, "", 1.0, told)

    def add(
        self, token: str, whose: Requester | None = None, *, replaces: bool = False
    ) -> RecordingRequest:
        request = self.request(token, whose)
        self.queue.add(request, replaces=replaces)
        return request

    def start(self, state: RequestState = RequestState.CONFIGURING) -> RecordingRequest:
        request = self.queue.start_next()
        request.state = state
        return request

    @property
    def tokens(self) -> str:
        return "".join(request.token for request in self.queue)

    def reason(self, token: str) -> str:
        return self.ends[token].reason


@pytest.fixture
def clients() -> Clients:
    return Clients()


def test_requests_are_served_in_their_order(clients: Clients) -> None:
    for token in "ABC":
        clients.add(token)
    assert clients.start().token == "A"
    assert clients.tokens == "ABC"
    clients.queue.finish()
    assert clients.start().token == "B"
    assert (clients.tokens, len(clients.queue), clients.queue.has_waiting) == ("BC", 2, True)


def test_a_request_says_whose_it_is(clients: Clients) -> None:
    assert clients.request("A").owner == "1.1.1.1:1"
    request = clients.request("B")
    request.requested_by = "scope"
    assert request.owner == "scope (1.1.1.1:1)"
    assert str(clients.bob) == "bob (2.2.2.2:2)"


@pytest.mark.parametrize("state", list(RequestState)[1:-1])
def test_a_newer_request_replaces_those_of_the_same_client(
    clients: Clients, state: RequestState
) -> None:
    clients.add("A")
    clients.add("B", clients.bob)
    clients.add("C")
    active = clients.start(state)

    ended = clients.queue.add(clients.request("D"), replaces=True)

    assert [request.token for request in ended] == ["A", "C"]
    assert clients.tokens == "BD"
    assert "replaced by a newer request" in clients.reason("A")
    assert clients.queue.active is active  # until the device has let it go
    clients.queue.finish()
    assert clients.start().token == "B"


def test_a_request_that_waits_in_line_replaces_nothing(clients: Clients) -> None:
    clients.add("A")
    clients.start()
    assert clients.queue.add(clients.request("B"), replaces=False) == []


def test_what_is_being_stored_is_not_ended_by_anybody(clients: Clients) -> None:
    clients.add("A")
    clients.start(RequestState.STORING)
    clients.add("B", replaces=True)
    assert clients.queue.end_those_for_others(OTHER)[0].token == "B"
    assert clients.queue.end_all("stop") == []
    assert clients.ends.keys() == {"B"}
    with pytest.raises(RequestNotEnded, match="is being stored"):
        clients.queue.cancel("A", "me")


def test_a_request_can_be_cancelled_by_anybody_once(clients: Clients) -> None:
    clients.add("A")
    clients.add("B")
    clients.start(RequestState.WAITING)
    for token in "BA":
        (request,) = clients.queue.cancel(token, str(clients.bob))
        assert request.end == RequestEnd(None, "cancelled by bob (2.2.2.2:2)")
        with pytest.raises(RequestNotEnded, match="may have ended"):
            clients.queue.cancel(token, "me")
    assert clients.tokens == ""


@pytest.mark.parametrize("state", [RequestState.CONFIGURING, RequestState.WAITING])
def test_the_request_of_a_client_that_has_left_gives_way(
    clients: Clients, state: RequestState
) -> None:
    clients.add("A")
    clients.add("B")
    clients.start(state)
    assert [request.token for request in clients.queue.leave(clients.alice)] == ["B"]
    assert clients.tokens == "A"
    clients.add("C", clients.bob)
    assert "gave way to a request of 2.2.2.2:2" in clients.reason("A")
    clients.add("D", clients.bob)  # it ends once only
    assert clients.tokens == "CD"


def test_it_gives_way_when_its_client_leaves_while_somebody_waits(clients: Clients) -> None:
    clients.add("A")
    clients.start(RequestState.WAITING)
    clients.add("B", clients.bob)
    assert clients.ends == {}
    assert [request.token for request in clients.queue.leave(clients.alice)] == ["A"]


@pytest.mark.parametrize("state", [RequestState.ACQUIRING, RequestState.DOWNLOADING])
def test_what_has_triggered_gives_way_to_nobody(clients: Clients, state: RequestState) -> None:
    clients.add("A")
    clients.start(state)
    clients.queue.leave(clients.alice)
    clients.add("B", clients.bob)
    assert clients.ends == {}


def test_another_firmware_ends_the_requests_that_were_made_for_this_one(clients: Clients) -> None:
    clients.add("A")
    clients.start(RequestState.WAITING)
    clients.add("B")
    clients.queue.add(clients.request("C", firmware_id=OTHER), replaces=False)
    assert [r.token for r in clients.queue.end_those_for_others(OTHER)] == ["A", "B"]
    assert clients.tokens == "C"


def test_requests_of_one_client_are_counted_until_they_have_ended(clients: Clients) -> None:
    for token in "ABC":
        clients.add(token)
    clients.start()
    clients.queue.cancel("A", "me")
    assert clients.queue.count_of(clients.alice) == 2
    assert clients.queue.count_of(clients.bob) == 0
    assert [request.token for request in clients.queue.end_all("stop")] == ["B", "C"]
