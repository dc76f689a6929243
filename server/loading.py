"""Work on firmware descriptions in processes of their own, so that the server goes on meanwhile.

A large description takes seconds to read, and holds Python's lock while it is read, so a thread
would not do. A hostile one may do worse, and then takes only its process along.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path
from typing import Final

import msgspec

import scrutiny
from scrutiny.core.errors import ScrutinyError

LOADER: Final = (sys.executable, "-m", "scrutiny.sfd.loader")

# 200,000 leaves take some seconds; whatever takes longer than this would be waited for in vain.
TIME_LIMIT_S: Final = 120.0

# Of what the process writes only the end counts: a path, or the line that says why not.
_LONGEST_OUTPUT: Final = 8192  # octets
_LONGEST_REASON: Final = 500  # characters

# Where the process finds the same package as this one, installed or not. As the folder it runs in,
# it also keeps it from importing what lies about where the server was started.
_IMPORT_FOLDER: Final = Path(scrutiny.__file__).resolve().parents[1]


class LoadError(ScrutinyError):
    """A description cannot be used; the text says why."""


class DescriptionLoader(msgspec.Struct, frozen=True):
    """Prepares descriptions for look-up.

    Attributes:
        cache_folder: where the process leaves what it prepares.
        command: program and first arguments.
        time_limit_s: how long it may take.
    """

    cache_folder: Path
    command: tuple[str, ...] = LOADER
    time_limit_s: float = TIME_LIMIT_S

    async def prepare(self, package: Path) -> Path:
        """Return where the prepared description is.

        Cancelling is safe: the process is killed.

        Raises:
            LoadError: the package cannot be used, the process cannot be started, or takes too long.
        """
        return Path(await last_line_of(self._command_for(package), self.time_limit_s))

    def _command_for(self, package: Path) -> tuple[str, ...]:
        # The process runs in another folder, where relative paths would mean something else.
        return (*self.command, str(package.absolute()), str(self.cache_folder.absolute()))


async def last_line_of(command: tuple[str, ...], time_limit_s: float) -> str:
    """Run a process to its end, and return the last line that it wrote.

    Cancelling is safe: the process is killed.

    Raises:
        LoadError: the process cannot be started, takes too long, or says why it failed.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, cwd=_IMPORT_FOLDER
        )
    except (OSError, ValueError) as error:
        raise LoadError(f"the process for it cannot be started: {error}") from error
    try:
        async with asyncio.timeout(time_limit_s):
            output, complaint = await _outputs(process)
    except TimeoutError:
        raise LoadError(f"it took more than {time_limit_s:g} s") from None
    finally:
        await _end(process)
    if process.returncode != 0:
        raise LoadError(_why(process.returncode, _last_line(complaint)))
    line = _last_line(output)
    if not line:
        raise LoadError("the process for it ended without a result")
    return line


async def _outputs(process: Process) -> tuple[bytes, bytes]:
    assert process.stdout is not None
    assert process.stderr is not None
    output, complaint, _ = await asyncio.gather(
        _tail(process.stdout), _tail(process.stderr), process.wait()
    )
    return output, complaint


async def _tail(stream: asyncio.StreamReader) -> bytes:
    tail = b""
    while chunk := await stream.read(_LONGEST_OUTPUT):
        tail = (tail + chunk)[-_LONGEST_OUTPUT:]
    return tail


async def _end(process: Process) -> None:
    """Kill the process if it still runs, and take its exit code, so that nothing is left of it."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        # Reads to the end as well: the exit is not told while a pipe is full.
        await process.communicate()


def _last_line(data: bytes) -> str:
    lines = data.decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _why(code: int | None, complaint: str) -> str:
    reason = complaint[:_LONGEST_REASON]
    if code == 1 and reason:
        return reason
    ending = f"ended with code {code}" if code is not None and code >= 0 else "was ended by force"
    return f"the process for it {ending}{': ' if reason else ''}{reason}"
