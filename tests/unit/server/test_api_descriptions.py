"""Commands about firmware descriptions, with files on disk and real processes."""

from __future__ import annotations

import base64
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from scrutiny.api.versions import MAX_MESSAGE_SIZE
from scrutiny.server import library, uploads
from scrutiny.server.api.chunks import LARGEST_CHUNK
from scrutiny.server.api.limits import MOST_DESCRIPTION_COMMANDS
from scrutiny.server.api.transfers import MOST_UPLOADS
from scrutiny.server.library import MOST_INSTALLERS
from scrutiny.server.uploads import LARGEST_UPLOAD

from ...support.api_bench import PROFILE, FakeClient, Message, Server
from ...support.small_package import large_map, write_package

ID: Final = PROFILE.firmware_id.hex()
OTHER_ID: Final = "ab" * 16
GEAR: Final = "/global/car/gear"
NO_GENERATION: Final = {
    "time": None,
    "python_version": None,
    "scrutiny_version": None,
    "system_type": None,
}
METADATA: Final = {
    "project_name": "Car",
    "author": None,
    "version": None,
    "generation_info": NO_GENERATION,
}


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    server = Server(tmp_path)
    yield server
    server.close()


@pytest.fixture
def client(server: Server) -> FakeClient:
    return FakeClient(server)


def install(server: Server, firmware_id: str = ID, *arguments: Any) -> Path:
    return write_package(server.library.store.path_of(firmware_id), firmware_id, *arguments)


def connect(server: Server) -> None:
    install(server)
    server.device.become_ready(PROFILE)
    server.run_until(lambda: server.symbols.loaded)


def refusal(client: FakeClient, cmd: str, **fields: Any) -> str:
    answer = client.answer_to(cmd, **fields)
    assert (answer["cmd"], answer["request_cmd"]) == ("error", cmd)
    return str(answer["msg"])


def temporary_files(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "temporary").iterdir())


# ------------------------------------------------------------------ what there is


def test_installed_descriptions_are_listed(server: Server, client: FakeClient) -> None:
    assert client.answer_to("get_installed_sfd")["sfd_list"] == []
    first = install(server)
    install(server, OTHER_ID, None, None, {"generation_info": {"time": 5}})

    infos = client.answer_to("get_installed_sfd")["sfd_list"]

    size = first.stat().st_size
    assert infos[0] == {"firmware_id": ID, "filesize": size, "metadata": METADATA}
    assert infos[1]["metadata"]["generation_info"] == {**NO_GENERATION, "time": 5}


def test_a_list_that_is_too_large_is_told_without_metadata(
    server: Server, client: FakeClient
) -> None:
    for number in range(3):
        install(server, f"{number:032x}", None, None, {"author": "a" * 500_000})

    infos = client.answer_to("get_installed_sfd")["sfd_list"]

    assert [info["metadata"]["author"] for info in infos] == [None] * 3
    assert max(client.sizes) < MAX_MESSAGE_SIZE


def test_the_loaded_description_is_told(server: Server, client: FakeClient) -> None:
    assert client.ask("get_loaded_sfd")["sfd"] is None
    connect(server)

    sfd = client.answer_to("get_loaded_sfd")["sfd"]

    size = server.library.store.path_of(ID).stat().st_size
    assert sfd == {"firmware_id": ID, "filesize": size, "metadata": METADATA}


# ------------------------------------------------------------------ load, uninstall


def test_a_description_is_loaded_by_command_status_first(
    server: Server, client: FakeClient
) -> None:
    connect(server)
    install(server, OTHER_ID, large_map(3))
    client.all()
    client.send("load_sfd", reqid=1, firmware_id=OTHER_ID.upper())

    server.run_until(lambda: client.has_received(lambda m: m["cmd"] == "response_load_sfd"))

    *events, reply = client.all()
    assert [event["loaded_sfd_firmware_id"] for event in events] == [None, OTHER_ID]
    assert reply["reqid"] == 1
    assert client.ask("get_watchable_count")["qty"]["var"] == 3


def test_what_is_loaded_already_stays_as_it_is(server: Server, client: FakeClient) -> None:
    connect(server)
    client.all()
    (before,) = client.subscribe(GEAR)

    answer = client.answer_to("load_sfd", firmware_id=ID)

    assert answer["cmd"] == "response_load_sfd"
    assert client.ids(GEAR) == [before]
    server.read_from_device(GEAR, 7)
    assert [update["id"] for m in client.all() for update in m["updates"]] == [before]
    client.ask("unsubscribe_watchable", watchables=[GEAR])
    server.read_from_device(GEAR, 0)
    assert client.all() == []


def test_what_cannot_be_loaded_is_refused(server: Server, client: FakeClient) -> None:
    assert "no device" in refusal(client, "load_sfd", firmware_id=OTHER_ID)
    connect(server)
    assert "32 hexadecimal" in refusal(client, "load_sfd", firmware_id=ID + "/../x")
    assert "is installed" in refusal(client, "load_sfd", firmware_id=OTHER_ID)
    install(server, OTHER_ID, "{")
    assert "cannot be loaded" in refusal(client, "load_sfd", firmware_id=OTHER_ID)
    assert client.ask("get_loaded_sfd")["sfd"]["firmware_id"] == ID


def test_the_loaded_description_is_unloaded_before_it_is_reported_uninstalled(
    server: Server, client: FakeClient
) -> None:
    connect(server)
    client.all()
    client.send("uninstall_sfd", reqid=1, firmware_id_list=[ID, ID])

    server.run_until(lambda: client.has_received(lambda m: m["reqid"] == 1))

    *events, reply = client.all()
    assert reply["cmd"] == "response_uninstall_sfd"
    assert events[0]["loaded_sfd_firmware_id"] is None
    assert not server.library.store.path_of(ID).exists()


@pytest.mark.parametrize(
    "bad", [OTHER_ID, "", "x", ID + "0", ID[:-1], "../" + ID, ID + "\n", ID[:-2] + "/."]
)
def test_f9_one_bad_identifier_uninstalls_nothing(
    server: Server, client: FakeClient, bad: str
) -> None:
    install(server)

    assert refusal(client, "uninstall_sfd", firmware_id_list=[ID, bad])
    assert server.library.store.path_of(ID).exists()


def test_commands_are_answered_in_order_and_not_without_end(
    server: Server, client: FakeClient
) -> None:
    install(server)
    for number in range(MOST_DESCRIPTION_COMMANDS + 1):
        cmd = "get_installed_sfd" if number % 2 else "download_sfd"
        client.send(cmd, reqid=number, firmware_id=ID)

    server.run_until(lambda: len(client.sizes) == MOST_DESCRIPTION_COMMANDS + 2)

    refused, *answers = client.all()
    assert refused["reqid"] == MOST_DESCRIPTION_COMMANDS
    assert [answer["reqid"] for answer in answers] == list(range(MOST_DESCRIPTION_COMMANDS))


# ------------------------------------------------------------------ download


def download(server: Server, client: FakeClient, **fields: Any) -> list[Message]:
    client.send("download_sfd", reqid=1, **fields)
    client.send("get_installed_sfd", reqid=2)
    server.run_until(lambda: client.has_received(lambda m: m["reqid"] == 2))
    return client.all()[:-1]


@pytest.mark.parametrize("chunk_size", [1000, 100, 10**9, None])
def test_a_file_is_downloaded_in_chunks(
    server: Server, client: FakeClient, chunk_size: int | None
) -> None:
    content = install(server).read_bytes()

    chunks = download(server, client, firmware_id=ID, max_chunk_size=chunk_size)

    data = [base64.b64decode(chunk["file_chunk"]["data"]) for chunk in chunks]
    assert b"".join(data) == content
    assert {len(piece) for piece in data[:-1]} <= {chunk_size}
    assert [c["file_chunk"]["chunk_index"] for c in chunks] == list(range(len(chunks)))
    assert {(c["reqid"], c["firmware_id"], c["total_size"]) for c in chunks} == {
        (1, ID, len(content))
    }


def test_a_chunk_of_the_largest_size_fits_into_a_message(
    server: Server, client: FakeClient
) -> None:
    path = install(server)
    path.write_bytes(bytes(3 * LARGEST_CHUNK))

    assert len(download(server, client, firmware_id=ID)) == 3
    assert max(client.sizes) < MAX_MESSAGE_SIZE


def test_a_download_waits_for_its_client(server: Server, client: FakeClient) -> None:
    path = install(server)
    path.write_bytes(bytes(5000))
    client.unread_octets = 2 << 20
    client.send("download_sfd", reqid=1, firmware_id=ID, max_chunk_size=1000)
    other = FakeClient(server)
    assert other.answer_to("get_installed_sfd")["sfd_list"]
    assert client.all() == []

    client.unread_octets = 0
    path.write_bytes(b"")

    for index in range(5):
        assert client.wait_for("response_download_sfd")["file_chunk"]["chunk_index"] == index


def test_a_download_ends_with_its_client(server: Server, client: FakeClient) -> None:
    install(server)
    client.unread_octets = 2 << 20
    client.send("download_sfd", firmware_id=ID)
    client.send("get_installed_sfd")
    server.turn()

    server.hub.disconnect(client.session)

    server.run_until(lambda: not server.background.is_busy)
    assert client.all() == []


def test_bad_downloads_are_refused(client: FakeClient) -> None:
    assert "No such file" in refusal(client, "download_sfd", firmware_id=OTHER_ID)
    assert "32 hexadecimal" in refusal(client, "download_sfd", firmware_id="../../etc/passwd")
    for size in (0, -1):
        assert refusal(client, "download_sfd", firmware_id=ID, max_chunk_size=size)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_download_never_waits_for_a_pipe(server: Server, client: FakeClient) -> None:
    path = server.library.store.path_of(ID)
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(path)

    assert "pipe" in refusal(client, "download_sfd", firmware_id=ID)


# ------------------------------------------------------------------ upload


def begin(client: FakeClient, total_size: int, firmware_id: str = ID) -> str:
    answer = client.answer_to("upload_sfd_init", firmware_id=firmware_id, total_size=total_size)
    return str(answer["token"])


def chunk(index: int, data: bytes) -> Message:
    return {"chunk_index": index, "data": base64.b64encode(data).decode()}


def upload(client: FakeClient, content: bytes, size: int = 300) -> Message:
    token = begin(client, len(content))
    answer: Message = {}
    for index, start in enumerate(range(0, len(content), size)):
        piece = chunk(index, content[start : start + size])
        answer = client.answer_to("upload_sfd_data", token=token, file_chunk=piece)
        assert answer.get("actual_size", 0) == min(start + size, len(content)) or (
            answer["cmd"] == "error"
        )
    return answer


def test_a_file_is_uploaded_and_installed_under_its_own_identifier(
    server: Server, client: FakeClient, tmp_path: Path
) -> None:
    content = write_package(tmp_path / "other.sfd", OTHER_ID).read_bytes()

    answer = upload(client, content)  # which was announced under the other one

    assert answer["completed"]
    info = answer["sfd_info"]
    assert (info["firmware_id"], info["metadata"]) == (OTHER_ID, METADATA)
    assert server.library.store.path_of(OTHER_ID).stat().st_size == info["filesize"]
    assert temporary_files(tmp_path) == []
    assert client.session.client.uploads == {}


def test_what_will_be_overwritten_is_told(server: Server, client: FakeClient) -> None:
    install(server)

    for firmware_id, overwrites in ((ID, True), (OTHER_ID, False)):
        answer = client.answer_to("upload_sfd_init", firmware_id=firmware_id, total_size=1)
        assert answer["will_overwrite"] is overwrites


def test_an_upload_over_the_loaded_description_loads_it(
    server: Server, client: FakeClient, tmp_path: Path
) -> None:
    connect(server)
    before = server.symbols.loaded
    content = write_package(tmp_path / "new.sfd", ID, large_map(2)).read_bytes()

    assert upload(client, content)["completed"]

    server.run_until(lambda: server.symbols.loaded not in (before, None))
    assert client.answer_to("get_watchable_count")["qty"]["var"] == 2


@pytest.mark.parametrize("damage", ["cut", "no archive", "no map"])
def test_a_damaged_file_replaces_nothing(
    server: Server, client: FakeClient, tmp_path: Path, damage: str
) -> None:
    installed = install(server)
    content = installed.read_bytes()
    bad = {
        "cut": content[:-30],
        "no archive": b"hello",
        "no map": write_package(tmp_path / "bad.sfd", ID, "[]").read_bytes(),
    }[damage]

    answer = upload(client, bad)

    assert "cannot be installed" in answer["msg"]
    assert str(tmp_path) not in answer["msg"]
    assert installed.read_bytes() == content
    assert temporary_files(tmp_path) == []


@pytest.mark.parametrize(
    ("piece", "reason"),
    [
        ({"chunk_index": 1, "data": "AAAA"}, "0 is due"),
        ({"chunk_index": -1, "data": "AAAA"}, "0 is due"),
        ({"chunk_index": 0, "data": "A"}, "base64"),
        ({"chunk_index": 0, "data": ""}, "empty"),
        (chunk(0, bytes(11)), "10 were announced"),
    ],
)
def test_a_bad_chunk_ends_the_upload(
    client: FakeClient, tmp_path: Path, piece: Message, reason: str
) -> None:
    token = begin(client, 10)

    assert reason in refusal(client, "upload_sfd_data", token=token, file_chunk=piece)
    again = refusal(client, "upload_sfd_data", token=token, file_chunk=chunk(0, b"x"))

    assert "unknown token" in again
    assert temporary_files(tmp_path) == []


@pytest.mark.parametrize("size", [0, -1, LARGEST_UPLOAD + 1])
def test_an_impossible_size_is_refused(client: FakeClient, size: int) -> None:
    assert refusal(client, "upload_sfd_init", firmware_id=ID, total_size=size)


def test_uploads_need_an_identifier_and_a_reqid(client: FakeClient) -> None:
    assert refusal(client, "upload_sfd_init", firmware_id="../x", total_size=5)
    client.send("upload_sfd_init", firmware_id=ID, total_size=5)
    client.send("upload_sfd_data", token="x", file_chunk=chunk(0, b"x"))
    assert ["reqid" in answer["msg"] for answer in client.all()] == [True, True]


def test_a_token_belongs_to_its_client(server: Server, client: FakeClient) -> None:
    token = begin(client, 10)

    thief = FakeClient(server)
    piece = chunk(0, bytes(10))
    assert "unknown token" in refusal(thief, "upload_sfd_data", token=token, file_chunk=piece)


def test_uploads_are_limited_per_client_and_in_all(
    server: Server, client: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library, "MOST_UPLOADS", MOST_UPLOADS + 1)
    for _ in range(MOST_UPLOADS):
        begin(client, 10)
    init: dict[str, Any] = {"firmware_id": ID, "total_size": 10}
    assert "of this client" in refusal(client, "upload_sfd_init", **init)

    other = FakeClient(server)
    begin(other, 10)
    assert "wait for one" in refusal(other, "upload_sfd_init", **init)

    server.hub.disconnect(client.session)
    begin(other, 10)


INSTALLER_THAT_COUNTS: Final = """
import os, sys, time
running, most = sys.argv[1:3]
mine = os.path.join(running, str(os.getpid()))
open(mine, "w").close()
with open(most, "a") as log:
    log.write(f"{len(os.listdir(running))} ")
time.sleep(0.3)
os.remove(mine)
sys.exit("no")
"""


def test_few_uploads_are_checked_at_once_and_none_whose_client_left(
    server: Server, client: FakeClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running, log = tmp_path / "running", tmp_path / "log"
    running.mkdir()
    command = (sys.executable, "-c", INSTALLER_THAT_COUNTS, str(running), str(log))
    monkeypatch.setattr(library, "INSTALLER", command)
    others = [FakeClient(server) for _ in range(MOST_INSTALLERS + 1)]
    for each in (*others, client):
        token = begin(each, 3)
        each.send("upload_sfd_data", reqid=1, token=token, file_chunk=chunk(0, b"abc"))

    server.hub.disconnect(client.session)

    for other in others:
        assert "cannot be installed" in other.wait_for("error")["msg"]
    server.run_until(lambda: not server.background.is_busy)
    counts = [int(count) for count in log.read_text().split()]
    assert len(counts) == len(others)
    assert max(counts) <= MOST_INSTALLERS


def test_an_upload_ends_with_its_client_or_when_nothing_comes(
    server: Server, client: FakeClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(client, 10)
    server.hub.disconnect(client.session)
    assert temporary_files(tmp_path) == []

    monkeypatch.setattr(uploads, "LIFETIME_S", 0.05)
    other = FakeClient(server)
    token = begin(other, 10)
    server.run_until(lambda: not temporary_files(tmp_path))
    piece = chunk(0, bytes(10))
    assert "unknown token" in refusal(other, "upload_sfd_data", token=token, file_chunk=piece)


def test_a_full_disk_ends_the_upload(
    client: FakeClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = begin(client, 10)
    (file,) = temporary_files(tmp_path)
    file.unlink()

    piece = chunk(0, bytes(10))
    assert "cannot be stored" in refusal(client, "upload_sfd_data", token=token, file_chunk=piece)

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    assert "no place" in refusal(client, "upload_sfd_init", firmware_id=ID, total_size=5)
