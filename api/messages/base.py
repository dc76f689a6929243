"""What all messages share, and those that are about the connection itself."""

from __future__ import annotations

import msgspec
from msgspec import Struct


class Command(Struct, tag_field="cmd", kw_only=True):
    """Base of what clients send."""

    reqid: int | None = None


class Echo(Command, tag="echo"):
    """Ask for the same text back."""

    payload: str


class ServerMessage(Struct, tag_field="cmd", kw_only=True):
    """Base of what the server sends; ``reqid`` is null in events."""

    reqid: int | None = None


class Error(ServerMessage, tag="error"):
    """The command named in ``request_cmd`` was refused."""

    request_cmd: str
    msg: str


class ClientAccess(Struct):
    """Who the server takes a client for, and what it may do; see the roles and rights."""

    name: str
    role: str
    rights: list[str] = []


class Welcome(ServerMessage, tag="welcome"):
    """First message of a connection.

    ``server_time_zero_timestamp`` is the Unix time, in seconds, of zero on the server's clock.
    """

    server_time_zero_timestamp: float
    server: str = ""  # added: name and version of the server
    api_version: str = ""  # added
    features: list[str] = []  # added
    access: ClientAccess | None = None  # added


class EchoReply(ServerMessage, tag="response_echo"):
    payload: str


def command_name(message: msgspec.Struct) -> str:
    """Return the ``cmd`` of a message."""
    return str(message.__struct_config__.tag)
