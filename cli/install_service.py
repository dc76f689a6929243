"""``scrutiny server install-service``: let the system start the server, and keep it running."""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from scrutiny.core.errors import ScrutinyError

from .output import show
from .service_files import ACCOUNT, RULES_FILE, UNIT_FILE, rules_text, unit_text
from .verb_arguments import parse, verb_parser

logger = logging.getLogger(__name__)


class CannotInstall(ScrutinyError):
    """The system does not let it be installed; the text says what to do."""


def main(argv: Sequence[str]) -> int:
    """Install the service, or print what would be installed.

    Raises:
        CannotInstall: this is no system with systemd, or this account may not.
    """
    arguments = parse(_parser(), argv)
    options: list[str] = arguments.options
    unit = unit_text(_python(), options[1:] if options[:1] == ["--"] else options)
    if arguments.print:
        show(f"# {UNIT_FILE}\n{unit}\n# {RULES_FILE}\n{rules_text()}".rstrip())
        return 0
    if shutil.which("systemctl") is None:
        raise CannotInstall("there is no systemd here; --print shows what it would be told")
    if os.geteuid() != 0:
        raise CannotInstall("only root can do that: sudo scrutiny server install-service")
    _make_account()
    UNIT_FILE.write_text(unit, encoding="utf-8")
    RULES_FILE.parent.mkdir(parents=True, exist_ok=True)
    RULES_FILE.write_text(rules_text(), encoding="utf-8")
    _run("systemctl", "daemon-reload")
    if shutil.which("udevadm"):
        _run("udevadm", "control", "--reload")
    logger.info("%s and %s are written", UNIT_FILE, RULES_FILE)
    show("To start it, now and at each start of the machine: systemctl enable --now scrutiny")
    return 0


def _python() -> Path:
    """Return what runs the server; a link, as in a virtual environment, stays one."""
    if not sys.executable:
        raise CannotInstall("it is not known which Python this is")
    return Path(sys.executable).absolute()


def _make_account() -> None:
    import pwd  # POSIX

    try:
        pwd.getpwnam(ACCOUNT)
    except KeyError:
        _run("useradd", "--system", "--home-dir", "/var/lib/scrutiny", "--no-create-home", ACCOUNT)


def _run(*command: str) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except FileNotFoundError:
        raise CannotInstall(f"there is no {command[0]} here") from None
    except subprocess.CalledProcessError as error:
        raise CannotInstall(f"{' '.join(command)}: {error.stderr.strip()}") from None


def _parser() -> argparse.ArgumentParser:
    parser = verb_parser(
        "server install-service", "Let the system start the server, and keep it running."
    )
    parser.add_argument("--print", action="store_true", help="only show what would be installed")
    parser.add_argument(
        "options",
        nargs=argparse.REMAINDER,
        metavar="-- OPTIONS",
        help="of the server, as --link serial:/dev/ttyACM0",
    )
    return parser
