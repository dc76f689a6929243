"""Words that change: paths of a running server, and links of this machine."""

from __future__ import annotations

from collections.abc import Iterable

from scrutiny.api.versions import DEFAULT_PORT
from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.exceptions import ScrutinySDKException

_TIMEOUT_S = 0.5  # somebody waits with a finger on the key
_LINKS = ("udp://", "tcp://", "rtt://", "rtt:", "can:", "memory:", "none")


def paths_from(prefix: str, host: str = "localhost", port: int = DEFAULT_PORT) -> list[str]:
    """Return what a path can go on with, up to the next slash; nothing without a server."""
    start = prefix if prefix.startswith("/") else f"/{prefix}"
    pattern = "".join(f"[{letter}]" if letter in "*?[" else letter for letter in start)
    try:
        with ScrutinyClient(timeout=_TIMEOUT_S).connect(host, port, reconnect=False) as client:
            request = client.download_watchable_list(name_patterns=[f"{pattern}*"])
            request.wait_for_completion(_TIMEOUT_S)
            listed = request.get()
    except ScrutinySDKException:
        return []
    elements = (next(each.iterate_possible_paths())[0] for each in listed.var_factory.values())
    return next_segments([*listed.alias, *listed.rpv, *listed.var, *elements], start)


def next_segments(paths: Iterable[str], prefix: str) -> list[str]:
    """Cut paths behind the next slash after a prefix, which is one behind it: folders end so."""
    ends = ((path, path.find("/", len(prefix))) for path in paths if path.startswith(prefix))
    return sorted({path if end < 0 else path[: end + 1] for path, end in ends})


def links() -> list[str]:
    """Return what links can be, the serial ports of this machine among them."""
    from ..serial_ports import serial_ports  # which a path does not need

    ports = serial_ports()
    names = [name for port in ports for name in (port.stable_name, port.device) if name]
    found = [*(port.link for port in ports), *(f"serial:{name}" for name in names)]
    return [*dict.fromkeys(found), *_LINKS]
