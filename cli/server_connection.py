"""What every verb that asks a server begins with: a connection, a device, a description."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from scrutiny.core.errors import ScrutinyError
from scrutiny.sdk import DetailedWatchableConfiguration, DeviceLinkType
from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.events import Events
from scrutiny.sdk.exceptions import ConnectionError as ServerLost
from scrutiny.sdk.exceptions import OperationFailure, TimeoutException

if TYPE_CHECKING:
    import ssl

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
        with connected(client, arguments):
            yield client
    except KeyboardInterrupt:
        client.close_socket()  # whatever the server does
        raise


def connected(client: ScrutinyClient, arguments: argparse.Namespace) -> ScrutinyClient:
    """Connect a client to the server that the arguments name, and return it.

    Raises:
        NotConnected: there is no server, it is not to be trusted, or it turns this account away.
    """
    try:
        return client.connect(
            arguments.host,
            arguments.port,
            token=_token(arguments.token_file),
            tls=_tls(arguments.tls, arguments.tls_ca),
            fingerprint=arguments.fingerprint,
        )
    except ServerLost as error:
        is_nobody_there = isinstance(error.__cause__, ConnectionRefusedError)
        raise NotConnected(f"{error}; {_HOW_TO_TRY}" if is_nobody_there else f"{error}") from error
    except ValueError as error:
        raise NotConnected(f"{error}") from error


def _token(file: str | None) -> str | None:
    if file is None:
        return None
    try:
        return Path(file).read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it holds no token"
        raise NotConnected(f"cannot read {file}: {reason}; check --token-file") from error


def _tls(is_wanted: bool, authority: str | None) -> bool | ssl.SSLContext:
    if authority is None:
        return is_wanted
    import ssl  # here: few need it

    try:
        return ssl.create_default_context(cafile=authority)
    except OSError as error:
        reason = error.strerror or "it holds no certificate"
        raise NotConnected(f"cannot read {authority}: {reason}; check --tls-ca") from error


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
