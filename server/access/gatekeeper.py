"""Decides about a handshake, before anything of it is a session; no I/O but the file of tokens.

Host      the name by which this machine is reached, or an address: else a page of a name that
          was bent to this machine could speak to the server (DNS rebinding)
Origin    absent, or allowed: browsers name the page that connects, other programs do not
token     in the header ``Authorization: Bearer``, or for pages, which cannot set headers, as
          a subprotocol: ``new WebSocket(url, ["scrutiny", "scrutiny-token." + token])``

A token is never part of a URL: those end up in logs and histories.
"""

from __future__ import annotations

import hmac
import ipaddress
import logging
import socket
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

import msgspec

from scrutiny.api.token_files import is_token

from .exposure import is_loopback
from .failed_logins import FailedLogins
from .identity import ACCOUNT, ANYBODY, Identity
from .rights import Role
from .token_registry import TokenRegistry, TokenRegistryError, digest

logger = logging.getLogger(__name__)

SUBPROTOCOL: Final = "scrutiny"
TOKEN_PROTOCOL_PREFIX: Final = "scrutiny-token."
_BEARER: Final = "bearer "


class Handshake(msgspec.Struct, frozen=True):
    """What a client says before it is connected; of a header, all values that it sent.

    Attributes:
        address: it comes from.
        host: header.
        origin: header.
        authorization: header.
        subprotocols: it offers.
    """

    address: str
    host: Sequence[str] = ()
    origin: Sequence[str] = ()
    authorization: Sequence[str] = ()
    subprotocols: Sequence[str] = ()


class TurnedAway(msgspec.Struct, frozen=True):
    """Why a client is not let in.

    Attributes:
        status: of the answer.
        reason: text of the answer; what to do about it.
    """

    status: HTTPStatus
    reason: str


@dataclass(frozen=True, slots=True)
class Doorway:
    """What a gatekeeper lets pass.

    Attributes:
        token: of the account that runs the server; None: nobody is asked for a token.
        hosts: names of this machine besides ``localhost`` and what the system calls it.
        origins: of pages that may connect, as ``https://bench.example:8443``.
    """

    token: str | None
    hosts: Collection[str] = ()
    origins: Collection[str] = ()
    names: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        known = {"localhost", socket.gethostname(), *self.hosts}
        object.__setattr__(self, "names", frozenset(name.lower().rstrip(".") for name in known))


class Gatekeeper:
    """Lets clients in.

    Args:
        doorway: what may pass.
        registry: tokens of others.
        clock_s: of the rate limit, in seconds.
    """

    def __init__(
        self, doorway: Doorway, registry: TokenRegistry, clock_s: Callable[[], float]
    ) -> None:
        self._doorway = doorway
        self._registry = registry
        self._clock_s = clock_s
        self._failures = FailedLogins()

    def admit(self, handshake: Handshake) -> Identity | TurnedAway:
        """Return who connects, or why nobody does."""
        if why := self._wrong_host(handshake.host):
            return TurnedAway(HTTPStatus.MISDIRECTED_REQUEST, why)
        if why := self._wrong_origin(handshake.origin):
            return TurnedAway(HTTPStatus.FORBIDDEN, why)
        if self._doorway.token is None:
            return Identity(ANYBODY, Role.OWNER)
        return self._identify(handshake)

    def _wrong_host(self, values: Sequence[str]) -> str:
        if len(values) != 1:
            return f"{len(values)} Host headers, one is due"
        name = _host_name(values[0])
        if name is None or not (_is_address(name) or name in self._doorway.names):
            return (
                f"Host is {values[0][:100]!r}, which is no name of this server; if it is, add it "
                "to api.allowed_hosts"
            )
        return ""

    def _wrong_origin(self, values: Sequence[str]) -> str:
        if not values:
            return ""
        if len(values) == 1 and values[0] in self._doorway.origins:
            return ""
        return (
            f"pages of {', '.join(values)[:100]} may not connect; to permit it, add it to "
            "api.allowed_origins"
        )

    def _identify(self, handshake: Handshake) -> Identity | TurnedAway:
        address = handshake.address
        is_local = is_loopback(address)
        now_s = self._clock_s()
        if not is_local and (pause_s := self._failures.pause_s(address, now_s)) > 0:
            return TurnedAway(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"too many wrong tokens came from {address}; try again in {pause_s:.0f} s",
            )
        token = _token_of(handshake)
        if token is None:
            return TurnedAway(HTTPStatus.UNAUTHORIZED, "a token is due, and there is none")
        try:
            identity = self._find(token)
        except TokenRegistryError as error:
            logger.error("only the token of this account is known: %s", error)
            return TurnedAway(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "the server cannot read its file of tokens; its log tells why",
            )
        if identity is None:
            if not is_local:
                self._failures.failed(address, now_s)
            return TurnedAway(HTTPStatus.UNAUTHORIZED, "the token is unknown here")
        return identity

    def _find(self, token: str) -> Identity | None:
        """Compare with all tokens, in the same time whichever it is.

        Raises:
            TokenRegistryError: the file of tokens is damaged, and it is not that of the account.
        """
        own = self._doorway.token
        if own is not None and hmac.compare_digest(token.encode(), own.encode()):
            return Identity(ACCOUNT, Role.OWNER)
        found: Identity | None = None
        hashed = digest(token)
        for entry in self._registry.entries():
            if hmac.compare_digest(hashed, entry.sha256):
                found = entry.identity
        return found


def _token_of(handshake: Handshake) -> str | None:
    found = [
        value[len(_BEARER) :].strip()
        for value in handshake.authorization
        if value.lower().startswith(_BEARER)
    ]
    found += [
        protocol.removeprefix(TOKEN_PROTOCOL_PREFIX)
        for protocol in handshake.subprotocols
        if protocol.startswith(TOKEN_PROTOCOL_PREFIX)
    ]
    return found[0] if len(found) == 1 and is_token(found[0]) else None


def _host_name(host: str) -> str | None:
    """Return the name or address in a Host header, without the port; None: it is none."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port  # checked here
    except ValueError:
        return None
    if parts.path or parts.query or parts.fragment or parts.username is not None:
        return None
    return parts.hostname and parts.hostname.rstrip(".")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
