"""Certificates for TLS, made for a test."""

from __future__ import annotations

import hashlib
import ssl
from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass(frozen=True)
class Certificates:
    """A server's certificate, its key, and the authority that vouches for it.

    Attributes:
        certificate: PEM file of the server.
        key: PEM file.
        authority: PEM file, which clients may trust.
        fingerprint: SHA-256 of the server's certificate, in hexadecimal.
    """

    certificate: Path
    key: Path
    authority: Path
    fingerprint: str


def make_certificates(folder: Path) -> Certificates:
    """Make a certificate for 127.0.0.1 and localhost."""
    authority = trustme.CA()
    server = authority.issue_cert("127.0.0.1", "localhost")
    certificate, key, root = folder / "cert.pem", folder / "key.pem", folder / "ca.pem"
    text = server.cert_chain_pems[0].bytes()
    certificate.write_bytes(text)
    server.private_key_pem.write_to_path(str(key))
    authority.cert_pem.write_to_path(str(root))
    der = ssl.PEM_cert_to_DER_cert(text.decode())
    return Certificates(certificate, key, root, hashlib.sha256(der).hexdigest())
