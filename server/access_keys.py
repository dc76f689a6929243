"""The settings about access: keys of the file, and options of the command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import Any, Final, cast
from urllib.parse import urlsplit

from .access.rights import Role
from .access.settings import AccessSettings
from .setting_values import to_boolean, to_path, to_text

_TOKEN: Final = "api.token"
_TOKENS_FILE: Final = "api.tokens_file"
_AUDIT_FILE: Final = "api.audit_file"
_ALLOWED_HOSTS: Final = "api.allowed_hosts"
_ALLOWED_ORIGINS: Final = "api.allowed_origins"
_TLS_CERTIFICATE: Final = "api.tls_certificate"
_TLS_KEY: Final = "api.tls_key"
_INSECURE: Final = "api.insecure"
_MEMORY_WRITE: Final = "api.memory_write"
_TCP_ROLE: Final = "api.tcp_role"


def access_settings(values: Mapping[str, Any]) -> AccessSettings:
    """Return what converted values, by key, say about access."""
    get, default = values.get, AccessSettings()
    return AccessSettings(
        asks_token=get(_TOKEN, default.asks_token),
        tokens_file=get(_TOKENS_FILE, default.tokens_file),
        audit_file=get(_AUDIT_FILE, default.audit_file),
        allowed_hosts=get(_ALLOWED_HOSTS, default.allowed_hosts),
        allowed_origins=get(_ALLOWED_ORIGINS, default.allowed_origins),
        tls_certificate=get(_TLS_CERTIFICATE, default.tls_certificate),
        tls_key=get(_TLS_KEY, default.tls_key),
        is_insecure=get(_INSECURE, default.is_insecure),
        memory_write=get(_MEMORY_WRITE, default.memory_write),
        tcp_role=get(_TCP_ROLE, default.tcp_role),
    )


def add_access_options(parser: argparse.ArgumentParser) -> None:
    """Add the options about access; what they say is found by `access_flags`."""
    group = parser.add_argument_group("access")
    group.add_argument(
        "--no-token",
        dest=_TOKEN,
        action="store_const",
        const=False,
        help="let every account of this machine do everything (default: clients need a token, "
        "which those of this account find by themselves)",
    )
    group.add_argument(
        "--allow-memory-write",
        dest=_MEMORY_WRITE,
        action="store_const",
        const=True,
        help="permit raw writes by address, to owners",
    )
    group.add_argument(
        "--tls-certificate", dest=_TLS_CERTIFICATE, metavar="FILE", help="PEM file: speak TLS"
    )
    group.add_argument(
        "--tls-key", dest=_TLS_KEY, metavar="FILE", help="PEM file (default: in the certificate's)"
    )
    group.add_argument(
        "--allow-origin",
        dest=_ALLOWED_ORIGINS,
        metavar="ORIGIN",
        action="append",
        help="let web pages connect that come from there, as https://bench.example:8443",
    )
    group.add_argument(
        "--allow-host",
        dest=_ALLOWED_HOSTS,
        metavar="NAME",
        action="append",
        help="a name by which clients reach this machine, besides its own",
    )
    group.add_argument(
        "--tokens", dest=_TOKENS_FILE, metavar="FILE", help="what `scrutiny token add` has made"
    )
    group.add_argument(
        "--audit", dest=_AUDIT_FILE, metavar="FILE", help="where every write is noted"
    )
    group.add_argument(
        "--tcp-role",
        dest=_TCP_ROLE,
        choices=[role.value for role in Role],
        help="what clients of --tcp-port may do (default: owner)",
    )
    group.add_argument(
        "--insecure",
        dest=_INSECURE,
        action="store_const",
        const=True,
        help="serve beyond this machine without TLS or without a token",
    )


def access_flags(arguments: argparse.Namespace) -> dict[str, object]:
    """Return the options about access that were given, by key."""
    given: dict[str, object] = vars(arguments)
    return {key: given[key] for key in ACCESS_CONVERTERS if given.get(key) is not None}


def _texts(value: object) -> tuple[str, ...]:
    """Take texts: a list, or one text in which commas separate them."""
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    if not isinstance(value, list):
        raise ValueError(f"is {value!r}, a list of texts is due")
    return tuple(to_text(item) for item in cast("list[object]", value))


def _origins(value: object) -> tuple[str, ...]:
    origins = tuple(origin.rstrip("/").lower() for origin in _texts(value))
    for origin in origins:
        parts = urlsplit(origin)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.path:
            raise ValueError(f"has {origin!r}, which is no origin, as https://bench.example:8443")
    return origins


def _role(value: object) -> Role:
    try:
        return Role(to_text(value))
    except ValueError:
        raise ValueError(f"is {value!r}; there are {', '.join(Role)}") from None


ACCESS_CONVERTERS: Final[dict[str, Callable[[object], Any]]] = {
    _TOKEN: to_boolean,
    _TOKENS_FILE: to_path,
    _AUDIT_FILE: to_path,
    _ALLOWED_HOSTS: _texts,
    _ALLOWED_ORIGINS: _origins,
    _TLS_CERTIFICATE: to_path,
    _TLS_KEY: to_path,
    _INSECURE: to_boolean,
    _MEMORY_WRITE: to_boolean,
    _TCP_ROLE: _role,
}
