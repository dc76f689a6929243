"""Start the server from a command line."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from scrutiny.core.errors import ScrutinyError

from .daemon import Daemon
from .settings import ServerSettings, load_settings

logger = logging.getLogger(__name__)

LOG_LEVELS: Final = ("debug", "info", "warning", "error", "critical")
_LOG_FORMAT: Final = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


def main(argv: Sequence[str] | None = None) -> int:
    """Run a server until it is interrupted.

    Returns:
        The exit code: 0 after an interrupt, 1 if it could not start or failed.
    """
    arguments = _parser().parse_args(argv)
    try:
        _configure_logging(arguments.loglevel, arguments.logfile)
        settings = load_settings(
            config=arguments.config,
            options=arguments.options,
            host=arguments.host,
            port=arguments.port,
            link=arguments.link,
        )
        asyncio.run(serve(settings))
    except ScrutinyError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 0
    except Exception:
        logger.critical("the server failed", exc_info=True)
        return 1
    return 0


async def serve(settings: ServerSettings) -> None:
    """Run a server until the process gets SIGINT or SIGTERM."""
    daemon = Daemon(settings)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, daemon.stop)
        except NotImplementedError:  # Windows: Ctrl+C cancels the main task
            break
    await daemon.run()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scrutiny server",
        description="Connect to a device, and serve its values to clients.",
    )
    parser.add_argument("--host", help="where clients connect (default: 127.0.0.1)")
    parser.add_argument(
        "--port", type=int, help="where clients connect (default: 8765; 0: any free one)"
    )
    parser.add_argument(
        "--link",
        metavar="URL",
        help="the device, as serial:/dev/ttyACM0?baudrate=115200, serial:COM3, "
        "udp://192.168.1.20:12345, tcp://localhost:12345, memory: or none",
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
    logging.basicConfig(level=level.upper(), format=_LOG_FORMAT, handlers=[handler], force=True)
    # The library reports whatever knocks at the port without being a websocket, with a traceback.
    logging.getLogger("websockets").setLevel(
        logging.WARNING if level == "debug" else logging.CRITICAL
    )
