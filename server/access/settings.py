"""What the settings of a server say about who may connect, and what they may do."""

from __future__ import annotations

from pathlib import Path

import msgspec

from .rights import Role


class AccessSettings(msgspec.Struct, frozen=True):
    """Who may connect, and what they may do.

    Attributes:
        asks_token: clients have to know a token; without, everybody is an owner.
        tokens_file: tokens that were made for others; None: in the folder of the account.
        audit_file: where every write is noted; None: in the folder of the account.
        allowed_hosts: names by which clients reach this machine, besides its own.
        allowed_origins: of web pages that may connect, as ``https://bench.example:8443``.
        tls_certificate: PEM file; None: no TLS.
        tls_key: PEM file; None: the key is in the file of the certificate.
        is_insecure: serve beyond this machine even where that is not safe.
        memory_write: raw memory may be written, by those who have the right.
        tcp_role: of the clients of the original, which know no token.
    """

    asks_token: bool = True
    tokens_file: Path | None = None
    audit_file: Path | None = None
    allowed_hosts: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    is_insecure: bool = False
    memory_write: bool = False
    tcp_role: Role = Role.OWNER
