"""Whether to trust a server: by an authority that vouches for it, or by its very certificate."""

from __future__ import annotations

import hashlib
import hmac
import re
import ssl

_FINGERPRINT_DIGITS = 64  # of SHA-256, in hexadecimal


def client_context(tls: bool | ssl.SSLContext, fingerprint: str | None) -> ssl.SSLContext | None:
    """Return what decides about the certificate of a server; None: no TLS.

    Args:
        tls: True: the authorities that this system trusts; a context: what it says.
        fingerprint: SHA-256 of the certificate, in hexadecimal, with or without colons; then
            nothing else counts.

    Raises:
        ValueError: the fingerprint is none, or comes with a context.
    """
    if fingerprint is not None:
        if isinstance(tls, ssl.SSLContext):
            raise ValueError("give a fingerprint or a context for TLS, not both")
        return _PinningContext.for_certificate(fingerprint)
    if tls is True:
        return ssl.create_default_context()
    return tls or None


class _PinnedObject(ssl.SSLObject):
    """A TLS connection that ends in its handshake if the certificate is another one."""

    def do_handshake(self) -> None:
        super().do_handshake()
        context = self.context
        assert isinstance(context, _PinningContext)
        context.check(self.getpeercert(binary_form=True))


class _PinningContext(ssl.SSLContext):
    """Trusts one certificate, whoever has signed it and whatever names it has."""

    sslobject_class = _PinnedObject
    fingerprint: str

    @classmethod
    def for_certificate(cls, fingerprint: str) -> _PinningContext:
        digits = re.sub("[: ]", "", fingerprint).lower()
        if len(digits) != _FINGERPRINT_DIGITS or not re.fullmatch("[0-9a-f]*", digits):
            raise ValueError(
                f"fingerprint is {fingerprint[:100]!r}; the SHA-256 of the server's certificate is "
                "due, 64 digits in hexadecimal: openssl x509 -noout -fingerprint -sha256 -in FILE"
            )
        context = cls(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.fingerprint = digits
        return context

    def check(self, certificate: bytes | None) -> None:
        found = hashlib.sha256(certificate or b"").hexdigest()
        if not hmac.compare_digest(found, self.fingerprint):
            raise ssl.SSLCertVerificationError(
                f"its certificate has the fingerprint {found}, {self.fingerprint} is due"
            )
