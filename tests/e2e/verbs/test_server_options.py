"""How a verb tells a server who it is, and whether it trusts the server."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scrutiny.api.token_files import FOLDER_VARIABLE, read_token
from scrutiny.cli.main import main
from tests.support.certificates import Certificates, make_certificates
from tests.support.server_process import ServerProcess

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def server(
    certificates: Certificates, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    server = ServerProcess(
        tmp_path_factory.mktemp("server"),
        *("--link", "none"),
        *("--tls-certificate", str(certificates.certificate)),
        *("--tls-key", str(certificates.key)),
    )
    yield server
    server.kill()


@pytest.fixture
def run(server: ServerProcess, capsys: pytest.CaptureFixture[str]) -> Run:
    def status(*options: str) -> tuple[int, str, str]:
        address = ("--host", "127.0.0.1", "--port", f"{server.tcp_port}")
        code = main(["status", *address, *options])
        told = capsys.readouterr()
        return code, told.out, told.err

    return status


def test_a_certificate_is_trusted_by_its_authority(run: Run, certificates: Certificates) -> None:
    code, output, errors = run("--tls-ca", str(certificates.authority))

    assert (code, errors) == (0, "")
    assert "Server " in output


def test_a_certificate_is_trusted_by_its_fingerprint(run: Run, certificates: Certificates) -> None:
    assert run("--fingerprint", certificates.fingerprint)[0] == 0


def test_a_token_comes_from_a_file(
    run: Run,
    server: ServerProcess,
    certificates: Certificates,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    token = read_token(server.tcp_port)
    assert token is not None
    (tmp_path / "token").write_text(f"{token}\n", encoding="ascii")
    monkeypatch.setenv(FOLDER_VARIABLE, os.fspath(tmp_path / "elsewhere"))
    trust = ("--fingerprint", certificates.fingerprint)

    code, _, errors = run(*trust)
    assert code == 1
    assert "wants a token" in errors
    assert "scrutiny demo" not in errors
    assert run(*trust, "--token-file", str(tmp_path / "token"))[0] == 0


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--tls"], "connect(..., fingerprint=...)"),
        (["--tls-ca", "no/such/file"], "cannot read no/such/file: No such file or directory"),
        (["--tls-ca", __file__], "check --tls-ca"),
        (["--fingerprint", "12:34"], "64 digits in hexadecimal"),
        (["--token-file", "no/such/file"], "check --token-file"),
        (["--token-file", __file__], "token is no token"),
    ],
)
def test_what_is_wrong_is_told_in_a_line(run: Run, options: list[str], why: str) -> None:
    code, output, errors = run(*options)

    assert (code, output) == (1, "")
    assert errors.startswith("error: ")
    assert why in errors
    assert len(errors.splitlines()) == 1
