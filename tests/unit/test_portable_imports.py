"""No module needs at import what only POSIX systems have: Windows has to get as far as main()."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Final

import pytest

from tests.support.example_board import ROOT

# Imported only where a terminal of POSIX is opened.
POSIX_ONLY: Final = {
    "scrutiny.firmware_link.simulator.pty_port",
    "scrutiny.firmware_link.transports.serial_posix",
}

# Everything is imported once as usual, so that other packages are there; then ours again, without
# what Windows has not. Prints the names of modules that cannot be imported then, with the reason.
_PROGRAM: Final = """
import importlib, os, pkgutil, signal, sys
import scrutiny

def import_all():
    failures = []
    for module in pkgutil.walk_packages(scrutiny.__path__, "scrutiny.", failures.append):
        if not module.name.endswith("__main__"):
            try:
                importlib.import_module(module.name)
            except (ImportError, AttributeError) as error:
                failures.append(f"{module.name}: {error}")
    return failures

class Absent:
    NAMES = set("curses fcntl grp posix pty pwd readline resource termios tty".split())

    def find_spec(self, name, path=None, target=None):
        if name in self.NAMES:
            raise ImportError(f"there is no {name}")

print(import_all())
for name in [name for name in sys.modules if name.split(".")[0] == "scrutiny"]:
    del sys.modules[name]
for name in Absent.NAMES:
    sys.modules.pop(name, None)
for name in "O_NOCTTY O_NONBLOCK fork geteuid getuid killpg openpty setsid sysconf uname".split():
    delattr(os, name)
for name in "SIGALRM SIGHUP SIGKILL SIGUSR1 SIGWINCH".split():
    delattr(signal, name)
sys.meta_path.insert(0, Absent())
sys.platform = "win32"
import scrutiny
print("\\n".join(import_all()))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there it is what all tests show")
def test_all_modules_are_imported_without_what_only_posix_has() -> None:
    result = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": f"{ROOT}"},
    )

    as_usual, *failures = result.stdout.splitlines()
    assert as_usual == "[]"
    assert {failure.partition(":")[0] for failure in failures} == POSIX_ONLY, failures
