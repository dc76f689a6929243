"""What may lie in the store's folder besides descriptions."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scrutiny.sfd.errors import PackageError
from scrutiny.sfd.package import Package, read_package, write_package
from scrutiny.sfd.store import DescriptionStore

FIRMWARE_ID = "00112233445566778899aabbccddeeff"
VARIABLE_MAP = b'{"endianness":"little","type_map":{},"variables":{},"enums":{}}'
PACKAGE = Package(FIRMWARE_ID, {"project_name": "Pump"}, VARIABLE_MAP)


@pytest.fixture
def store(tmp_path: Path) -> DescriptionStore:
    store = DescriptionStore(tmp_path / "data")
    store.path_of(FIRMWARE_ID).parent.mkdir(parents=True)
    return store


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "pump.sfd"
    write_package(PACKAGE, path)
    return path


def test_installing_never_writes_through_a_link(
    store: DescriptionStore, source: Path, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    place = store.path_of(FIRMWARE_ID)

    place.symlink_to(victim)
    store.install(source)
    assert not place.is_symlink()

    place.unlink()
    place.symlink_to(victim)
    store.add(PACKAGE)
    assert not place.is_symlink()

    assert victim.read_text() == "precious"
    assert read_package(place) == PACKAGE


def test_a_pipe_in_the_store_stops_nobody(store: DescriptionStore, source: Path) -> None:
    os.mkfifo(store.path_of(FIRMWARE_ID))

    assert store.list() == []
    assert store.get(FIRMWARE_ID) is None
    store.install(source)
    assert [one.firmware_id for one in store.list()] == [FIRMWARE_ID]


def test_a_folder_in_the_store_is_an_error_that_names_it(
    store: DescriptionStore, source: Path
) -> None:
    place = store.path_of(FIRMWARE_ID)
    place.mkdir()

    assert store.list() == []
    with pytest.raises(PackageError, match="irectory"):
        store.install(source)
    with pytest.raises(PackageError, match="irectory"):
        store.uninstall(FIRMWARE_ID)

    assert list(place.parent.iterdir()) == [place]
