"""Why there is no connection to a server, or none any more, in words that tell what to do."""

from __future__ import annotations

import socket

from . import exceptions

ABORTED = "close_socket() ended the attempt"


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


def not_our_server(host: str, port: int, reason: object) -> exceptions.ConnectionError:
    """Return what to raise when somebody else answers there."""
    return exceptions.ConnectionError(
        f"{address_name(host, port)} answers, but not as a Scrutiny server does: {reason}. "
        "Does another program use this port?"
    )


def closed_by_server(reason: str) -> str:
    """Return why the connection ended, with the reason that the server gave, if any."""
    return "the server closed the connection" + (reason and f": {reason}")
