"""How the program starts and ends, seen from outside: exit codes, and what it writes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scrutiny.api.token_files import FOLDER_VARIABLE
from scrutiny.firmware_link.simulator.settings import SIMULATOR_FIRMWARE_ID
from scrutiny.sfd.store import DescriptionStore

from ...support.small_package import write_package

DEADLINE_S = 30

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and files of POSIX")

# Ctrl+C while a module is imported, or while a function of it runs.
INTERRUPTED_IMPORT = """
import signal, sys
class Interrupt:
    def find_spec(self, name, *rest):
        if name == "scrutiny.server.app":
            signal.raise_signal(signal.SIGINT)
sys.meta_path.insert(0, Interrupt())
from scrutiny.server.__main__ import main
sys.exit(main([]))
"""
INTERRUPTED_START = """
import signal, sys
from scrutiny.server import app
def load_settings(**settings):
    signal.raise_signal(signal.SIGTERM)
app.load_settings = load_settings
code = app.main([])
signal.raise_signal(signal.SIGINT)  # an impatient second one
sys.exit(code)
"""


@pytest.mark.parametrize("program", [INTERRUPTED_IMPORT, INTERRUPTED_START])
def test_an_interrupt_while_it_starts_ends_it_quietly(program: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE_S,
    )

    assert (run.returncode, run.stderr) == (0, "")


@pytest.mark.parametrize("pause_s", [0, 0.01, 0.03])
def test_a_second_interrupt_changes_nothing(pause_s: float, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "scrutiny.server", "--port", "0", "--link", "memory:"]
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr is not None
        assert any("is ready" in line for line in process.stderr)

        for _ in range(3):
            process.send_signal(signal.SIGINT)
            time.sleep(pause_s)

        _, rest = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 0
    assert "has stopped" in rest
    assert "Traceback" not in rest


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_log_that_cannot_be_written_is_no_traceback(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "scrutiny.server", "--logfile", "/dev/full", "--port", "0"]
    folders = {"XDG_STATE_HOME": str(tmp_path), FOLDER_VARIABLE: str(tmp_path / "tokens")}
    environment = os.environ | folders
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        while not any((tmp_path / "tokens").glob("*.token")):  # it cannot tell that it is ready
            assert process.poll() is None
            time.sleep(0.01)

        process.send_signal(signal.SIGINT)

        _, errors = process.communicate(timeout=DEADLINE_S)
    assert (process.returncode, errors) == (0, "")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--link", "serial:/dev/tty%00"],
        ["--link", "udp:nowhere"],
        [
            "--options",
            "device.link_type=udp",
            "device.link_config.host=",
            "device.link_config.port=1",
        ],
    ],
)
def test_a_link_that_cannot_be_is_one_line(arguments: list[str]) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "scrutiny.server", "--port", "0", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE_S,
    )

    assert run.returncode == 1
    assert run.stderr.startswith("error: ")
    assert run.stderr.count("\n") == 1


def test_the_data_folder_is_where_descriptions_are_looked_for(tmp_path: Path) -> None:
    firmware_id = SIMULATOR_FIRMWARE_ID.hex()
    write_package(DescriptionStore(tmp_path / "data").path_of(firmware_id), firmware_id)
    command = [sys.executable, "-m", "scrutiny.server", "--port", "0", "--link", "memory:"]
    command += ["--data-folder", str(tmp_path / "data")]
    environment = {
        **os.environ,
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr is not None
        assert any(f"description of firmware {firmware_id} is loaded" in x for x in process.stderr)

        process.send_signal(signal.SIGTERM)

        process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 0
    assert list((tmp_path / "cache" / "scrutiny").glob("*.symbols"))
