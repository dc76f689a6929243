"""Somebody who does what a page of the documentation says, block by block."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import io
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from .documents import Block
from .example_board import ROOT
from .processes import LoggedProcess

# Identifiers, files of tokens, and dates with a time.
_OF_THE_RUN: Final = re.compile(
    r"\b[0-9a-f]{32}\b|\S+\.token\b|[-\d]{10}[ T][:\d]{8}[.,]\d{3,6}(?:[+-]\d\d:\d\d)?"
)
_NUMBER: Final = re.compile(r"(?<![\w.])(-?\d+(?:\.\d+)?)(?P<unit> ?m?s\b)?(?![\w])")
_PLOTTED: Final = re.compile("[\u2500-\u28ff]")  # lines of a plot in the terminal
USUAL_PORT: Final = "8765"
USUAL_SERIAL_PORT: Final = "/dev/ttyACM0"
_DEADLINE_S: Final = 90
_C_FLAGS: Final = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-Wno-unused-function")
_HEADERS_OF_OTHERS: Final = ROOT / "tests" / "firmware" / "stubs"
# What blocks of C take for granted: that of the page before it, in a program that has a loop.
_C_BEGIN: Final = '#include "scrutiny/scrutiny.h"\n'
_C_INSTANCE: Final = "scrutiny_t scrutiny"
_C_PROGRAM: Final = f"extern {_C_INSTANCE};\nvoid control(void);\n"

# The command that a user has on his path, which finds the server of the test.
_COMMAND: Final = f"""#!{sys.executable}
import os, sys
from scrutiny.cli.main import VERBS, main
verb, *rest = sys.argv[1:] or [""]
if verb in ("server", "demo") or (verb in VERBS and VERBS[verb].is_client):
    rest += ["--port", os.environ["PAGE_PORT"]] if "--port" not in rest else []
sys.exit(main([verb, *rest] if verb else []))
"""


class PageReader:
    """Carries out the blocks of one page, in a folder of its own.

    Args:
        folder: where files go, and where commands run.
        port: of a server with a board; a page that starts a server gets another one.
        environment: in which the data of that server are.
        places: what is used instead of a name on the page.
    """

    def __init__(
        self,
        folder: Path,
        port: int,
        environment: Mapping[str, str],
        places: Mapping[str, str] | None = None,
    ) -> None:
        self._folder = folder
        self._port = port
        self._places = places or {}
        programs = folder / "bin"
        programs.mkdir(parents=True)
        (programs / "scrutiny").write_text(_COMMAND)
        (programs / "scrutiny").chmod(0o755)
        (folder / "examples").symlink_to(ROOT / "examples")
        python = Path(sys.executable).parent
        self._environment = {
            **environment,
            "PATH": os.pathsep.join([str(programs), str(python), os.environ["PATH"]]),
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            "PYTHONUTF8": "1",
        }
        self._names: dict[str, Any] = {"__name__": "__main__"}
        self._running: list[LoggedProcess] = []
        self._waiting: LoggedProcess | None = None
        self._c_text = _C_BEGIN
        self._output: str | None = None

    def __enter__(self) -> PageReader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End what goes on."""
        if (client := self._names.get("client")) is not None:
            client.disconnect()
        for process in reversed(self._running):
            process.interrupt()
            process.finish()

    def carry_out(self, block: Block) -> None:
        """Do what a block says, or compare it with what the last one has shown.

        Raises:
            Exception: whatever it raises.
            AssertionError: it fails, or shows something else.
        """
        if "notest" in block.options or "doctor" in block.options:
            self._output = None
        elif (name := block.options.get("file")) is not None:
            (self._folder / name).write_text(self._here(block.text), encoding="utf-8")
        elif block.language == "text":
            self._compare(block)
        else:
            self._output = None
            was_waiting = self._waiting
            getattr(self, f"_do_{block.language}")(block)
            if was_waiting is not None:
                self._output = self._finish(was_waiting)

    def _here(self, text: str) -> str:
        for name, real in self._places.items():
            text = text.replace(name, real)
        return text.replace(USUAL_PORT, f"{self._port}")

    def _compare(self, block: Block) -> None:
        """Every line that is shown came, with about these numbers, in this order."""
        if self._output is None:  # it shows something else than output
            return
        output = self._output.replace(f"{self._port}", USUAL_PORT)
        for name, real in self._places.items():
            output = output.replace(real, name)
        self._output = None
        came = iter(_lines(output))
        for line in _lines(block.text):
            assert any(_is_like(line, other) for other in came), (
                f"{block}: no {line!r} in\n{output}"
            )

    # ----------------------------------------------------------------- Python

    def _do_python(self, block: Block) -> None:
        text = self._here(block.text)
        if "ends" in block.options:
            script = self._folder / "script.py"
            script.write_text(text, encoding="utf-8")
            process = self._start([sys.executable, str(script)])
            process.wait_for_line("")
            process.interrupt()
            process.finish()
            self._output = "\n".join(process.lines)
            assert "Traceback" not in self._output or process.lines[-1] == "KeyboardInterrupt"
            return
        code = compile(
            text, f"{block}", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True
        )
        uses, makes = re.search(r"\bclient\.", text), re.search(r"\bclient =|as client\b", text)
        if "client" not in self._names and uses and not makes:
            self._names["client"] = self._client()
        with contextlib.redirect_stdout(io.StringIO()) as output:
            if code.co_flags & inspect.CO_COROUTINE:
                asyncio.run(eval(code, self._names))
            else:
                exec(code, self._names)
        self._output = output.getvalue()

    def _client(self) -> Any:
        """Return the connected client that a page may take for granted."""
        from scrutiny.sdk.client import ScrutinyClient

        client = ScrutinyClient().connect("127.0.0.1", self._port)
        client.wait_sfd_loaded(timeout=20)
        return client

    # ----------------------------------------------------------------- commands

    def _do_sh(self, block: Block) -> None:
        text = self._here(block.text)
        if " ID" in text:
            newest = self._client().list_stored_datalogging_acquisitions(count=1)[0]
            text = text.replace(" ID", f" {newest.reference_id}")
        text = re.sub(
            r"^(python examples/.*)$", rf"\1 --port {self._port}", text, flags=re.MULTILINE
        )
        if re.search(r"^scrutiny (server|demo) ", text, re.MULTILINE):
            self._port = _free_port()
        if (pattern := block.options.get("keeps")) is not None:
            process = self._start(["sh", "-c", f"exec {text}"])
            process.wait_for_line(pattern)
            self._running.append(process)
            self._output = "\n".join(process.lines)
        elif (pattern := block.options.get("waits")) is not None:
            self._waiting = self._start(["sh", "-c", f"exec {text}"])
            self._waiting.wait_for_line(pattern)
        else:
            result = subprocess.run(
                ["sh", "-e", "-c", text],
                cwd=self._folder,
                env=self._all_variables,
                capture_output=True,
                encoding="utf-8",
                timeout=_DEADLINE_S,
                check=False,
            )
            assert result.returncode == 0, f"{block}:\n{result.stdout}{result.stderr}"
            self._output = result.stdout

    @property
    def _all_variables(self) -> dict[str, str]:
        return {**self._environment, "PAGE_PORT": f"{self._port}"}

    def _start(self, command: list[str]) -> LoggedProcess:
        change = ["env", "-C", str(self._folder)]
        return LoggedProcess([*change, *command], environment=self._all_variables)

    def _finish(self, process: LoggedProcess) -> str:
        self._waiting = None
        assert process.finish() == 0, process.lines
        return "\n".join(process.lines)

    # ----------------------------------------------------------------- others

    def _do_json(self, block: Block) -> None:
        json.loads(block.text)

    def _do_toml(self, block: Block) -> None:
        tomllib.loads(block.text)

    def _do_c(self, block: Block) -> None:
        """Compile it, behind those before it on the page."""
        compiler = shlex.split(os.environ.get("CC", "cc"))
        assert shutil.which(compiler[0]) is not None
        if "&scrutiny" in block.text and _C_INSTANCE not in self._c_text + block.text:
            self._c_text += _C_PROGRAM
        self._c_text += block.text
        result = subprocess.run(
            [
                *compiler,
                *_C_FLAGS,
                *(f"-isystem{_HEADERS_OF_OTHERS / name}" for name in ("rp2040", "stm32")),
                "-I",
                str(ROOT / "firmware/include"),
                "-fsyntax-only",
                "-xc",
                "-",
            ],
            input=self._c_text,
            capture_output=True,
            encoding="utf-8",
            timeout=_DEADLINE_S,
            check=False,
        )
        assert result.returncode == 0, f"{block}:\n{result.stderr}"


def _lines(text: str) -> list[str]:
    """Return the lines without spaces that align, plots, and what is another in each run."""
    named = _OF_THE_RUN.sub("#", text)
    lines = (" ".join(line.split()) for line in named.splitlines() if not _PLOTTED.search(line))
    return [line for line in lines if line]


def _is_like(shown: str, came: str) -> bool:
    """Whether two lines say the same, with about the same numbers; times may be any."""
    if _NUMBER.sub("0", shown) != _NUMBER.sub("0", came):
        return False
    pairs = zip(_NUMBER.finditer(shown), _NUMBER.finditer(came), strict=True)
    return all(
        match["unit"] or _is_close(float(match[1]), float(other[1])) for match, other in pairs
    )


def _is_close(shown: float, came: float) -> bool:
    return abs(shown - came) < 10 or 0.25 < shown / (came or 1) < 4


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
