"""One capture, from the request to the samples; what waits can be interrupted."""

from __future__ import annotations

import logging
import time
from typing import Final

from scrutiny.sdk import DeviceCommState
from scrutiny.sdk.acquisition import DataloggingAcquisition
from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.datalogging_config import DataloggingConfig
from scrutiny.sdk.datalogging_request import DataloggingRequest
from scrutiny.sdk.exceptions import ConnectionError as ServerLost
from scrutiny.sdk.exceptions import (
    OperationFailure,
    RequestTimeout,
    ScrutinySDKException,
    TimeoutException,
)

from ..quantities import in_seconds
from .errors import CaptureEnded
from .progress import ShowStage, capture_progress
from .stages import Stage, stage_of

logger = logging.getLogger(__name__)

# So often people are told how far it is; the end of a capture is noticed at once.
_LOOK_INTERVAL_S: Final = 0.1

_CANCEL_TIMEOUT_S: Final = 3.0

_CANCELLED: Final = "the request is cancelled"
_UNKNOWN: Final = "the server does not answer, so that the request may still be under way"


def record(
    client: ScrutinyClient,
    config: DataloggingConfig,
    *,
    trigger_timeout_s: float | None = None,
) -> DataloggingAcquisition:
    """Record what is asked for, and show on standard error how far that is.

    Ctrl-C cancels the request; during that, another one leaves at once.

    Args:
        client: that is connected.
        config: what to record.
        trigger_timeout_s: how long to wait for the trigger, the turn of others included; None for
            ever.

    Raises:
        CaptureEnded: there was no trigger in time, or it was interrupted.
        ScrutinySDKException: the server or the device refused, or failed.
    """
    request: DataloggingRequest | None = None
    try:
        with capture_progress() as show:
            request = client.start_datalog(config)
            _wait(client, request, show, trigger_timeout_s)
            return request.fetch_acquisition()
    except KeyboardInterrupt:
        logger.info("cancelling the request; another Ctrl-C leaves at once")
        raise CaptureEnded(f"interrupted; {_cancelled(client, request)}") from None


def _wait(
    client: ScrutinyClient,
    request: DataloggingRequest,
    show: ShowStage,
    trigger_timeout_s: float | None,
) -> None:
    """Return when the request has succeeded."""
    end_s = None if trigger_timeout_s is None else time.monotonic() + trigger_timeout_s
    while True:
        try:
            request.wait_for_completion(_LOOK_INTERVAL_S)
        except TimeoutException:
            pass
        except OperationFailure as error:
            raise CaptureEnded(f"there is no capture: {error}") from error
        else:
            return
        stage = _stage(client, request)
        if stage is None:
            continue
        show(stage)
        if end_s is None or not stage.is_before_trigger or time.monotonic() < end_s:
            continue
        where = "" if stage.is_armed else f", {stage.text}"
        missed = f"no trigger within {in_seconds(trigger_timeout_s or 0)}{where}"
        try:
            request.cancel(_CANCEL_TIMEOUT_S)
        except RequestTimeout:
            raise CaptureEnded(f"{missed}; {_UNKNOWN}") from None
        except OperationFailure:
            continue  # it came in the last moment
        raise CaptureEnded(f"{missed}; {_CANCELLED}")


def _stage(client: ScrutinyClient, request: DataloggingRequest) -> Stage | None:
    """Return where the request is, None if that cannot be told just now."""
    try:
        requests = client.get_datalogging_requests()
        device = client.get_latest_server_status().device_comm_state
    except ServerLost:
        return None  # the request itself tells more about that
    except TimeoutException:
        return Stage("the server does not answer", is_before_trigger=True)
    is_ready = device is DeviceCommState.ConnectedReady
    return stage_of(requests, request.request_token, is_device_ready=is_ready)


def _cancelled(client: ScrutinyClient, request: DataloggingRequest | None) -> str:
    """Cancel the request of this client, and return what became of it."""
    try:
        mine = [each for each in client.get_datalogging_requests(_CANCEL_TIMEOUT_S) if each.is_mine]
        for each in mine:
            client.cancel_datalogging_request(each.token, _CANCEL_TIMEOUT_S)
    except (RequestTimeout, ServerLost):
        return _UNKNOWN
    except ScrutinySDKException as error:
        return f"the request is not cancelled: {error}"
    if mine:
        return _CANCELLED
    if request is not None and request.acquisition_reference_id is not None:
        return f"the capture is stored as {request.acquisition_reference_id}"
    return "there was nothing to cancel"
