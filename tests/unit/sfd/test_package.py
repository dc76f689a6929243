from __future__ import annotations

import io
import json
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest

from scrutiny.sfd.errors import PackageError
from scrutiny.sfd.metadata import make_metadata, read_metadata
from scrutiny.sfd.package import (
    Package,
    read_package,
    read_package_info,
    read_variable_map_of,
    write_package,
)
from scrutiny.sfd.zip_limits import PACKAGE_SIZE_MAX

FIRMWARE_ID = "00112233445566778899aabbccddeeff"
VARIABLE_MAP = b'{"endianness":"little","type_map":{},"variables":{},"enums":{}}'
MEMBERS = {
    "firmwareid": FIRMWARE_ID.encode(),
    "metadata.json": b'{"project_name": "Pump"}',
    "varmap.json": VARIABLE_MAP,
    "alias.json": b'{"/a": {"target": "/rpv/x1000"}}',
}
PACKAGE = Package(
    FIRMWARE_ID, {"project_name": "Pump"}, VARIABLE_MAP, {"/a": {"target": "/rpv/x1000"}}
)


def archive(
    members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED, comment: bytes = b""
) -> io.BytesIO:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as writer:
        for name, data in members.items():
            writer.writestr(name, data)
        writer.comment = comment
    return stream


def without(name: str) -> dict[str, bytes]:
    return {key: data for key, data in MEMBERS.items() if key != name}


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_package(PACKAGE, tmp_path / "a.sfd")

    assert read_package(tmp_path / "a.sfd") == PACKAGE
    assert read_package_info(tmp_path / "a.sfd") == (FIRMWARE_ID, {"project_name": "Pump"})


def test_equal_packages_are_equal_files(tmp_path: Path) -> None:
    write_package(PACKAGE, tmp_path / "a.sfd")
    write_package(PACKAGE, tmp_path / "b.sfd")

    assert (tmp_path / "a.sfd").read_bytes() == (tmp_path / "b.sfd").read_bytes()


def test_members_are_at_the_top_and_deflated_and_aliases_are_always_there(tmp_path: Path) -> None:
    write_package(Package(FIRMWARE_ID, {}, VARIABLE_MAP), tmp_path / "a.sfd")

    with zipfile.ZipFile(tmp_path / "a.sfd") as written:
        assert sorted(written.namelist()) == sorted(MEMBERS)
        assert {info.compress_type for info in written.infolist()} == {zipfile.ZIP_DEFLATED}
        assert json.loads(written.read("alias.json")) == {}
        assert written.read("firmwareid") == FIRMWARE_ID.encode()


def test_a_folder_is_as_good_as_a_file(tmp_path: Path) -> None:
    for name, data in MEMBERS.items():
        (tmp_path / name).write_bytes(data)

    assert read_package(tmp_path) == PACKAGE
    assert read_variable_map_of(tmp_path) == VARIABLE_MAP


def test_aliases_may_be_missing() -> None:
    assert read_package(archive(without("alias.json"))).aliases == {}


@pytest.mark.parametrize("name", ["firmwareid", "metadata.json", "varmap.json"])
def test_f4_a_missing_member_is_named(name: str) -> None:
    with pytest.raises(PackageError, match=f"{name} is missing"):
        read_package(archive(without(name)))


@pytest.mark.parametrize("text", [b" 00112233445566778899AABBCCDDEEFF\r\n", FIRMWARE_ID.encode()])
def test_an_identifier_is_read_in_any_case_and_with_blanks(text: bytes) -> None:
    assert read_package(archive(MEMBERS | {"firmwareid": text})).firmware_id == FIRMWARE_ID


@pytest.mark.parametrize(
    "text",
    [
        b"",
        FIRMWARE_ID[:-1].encode(),
        FIRMWARE_ID.encode() + b"/../../evil",
        FIRMWARE_ID.encode() + b"0",
        b"\xff" * 32,
    ],
)
def test_f9_an_identifier_is_exactly_32_digits(text: bytes) -> None:
    with pytest.raises(PackageError, match="32 hexadecimal digits"):
        read_package(archive(MEMBERS | {"firmwareid": text}))


def test_what_is_not_known_is_ignored_whatever_its_name() -> None:
    names = {"/etc/passwd": b"x", "../varmap.json": b"y", "README": b"z"}

    assert read_package(archive(names | MEMBERS)) == PACKAGE


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"no archive" * 100, b"PK\x05\x06" + bytes(17), bytes(70_000)]
)
def test_f4_what_is_no_archive_is_refused(content: bytes) -> None:
    with pytest.raises(PackageError, match="not a description file"):
        read_package(io.BytesIO(content))


def test_f4_a_file_that_was_cut_off_is_refused() -> None:
    whole = archive(MEMBERS).getvalue()

    for size in range(0, len(whole), 7):
        with pytest.raises(PackageError):
            read_package(io.BytesIO(whole[:size]))


@pytest.mark.parametrize("name", ["metadata.json", "alias.json"])
@pytest.mark.parametrize("data", [b"{", b"\xff\xfe\xfd", b"[" * 100_000])
def test_f4_a_member_that_is_not_json_is_named(name: str, data: bytes) -> None:
    with pytest.raises(PackageError, match=f"{name} is not JSON"):
        read_package(archive(MEMBERS | {name: data}))


def test_f4_aliases_have_to_be_an_object() -> None:
    with pytest.raises(PackageError, match="not a JSON object"):
        read_package(archive(MEMBERS | {"alias.json": b"[]"}))


def test_a_comment_is_no_harm() -> None:
    assert read_package(archive(MEMBERS, comment=b"made by hand")) == PACKAGE


def test_members_need_not_be_compressed() -> None:
    assert read_package(archive(MEMBERS, zipfile.ZIP_STORED)) == PACKAGE


def test_an_unknown_compression_is_named() -> None:
    with pytest.raises(PackageError, match="method 12"):
        read_package(archive(MEMBERS, zipfile.ZIP_BZIP2))


def test_an_encrypted_member_is_named() -> None:
    content = bytearray(archive({"firmwareid": b"x"}).getvalue())
    directory = content.index(b"PK\x01\x02")
    content[6] |= 1
    content[directory + 8] |= 1

    with pytest.raises(PackageError, match="firmwareid is encrypted"):
        read_package(io.BytesIO(bytes(content)))


def test_what_grows_too_much_is_refused() -> None:
    with pytest.raises(PackageError, match=r"varmap\.json is compressed to less than 1/200"):
        read_package(archive(MEMBERS | {"varmap.json": bytes(2 << 20)}))


def test_a_large_member_is_refused_before_it_is_read() -> None:
    with pytest.raises(PackageError, match=r"metadata\.json is larger than 1 MiB"):
        read_package(archive(MEMBERS | {"metadata.json": bytes((1 << 20) + 1)}))


def test_sizes_that_the_archive_tells_are_not_believed() -> None:
    content = bytearray(archive(MEMBERS | {"metadata.json": bytes(100_000)}).getvalue())
    directory = content.index(b"metadata.json", content.index(b"PK\x01\x02")) - 46
    struct.pack_into("<L", content, directory + 24, 10)

    with pytest.raises(PackageError, match="damaged"):
        read_package(io.BytesIO(bytes(content)))


def test_a_damaged_member_is_refused() -> None:
    content = bytearray(archive(MEMBERS, zipfile.ZIP_STORED).getvalue())
    content[content.index(VARIABLE_MAP)] ^= 1

    with pytest.raises(PackageError, match="damaged"):
        read_package(io.BytesIO(bytes(content)))


def test_a_member_that_is_there_twice_is_refused() -> None:
    content = archive(MEMBERS | {"firmwareiX": b"0" * 32}).getvalue()

    with pytest.raises(PackageError, match="firmwareid more than once"):
        read_package(io.BytesIO(content.replace(b"firmwareiX", b"firmwareid")))


def test_many_members_are_refused_before_they_are_listed() -> None:
    with pytest.raises(PackageError, match="more than 64 members"):
        read_package(archive(MEMBERS | {f"{i}": b"" for i in range(64)}))


def test_a_count_of_members_that_lies_does_not_help() -> None:
    content = bytearray(archive(MEMBERS | {f"{i:0100}": b"" for i in range(1000)}).getvalue())
    end = content.rindex(b"PK\x05\x06")
    struct.pack_into("<2H", content, end + 8, 4, 4)

    with pytest.raises(PackageError, match="members"):
        read_package(io.BytesIO(bytes(content)))


def test_a_large_file_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "a.sfd").open("wb") as stream:
        stream.truncate(PACKAGE_SIZE_MAX + 1)

    with pytest.raises(PackageError, match="larger than 64 MiB"):
        read_package(tmp_path / "a.sfd")


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="no such file"):
        read_package(tmp_path / "nothing.sfd")


def test_f7_a_file_that_cannot_be_replaced_stays(tmp_path: Path) -> None:
    target = tmp_path / "a.sfd"
    write_package(PACKAGE, target)
    before = target.read_bytes()
    too_large = Package(FIRMWARE_ID, {}, bytes(1))
    broken = Package("ü" * 32, {}, VARIABLE_MAP)

    with pytest.raises(UnicodeEncodeError):
        write_package(broken, target)
    with pytest.raises(PackageError, match="cannot write"):
        write_package(too_large, tmp_path / "no folder" / "a.sfd")

    assert target.read_bytes() == before
    assert list(tmp_path.iterdir()) == [target]


def test_f7_replacing_a_file_keeps_its_permissions_and_the_links_to_it(tmp_path: Path) -> None:
    target = tmp_path / "a.sfd"
    target.write_bytes(b"")
    target.chmod(0o640)
    link = tmp_path / "link.sfd"
    link.symlink_to(target)

    write_package(PACKAGE, link)

    assert link.is_symlink()
    assert target.stat().st_mode & 0o777 == 0o640
    assert read_package(target) == PACKAGE


def test_metadata_of_a_wrong_type_count_as_absent() -> None:
    document: dict[str, Any] = {
        "project_name": 3,
        "author": "me",
        "version": None,
        "other": "x",
        "generation_info": {"time": True, "python_version": "3.11", "system_type": []},
    }

    assert read_metadata(document) == {
        "author": "me",
        "generation_info": {"python_version": "3.11"},
    }
    assert read_metadata({"generation_info": "today"}) == {}
    assert read_metadata([1]) == {}


def test_metadata_tell_who_made_them() -> None:
    metadata = make_metadata("Pump", version="3.1")

    assert metadata["project_name"] == "Pump"
    assert "author" not in metadata
    assert set(metadata["generation_info"]) == {
        *("time", "python_version", "scrutiny_version", "system_type")
    }
    assert read_metadata(metadata) == metadata
