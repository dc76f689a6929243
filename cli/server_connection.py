"""What every verb that asks a server begins with: a connection, a device, a description."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Generator, Mapping, Sequence
from typing import Final

from scrutiny.core.errors import ScrutinyError
from scrutiny.sdk import DetailedWatchableConfiguration, DeviceLinkType
from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.events import Events
from scrutiny.sdk.exceptions import ConnectionError as ServerLost
from scrutiny.sdk.exceptions import OperationFailure, TimeoutException

Definitions = Mapping[str, DetailedWatchableConfiguration]

_DESCRIPTION_TIMEOUT_S: Final = 10.0
_HOW_TO_TRY: Final = "to try without hardware: `scrutiny demo --keep`"
_HOW_TO_FIND_OUT: Final = "to find out why: `scrutiny doctor`"


class NotConnected(ScrutinyError):
    """There is no server, or it has no device; the text says what to do."""


@contextlib.contextmanager
def connected_client(
    verb: str, arguments: argparse.Namespace, listened_events: int = Events.LISTEN_NONE
) -> Generator[ScrutinyClient]:
    """Connect to the server that the arguments name; Ctrl-C leaves it at once.

    Args:
        verb: that asks, for the list of clients.
        arguments: of its parser, with host, port and timeout.
        listened_events: flags of those that the client gives.

    Raises:
        NotConnected: there is none.
    """
    client = ScrutinyClient(
        f"scrutiny {verb}",
        timeout=arguments.timeout,
        write_timeout=arguments.timeout,
        enabled_events=listened_events,
    )
    try:
        with connected(client, arguments.host, arguments.port):
            yield client
    except KeyboardInterrupt:
        client.close_socket()  # whatever the server does
        raise


def connected(client: ScrutinyClient, host: str, port: int) -> ScrutinyClient:
    """Connect a client, and return it.

    Raises:
        NotConnected: there is no server.
    """
    try:
        return client.connect(host, port)
    except ServerLost as error:
        raise NotConnected(f"{error}; {_HOW_TO_TRY}") from error


def wait_for_device(client: ScrutinyClient, timeout_s: float) -> None:
    """Return when the server talks to a device.

    Raises:
        NotConnected: it does not.
    """
    try:
        client.wait_device_ready(timeout_s)
    except TimeoutException as error:
        if client.get_latest_server_status().device_link.type is DeviceLinkType.NONE:
            reason = f"{error}: the server has no link; start it with --link"
        else:
            reason = f"{error}; {_HOW_TO_FIND_OUT}"
        raise NotConnected(reason) from None


def definitions_of(client: ScrutinyClient, paths: Sequence[str]) -> Definitions:
    """Return the definitions of all paths; a description that is being loaded is waited for.

    Raises:
        OperationFailure: one of them is unknown; the text has the closest ones.
    """
    wanted = list(dict.fromkeys(paths))
    try:
        return client.get_watchable_info(wanted)
    except OperationFailure:
        if not wait_for_description(client):
            raise
    return client.get_watchable_info(wanted)


def wait_for_description(client: ScrutinyClient) -> bool:
    """Wait for a description that is being loaded; return whether there was one to wait for."""
    status = client.get_latest_server_status()
    if status.sfd_firmware_id is not None or status.sfd_failure_reason:
        return False
    with contextlib.suppress(TimeoutException):
        client.wait_sfd_loaded(_DESCRIPTION_TIMEOUT_S)
    return True
