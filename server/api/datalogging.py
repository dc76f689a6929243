"""Commands that ask for recordings."""

from __future__ import annotations

import time

from scrutiny.api.messages import (
    AcquisitionCompleted,
    AcquisitionRequestInfo,
    AcquisitionRequestsReply,
    CancelAcquisition,
    CancelAcquisitionReply,
    ListAcquisitionRequests,
    RequestAcquisition,
    RequestAcquisitionReply,
)

from ..datalogging.queue import RecordingRequest, RequestEnd
from ..datalogging.wanted import WantedRecording
from ..turns import Steps
from .client import Client
from .errors import CommandRefused, printable
from .limits import MOST_RECORDINGS, MOST_RECORDINGS_OF_ALL
from .steps import resolve
from .wanted_recordings import check_form, paths_of, wanted_recording
from .write import new_token


def request_acquisition(client: Client, command: RequestAcquisition) -> Steps:
    """Queue a recording; its end is told later.

    Raises:
        CommandRefused: a path is unknown, or what is asked for makes no sense.
        RecordingRefused: the device cannot do it.
    """
    check_form(command)
    resolved = yield from resolve(client, paths_of(command))
    wanted = wanted_recording(command, resolved.entries)
    profile = client.parts.device.profile
    if profile is None:
        raise CommandRefused("no device is connected")

    async def queue() -> None:
        await client.parts.recordings.check(wanted)
        if client.parts.device.profile is not profile:
            raise CommandRefused("the device was disconnected meanwhile; try again")
        if client.is_open:
            _queue(client, command, wanted, profile.firmware_id)

    client.parts.background.start_in_order(client, command, queue, client.recording_commands)


def list_requests(client: Client, command: ListAcquisitionRequests) -> None:
    """Tell what waits and what is under way."""
    requests = [_info(client, request) for request in client.parts.recordings.requests]
    client.send(AcquisitionRequestsReply(reqid=command.reqid, requests=requests))


def cancel(client: Client, command: CancelAcquisition) -> None:
    """End a request, whoever made it.

    Raises:
        RequestNotEnded: it is unknown, or its acquisition is being stored.
    """
    client.parts.recordings.cancel(command.request_token, by=str(client.requester))
    client.send(CancelAcquisitionReply(reqid=command.reqid))


def _queue(
    client: Client, command: RequestAcquisition, wanted: WantedRecording, firmware_id: bytes
) -> None:
    recordings = client.parts.recordings
    requested_by = printable(command.requested_by)
    client.requester.name = requested_by
    _check_room(client, len(recordings.requests), replaces=not command.queue)
    token = new_token()

    def told(end: RequestEnd) -> None:
        client.send(
            AcquisitionCompleted(
                request_token=token,
                success=end.reference_id is not None,
                reference_id=end.reference_id,
                detail_msg=end.reason,
            )
        )

    # The answer goes first: what follows may end requests of this client, or this one.
    client.send(RequestAcquisitionReply(reqid=command.reqid, request_token=token))
    request = RecordingRequest(
        token=token,
        wanted=wanted,
        firmware_id=firmware_id,
        requester=client.requester,
        requested_by=requested_by,
        time_s=time.time(),
        on_end=told,
    )
    recordings.add(request, replaces=not command.queue)


def _check_room(client: Client, count: int, *, replaces: bool) -> None:
    if why := client.parts.acquisitions.why_full():
        raise CommandRefused(why)
    mine = client.parts.recordings.count_of(client.requester)
    if not replaces and mine >= MOST_RECORDINGS:
        raise CommandRefused(
            f"{mine} recordings of this client have not ended, at most {MOST_RECORDINGS} may wait; "
            "wait for one, or cancel it"
        )
    if count >= MOST_RECORDINGS_OF_ALL and not (replaces and mine):
        raise CommandRefused(
            f"{count} recordings wait, the server takes {MOST_RECORDINGS_OF_ALL}; try again later"
        )


def _info(client: Client, request: RecordingRequest) -> AcquisitionRequestInfo:
    return AcquisitionRequestInfo(
        request_token=request.token,
        name=request.wanted.name,
        owner=request.owner,
        is_mine=request.requester is client.requester,
        is_owner_connected=request.requester.is_connected,
        state=request.state.value,
        completion_ratio=request.completion,
        timestamp=request.time_s,
    )
