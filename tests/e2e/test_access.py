"""Who may use a running server: the account, others with a token, nobody else, over TLS or not."""

from __future__ import annotations

import asyncio
import json
import os
import re
import ssl
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scrutiny.api.token_files import FOLDER_VARIABLE, new_token, read_token, token_file
from scrutiny.sdk.aio import AsyncScrutinyClient
from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.exceptions import OperationFailure, ScrutinySDKException
from scrutiny.server.access.rights import Role
from scrutiny.server.access.token_registry import TokenEntry, TokenRegistry, digest
from tests.support.certificates import Certificates, make_certificates
from tests.support.example_board import ROOT
from tests.support.missing_tools import cannot_run
from tests.support.processes import DEADLINE_S
from tests.support.server_process import ServerProcess

VALUE = "/rpv/x2020"  # plain memory of the simulated application
NOBODY = 65534

# Run as root, it becomes somebody else before it runs what it is given; what it needs from disk is
# imported before, since the other account may not be able to read it.
AS_NOBODY = f"""
import os, sys
import scrutiny.sdk.client, scrutiny.sdk._wire, scrutiny.sdk._exchanges, platformdirs
"localhost".encode("idna")
source = sys.stdin.read()
os.setgroups([])
os.setresgid({NOBODY}, {NOBODY}, {NOBODY})
os.setresuid({NOBODY}, {NOBODY}, {NOBODY})
exec(compile(source, "the script", "exec"))
"""


@pytest.fixture
def servers() -> Iterator[list[ServerProcess]]:
    started: list[ServerProcess] = []
    yield started
    for server in started:
        server.kill()


def start(servers: list[ServerProcess], home: Path, *arguments: str) -> ServerProcess:
    server = ServerProcess(home, "--link", "memory:", *arguments)
    servers.append(server)
    return server


def client_of(server: ServerProcess, **access: Any) -> ScrutinyClient:
    return ScrutinyClient(timeout=DEADLINE_S).connect(
        "127.0.0.1", server.tcp_port, reconnect=False, **access
    )


def token_for(file: Path, name: str, role: Role) -> str:
    token = new_token()
    TokenRegistry(file).add(TokenEntry(name, role, digest(token)))
    return token


def test_the_token_is_for_this_account_only_and_goes_with_the_server(
    servers: list[ServerProcess], tmp_path: Path
) -> None:
    server = start(servers, tmp_path)
    file = token_file(server.tcp_port)

    token = read_token(server.tcp_port)

    assert token is not None
    assert len(token) == 43
    if sys.platform != "win32":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(file.parent.stat().st_mode) & 0o077 == 0
    assert not any(token in line for line in server.lines)
    server.stop()
    assert not file.exists()


def test_a_restarted_server_has_another_token_and_scripts_go_on(
    servers: list[ServerProcess], tmp_path: Path
) -> None:
    server = start(servers, tmp_path)
    port, first = server.tcp_port, read_token(server.tcp_port)
    with ScrutinyClient(timeout=DEADLINE_S).connect("127.0.0.1", port) as client:
        server.kill()

        again = start(servers, tmp_path, "--port", str(port))

        client.wait_device_ready(DEADLINE_S)
        assert client.read_once(VALUE) is not None
        assert again.tcp_port == port
        assert read_token(port) not in (None, first)


def test_roles_of_a_running_server(servers: list[ServerProcess], tmp_path: Path) -> None:
    tokens, audit = tmp_path / "tokens.json", tmp_path / "audit.jsonl"
    server = start(servers, tmp_path, "--tokens", str(tokens), "--audit", str(audit))
    wall = token_for(tokens, "wall", Role.VIEWER)
    bench = token_for(tokens, "bench", Role.OPERATOR)
    with client_of(server, token=bench) as operator, client_of(server, token=wall) as viewer:
        operator.wait_device_ready(DEADLINE_S)
        operator.watch(VALUE).value = 2.5

        assert viewer.read_once(VALUE) == 2.5
        with pytest.raises(OperationFailure, match="'write', which 'wall' \\(viewer\\)"):
            viewer.watch(VALUE).value = 3.5
        with pytest.raises(OperationFailure, match="'memory_read', which 'bench'"):
            operator.read_memory(0, 4)
        assert viewer.read_once(VALUE) == 2.5
    with client_of(server) as owner, pytest.raises(OperationFailure, match="--allow-memory-write"):
        owner.write_memory(0x2000_0000, b"1234")
    server.stop()

    lines = [json.loads(line) for line in audit.read_text(encoding="utf-8").splitlines()]
    told = [(line["who"], line["target"], line["new"], line["result"][:9]) for line in lines]
    assert ("bench", VALUE, 2.5, "confirmed") in told
    assert [who for who, _, _, result in told if result == "this need"] == ["wall", "bench"]
    for token in (wall, bench):
        assert not any(token in line for line in server.lines)
        assert token not in audit.read_text(encoding="utf-8")


@pytest.mark.parametrize("token", [None, "wrong"])
def test_without_a_known_token_there_is_no_connection(
    servers: list[ServerProcess],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    token: str | None,
) -> None:
    server = start(servers, tmp_path)
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "elsewhere"))

    with pytest.raises(ScrutinySDKException, match=r"wants a token.*scrutiny token add") as refusal:
        client_of(server, token=token)

    assert "SCRUTINY_TOKEN" in str(refusal.value)


def test_the_environment_can_name_the_token(
    servers: list[ServerProcess], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start(servers, tmp_path)
    token = read_token(server.tcp_port)
    assert token is not None
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "elsewhere"))
    monkeypatch.setenv("SCRUTINY_TOKEN", token)

    with client_of(server) as client:
        assert client.get_latest_server_status() is not None


@pytest.mark.skipif(sys.platform == "win32", reason="accounts are those of Unix")
def test_another_account_is_told_what_it_needs(
    servers: list[ServerProcess], tmp_path: Path
) -> None:
    if os.geteuid() != 0:
        cannot_run("only root can run a script as another account")
    example = (ROOT / "examples" / "events.py").read_text(encoding="utf-8")
    server = start(servers, tmp_path)
    script = example.replace("8765", str(server.tcp_port))

    result = subprocess.run(
        [sys.executable, "-c", AS_NOBODY],
        input=script,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        timeout=DEADLINE_S,
        check=False,
    )

    assert result.returncode != 0
    assert "wants a token, and this account has none" in result.stderr
    assert "scrutiny token add NAME" in result.stderr


def test_no_token_lets_everybody_in(
    servers: list[ServerProcess], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start(servers, tmp_path, "--no-token")
    assert read_token(server.tcp_port) is None
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "elsewhere"))

    with client_of(server) as client:
        client.wait_device_ready(DEADLINE_S)
        client.watch(VALUE).value = 1.5


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--host", "0.0.0.0"], "needs TLS"),
        (["--host", "0.0.0.0", "--no-token"], "needs TLS .* and a token"),
        (["--tls-certificate", "no/such.pem"], "cannot read no/such.pem: .*--tls-certificate"),
        (["--tls-certificate", __file__], "cannot be used for TLS"),
    ],
)
def test_what_is_not_safe_does_not_start(arguments: list[str], why: str, tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "scrutiny.server", "--port", "0", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"HOME": str(tmp_path)},
        timeout=DEADLINE_S,
        check=False,
    )

    assert result.returncode == 1
    last = result.stderr.splitlines()[-1]
    assert last.startswith("error: ")
    assert re.search(why, last), last


# ------------------------------------------------------------------ TLS


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def tls_server(
    servers: list[ServerProcess], certificates: Certificates, tmp_path: Path
) -> ServerProcess:
    pair = ["--tls-certificate", certificates.certificate, "--tls-key", certificates.key]
    return start(servers, tmp_path, *map(str, pair))


def test_a_trusted_authority_is_enough(
    tls_server: ServerProcess, certificates: Certificates
) -> None:
    context = ssl.create_default_context(cafile=str(certificates.authority))

    with client_of(tls_server, tls=context) as client:
        client.wait_device_ready(DEADLINE_S)
        handles = client.watch_many([VALUE])
        client.wait_new_value_for_all(DEADLINE_S)
        handles[0].value = 4.5
        assert client.read_once(VALUE) == 4.5


def test_the_right_fingerprint_is_enough(
    tls_server: ServerProcess, certificates: Certificates
) -> None:
    digits = certificates.fingerprint.upper()
    with_colons = ":".join(digits[i : i + 2] for i in range(0, len(digits), 2))

    with client_of(tls_server, fingerprint=with_colons) as client:
        client.wait_device_ready(DEADLINE_S)
        client.watch(VALUE).value = 5.5
        assert client.read_once(VALUE) == 5.5


def test_another_fingerprint_learns_no_token(
    tls_server: ServerProcess, certificates: Certificates
) -> None:
    wrong = certificates.fingerprint[:-1] + ("0" if certificates.fingerprint[-1] != "0" else "1")

    with pytest.raises(
        ScrutinySDKException, match="its certificate has the fingerprint"
    ) as refusal:
        client_of(tls_server, fingerprint=wrong)

    assert certificates.fingerprint in str(refusal.value)
    assert not any("client" in line and "connected" in line for line in tls_server.lines)


def test_a_certificate_that_nobody_vouches_for_is_refused(tls_server: ServerProcess) -> None:
    with pytest.raises(ScrutinySDKException, match=r"certificate.*connect\(\.\.\., fingerprint"):
        client_of(tls_server, tls=True)


def test_without_tls_a_tls_server_is_not_understood(tls_server: ServerProcess) -> None:
    with pytest.raises(ScrutinySDKException):
        client_of(tls_server)


def test_a_server_without_tls_is_told(servers: list[ServerProcess], tmp_path: Path) -> None:
    server = start(servers, tmp_path)

    with pytest.raises(ScrutinySDKException, match="Does the server speak TLS"):
        client_of(server, tls=True)


@pytest.mark.parametrize("fingerprint", ["", "ab", "zz" * 32, "ab" * 33])
def test_what_is_no_fingerprint_is_refused_before_anything_is_sent(fingerprint: str) -> None:
    with pytest.raises(ValueError, match="SHA-256 of the server's certificate"):
        ScrutinyClient().connect("localhost", 8765, fingerprint=fingerprint)


# ------------------------------------------------------------------ the asyncio client


def test_the_asyncio_client_uses_a_token_and_a_fingerprint(
    tls_server: ServerProcess, certificates: Certificates
) -> None:
    async def write_and_read() -> float | None:
        client = AsyncScrutinyClient(timeout=DEADLINE_S)
        port, fingerprint = tls_server.tcp_port, certificates.fingerprint
        async with client.connect("127.0.0.1", port, fingerprint=fingerprint):
            await client.wait_device_ready(DEADLINE_S)
            await (await client.watch(VALUE)).write(6.5)
            return await client.read_once(VALUE)

    assert asyncio.run(write_and_read()) == 6.5


@pytest.mark.parametrize(
    ("access", "why"),
    [
        ({"fingerprint": "ab" * 32}, "its certificate has the fingerprint"),
        ({"tls": True}, r"connect\(\.\.\., fingerprint"),
        ({"token": "wrong"}, "is not connected to|does not|not as a Scrutiny server"),
    ],
)
def test_the_asyncio_client_says_why_it_does_not_connect(
    tls_server: ServerProcess, access: dict[str, Any], why: str
) -> None:
    async def connect() -> None:
        client = AsyncScrutinyClient(timeout=DEADLINE_S)
        await client.connect("127.0.0.1", tls_server.tcp_port, **access)

    with pytest.raises(ScrutinySDKException, match=why):
        asyncio.run(connect())


def test_the_asyncio_client_is_told_that_it_needs_a_token(
    servers: list[ServerProcess], tmp_path: Path
) -> None:
    server = start(servers, tmp_path)

    async def connect() -> None:
        client = AsyncScrutinyClient(timeout=DEADLINE_S)
        await client.connect("127.0.0.1", server.tcp_port, token="wrong")

    with pytest.raises(ScrutinySDKException, match=r"wants a token.*scrutiny token add"):
        asyncio.run(connect())
