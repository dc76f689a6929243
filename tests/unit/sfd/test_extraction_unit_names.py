"""Display names of compile units."""

from __future__ import annotations

import pytest

from scrutiny.sfd.dwarf.unit_names import unit_names
from scrutiny.sfd.dwarf.units import Unit


def shown(*files: tuple[str, str]) -> list[str]:
    units: list[Unit] = []
    for comp_dir, name in files:
        unit = Unit.__new__(Unit)
        unit.comp_dir, unit.name = comp_dir, name
        units.append(unit)
    names = unit_names(units)
    return [names[unit] for unit in units]


def test_a_unit_has_the_name_of_its_file() -> None:
    assert shown(("/p", "src/main.c"), ("/p", "/q/other.c")) == ["main.c", "other.c"]


def test_homonyms_take_parent_folders_until_they_differ() -> None:
    files = [("/p/x", "can/driver.c"), ("/p/x", "spi/driver.c"), ("/p/y/can", "driver.c")]

    assert shown(*files, ("/p", "main.c")) == [
        "x_can_driver.c",
        "spi_driver.c",
        "y_can_driver.c",
        "main.c",
    ]


def test_units_of_one_file_share_a_name() -> None:
    assert shown(("/p/src", "a.c"), ("/p", "./src/../src/a.c")) == ["a.c", "a.c"]


def test_names_that_get_too_long_are_numbered() -> None:
    long = "f" * 60

    assert shown((f"/one/{long}", "a.c"), (f"/two/{long}", "a.c")) == ["cu0_a.c", "cu1_a.c"]


def test_names_without_enough_folders_are_numbered() -> None:
    assert shown(("", "a.c"), ("/", "a.c"), ("", "b.c")) == ["cu0_a.c", "cu1_a.c", "b.c"]


@pytest.mark.parametrize(
    ("comp_dir", "name"),
    [("C:\\proj", "src\\main.c"), ("C:/proj", "src/main.c"), ("\\\\host\\p", "main.c")],
)
def test_paths_of_windows_are_understood_everywhere(comp_dir: str, name: str) -> None:
    assert shown((comp_dir, name)) == ["main.c"]


def test_a_unit_without_a_name_has_one_to_show() -> None:
    assert shown(("", "")) == ["unnamed"]
