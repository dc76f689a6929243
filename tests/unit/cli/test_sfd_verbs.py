from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scrutiny.cli.main import main
from scrutiny.core.firmware_id import PLACEHOLDER
from scrutiny.sfd.package import Package, read_package, write_package

FIRMWARE_ID = "00112233445566778899aabbccddeeff"
VARIABLE_MAP = json.dumps(
    {
        "endianness": "little",
        "type_map": {"0": {"name": "float", "type": "float32"}},
        "enums": {},
        "variables": {
            "/global/car/speed": {"type_id": "0", "addr": 8192},
            "/global/car/wheels/wheels/rpm": {
                "type_id": "0",
                "addr": 8196,
                "array_segments": {"/global/car/wheels/wheels": {"dims": [4], "byte_size": 12}},
            },
        },
    }
).encode()

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Return what runs a verb, in a folder of its own, and returns exit code, output, errors."""
    monkeypatch.setenv("SCRUTINY_DATA_FOLDER", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(arguments)
        output = capsys.readouterr()
        return code, output.out, output.err

    return run


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "firmware.elf"
    path.write_bytes(b"head" + PLACEHOLDER + b"tail")
    path.chmod(0o755)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "work"
    path.mkdir()
    (path / "firmwareid").write_text(FIRMWARE_ID)
    (path / "varmap.json").write_bytes(VARIABLE_MAP)
    (path / "metadata.json").write_text('{"project_name": "Pump", "version": "3.1"}')
    return path


@pytest.fixture
def description(tmp_path: Path) -> Path:
    path = tmp_path / "pump.sfd"
    write_package(Package(FIRMWARE_ID, {"project_name": "Pump"}, VARIABLE_MAP), path)
    return path


def aliases_of(description: Path) -> dict[str, Any]:
    return read_package(description).aliases


# --- identifier


def test_the_identifier_is_printed_without_a_line_end(run: Run, program: Path) -> None:
    code, output, errors = run("get-firmware-id", str(program))

    assert (code, errors) == (0, "")
    assert re.fullmatch("[0-9a-f]{32}", output)


def test_the_identifier_goes_into_a_file_or_a_folder(
    run: Run, program: Path, tmp_path: Path
) -> None:
    _, digits, _ = run("get-firmware-id", str(program))

    assert run("get-firmware-id", str(program), "--output", "id.txt")[:2] == (0, "")
    assert run("get-firmware-id", str(program), "--output", ".")[:2] == (0, "")

    assert (tmp_path / "id.txt").read_text() == digits
    assert (tmp_path / "firmwareid").read_text() == digits


def test_x16_a_tagged_copy_is_as_executable_as_the_program(
    run: Run, program: Path, tmp_path: Path
) -> None:
    _, digits, _ = run("get-firmware-id", str(program))

    code, output, errors = run("tag-firmware-id", str(program), "tagged.elf")

    assert (code, output) == (0, "")
    assert digits in errors
    tagged = tmp_path / "tagged.elf"
    assert tagged.read_bytes() == b"head" + bytes.fromhex(digits) + b"tail"
    assert tagged.stat().st_mode & 0o777 == 0o755


def test_a_program_can_be_tagged_in_place_once(run: Run, program: Path) -> None:
    assert run("tag-firmware-id", str(program), "--inplace")[0] == 0

    for verb in (["tag-firmware-id", "--inplace"], ["get-firmware-id"]):
        code, output, errors = run(*verb, str(program))
        assert (code, output) == (1, "")
        assert errors.startswith("error: ")
        assert "tagged before" in errors


@pytest.mark.parametrize("arguments", [[], ["copy.elf", "--inplace"]])
def test_a_copy_or_in_place_but_not_both(run: Run, program: Path, arguments: list[str]) -> None:
    code, _, errors = run("tag-firmware-id", str(program), *arguments)

    assert code == 1
    assert "--inplace" in errors


# --- description files


def test_metadata_are_written_here_unless_told_otherwise(run: Run, tmp_path: Path) -> None:
    assert run("make-metadata", "--project-name", "Pump", "--author", "me")[0] == 0
    assert run("make-metadata", "--version", "3", "--output", "other.json")[0] == 0

    here = json.loads((tmp_path / "metadata.json").read_text())
    assert (here["project_name"], here["author"]) == ("Pump", "me")
    assert json.loads((tmp_path / "other.json").read_text())["version"] == "3"


def test_a_folder_becomes_a_description(run: Run, folder: Path, tmp_path: Path) -> None:
    assert run("make-sfd", str(folder), "a.sfd")[0] == 0

    package = read_package(tmp_path / "a.sfd")
    assert package.firmware_id == FIRMWARE_ID
    assert package.variable_map == VARIABLE_MAP
    assert package.aliases == {}


def test_a_description_can_be_installed_as_it_is_made(run: Run, folder: Path) -> None:
    assert run("make-sfd", str(folder), "a.sfd", "--install")[0] == 0

    assert FIRMWARE_ID in run("list-sfd")[1]


@pytest.mark.parametrize("name", ["firmwareid", "varmap.json", "metadata.json"])
def test_a_folder_that_lacks_something_makes_no_description(
    run: Run, folder: Path, tmp_path: Path, name: str
) -> None:
    (folder / name).unlink()

    code, _, errors = run("make-sfd", str(folder), "a.sfd")

    assert code == 1
    assert f"{name} is missing" in errors
    assert not (tmp_path / "a.sfd").exists()


def test_f4_aliases_of_a_description_have_known_targets(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    (folder / "alias.json").write_text('{"a": {"target": "/global/car/speed", "gain": 1}}')
    assert run("make-sfd", str(folder), "a.sfd")[0] == 0
    assert aliases_of(tmp_path / "a.sfd") == {
        "/a": {"target": "/global/car/speed", "target_type": "var"}
    }

    (folder / "alias.json").write_text('{"/a": {"target": "/nothing"}, "/b": {}}')
    code, _, errors = run("make-sfd", str(folder), "b.sfd")
    assert code == 1
    assert len(errors.splitlines()) == 2
    assert not (tmp_path / "b.sfd").exists()


def test_f2_variables_that_make_no_sense_are_told(run: Run, folder: Path) -> None:
    document = json.loads(VARIABLE_MAP)
    document["variables"]["/global/odd"] = {"type_id": "7", "addr": 1}
    (folder / "varmap.json").write_text(json.dumps(document))

    code, _, errors = run("make-sfd", str(folder), "a.sfd")

    assert code == 0
    assert "warning: variable /global/odd (type 7) left out" in errors


def test_f2_a_symbol_map_that_is_none_makes_no_description(run: Run, folder: Path) -> None:
    (folder / "varmap.json").write_text("[]")

    code, _, errors = run("make-sfd", str(folder), "a.sfd")

    assert code == 1
    assert "symbol map" in errors


def test_replacing_an_installed_description_is_told_unless_asked_for(
    run: Run, description: Path
) -> None:
    assert "replaced" not in run("install-sfd", str(description))[2]
    assert "replaced" in run("install-sfd", str(description))[2]
    assert "replaced" not in run("install-sfd", "-f", str(description))[2]


@pytest.mark.parametrize("content", [b"", b"garbage", bytes(100)])
def test_f4_a_damaged_description_is_one_line(run: Run, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "broken.sfd").write_bytes(content)

    code, output, errors = run("install-sfd", "broken.sfd")

    assert (code, output) == (1, "")
    assert re.fullmatch(r"error: broken\.sfd: [^\n]+\n", errors)


@pytest.mark.parametrize(
    ("content", "is_told"), [(b"\x7fELF" + bytes(99), True), (b"", True), (b"PK\x03\x04", False)]
)
def test_what_is_no_description_tells_how_one_is_made(
    run: Run, tmp_path: Path, content: bytes, *, is_told: bool
) -> None:
    (tmp_path / "firmware.elf").write_bytes(content)

    code, _, errors = run("install-sfd", "firmware.elf")

    assert code == 1
    assert ("; make one with: scrutiny sfd build\n" in errors) is is_told
    assert "make one" not in run("install-sfd", "missing.sfd")[2]


def test_uninstalling_succeeds_also_when_there_was_nothing(run: Run, description: Path) -> None:
    run("install-sfd", str(description))

    assert "removed" in run("uninstall-sfd", FIRMWARE_ID)[2]
    code, _, errors = run("uninstall-sfd", FIRMWARE_ID)
    assert code == 0
    assert "there was no" in errors
    assert run("uninstall-sfd", "--quiet", FIRMWARE_ID) == (0, "", "")


def test_f9_an_identifier_is_no_path(run: Run) -> None:
    code, _, errors = run("uninstall-sfd", f"{FIRMWARE_ID}/../../x")

    assert code == 1
    assert "32 hexadecimal digits" in errors


def test_the_list_has_a_line_for_each_description(run: Run, tmp_path: Path) -> None:
    assert run("list-sfd") == (0, "Number of valid SFD installed: 0\n", "")
    several: list[dict[str, Any]] = [
        {"project_name": "Pump", "version": "3.1"},
        {"generation_info": {"scrutiny_version": "0.1", "time": 10**30}},
        {"project_name": "Fan", "generation_info": {"scrutiny_version": "1", "time": 86400}},
    ]
    for number, metadata in enumerate(several):
        path = tmp_path / "a.sfd"
        write_package(Package(FIRMWARE_ID[:-1] + f"{number}", metadata, VARIABLE_MAP), path)
        run("install-sfd", str(path))
    (tmp_path / "data/sfd_storage" / FIRMWARE_ID).write_bytes(b"garbage")

    code, output, errors = run("list-sfd")

    assert code == 0
    first, fan, unnamed, pump = output.splitlines()
    assert first == "Number of valid SFD installed: 3"
    assert fan.startswith(f"  Fan No version        ({FIRMWARE_ID[:-1]}2)\tScrutiny 1 \t ")
    assert re.search(r"Created on 1970-01-0[12] [0-9]{2}:[0-9]{2}:00 $", fan)
    assert unnamed == f"  No Name No version    ({FIRMWARE_ID[:-1]}1)\tScrutiny 0.1"
    assert pump == f"  Pump 3.1              ({FIRMWARE_ID[:-1]}0)\tScrutiny None"
    assert f"{FIRMWARE_ID} is damaged" in errors


def test_a_name_cannot_play_with_the_terminal(run: Run, tmp_path: Path) -> None:
    metadata = {"project_name": "a\x1b[2J\n\ud800ü"}
    write_package(Package(FIRMWARE_ID, metadata, VARIABLE_MAP), tmp_path / "a.sfd")
    assert read_package(tmp_path / "a.sfd").metadata == metadata
    run("install-sfd", "a.sfd")

    code, output, _ = run("list-sfd")

    assert code == 0
    assert output.splitlines()[1].startswith("  a\ufffd[2J\ufffd\ufffdü No version    (")


# --- aliases


def test_an_alias_is_added_to_a_file(run: Run, description: Path) -> None:
    code, output, _ = run(
        *("add-alias", str(description), "--fullpath", "/Speed", "--target", "/global/car/speed"),
        *("--gain", "3.6", "--offset", "-1", "--min", "0", "--max", "inf"),
    )

    assert (code, output) == (0, "")
    assert aliases_of(description) == {
        "/Speed": {
            "target": "/global/car/speed",
            "target_type": "var",
            "gain": 3.6,
            "offset": -1.0,
            "min": 0.0,
        }
    }


def test_aliases_are_added_to_a_folder_that_is_not_complete(run: Run, folder: Path) -> None:
    (folder / "firmwareid").unlink()
    (folder / "more.json").write_text('{"/b": {"target": "/rpv/x1001"}}')

    assert run("add-alias", str(folder), "--fullpath", "/a", "--target", "/rpv/x1000")[0] == 0
    assert run("add-alias", str(folder), "--file", str(folder / "more.json"))[0] == 0

    assert list(json.loads((folder / "alias.json").read_text())) == ["/a", "/b"]


def test_an_alias_that_is_not_valid_stays_in_a_folder_and_goes_from_a_file(
    run: Run, folder: Path, description: Path
) -> None:
    present = {"/old": {"target": "/rpv/x1000"}, "/bad": {"target": "/rpv/x1", "gain": 0}}
    (folder / "alias.json").write_text(json.dumps(present))
    write_package(Package(FIRMWARE_ID, {}, VARIABLE_MAP, present), description)
    new = ("--fullpath", "/a", "--target", "/rpv/x1000")

    code, _, errors = run("add-alias", str(folder), *new)
    assert code == 1
    assert "alias /bad: gain is 0" in errors
    assert json.loads((folder / "alias.json").read_text()) == present

    code, _, errors = run("add-alias", str(description), *new)
    assert code == 0
    assert "left out, although it was in the description: alias /bad" in errors
    assert list(aliases_of(description)) == ["/old", "/a"]


def test_an_alias_is_added_to_an_installed_description(
    run: Run, description: Path, tmp_path: Path
) -> None:
    run("install-sfd", str(description))

    assert run("add-alias", FIRMWARE_ID, "--fullpath", "/a", "--target", "/rpv/x1000")[0] == 0

    assert list(aliases_of(tmp_path / "data/sfd_storage" / FIRMWARE_ID)) == ["/a"]
    assert aliases_of(description) == {}


def test_x15_an_alias_of_a_published_value_may_have_letters_in_its_number(
    run: Run, description: Path
) -> None:
    run("add-alias", str(description), "--fullpath", "/a", "--target", "/rpv/xABCD")

    assert aliases_of(description) == {"/a": {"target": "/rpv/xABCD", "target_type": "rpv"}}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--target", "/rpv/x1000", "--min", "3", "--max", "2"], "min 3 is above max 2"),
        (["--target", "/rpv/x1000", "--gain", "0"], "gain is 0"),
        (["--target", "/rpv/x1000", "--gain", "much"], "gain is not a number: 'much'"),
        (["--target", "/global/car/sped"], "the closest is /global/car/speed"),
        (["--target", "/global/car/wheels/wheels[4]/rpm"], "index 4"),
        ([], "target is missing"),
    ],
)
def test_f7_an_alias_that_is_not_valid_changes_nothing(
    run: Run, description: Path, arguments: list[str], expected: str
) -> None:
    before = description.read_bytes()

    code, output, errors = run("add-alias", str(description), "--fullpath", "/a", *arguments)

    assert (code, output) == (1, "")
    assert re.fullmatch(r"error: [^\n]+\n", errors)
    assert expected in errors
    assert description.read_bytes() == before


def test_f7_one_bad_alias_of_a_file_keeps_all_of_it_out(
    run: Run, description: Path, tmp_path: Path
) -> None:
    (tmp_path / "more.json").write_text(
        '{"/good": {"target": "/rpv/x1000"}, "/bad": {}, "/worse": {"target": "/x"}}'
    )

    code, _, errors = run("add-alias", str(description), "--file", "more.json")

    assert code == 1
    assert [line.split(":")[:2] for line in errors.splitlines()] == [
        ["error", " alias /bad"],
        ["error", " alias /worse"],
    ]
    assert aliases_of(description) == {}


def test_of_two_aliases_with_one_path_the_first_stays_and_the_newcomer_is_reported(
    run: Run, description: Path, tmp_path: Path
) -> None:
    run("add-alias", str(description), "--fullpath", "/a", "--target", "/rpv/x1000")
    (tmp_path / "more.json").write_text(
        '{"/a": {"target": "/rpv/x2000"}, "/b": {"target": "/rpv/x2000"}}'
    )

    code, _, errors = run("add-alias", str(description), "--file", "more.json")

    assert code == 1
    assert "error: alias /a is there already; the first one stays" in errors
    assert {path: one["target"] for path, one in aliases_of(description).items()} == {
        "/a": "/rpv/x1000",
        "/b": "/rpv/x2000",
    }


SLIPS = (
    '{"/a": {"target": "/rpv/x1000"}, "/a": {"target": "/rpv/x2000", "gian": 3},'
    ' "/global/car/speed": {"target": "/rpv/x1000"}}'
)


@pytest.mark.parametrize("verb", ["add-alias", "add-alias to a folder", "make-sfd"])
def test_slips_in_aliases_are_told_and_change_nothing(
    run: Run, description: Path, folder: Path, tmp_path: Path, verb: str
) -> None:
    (tmp_path / "more.json").write_text(SLIPS)
    if verb == "make-sfd":
        (folder / "alias.json").write_text(SLIPS)
        code, output, errors = run("make-sfd", str(folder), str(description))
    else:
        destination = description if verb == "add-alias" else folder
        code, output, errors = run("add-alias", str(destination), "--file", "more.json")

    assert (code, output) == (0, "")
    warnings = [line for line in errors.splitlines() if line.startswith("warning: ")]
    assert len(warnings) == 3
    assert "alias '/a' is there more than once; the last one counts" in warnings[0]
    assert warnings[1:] == [
        "warning: alias /a: 'gian' is no known key and is ignored; did you mean gain?",
        "warning: alias /global/car/speed has the path of a variable; the variable wins",
    ]
    if verb != "add-alias to a folder":
        written = {"target": "/rpv/x2000", "target_type": "rpv"}
        assert aliases_of(description)["/a"] == written


def test_a_slip_is_told_although_the_alias_is_refused_for_it(
    run: Run, description: Path, tmp_path: Path
) -> None:
    (tmp_path / "more.json").write_text('{"/a": {"taget": "/rpv/x1000"}}')

    code, _, errors = run("add-alias", str(description), "--file", "more.json")

    assert code == 1
    assert errors.splitlines() == [
        "warning: alias /a: 'taget' is no known key and is ignored; did you mean target?",
        "error: alias /a: target is missing",
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--target", "/rpv/x1000"],
        ["--fullpath", "/a", "--target", "/rpv/x1000", "--file", "x.json"],
        ["--file", "missing.json"],
    ],
)
def test_what_to_add_has_to_be_told_in_one_way(
    run: Run, description: Path, arguments: list[str]
) -> None:
    code, _, errors = run("add-alias", str(description), *arguments)

    assert code == 1
    assert re.fullmatch(r"error: [^\n]+\n", errors)


@pytest.mark.parametrize("destination", ["missing.sfd", FIRMWARE_ID])
def test_a_destination_that_is_not_there_is_told(run: Run, destination: str) -> None:
    code, _, errors = run("add-alias", destination, "--fullpath", "/a", "--target", "/rpv/x1000")

    assert code == 1
    assert destination in errors


# --- logs and help


def test_log_options_may_be_in_front_of_the_verb_or_behind_it(run: Run) -> None:
    quiet = ("--loglevel", "warning")

    assert run("make-metadata")[2] == "metadata written to metadata.json\n"
    assert run(*quiet, "make-metadata")[2] == ""
    assert run("make-metadata", *quiet)[2] == ""
    assert run("--loglevel=error", "--disable-loggers", "x", "y", "make-metadata")[2] == ""
    assert run("--loglevel", "info", "version", "--format", "short")[0] == 0


def test_logs_go_to_a_file_if_asked_for(run: Run, tmp_path: Path) -> None:
    assert run("make-metadata", "--logfile", "log.txt") == (0, "", "")

    assert (tmp_path / "log.txt").read_text() == "metadata written to metadata.json\n"
    assert run("make-metadata", "--logfile", "no folder/log.txt")[0] == 1
    assert "written" in run("make-metadata")[2]


def test_wrong_arguments_have_an_exit_code_of_their_own(run: Run) -> None:
    with pytest.raises(SystemExit) as end:
        run("list-sfd", "--fly")

    assert end.value.code == 2


@pytest.mark.parametrize("verb", [["sfd", "build"], ["elf2varmap"], ["get-firmware-id"]])
def test_help_does_not_wait_for_what_reads_programs(verb: list[str]) -> None:
    slow = ("elftools", "rich", "msgspec", "scrutiny.sfd.extraction", "scrutiny.sdk")
    program = (
        "import sys; from scrutiny.cli.main import main\n"
        f"try: main([*{verb!r}, '--help'])\n"
        f"finally: print([name for name in {slow!r} if name in sys.modules])"
    )

    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30
    )

    assert run.stdout.splitlines()[-1] == "[]"
