"""What the system has to know to run the server as a service: a unit, and rules for the ports."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

UNIT_FILE: Final = Path("/etc/systemd/system/scrutiny.service")
RULES_FILE: Final = Path("/etc/udev/rules.d/70-scrutiny.rules")
ACCOUNT: Final = "scrutiny"

_PLAIN: Final = re.compile(r"[\w/.:=?&%$,@+-]+")

_UNIT: Final = """\
[Unit]
Description=Scrutiny Bridge, which looks into running firmware
After=network.target

[Service]
Type=notify
ExecStart={command}
User={account}
Restart=on-failure
RestartSec=2
WatchdogSec=30
TimeoutStopSec=15

# Descriptions, recordings, tokens and the audit log are in /var/lib/scrutiny.
StateDirectory=scrutiny
StateDirectoryMode=0700
CacheDirectory=scrutiny
CacheDirectoryMode=0700
Environment=XDG_STATE_HOME=%S XDG_CONFIG_HOME=%S XDG_DATA_HOME=%S/scrutiny XDG_CACHE_HOME=%C

# Serial ports, and nothing else of the machine.
SupplementaryGroups=dialout
DevicePolicy=closed
DeviceAllow=char-ttyACM rw
DeviceAllow=char-ttyUSB rw
DeviceAllow=char-ttyS rw
DeviceAllow=char-ttyAMA rw
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_CAN AF_NETLINK

UMask=0077
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome={protect_home}
PrivateTmp=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProcSubset=pid
RemoveIPC=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
KeyringMode=private
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
"""

# 70: after the rules that find out what a device is, before the one that gives it to its user.
_RULES: Final = """\
# Serial ports over USB: for whoever sits at the machine, and under a name that stays,
# /dev/scrutiny/VENDOR:PRODUCT-SERIAL.
SUBSYSTEM=="tty", ENV{ID_BUS}=="usb", TAG+="uaccess"
SUBSYSTEM=="tty", ENV{ID_BUS}=="usb", ENV{ID_SERIAL_SHORT}=="?*", \
SYMLINK+="scrutiny/$env{ID_VENDOR_ID}:$env{ID_MODEL_ID}-$env{ID_SERIAL_SHORT}"

# Adapters of FTDI keep what they receive for 16 ms unless told otherwise.
ACTION=="add", SUBSYSTEM=="usb-serial", DRIVER=="ftdi_sio", ATTR{latency_timer}="1"
"""


def unit_text(python: Path, options: Sequence[str]) -> str:
    """Return the unit of systemd.

    Args:
        python: which runs the server.
        options: of the server.
    """
    command = [str(python), "-m", "scrutiny.server", *options]
    is_at_home = any(python.is_relative_to(home) for home in ("/home", "/root", "/run/user"))
    return _UNIT.format(
        command=" ".join(map(_for_unit, command)),
        account=ACCOUNT,
        protect_home="read-only" if is_at_home else "yes",
    )


def rules_text() -> str:
    """Return the rules of udev."""
    return _RULES


def _for_unit(argument: str) -> str:
    """Return an argument as a unit has it: % and $ stand for something there."""
    text = argument.replace("\\", "\\\\").replace("%", "%%").replace("$", "$$").replace('"', '\\"')
    return text if _PLAIN.fullmatch(text) else f'"{text}"'
