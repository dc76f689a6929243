"""TLS from files, for the websocket."""

from __future__ import annotations

import ssl
from pathlib import Path

from scrutiny.core.errors import ScrutinyError


class TlsError(ScrutinyError):
    """The files cannot be used; the text says which, and what is wrong with it."""


def server_context(certificate: Path, key: Path | None) -> ssl.SSLContext:
    """Return what a server needs to speak TLS 1.2 or newer.

    Args:
        certificate: PEM file, with those that lead to a known authority.
        key: PEM file without a passphrase; None: it is in the file of the certificate.

    Raises:
        TlsError: a file cannot be read, or the two do not belong together.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    for file, option in ((certificate, "--tls-certificate"), (key, "--tls-key")):
        if file is not None:
            _check_readable(file, option)
    try:
        context.load_cert_chain(certificate, key, password=_no_passphrase)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise TlsError(
            f"{certificate}{f' and {key}' if key else ''} cannot be used for TLS: {error}; "
            "a certificate and its key in PEM format are due, the key without a passphrase"
        ) from None
    return context


def _check_readable(file: Path, option: str) -> None:
    try:
        with file.open("rb"):
            pass
    except OSError as error:
        raise TlsError(f"cannot read {file}: {error.strerror}; check {option}") from error


def _no_passphrase() -> str:
    raise ValueError("the key has a passphrase")
