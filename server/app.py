"""Start the server from a command line."""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Final, Self

from scrutiny.core.errors import ScrutinyError

from .access_keys import access_flags, add_access_options
from .daemon import Daemon
from .scheduling import ask_for_short_turns
from .service_manager import ServiceManager
from .settings import ServerSettings, load_settings

logger = logging.getLogger(__name__)

LOG_LEVELS: Final = ("debug", "info", "warning", "error", "critical")
# Only a full collection finds connections that have ended, of 110 objects each: with those of the
# usual interval, of ten partial ones, it takes 50 to 150 ms after a thousand of them.
FULL_COLLECTION_AFTER: Final = 2

_LOG_FORMAT: Final = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


def main(argv: Sequence[str] | None = None) -> int:
    """Run a server until it is interrupted.

    Returns:
        The exit code: 0 after an interrupt, 1 if it could not start or failed.
    """
    try:
        with _StopSignals() as signals:
            return _run(argv, signals)
    except KeyboardInterrupt:
        return 0


def _run(argv: Sequence[str] | None, signals: _StopSignals) -> int:
    arguments = _parser().parse_args(argv)
    try:
        _configure_logging(arguments.loglevel, arguments.logfile)
        settings = load_settings(
            config=arguments.config,
            options=arguments.options,
            host=arguments.host,
            port=arguments.port,
            tcp_port=arguments.tcp_port,
            link=arguments.link,
            data_folder=arguments.data_folder,
            flags=access_flags(arguments),
        )
        asyncio.run(_serve(settings, signals))
    except ScrutinyError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    except Exception:
        logger.critical("the server failed", exc_info=True)
        return 1
    return 0


async def _serve(settings: ServerSettings, signals: _StopSignals) -> None:
    daemon = Daemon(settings)
    loop = asyncio.get_running_loop()

    def stop() -> None:
        with suppress(RuntimeError):  # the loop is closed: the daemon ended by itself
            loop.call_soon_threadsafe(daemon.stop)

    def ready(port: int) -> None:
        manager.ready(port)
        ask_for_short_turns()

    signals.stop = stop
    # What is there now stays: to look through it for garbage would hold the loop for 10 ms more.
    gc.freeze()
    gc.set_threshold(*gc.get_threshold()[:2], FULL_COLLECTION_AFTER)
    manager = ServiceManager(os.environ, os.getpid())
    try:
        await daemon.run(ready)
    finally:
        manager.stopping()


class _StopSignals:
    """The first SIGINT or SIGTERM ends the server; from then on the process ignores them.

    An impatient second Ctrl+C would otherwise cut the goodbye short, or the exit of Python. Not
    loop.add_signal_handler: Windows has none, and it ends with the loop.

    Attributes:
        stop: what ends the server; until it is there, a signal raises KeyboardInterrupt.
    """

    _NUMBERS: Final = (signal.SIGINT, signal.SIGTERM)

    def __init__(self) -> None:
        self.stop: Callable[[], None] | None = None
        self._is_stopping = False
        self._before: list[Any] = []

    def __enter__(self) -> Self:
        self._before = [signal.signal(number, self._on_signal) for number in self._NUMBERS]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Put back what was there before, unless the process was told to end."""
        after = [signal.SIG_IGN] * len(self._NUMBERS) if self._is_stopping else self._before
        for number, handler in zip(self._NUMBERS, after, strict=True):
            signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._is_stopping = True
        for each in self._NUMBERS:
            # Not SIG_IGN yet: Python complains of one that has just come.
            signal.signal(each, _ignored)
        if self.stop is None:
            raise KeyboardInterrupt
        self.stop()


def _ignored(number: int, frame: FrameType | None) -> None:
    """Take a signal that comes while the server is ending."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scrutiny server",
        description="Connect to a device, and serve its values to clients.",
        epilog="`scrutiny server install-service` lets the system start it.",
    )
    parser.add_argument("--host", help="where clients connect (default: 127.0.0.1)")
    parser.add_argument(
        "--port", type=int, help="where clients connect (default: 8765; 0: any free one)"
    )
    parser.add_argument(
        "--tcp-port",
        metavar="PORT",
        type=int,
        help="where clients of the original connect, on the same host (default: nowhere; 0: any "
        "free one)",
    )
    parser.add_argument(
        "--link",
        metavar="URL",
        help="the device, as serial:/dev/ttyACM0?baudrate=115200, serial:COM3, "
        "serial:usb:VID:PID:SERIAL, udp://192.168.1.20:12345, tcp://localhost:12345, "
        "rtt://localhost:19021, can:socketcan:can0?txid=0x100&rxid=0x101, memory: or none",
    )
    parser.add_argument("--config", metavar="FILE", type=Path, help="JSON file with settings")
    parser.add_argument(
        "--options",
        metavar="KEY=VALUE",
        nargs="+",
        action="extend",
        default=[],
        help="single settings, as device.response_timeout=0.5",
    )
    parser.add_argument(
        "--data-folder",
        metavar="FOLDER",
        type=Path,
        help="where firmware descriptions are installed (default: of the user's account)",
    )
    add_access_options(parser)
    parser.add_argument("--loglevel", choices=LOG_LEVELS, default="info", type=str.lower)
    parser.add_argument("--logfile", metavar="FILE", type=Path, help="instead of standard error")
    return parser


def _configure_logging(level: str, file: Path | None) -> None:
    handler: logging.Handler
    try:
        handler = logging.FileHandler(file, encoding="utf-8") if file else logging.StreamHandler()
    except OSError as error:
        raise ScrutinyError(
            f"cannot write the log file {file}: {error.strerror}; check --logfile"
        ) from error
    logging.raiseExceptions = False  # a full disk is no reason for a traceback per line
    logging.basicConfig(level=level.upper(), format=_LOG_FORMAT, handlers=[handler], force=True)
    # The library reports whatever knocks at the port without being a websocket, with a traceback.
    logging.getLogger("websockets").setLevel(
        logging.WARNING if level == "debug" else logging.CRITICAL
    )
