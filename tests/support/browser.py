"""A real browser, which opens a page of ours and lets the page tell what it found."""

from __future__ import annotations

import json
import queue
import shutil
import subprocess
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final

from .missing_tools import cannot_run
from .processes import DEADLINE_S

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "chrome")


def find_browser() -> str:
    """Return the program of a Chromium; the test does not run without one."""
    for name in _NAMES:
        if (program := shutil.which(name)) is not None:
            return program
    return cannot_run("no Chromium: install the package chromium")


class Page:
    """A page at an origin of its own.

    Attributes:
        script: JavaScript, which calls ``tell(value)`` once.
    """

    def __init__(self) -> None:
        self.script = ""
        self._told: queue.Queue[Any] = queue.Queue()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def __enter__(self) -> Page:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def origin(self) -> str:
        """Where the page comes from."""
        return f"http://localhost:{self._server.server_address[1]}"

    def told_in(self, browser: str) -> Any:
        """Open the page in a new browser, and return what it tells."""
        with tempfile.TemporaryDirectory() as profile:
            command = [
                browser,
                "--headless=new",
                "--no-sandbox",  # as root there is none
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                f"--user-data-dir={profile}",
                f"{self.origin}/",
            ]
            process = subprocess.Popen(
                command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
            )
            try:
                return self._told.get(timeout=3 * DEADLINE_S)
            except queue.Empty:
                process.kill()
                raise AssertionError(
                    f"the page tells nothing: {process.communicate()[1]}"
                ) from None
            finally:
                process.kill()
                process.communicate()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        page = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                content = f"<!doctype html><script>{_TELL}{page.script}</script>".encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def do_POST(self) -> None:
                told = self.rfile.read(int(self.headers["Content-Length"]))
                page._told.put(json.loads(told))
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Say nothing."""

        return Handler


_TELL: Final = """
function tell(value) { fetch("/told", {method: "POST", body: JSON.stringify(value)}); }
"""
