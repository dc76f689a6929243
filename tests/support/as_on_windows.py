"""Import modules as Windows would: without what only POSIX has. Run as a program.

    python -m tests.support.as_on_windows MODULE...

It writes, as JSON, which ones cannot be imported, and why. They are all imported as usual before,
so that the packages of others, which ask for the system when they are imported, are there already.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import socket
import sys
from collections.abc import Iterable
from typing import Final

MODULES: Final = ("fcntl", "grp", "pty", "pwd", "readline", "resource", "syslog", "termios", "tty")
NAMES: Final = {
    os: (
        *("chown", "fork", "getegid", "geteuid", "getgid", "getgroups", "getuid", "killpg"),
        *("mkfifo", "openpty", "sched_getaffinity", "setresuid", "setsid", "statvfs", "ttyname"),
        *("uname", "WNOHANG"),
    ),
    signal: (
        *("SIGALRM", "SIGCONT", "SIGHUP", "SIGKILL", "SIGPIPE", "SIGQUIT", "SIGSTOP", "SIGUSR1"),
        *("SIGWINCH",),
    ),
    socket: ("AF_UNIX", "SO_REUSEPORT"),
}


def main(modules: Iterable[str]) -> None:
    """Import them twice, and write what went wrong the second time.

    Raises:
        ImportError: one of them cannot be imported here either.
    """
    ours = {name.split(".")[0] for name in modules}
    for name in modules:
        _imported(name)
    for name in tuple(sys.modules):
        if name.split(".")[0] in ours and name != __name__:
            del sys.modules[name]
    _become_windows()
    problems = {name: why for name in modules if (why := _problem_of(name)) is not None}
    sys.stdout.write(json.dumps(problems))


def _become_windows() -> None:
    sys.modules.update(dict.fromkeys(MODULES))  # type: ignore[arg-type]  # None: not to be found
    for module, names in NAMES.items():
        for name in names:
            if hasattr(module, name):
                delattr(module, name)
    sys.platform = "win32"


def _problem_of(name: str) -> str | None:
    try:
        _imported(name)
    except (ImportError, AttributeError) as error:
        return f"{type(error).__name__}: {error}"
    return None


def _imported(name: str) -> None:
    """Import a module, unless it is one of tests that skips itself."""
    from _pytest.outcomes import Skipped

    with contextlib.suppress(Skipped):
        importlib.import_module(name)


if __name__ == "__main__":
    main(sys.argv[1:])
