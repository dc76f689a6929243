"""Firmware descriptions: what the server has, and files on their way to it and from it."""

from __future__ import annotations

import base64
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scrutiny import sdk
from scrutiny.api import messages as api
from scrutiny.sdk.client import ScrutinyClient, SFDDownloadRequest

from .fake_server import SOON_S, FakeServer, in_thread, status

FIRMWARE = "8d2c" * 8
INFO = api.SfdInfo(FIRMWARE, 6012, {"project_name": "Pump"})


@pytest.fixture
def sfd(tmp_path: Path) -> Path:
    """Return a file of about 1.5 MB, which takes several messages."""
    path = tmp_path / "pump.sfd"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("firmwareid", FIRMWARE.upper() + " \n")
        archive.writestr("varmap.json", os.urandom(1_500_000))
    return path


class UploadServer:
    """Takes one file as a real server does."""

    def __init__(self, server: FakeServer, *, will_overwrite: bool = False) -> None:
        self.data = bytearray()
        self.total_size = 0
        self.will_overwrite = will_overwrite
        server.answers[api.UploadSfdInit] = self.init
        server.answers[api.UploadSfdData] = self.take

    def init(self, command: api.UploadSfdInit) -> list[api.ServerMessage]:
        self.total_size = command.total_size
        return [api.UploadSfdInitReply(token="t", will_overwrite=self.will_overwrite)]

    def take(self, command: api.UploadSfdData) -> list[api.ServerMessage]:
        assert command.token == "t"
        self.data += base64.b64decode(command.file_chunk.data)
        completed = len(self.data) == self.total_size
        info = INFO if completed else None
        return [
            api.UploadSfdDataReply(completed=completed, actual_size=len(self.data), sfd_info=info)
        ]


# --------------------------------------------------------------------- upload


def test_a_file_is_uploaded_in_chunks(
    server: FakeServer, client: ScrutinyClient, sfd: Path
) -> None:
    upload = UploadServer(server, will_overwrite=True)

    request = client.init_sfd_upload(str(sfd))

    assert request.will_overwrite
    assert request.firmware_id == FIRMWARE
    assert request.abs_filepath == str(sfd)
    assert (request.completed, request.get_progress()) == (False, 0.0)
    client.wait_process(SOON_S)
    assert not server.has_received(api.UploadSfdData)
    with pytest.raises(sdk.exceptions.InvalidValueError):
        request.get_sfd_info()

    request.start()
    request.start()  # once is enough
    request.wait_for_completion(SOON_S)

    assert bytes(upload.data) == sfd.read_bytes()
    indices = [server.expect(api.UploadSfdData).file_chunk.chunk_index for _ in range(3)]
    assert indices == [0, 1, 2]
    assert request.get_progress() == 1.0
    assert request.get_sfd_info().firmware_id == FIRMWARE
    metadata = request.get_sfd_info().metadata
    assert metadata is not None
    assert metadata.project_name == "Pump"
    request.start()  # over, and harmless
    with pytest.raises(sdk.exceptions.OperationFailure, match="nothing to cancel"):
        request.cancel()


def test_a_file_that_is_refused_at_its_end_fails_with_the_words_of_the_server(
    server: FakeServer, client: ScrutinyClient, sfd: Path
) -> None:
    upload = UploadServer(server)

    def refuse_last(command: api.UploadSfdData) -> list[api.ServerMessage]:
        if command.file_chunk.chunk_index < 2:
            return upload.take(command)
        return [api.Error(request_cmd="upload_sfd_data", msg="varmap.json is no JSON")]

    server.answers[api.UploadSfdData] = refuse_last
    request = client.init_sfd_upload(sfd)
    request.start()

    with pytest.raises(sdk.exceptions.OperationFailure, match=r"varmap\.json is no JSON"):
        request.wait_for_completion(SOON_S)
    assert 0.5 < request.get_progress() < 1
    with pytest.raises(sdk.exceptions.InvalidValueError, match="no JSON"):
        request.get_sfd_info()


def test_the_first_of_several_refusals_is_told(
    server: FakeServer, client: ScrutinyClient, sfd: Path
) -> None:
    UploadServer(server)
    server.answers[api.UploadSfdData] = lambda c: [
        api.Error(request_cmd="upload_sfd_data", msg=f"refusal {c.file_chunk.chunk_index}")
    ]
    request = client.init_sfd_upload(sfd)
    request.start()

    with pytest.raises(sdk.exceptions.OperationFailure, match="refusal 0"):
        request.wait_for_completion(SOON_S)


def test_an_announcement_may_be_refused(
    server: FakeServer, client: ScrutinyClient, sfd: Path
) -> None:
    server.answers[api.UploadSfdInit] = lambda c: [
        api.Error(request_cmd="upload_sfd_init", msg="too many uploads")
    ]

    with pytest.raises(sdk.exceptions.OperationFailure, match="too many uploads"):
        client.init_sfd_upload(sfd)


def test_an_announcement_without_answer(server: FakeServer, sfd: Path) -> None:
    client = ScrutinyClient(timeout=0.2)
    with (
        client.connect(server.host, server.port),
        pytest.raises(sdk.exceptions.TimeoutException, match="upload_sfd_init"),
    ):
        client.init_sfd_upload(sfd)


def test_a_server_that_swallows_a_file_is_a_failure(
    server: FakeServer, client: ScrutinyClient, sfd: Path
) -> None:
    UploadServer(server)
    server.answers[api.UploadSfdData] = lambda c: [
        api.UploadSfdDataReply(completed=False, actual_size=5, sfd_info=None)
    ]
    request = client.init_sfd_upload(sfd)
    request.start()

    with pytest.raises(sdk.exceptions.OperationFailure, match="did not say that it is installed"):
        request.wait_for_completion(SOON_S)


def test_an_upload_whose_server_is_lost_fails(
    server: FakeServer, client: ScrutinyClient, sfd: Path
) -> None:
    UploadServer(server)

    def die(command: api.UploadSfdData) -> list[api.ServerMessage]:
        server.cut()
        return []

    server.answers[api.UploadSfdData] = die
    request = client.init_sfd_upload(sfd)
    request.start()

    with pytest.raises(sdk.exceptions.OperationFailure, match=r"connection|not sent"):
        request.wait_for_completion(SOON_S)


def test_an_upload_that_was_not_started_ends_with_the_connection(
    server: FakeServer, client: ScrutinyClient, sfd: Path
) -> None:
    UploadServer(server)
    request = client.init_sfd_upload(sfd)
    waiting = in_thread(request.wait_for_completion)

    client.disconnect()

    with pytest.raises(sdk.exceptions.OperationFailure, match="connection was lost"):
        waiting.result(SOON_S)
    with pytest.raises(sdk.exceptions.OperationFailure, match="nothing to start"):
        request.start()


def test_an_upload_that_was_not_started_in_time_has_failed(
    server: FakeServer, client: ScrutinyClient, sfd: Path
) -> None:
    UploadServer(server)
    request = client.init_sfd_upload(sfd)

    channel = client._channel  # pyright: ignore[reportPrivateUsage]
    with channel.lock:
        channel.core.tick(1e12)  # much later
    client.wait_process(SOON_S)

    assert request.failure_reason == "the upload was not started within 30 s"
    assert not server.has_received(api.UploadSfdData)


def test_an_upload_can_be_cancelled(server: FakeServer, client: ScrutinyClient, sfd: Path) -> None:
    UploadServer(server)
    idle, running = client.init_sfd_upload(sfd), client.init_sfd_upload(sfd)
    server.answers[api.UploadSfdData] = lambda c: []
    running.start()
    server.expect(api.UploadSfdData)

    idle.cancel()
    running.cancel()

    assert idle.failure_reason == running.failure_reason == "the upload was cancelled"
    with pytest.raises(sdk.exceptions.OperationFailure, match="cancelled"):
        idle.start()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no archive",
        pytest.param({"varmap.json": "{}"}, id="no identifier"),
        pytest.param({"firmwareid": "8d2c"}, id="short identifier"),
        pytest.param({"firmwareid": "x" * 100_000}, id="endless identifier"),
        pytest.param({"firmwareid": "é" * 32}, id="identifier that is no ASCII"),
    ],
)
def test_what_is_no_description_is_not_announced(
    server: FakeServer, client: ScrutinyClient, tmp_path: Path, content: bytes | dict[str, str]
) -> None:
    path = tmp_path / "wrong.sfd"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        with zipfile.ZipFile(path, "w") as archive:
            for name, text in content.items():
                archive.writestr(name, text)

    with pytest.raises(ValueError, match=r"wrong\.sfd is no firmware description"):
        client.init_sfd_upload(path)
    assert not server.has_received(api.UploadSfdInit)


def test_a_damaged_archive_is_no_description(client: ScrutinyClient, sfd: Path) -> None:
    content = bytearray(sfd.read_bytes())
    content[30 + len("firmwareid")] ^= 1  # in the identifier, whose CRC is wrong then
    sfd.write_bytes(content)

    with pytest.raises(ValueError, match="CRC"):
        client.init_sfd_upload(sfd)


def test_files_that_are_missing_or_too_large(client: ScrutinyClient, tmp_path: Path) -> None:
    huge = tmp_path / "huge.sfd"
    with huge.open("wb") as file:
        file.truncate((64 << 20) + 1)

    with pytest.raises(ValueError, match="64 MiB"):
        client.init_sfd_upload(huge)
    for missing in (tmp_path / "nothing.sfd", tmp_path):
        with pytest.raises(FileNotFoundError):
            client.init_sfd_upload(missing)
    with pytest.raises(TypeError):
        client.init_sfd_upload(5)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


# --------------------------------------------------------------------- download


def chunks(data: bytes, size: int, total: int | None = None) -> Iterator[api.DownloadSfdReply]:
    for index, offset in enumerate(range(0, len(data), size)):
        octets = base64.b64encode(data[offset : offset + size]).decode()
        yield api.DownloadSfdReply(
            firmware_id=FIRMWARE,
            total_size=len(data) if total is None else total,
            file_chunk=api.FileChunk(index, octets),
        )


def test_a_file_is_downloaded_in_chunks(server: FakeServer, client: ScrutinyClient) -> None:
    data = os.urandom(10_000)
    parts = list(chunks(data, 4096))
    server.answers[api.DownloadSfd] = lambda c: list(parts[:2])

    request = client.download_sfd(FIRMWARE)
    number = server.expect(api.DownloadSfd).reqid
    client.wait_process(SOON_S)
    assert request.firmware_id == FIRMWARE
    assert request.received_count == 8192
    assert request.get_progress() == 0.8192
    with pytest.raises(sdk.exceptions.InvalidValueError, match="pending"):
        request.get()
    parts[2].reqid = number
    server.send(parts[2])
    request.wait_for_completion(SOON_S)

    assert request.get() == data
    assert request.get_progress() == 1.0
    with pytest.raises(sdk.exceptions.OperationFailure, match="nothing to cancel"):
        request.cancel()


def failed_download(client: ScrutinyClient, reason: str) -> SFDDownloadRequest:
    request = client.download_sfd(FIRMWARE)
    with pytest.raises(sdk.exceptions.OperationFailure, match=reason):
        request.wait_for_completion(SOON_S)
    with pytest.raises(sdk.exceptions.InvalidValueError):
        request.get()
    return request


def test_a_download_that_is_refused(server: FakeServer, client: ScrutinyClient) -> None:
    server.answers[api.DownloadSfd] = lambda c: [
        api.Error(request_cmd="download_sfd", msg="no description of this firmware")
    ]

    assert failed_download(client, "no description of this firmware").get_progress() == 0


def test_a_download_that_makes_no_sense(server: FakeServer, client: ScrutinyClient) -> None:
    two = list(chunks(b"abcdefgh", 4))
    wrong: dict[str, list[api.ServerMessage]] = {
        "chunk 1 came where chunk 0": [two[1]],
        "chunk 0 came where chunk 1": [two[0], two[0]],
        "8 octets came of a file of 5": list(chunks(b"abcdefgh", 8, total=5)),
        "chunk 0: ": [
            api.DownloadSfdReply(
                firmware_id=FIRMWARE, total_size=3, file_chunk=api.FileChunk(0, "é")
            )
        ],
        "response_get_loaded_sfd": [api.LoadedSfdReply(sfd=None)],
    }
    remaining = list(wrong.values())
    server.answers[api.DownloadSfd] = lambda c: remaining.pop(0)
    for reason in wrong:
        failed_download(client, reason)


def test_a_download_is_cancelled_or_fails_with_the_connection(
    server: FakeServer, client: ScrutinyClient
) -> None:
    server.answers[api.DownloadSfd] = lambda c: [next(chunks(b"abcdefgh", 4))]
    cancelled, lost = client.download_sfd(FIRMWARE), client.download_sfd(FIRMWARE)
    client.wait_process(SOON_S)

    cancelled.cancel()
    server.cut()

    assert cancelled.failure_reason == "the download was cancelled"
    with pytest.raises(sdk.exceptions.OperationFailure, match="connection was lost"):
        lost.wait_for_completion(SOON_S)


# --------------------------------------------------------------------- what the server has


def test_installed_and_loaded_descriptions(server: FakeServer, client: ScrutinyClient) -> None:
    demo = api.SfdInfo("de" * 16, None, {})
    server.answers[api.GetInstalledSfd] = lambda c: [api.InstalledSfdReply(sfd_list=[INFO, demo])]
    loaded: list[api.SfdInfo | None] = [None, INFO]
    server.answers[api.GetLoadedSfd] = lambda c: [api.LoadedSfdReply(sfd=loaded.pop(0))]

    installed = client.get_installed_sfds()

    assert list(installed) == [FIRMWARE, "de" * 16]
    assert installed["de" * 16] == sdk.SFDInfo("de" * 16, None, None)
    assert client.get_loaded_sfd() is None
    assert client.get_loaded_sfd() == installed[FIRMWARE]


def test_loading_and_uninstalling(server: FakeServer, client: ScrutinyClient) -> None:
    server.answers[api.LoadSfd] = lambda c: [
        api.LoadSfdReply()
        if c.firmware_id == FIRMWARE
        else api.Error(request_cmd="load_sfd", msg="not installed")
    ]

    def uninstall(command: api.UninstallSfd) -> list[api.ServerMessage]:
        server.send(status("session-1"))
        return [api.UninstallSfdReply()]

    server.answers[api.UninstallSfd] = uninstall
    client.load_sfd(FIRMWARE)
    with pytest.raises(sdk.exceptions.OperationFailure, match="not installed"):
        client.load_sfd("00" * 16)
    speed = client.watch("/var/speed")
    client.uninstall_sfds([FIRMWARE])

    assert server.expect(api.UninstallSfd).firmware_id_list == [FIRMWARE]
    assert speed.status is sdk.ValueStatus.SFDUnloaded


@pytest.mark.parametrize("wrong", ["8d2c", [5], 5])
def test_what_is_no_list_of_identifiers_is_a_type_error(client: ScrutinyClient, wrong: Any) -> None:
    with pytest.raises(TypeError):
        client.uninstall_sfds(wrong)


def test_waiting_for_a_description(server: FakeServer, client: ScrutinyClient) -> None:
    client.wait_sfd_loaded(timeout=0)
    without = status("session-1")
    without.sfd_failure_reason = "no description of firmware 8d2c is installed"
    server.send(without)
    client.wait_process(SOON_S)

    assert client.get_latest_server_status().sfd_failure_reason == without.sfd_failure_reason
    with pytest.raises(sdk.exceptions.TimeoutException, match="firmware 8d2c"):
        client.wait_sfd_loaded(timeout=0.01)
    waiting = in_thread(lambda: client.wait_sfd_loaded(SOON_S))
    server.send(status("session-1", FIRMWARE))
    waiting.result(SOON_S)
