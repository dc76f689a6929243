"""All that guards the way in, put together from the settings."""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Iterable
from pathlib import Path

import platformdirs

from scrutiny.api.token_files import new_token, remove_token, token_file, write_token
from scrutiny.core.errors import ScrutinyError

from .exposure import check_exposure
from .gatekeeper import Doorway, Gatekeeper
from .identity import AccessPolicy, Identity
from .settings import AccessSettings
from .tls import server_context
from .token_registry import TokenRegistry

logger = logging.getLogger(__name__)

# Whoever comes through the port of the original, which knows no tokens.
OVER_TCP = "client over TCP"


class CannotKeepToken(ScrutinyError):
    """The token of the account cannot be written, so that no client would find it."""


def default_tokens_file() -> Path:
    """Return where the tokens of others are kept, unless the settings say otherwise."""
    return platformdirs.user_config_path("scrutiny") / "tokens.json"


class FrontDoor:
    """Who may come in, and with which rights.

    Args:
        settings: about access.
        host: where clients are served, as a name or an address.
        has_tcp: clients of the original are served there too.

    Attributes:
        gatekeeper: of the websocket.
        policy: what is allowed to those who are in.
        tls: of the websocket; None: it is not encrypted.
        tcp_identity: of all clients of the original.

    Raises:
        TlsError: the certificate or its key cannot be used.
        TokenRegistryError: the file of tokens is damaged.
    """

    def __init__(self, settings: AccessSettings, host: str, *, has_tcp: bool) -> None:
        self._settings = settings
        self._has_tcp = has_tcp
        self.tls: ssl.SSLContext | None = None
        if settings.tls_certificate is not None:
            self.tls = server_context(settings.tls_certificate, settings.tls_key)
        self._token = new_token() if settings.asks_token else None
        self._port: int | None = None
        doorway = Doorway(self._token, (*settings.allowed_hosts, host), settings.allowed_origins)
        registry = TokenRegistry(settings.tokens_file or default_tokens_file())
        registry.entries()  # a damaged file is told at the start, and not to the first client
        self.gatekeeper = Gatekeeper(doorway, registry, time.monotonic)
        self.policy = AccessPolicy(memory_write=settings.memory_write)
        self.tcp_identity = Identity(OVER_TCP, settings.tcp_role)

    def open_at(self, addresses: Iterable[str], port: int) -> None:
        """Leave the token where clients of this account find it, before the first one comes.

        Args:
            addresses: of this machine, at which clients are about to be served.
            port: likewise.

        Raises:
            TooExposed: others could reach the device, and nothing protects it.
            CannotKeepToken: the file cannot be written.
        """
        for address in addresses:
            check_exposure(
                address,
                has_token=self._token is not None,
                has_tls=self.tls is not None,
                has_tcp=self._has_tcp,
                is_accepted=self._settings.is_insecure,
            )
        if self._token is None:
            return
        try:
            write_token(port, self._token)
        except OSError as error:
            raise CannotKeepToken(
                f"cannot write the token of this server to {token_file(port)}: {error.strerror}; "
                "let SCRUTINY_TOKEN_FOLDER name a folder of your own, for clients too"
            ) from error
        self._port = port
        logger.info("the token for clients is in %s", token_file(port))

    def close(self) -> None:
        """Take the token away: it opens nothing any more."""
        if self._token is not None and self._port is not None:
            remove_token(self._port, self._token)
