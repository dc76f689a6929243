"""Beyond this machine, a server asks for a token and speaks TLS, or it does not start."""

from __future__ import annotations

import ipaddress

from scrutiny.core.errors import ScrutinyError


class TooExposed(ScrutinyError):
    """The address can be reached by others, and nothing protects it; the text says what would."""


def is_loopback(address: str) -> bool:
    """Tell whether an address is reached from this machine only."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def check_exposure(
    address: str, *, has_token: bool, has_tls: bool, has_tcp: bool, is_accepted: bool
) -> None:
    """Refuse an address that others can reach, unless it is protected or the user insists.

    Args:
        address: where clients are served.
        has_token: they are asked for one.
        has_tls: what they say is encrypted.
        has_tcp: clients of the original are served there too; they know neither token nor TLS.
        is_accepted: the user has said that it is to be so.

    Raises:
        TooExposed: others could write to the memory of the device.
    """
    if is_accepted or is_loopback(address):
        return
    missing = [
        what
        for what, is_missing in (
            ("TLS (--tls-certificate and --tls-key)", not has_tls),
            ("a token (leave out --no-token)", not has_token),
            ("to be without --tcp-port, which knows no token", has_tcp),
        )
        if is_missing
    ]
    if missing:
        raise TooExposed(
            f"{address} can be reached by other machines, and whoever connects can write to the "
            f"memory of the device; it needs {' and '.join(missing)}, or --insecure if the network "
            "is trusted"
        )
