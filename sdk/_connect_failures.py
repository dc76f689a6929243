"""Why there is no connection to a server, or none any more, in words that tell what to do."""

from __future__ import annotations

import socket
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from scrutiny.api.token_files import TOKEN_VARIABLE

from . import exceptions

if TYPE_CHECKING:
    import ssl

    from websockets.http11 import Response

ABORTED = "close_socket() ended the attempt"

_LONGEST_REASON: Final = 300
_ANSWERS_OF_OURS: Final = (
    HTTPStatus.FORBIDDEN,
    HTTPStatus.MISDIRECTED_REQUEST,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)


def address_name(host: str, port: int) -> str:
    """Return an address as it is written in a URL."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def no_host_name(host: str, error: Exception) -> exceptions.ConnectionError:
    """Return what to raise for a host that cannot be one: an empty or too long label, say."""
    return exceptions.ConnectionError(f"cannot find {host!r}: it is no host name ({error})")


def unreachable(host: str, port: int, error: OSError) -> exceptions.ConnectionError:
    """Return what to raise when nobody answers there."""
    if isinstance(error, socket.gaierror):
        return exceptions.ConnectionError(f"cannot find {host}: {error.strerror}")
    reason = "no answer in time" if isinstance(error, TimeoutError) else error.strerror or error
    return exceptions.ConnectionError(
        f"cannot connect to {address_name(host, port)}: {reason}. "
        "Is the server running? Start it with `scrutiny server`"
    )


def not_trusted(host: str, port: int, error: ssl.SSLError) -> exceptions.ConnectionError:
    """Return what to raise when TLS fails: the certificate is wrong, or there is no TLS."""
    reason = getattr(error, "reason", None) or error  # our own errors have none
    return exceptions.ConnectionError(
        f"{address_name(host, port)} is not connected to over TLS: {reason}. {_tls_advice(error)}"
    )


def turned_away(host: str, port: int, answer: Response) -> exceptions.ConnectionError:
    """Return what to raise when the server does not want this client.

    Args:
        host: of the server.
        port: likewise.
        answer: to the handshake.
    """
    name = address_name(host, port)
    if answer.status_code == HTTPStatus.UNAUTHORIZED:
        return exceptions.ConnectionError(
            f"the server at {name} wants a token, and this account has none that it knows. Run "
            "this as the account that runs the server, or let that account make a token with "
            "`scrutiny token add NAME`, and give it to connect(..., token=...) or set "
            f"{TOKEN_VARIABLE}"
        )
    if answer.status_code in _ANSWERS_OF_OURS:
        text = bytes(answer.body).decode(errors="replace")
        reason = "".join(c if c.isprintable() else " " for c in text[:_LONGEST_REASON]).strip()
        return exceptions.ConnectionError(f"the server at {name} turned this client away: {reason}")
    return not_our_server(host, port, f"its answer is HTTP {answer.status_code}")


def not_our_server(host: str, port: int, reason: object) -> exceptions.ConnectionError:
    """Return what to raise when somebody else answers there."""
    return exceptions.ConnectionError(
        f"{address_name(host, port)} answers, but not as a Scrutiny server does: {reason}. "
        "Does another program use this port?"
    )


def _tls_advice(error: ssl.SSLError) -> str:
    from ssl import SSLCertVerificationError

    if isinstance(error, SSLCertVerificationError):
        return (
            "If it is the right server, give the fingerprint of its certificate to "
            "connect(..., fingerprint=...), or trust its authority: "
            "connect(..., tls=ssl.create_default_context(cafile=FILE))"
        )
    return "Does the server speak TLS? It needs --tls-certificate"


def closed_by_server(reason: str) -> str:
    """Return why the connection ended, with the reason that the server gave, if any."""
    return "the server closed the connection" + (reason and f": {reason}")
