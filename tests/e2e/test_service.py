"""The server as a service: it tells its manager how it is doing, and its unit is a tight one."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scrutiny.cli.main import main
from scrutiny.cli.service_files import RULES_FILE, UNIT_FILE, rules_text, unit_text
from tests.support.missing_tools import cannot_run
from tests.support.processes import DEADLINE_S
from tests.support.server_process import ServerProcess

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="systemd is a thing of Linux")


class Manager:
    """Takes what a service tells."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self._socket.settimeout(DEADLINE_S)

    def next(self) -> list[str]:
        return self._socket.recv(4096).decode().splitlines()

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["file", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    names = {"file": str(tmp_path / "n"), "abstract": f"@scrutiny-test-{os.getpid()}"}
    manager = Manager(names[request.param])
    yield manager
    manager.close()


def test_the_manager_is_told_when_clients_can_connect_and_that_all_is_well(
    manager: Manager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", manager.address)
    monkeypatch.setenv("WATCHDOG_USEC", "300000")

    server = ServerProcess(tmp_path, "--link", "none")
    try:
        assert manager.next() == ["READY=1", f"STATUS=clients connect to port {server.tcp_port}"]
        assert [manager.next() for _ in range(3)] == [["WATCHDOG=1"]] * 3
        server.stop()
        news = manager.next()
        while news == ["WATCHDOG=1"]:
            news = manager.next()
        assert news == ["STOPPING=1"]
        assert not server.complaints
    finally:
        server.kill()


def test_a_manager_that_is_gone_is_told_once_and_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))

    server = ServerProcess(tmp_path, "--link", "none")
    try:
        server.stop()
    finally:
        server.kill()

    assert sum("cannot tell the service manager" in line for line in server.lines) == 1


@pytest.fixture(scope="module")
def unit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("systemd-analyze") is None:
        cannot_run("no systemd-analyze: install the package systemd")
    file = tmp_path_factory.mktemp("unit") / UNIT_FILE.name
    options = ["--link", "serial:/dev/ttyACM0?baudrate=1000000", "--data-folder", "/srv/a b%"]
    file.write_text(unit_text(Path(sys.executable), options), encoding="utf-8")
    return file


def test_the_unit_is_what_systemd_expects(unit: Path) -> None:
    result = subprocess.run(
        ["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False
    )

    assert (result.returncode, result.stderr) == (0, "")


def test_the_unit_exposes_little(unit: Path) -> None:
    command = ["systemd-analyze", "security", "--offline=yes", "--threshold=20", str(unit)]

    result = subprocess.run(command, capture_output=True, text=True, check=False)

    score = re.search(r"Overall exposure level for \S+: ([\d.]+)", result.stdout)
    assert score is not None, result.stderr
    assert float(score[1]) <= 2.0
    assert result.returncode == 0


def test_arguments_reach_the_server_as_they_are(unit: Path) -> None:
    (line,) = re.findall("^ExecStart=(.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE)

    assert line.endswith(
        ' -m scrutiny.server --link serial:/dev/ttyACM0?baudrate=1000000 --data-folder "/srv/a b%%"'
    )


def test_every_line_of_the_rules_is_matches_and_assignments() -> None:
    key = r"[A-Z]+(\{\w+\})?"
    lines = [line for line in rules_text().splitlines() if line and not line.startswith("#")]

    assert len(lines) == 3
    for line in lines:
        for part in line.split(", "):
            assert re.fullmatch(rf'{key}(==|=|\+=)"[^"]+"', part), part


def test_it_prints_what_it_would_install(capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(["server", "install-service", "--print", "--", "--link", "udp://10.0.0.2:12345"]) == 0
    )

    output = capsys.readouterr().out
    assert output.startswith(f"# {UNIT_FILE}\n[Unit]\n")
    assert "--link udp://10.0.0.2:12345\n" in output
    assert f"\n# {RULES_FILE}\n" in output
    assert output.endswith(rules_text())


def test_without_systemd_it_says_what_else_there_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    assert main(["server", "install-service"]) == 1

    assert capsys.readouterr().err.startswith("error: there is no systemd here; --print shows")
