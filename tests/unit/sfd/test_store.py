from __future__ import annotations

import sys
from pathlib import Path

import pytest

from scrutiny.sfd.errors import PackageError
from scrutiny.sfd.package import Package, read_package, write_package
from scrutiny.sfd.store import DescriptionStore, default_data_folder

FIRST = "00112233445566778899aabbccddeeff"
SECOND = "ff112233445566778899aabbccddeeff"
VARIABLE_MAP = b'{"endianness":"little","type_map":{},"variables":{},"enums":{}}'


def description(
    folder: Path, firmware_id: str = FIRST, name: str = "Pump", variable_map: bytes = VARIABLE_MAP
) -> Path:
    path = folder / f"{name}.sfd"
    write_package(Package(firmware_id, {"project_name": name}, variable_map), path)
    return path


@pytest.fixture
def store(tmp_path: Path) -> DescriptionStore:
    return DescriptionStore(tmp_path / "data")


def test_the_variable_names_the_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SCRUTINY_DATA_FOLDER", str(tmp_path))

    assert default_data_folder() == tmp_path


@pytest.mark.skipif(sys.platform != "linux", reason="the folders of Linux")
def test_the_folder_is_that_of_the_other_tools(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SCRUTINY_DATA_FOLDER", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_data_folder() == tmp_path / "server"

    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_data_folder() == tmp_path / ".local/share/server"


def test_nothing_is_installed_at_first(store: DescriptionStore, tmp_path: Path) -> None:
    assert store.list() == []
    assert store.get(FIRST) is None
    assert not store.uninstall(FIRST)
    assert not (tmp_path / "data").exists()


def test_what_is_installed_is_listed_in_order(store: DescriptionStore, tmp_path: Path) -> None:
    store.install(description(tmp_path, SECOND, "Fan"))
    installed = store.install(description(tmp_path, FIRST, "Pump"))

    assert store.path_of(FIRST) == tmp_path / "data/sfd_storage" / FIRST
    assert [found.firmware_id for found in store.list()] == [FIRST, SECOND]
    assert store.get(FIRST) == installed
    assert installed.metadata == {"project_name": "Pump"}
    assert installed.size == store.path_of(FIRST).stat().st_size


def test_installing_again_replaces(store: DescriptionStore, tmp_path: Path) -> None:
    store.install(description(tmp_path, name="old"))
    store.install(description(tmp_path, name="new"))

    assert [found.metadata["project_name"] for found in store.list()] == ["new"]


def test_a_folder_can_be_installed(store: DescriptionStore, tmp_path: Path) -> None:
    for name, text in (
        ("firmwareid", FIRST.encode()),
        ("metadata.json", b"{}"),
        ("varmap.json", VARIABLE_MAP),
    ):
        (tmp_path / name).write_bytes(text)

    store.install(tmp_path)

    assert read_package(store.path_of(FIRST)) == Package(FIRST, {}, VARIABLE_MAP)


@pytest.mark.parametrize(
    "content",
    [b"", b"garbage", b"PK\x05\x06" + bytes(18)],
    ids=["empty", "no archive", "no members"],
)
def test_f4_a_damaged_file_changes_nothing(
    store: DescriptionStore, tmp_path: Path, content: bytes
) -> None:
    store.install(description(tmp_path))
    broken = tmp_path / "broken.sfd"
    broken.write_bytes(content)

    with pytest.raises(PackageError, match=r"broken\.sfd"):
        store.install(broken)

    assert [found.metadata["project_name"] for found in store.list()] == ["Pump"]


@pytest.mark.parametrize("text", [b"[]", b"{", b'{"endianness":"middle"}', b"\xff"])
def test_f2_a_symbol_map_that_is_none_is_refused(
    store: DescriptionStore, tmp_path: Path, text: bytes
) -> None:
    with pytest.raises(PackageError, match="symbol map"):
        store.install(description(tmp_path, variable_map=text))

    assert store.list() == []


def test_f4_listing_takes_damaged_files(store: DescriptionStore, tmp_path: Path) -> None:
    store.install(description(tmp_path))
    store.path_of(SECOND).write_bytes(b"garbage")

    first, second = store.list()

    assert (first.is_damaged, first.metadata) == (False, {"project_name": "Pump"})
    assert (second.is_damaged, second.metadata, second.size) == (True, {}, 7)


def test_f9_what_has_another_name_is_not_listed(store: DescriptionStore, tmp_path: Path) -> None:
    store.install(description(tmp_path))
    folder = store.path_of(FIRST).parent
    (folder / f"{SECOND}.bak").write_bytes(b"")
    (folder / SECOND.upper()).write_bytes(b"")
    (folder / SECOND.replace("f", "e")).mkdir()

    assert [found.firmware_id for found in store.list()] == [FIRST]


@pytest.mark.parametrize(
    "text", ["", FIRST[:-1], f"{FIRST}0", f"{FIRST}/../../x", f"{FIRST}\n", "../" * 11]
)
def test_f9_an_identifier_cannot_leave_the_folder(store: DescriptionStore, text: str) -> None:
    for use in (store.path_of, store.get, store.uninstall):
        with pytest.raises(PackageError, match="32 hexadecimal digits"):
            use(text)


def test_an_identifier_in_upper_case_is_the_same(store: DescriptionStore, tmp_path: Path) -> None:
    store.install(description(tmp_path))

    assert store.uninstall(FIRST.upper())
    assert store.list() == []


def test_a_data_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"a file")

    with pytest.raises(PackageError, match="cannot make"):
        DescriptionStore(tmp_path / "data").install(description(tmp_path))


def test_a_missing_file_is_told(store: DescriptionStore, tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="no such file"):
        store.install(tmp_path / "nothing.sfd")
