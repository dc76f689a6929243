"""The verbs on what is stored, as users type them."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
import time
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from scrutiny.cli.main import main
from scrutiny.core.datalogging import X_AXIS_ID, Acquisition, Axis, Series
from scrutiny.server.datalogging.database import AcquisitionDatabase
from tests.support.peer_database import HandmadePeerDatabase

pytestmark = pytest.mark.skipif(not hasattr(time, "tzset"), reason="time zones of POSIX")

Run = Callable[..., tuple[int, str, str]]

STARTUP = Acquisition(
    reference_id="0f3c5d0a6f0b4b0c9a3c4f4f0e6d1b22",
    firmware_id="00112233445566778899aabbccddeeff",
    firmware_name="Pump controller V3.1",
    name="Startup",
    time_s=1772353800.0,
    trigger_index=1,
    axes=(Axis(0, "bar"),),
    x=Series("Time (ideal)", X_AXIS_ID, array("d", [0.0, 0.001])),
    series=(
        Series("pressure", 0, array("d", [1.25, 1.5])),
        Series("setpoint", 0, array("q", [2, 2])),
    ),
)
LATER = replace(
    STARTUP,
    reference_id="1f3c5d0a6f0b4b0c9a3c4f4f0e6d1b22",
    firmware_id="ffeeddccbbaa99887766554433221100",
    firmware_name=None,
    name="",
    time_s=1772353900.0,
)
CSV = (
    "Acquisition Name,Startup\r\n"
    "Acquisition ID,0f3c5d0a6f0b4b0c9a3c4f4f0e6d1b22\r\n"
    "Acquisition time,2026-03-01 08:30:00\r\n"
    "Firmware ID,00112233445566778899aabbccddeeff\r\n"
    "Firmware Name,Pump controller V3.1\r\n"
    "\r\n"
    "Time (ideal),pressure,setpoint,Trigger\r\n"
    "0.0,1.25,2,0\r\n"
    "0.001,1.5,2,1\r\n"
)


@pytest.fixture(autouse=True)
def universal_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the user's clock be that of UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def run(
    capfdbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
    data: Path,
    tmp_path: Path,
) -> Run:
    """Return what runs a verb, in a folder of its own, and returns exit code, output, errors."""
    monkeypatch.setenv("SCRUTINY_DATA_FOLDER", str(data))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        capfdbinary.readouterr()
        code = main(arguments)
        output = capfdbinary.readouterr()
        return code, output.out.decode(), output.err.decode()

    return run


@pytest.fixture
def file(data: Path) -> Path:
    return data / "acquisitions.sqlite3"


def store(file: Path, *acquisitions: Acquisition) -> None:
    database = AcquisitionDatabase.open(file)
    for one in acquisitions:
        database.add(one)
    database.close()


def stored(file: Path) -> list[str]:
    database = AcquisitionDatabase.open(file)
    ids = [one.reference_id for one in database.summaries()]
    database.close()
    return ids


# --- list-datalog


def test_the_list_is_a_table_with_the_newest_last(run: Run, file: Path) -> None:
    """Line by line as the stock server's command writes it, spaces included."""
    store(file, LATER, STARTUP)

    assert run("list-datalog") == (
        0,
        "\n"
        "#    Time                   Name       ID                                  Signals"
        "              \n"
        "0    2026-03-01 08:30:00    Startup    0f3c5d0a6f0b4b0c9a3c4f4f0e6d1b22    "
        "pressure,setpoint    \n"
        "1    2026-03-01 08:31:40               1f3c5d0a6f0b4b0c9a3c4f4f0e6d1b22    "
        "pressure,setpoint    \n",
        "",
    )


def test_the_list_can_have_a_line_for_each_signal(run: Run, file: Path) -> None:
    store(file, STARTUP, replace(LATER, series=()))

    _, output, _ = run("list-datalog", "--multiline")

    lines = output.splitlines()
    assert [line[75:].rstrip() for line in lines] == ["", "Signals", "pressure", "setpoint", ""]
    assert lines[3].strip() == "setpoint"


def test_the_list_can_show_the_firmware_and_be_of_one_only(run: Run, file: Path) -> None:
    store(file, STARTUP, LATER)

    _, both, _ = run("list-datalog", "--firmware")
    _, one, _ = run("list-datalog", "--firmware", "FFEEDD")
    _, none, _ = run("list-datalog", "--firmware", "1234")
    code, output, errors = run("list-datalog", "--firmware", "pump")

    assert f"{STARTUP.firmware_id} (Pump controller V3.1)    pressure" in both
    assert f"{LATER.firmware_id} (<Unknown firmware>)" in both
    assert one.count("\n") == 3
    assert f"0    2026-03-01 08:31:40            {LATER.reference_id}" in one
    assert none == "No acquisitions\n"
    assert (code, output) == (1, "")
    assert "firmware identifier: 'pump'" in errors


def test_nothing_is_listed_and_nothing_is_made_where_nothing_is_stored(
    run: Run, data: Path
) -> None:
    assert run("list-datalog") == (0, "No acquisitions\n", "")

    assert not data.exists()


def test_names_from_anywhere_reach_no_terminal(run: Run, file: Path) -> None:
    hostile = "\x1b]0;title\x07\n0    forged\r\u202e" + "x" * 900
    series = (replace(STARTUP.series[0], name=hostile),)
    store(file, replace(STARTUP, name=hostile, firmware_name=hostile, series=series))

    for arguments in (["--firmware"], ["--multiline"]):
        _, output, errors = run("list-datalog", *arguments)
        assert output.count("\n") == 3
        assert re.findall(r"[\x00-\x09\x0b-\x1f\u202e]", output) == []
        assert errors == ""


def test_what_the_stock_server_has_left_is_listed_at_once(run: Run, data: Path, file: Path) -> None:
    data.mkdir()
    peer = HandmadePeerDatabase(data / "scrutiny_datalog.sqlite")
    peer.add("1" * 32)
    peer.close()

    code, output, errors = run("list-datalog")

    assert (code, errors) == (0, f"acquisitions of {peer.file}: 1 taken over\n")
    assert "1" * 32 in output
    assert stored(file) == ["1" * 32]


# --- datalog-info


def test_info_tells_how_much_there_is_and_where(run: Run, file: Path) -> None:
    store(file, STARTUP, LATER)

    code, output, errors = run("datalog-info")

    assert (code, errors) == (0, "")
    assert re.fullmatch(
        "  Acquisitions count:      2\n"
        "  Oldest acquisition:      2026-03-01 08:30:00\n"
        "  Newest acquisition:      2026-03-01 08:31:40\n"
        f"  Storage location:        {re.escape(str(file))}\n"
        r"  Storage size:            \d+\.\dKiB\n"
        r"  Storage structure hash:  [0-9a-f]{40}\n",
        output,
    )


def test_info_without_anything_stored(run: Run, data: Path, file: Path) -> None:
    assert run("datalog-info") == (
        0,
        "  Acquisitions count:      0\n"
        "  Oldest acquisition:      N/A\n"
        "  Newest acquisition:      N/A\n"
        f"  Storage location:        {file}\n"
        "  Storage size:            0.0B\n"
        "  Storage structure hash:  N/A\n",
        "",
    )
    assert not data.exists()


# --- export-datalog


@pytest.mark.parametrize("reference_id", [STARTUP.reference_id, "0f3c5d", "0F3C5D0A6"])
def test_an_acquisition_is_exported_by_its_id_or_the_beginning_of_it(
    run: Run, file: Path, tmp_path: Path, reference_id: str
) -> None:
    store(file, STARTUP, LATER)

    code, output, errors = run("export-datalog", reference_id, "--csv", "o.csv")

    assert (code, output, errors) == (0, "", "CSV file o.csv written\n")
    assert (tmp_path / "o.csv").read_bytes() == CSV.encode()


def test_an_acquisition_is_exported_to_standard_output(run: Run, file: Path) -> None:
    long = replace(
        STARTUP,
        name="größer",
        x=replace(STARTUP.x, samples=array("d", range(20_000))),
        series=(),
    )
    store(file, long)

    code, output, errors = run("export-datalog", STARTUP.reference_id, "--csv", "-")

    assert (code, errors) == (0, "")
    assert output.startswith("Acquisition Name,größer\r\n")
    assert output.endswith("\r\n19999.0,1\r\n")
    assert output.count("\r\n") == 20_007


def test_a_file_is_replaced_whole_or_not_at_all(run: Run, file: Path, tmp_path: Path) -> None:
    store(file, STARTUP)
    target = tmp_path / "o.csv"
    target.write_text("precious")
    connection = sqlite3.connect(file)
    connection.execute("UPDATE series SET samples = x'00'")
    connection.commit()
    connection.close()

    code, output, errors = run("export-datalog", STARTUP.reference_id, "--csv", "o.csv")

    assert (code, output) == (1, "")
    assert f"acquisition {STARTUP.reference_id} is damaged" in errors
    assert target.read_text() == "precious"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["data", "o.csv"]


@pytest.mark.parametrize("target", ["nowhere/o.csv", "data"])
def test_a_file_that_cannot_be_written_is_an_error_that_names_it(
    run: Run, file: Path, target: str
) -> None:
    store(file, STARTUP)

    code, output, errors = run("export-datalog", STARTUP.reference_id, "--csv", target)

    assert (code, output) == (1, "")
    assert target in errors
    assert errors.count("\n") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_no_room_for_the_output_is_one_line(file: Path, data: Path) -> None:
    store(file, STARTUP)
    command = [sys.executable, "-m", "scrutiny.cli.main", "export-datalog", "0f3c5d", "--csv"]
    environment = {**os.environ, "SCRUTINY_DATA_FOLDER": str(data)}

    with Path("/dev/full").open("wb") as full:
        for target in ("-", "/dev/full"):
            result = subprocess.run(
                [*command, target],
                stdout=full,
                stderr=subprocess.PIPE,
                env=environment,
                check=False,
            )
            assert result.returncode == 1
            assert re.fullmatch(rb"error: .*No space left on device\n", result.stderr)


def test_an_export_needs_a_format(run: Run, file: Path) -> None:
    store(file, STARTUP)

    code, output, errors = run("export-datalog", STARTUP.reference_id)

    assert (code, output) == (1, "")
    assert "--csv FILE" in errors


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("0f3c5d0a6f0b4b0c9a3c4f4f0e6d1b23", f"did you mean {STARTUP.reference_id}?"),
        ("0f3c5e", f"did you mean {STARTUP.reference_id}?"),
        ("aaaaaa", "to list them: scrutiny list-datalog"),
        ("0f3c", "at least the first 6 of its 32 hexadecimal digits"),
        ("startup", "not a reference id: 'startup'"),
        ("0f3c5d%", "not a reference id"),
        ("", "not a reference id"),
        ("0" * 33, "not a reference id"),
        ("2a2a2a", "beginning of several: 2a2a2a0"),
    ],
)
def test_an_id_that_fits_none_or_several_is_an_error_with_a_hint(
    run: Run, file: Path, text: str, hint: str
) -> None:
    many = [replace(STARTUP, reference_id=f"2a2a2a{number:026x}") for number in range(6)]
    store(file, STARTUP, *many)

    for verb in (["export-datalog", text, "--csv", "o.csv"], ["delete-datalog", "--id", text]):
        code, output, errors = run(*verb)
        assert (code, output) == (1, "")
        assert hint in errors
    assert len(stored(file)) == 7


def test_without_anything_stored_each_id_is_unknown(run: Run, data: Path) -> None:
    code, _, errors = run("export-datalog", STARTUP.reference_id, "--csv", "-")

    assert code == 1
    assert f"no acquisition is stored in {data}" in errors


# --- delete-datalog


def test_one_acquisition_is_deleted(run: Run, file: Path) -> None:
    store(file, STARTUP, LATER)

    assert run("delete-datalog", "--id", "0f3c5d0a") == (
        0,
        "",
        f"acquisition {STARTUP.reference_id} deleted\n",
    )

    assert stored(file) == [LATER.reference_id]


def test_all_acquisitions_are_deleted(run: Run, file: Path) -> None:
    assert run("delete-datalog", "--all") == (0, "", "acquisitions deleted: 0\n")
    store(file, STARTUP, LATER)

    assert run("delete-datalog", "--all") == (0, "", "acquisitions deleted: 2\n")

    assert stored(file) == []


@pytest.mark.parametrize("arguments", [[], ["--all", "--id", STARTUP.reference_id]])
def test_what_to_delete_has_to_be_said_clearly(run: Run, file: Path, arguments: list[str]) -> None:
    store(file, STARTUP)

    code, _, errors = run("delete-datalog", *arguments)

    assert code == 1
    assert "--id ID, or --all" in errors
    assert len(stored(file)) == 1


# --- import-datalog


def test_a_database_of_the_stock_server_is_imported(run: Run, file: Path, tmp_path: Path) -> None:
    peer = HandmadePeerDatabase(tmp_path / "other.sqlite")
    peer.add("1" * 32)
    peer.add("2" * 32, timestamp="\x1b[2J")
    peer.close()

    code, output, errors = run("import-datalog", "other.sqlite")

    assert (code, output) == (0, "")
    assert errors.splitlines() == [
        f"warning: left out: {'2' * 32}: its time is '\\x1b[2J'",
        "acquisitions of other.sqlite: 1 taken over, 1 damaged",
    ]
    assert stored(file) == ["1" * 32]
    assert run("import-datalog", "other.sqlite")[0] == 0


def test_an_import_of_nothing_but_damage_fails(run: Run, tmp_path: Path) -> None:
    peer = HandmadePeerDatabase(tmp_path / "other.sqlite")
    peer.add("2" * 32, firmware_id="")
    peer.close()

    code, _, errors = run("import-datalog", "other.sqlite")

    assert code == 1
    assert "0 taken over, 1 damaged" in errors


@pytest.mark.parametrize("name", ["none.sqlite", "notes.txt", "data"])
def test_what_cannot_be_imported_is_an_error_that_names_it(
    run: Run, file: Path, tmp_path: Path, name: str
) -> None:
    store(file)
    (tmp_path / "notes.txt").write_text("notes" * 1000)

    code, output, errors = run("import-datalog", name)

    assert (code, output) == (1, "")
    assert errors.startswith("error: ")
    assert name in errors


# --- all of them


def test_the_data_folder_can_be_chosen(run: Run, file: Path, data: Path, tmp_path: Path) -> None:
    store(file, STARTUP)
    option = ["--data-folder", str(tmp_path / "other")]
    peer = HandmadePeerDatabase(tmp_path / "peer.sqlite")
    peer.add("1" * 32)
    peer.close()

    assert run("import-datalog", "peer.sqlite", *option)[0] == 0

    assert "1" * 32 in run("list-datalog", *option)[1]
    assert str(tmp_path / "other") in run("datalog-info", *option)[1]
    assert run("export-datalog", "111111", "--csv", "-", *option)[0] == 0
    assert run("delete-datalog", "--id", "111111", *option)[0] == 0
    assert stored(file) == [STARTUP.reference_id]


@pytest.mark.parametrize(
    "verb",
    [
        ["list-datalog"],
        ["datalog-info"],
        ["export-datalog", "0f3c5d", "--csv", "-"],
        ["delete-datalog", "--all"],
        ["import-datalog", "peer.sqlite"],
    ],
)
def test_a_damaged_database_is_left_to_the_server(run: Run, file: Path, verb: list[str]) -> None:
    file.parent.mkdir()
    file.write_text("no database" * 1000)

    code, output, errors = run(*verb)

    assert (code, output) == (1, "")
    assert f"{file} is damaged" in errors
    assert "the server moves it aside when it starts" in errors
    assert file.read_text() == "no database" * 1000


@pytest.mark.parametrize(
    "verb", ["list-datalog", "datalog-info", "export-datalog", "delete-datalog", "import-datalog"]
)
def test_wrong_arguments_are_exit_code_2(verb: str) -> None:
    with pytest.raises(SystemExit) as caught:
        main([verb, "--fly"])

    assert caught.value.code == 2


def test_help_does_not_load_sqlite() -> None:
    program = (
        "import sys; from scrutiny.cli.main import main; main(['--help']); "
        "print('sqlite3' in sys.modules)"
    )

    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert result.stdout.splitlines()[-1] == "False"
