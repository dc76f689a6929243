"""Real programs, made by the compiler of this machine, because their symbols are what is used."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from scrutiny.cli.main import main
from scrutiny.core.firmware_id import PLACEHOLDER
from scrutiny.sfd.cache import CachedExtraction, ExtractionCache, extraction_key
from scrutiny.sfd.extraction import Dropped, ExtractionOptions
from scrutiny.sfd.package import read_package

SOURCE = f"""
const unsigned char scrutiny_firmware_id[16] = {{{",".join(map(str, PLACEHOLDER))}}};
struct wheel {{ float rpm; unsigned short brake; }};
struct car {{ int gear; struct wheel wheels[4]; }} car;
static float setpoint = 1.5f;
float *current = &setpoint;
int main(void) {{ return (int)(*current + car.wheels[2].rpm) + scrutiny_firmware_id[0]; }}
"""

Run = Callable[..., tuple[int, str, str]]

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("program")
    (folder / "car.c").write_text(SOURCE)
    command = ["cc", "-g", "-O0", "-no-pie", "-fno-pie", "-o", "car.elf", "car.c"]
    subprocess.run(command, cwd=folder, check=True, timeout=60)
    return folder / "car.elf"


@pytest.fixture
def program(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(original, tmp_path))


@pytest.fixture
def run(
    capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Run:
    """Return what runs a verb, in a folder of its own, and returns exit code, output, errors."""
    monkeypatch.setenv("SCRUTINY_DATA_FOLDER", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        capfdbinary.readouterr()
        code = main(arguments)
        output = capfdbinary.readouterr()
        return code, output.out.decode(), output.err.decode()

    return run


def test_the_symbol_map_goes_to_standard_output_indented_by_a_tab(run: Run, program: Path) -> None:
    code, output, errors = run("elf2varmap", str(program))

    assert (code, errors) == (0, "")
    assert output.startswith('{\n\t"')
    assert output.endswith("}\n")
    assert "/global/car/wheels/wheels/rpm" in json.loads(output)["variables"]


@pytest.mark.parametrize(
    ("indent", "start"),
    [("2", '{\n  "'), ("0", '{\n"'), (">", '{\n>"'), ("none", '{"'), ("NONE", '{"')],
)
def test_the_indentation_is_a_number_a_text_or_none(
    run: Run, program: Path, indent: str, start: str
) -> None:
    code, output, _ = run("elf2varmap", "--indent", indent, str(program))

    assert code == 0
    assert output.startswith(start)


def test_the_symbol_map_goes_into_a_file_or_a_folder(
    run: Run, program: Path, tmp_path: Path
) -> None:
    assert run("elf2varmap", str(program), "--output", "map.json")[:2] == (0, "")
    assert run("elf2varmap", str(program), "--output", ".")[:2] == (0, "")

    assert (tmp_path / "map.json").read_bytes() == (tmp_path / "varmap.json").read_bytes()


def test_the_same_program_is_read_once(run: Run, program: Path, tmp_path: Path) -> None:
    first = run("elf2varmap", str(program))
    (kept,) = (tmp_path / "cache").rglob("*.varmap")
    touched = kept.stat().st_mtime_ns

    assert run("elf2varmap", str(program)) == first
    assert kept.stat().st_mtime_ns > touched
    kept.write_bytes(b"damaged")
    assert run("elf2varmap", str(program)) == first
    assert run("elf2varmap", str(program), "--no-cache") == first


def test_patterns_leave_variables_out(run: Run, program: Path) -> None:
    def paths(*arguments: str) -> list[str]:
        return list(json.loads(run("elf2varmap", str(program), *arguments)[1])["variables"])

    everything = paths()
    assert "/static/car.c/setpoint" in everything
    assert paths("--path_ignore_patterns", "/global/*") == ["/static/car.c/setpoint"]
    assert paths("--cu_ignore_patterns", "car.c") == []
    assert "/global/*current" in paths("--dereference-pointers")


def test_an_external_demangler_is_not_needed(run: Run, program: Path) -> None:
    code, output, errors = run("elf2varmap", str(program), "--cppfilt", "/no/such/program")

    assert code == 0
    assert json.loads(output)
    assert errors == "--cppfilt is ignored: names are demangled without a program\n"


@pytest.mark.parametrize("content", [b"", b"\x7fELF", b"text\n" * 100])
def test_a_file_that_is_no_program_is_one_line(run: Run, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "odd.elf").write_bytes(content)

    code, output, errors = run("elf2varmap", "odd.elf")

    assert (code, output) == (1, "")
    assert re.fullmatch(r"error: [^\n]+\n", errors)


def test_a_missing_program_is_one_line(run: Run) -> None:
    for verb in (["elf2varmap"], ["elf2varmap", "--no-cache"], ["sfd", "build"]):
        code, output, errors = run(*verb, "missing.elf")
        assert (code, output) == (1, "")
        assert re.fullmatch(r"error: [^\n]*missing\.elf[^\n]+\n", errors)


@pytest.fixture
def incomplete(program: Path, run: Run, tmp_path: Path) -> Path:
    """Return a program from which variables were dropped, as the cache knows."""
    reasons = ["virtual base"] * 8 + ["no size"] * 3 + list("abcd")
    dropped = [Dropped(f"/global/v{i}", "car.cpp", reason) for i, reason in enumerate(reasons)]
    text = b'{"endianness":"little","type_map":{},"variables":{},"enums":{}}'
    result = CachedExtraction(text, 4306, dropped, ["units of version 7 were skipped"])
    for indent in (None, "\t"):
        ExtractionCache().put(extraction_key(program, ExtractionOptions(), indent), result)
    return program


def test_x14_what_was_dropped_is_summarized(run: Run, incomplete: Path) -> None:
    code, output, errors = run("elf2varmap", str(incomplete))

    assert code == 0
    assert json.loads(output)
    assert errors.splitlines() == [
        "warning: units of version 7 were skipped",
        "warning: 15 of 4,321 leaves dropped: 8 virtual base, 3 no size, 1 a, 1 b, 1 c, "
        "1 for other reasons; --verbose names them",
    ]


def test_x14_each_that_was_dropped_is_named_if_asked_for(run: Run, incomplete: Path) -> None:
    _, _, errors = run("elf2varmap", str(incomplete), "--verbose")

    assert "warning: dropped /global/v0 (car.cpp): virtual base" in errors
    assert errors.count("warning: dropped ") == 15


@pytest.mark.parametrize("verb", [["elf2varmap", "--output", "map.json"], ["sfd", "build"]])
def test_x14_dropped_variables_can_be_a_failure(
    run: Run, incomplete: Path, tmp_path: Path, verb: list[str]
) -> None:
    before = set(tmp_path.iterdir())

    code, output, errors = run(*verb, str(incomplete), "--fail-on-dropped")

    assert (code, output) == (1, "")
    assert errors.splitlines()[-1].startswith("error: variables were dropped")
    assert set(tmp_path.iterdir()) == before


def test_x14_the_summary_of_a_build_tells_what_was_dropped(run: Run, incomplete: Path) -> None:
    code, output, _ = run("sfd", "build", str(incomplete))

    assert code == 0
    assert "15 of 4,321 leaves dropped" in output


def test_a_description_is_built_beside_the_program(run: Run, program: Path, tmp_path: Path) -> None:
    _, firmware_id, _ = run("get-firmware-id", str(program))

    code, output, errors = run("sfd", "build", str(program), "--project-name", "Car")

    assert (code, errors) == (0, "")
    package = read_package(tmp_path / "car.sfd")
    assert package.firmware_id == firmware_id
    assert package.metadata["project_name"] == "Car"
    assert re.search(rf"^firmware id +{firmware_id}$", output, re.MULTILINE)
    assert re.search(r"^leaves +[0-9]+$", output, re.MULTILINE)
    assert re.search(r"^description +\S+car\.sfd \([0-9,]+ octets\)$", output, re.MULTILINE)


def test_everything_in_one_go(run: Run, program: Path, tmp_path: Path) -> None:
    _, firmware_id, _ = run("get-firmware-id", str(program))
    (tmp_path / "more.json").write_text(
        '{"/Speed": {"target": "/global/car/wheels/wheels[3]/rpm"}}'
    )

    code, output, _ = run(
        *("sfd", "build", str(program), "-o", "out.sfd", "--install", "--tagged", "tagged.elf"),
        *("--alias", "more.json"),
    )

    assert code == 0
    assert "aliases         1" in output
    assert list(read_package(tmp_path / "out.sfd").aliases) == ["/Speed"]
    assert read_package(tmp_path / "data/sfd_storage" / firmware_id).firmware_id == firmware_id
    tagged = (tmp_path / "tagged.elf").read_bytes()
    assert tagged == program.read_bytes().replace(PLACEHOLDER, bytes.fromhex(firmware_id), 1)


def test_equal_builds_give_equal_descriptions(
    run: Run, program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767225600")
    for name in ("a.sfd", "b.sfd"):
        assert run("sfd", "build", str(program), "--no-cache", "-o", name)[0] == 0

    assert (tmp_path / "a.sfd").read_bytes() == (tmp_path / "b.sfd").read_bytes()
    generation = read_package(tmp_path / "a.sfd").metadata["generation_info"]
    assert generation["time"] == 1767225600


def test_a_program_that_was_tagged_before_tells_its_identifier(
    run: Run, program: Path, tmp_path: Path
) -> None:
    _, firmware_id, _ = run("get-firmware-id", str(program))
    run("tag-firmware-id", str(program), "--inplace")

    code, _, errors = run("sfd", "build", str(program))

    assert code == 0
    assert "tagged before" in errors
    assert read_package(tmp_path / "car.sfd").firmware_id == firmware_id
    for again in (["--tag-inplace"], ["--tagged", "copy.elf"]):
        code, _, errors = run("sfd", "build", str(program), *again)
        assert code == 1
        assert "link it again to tag it, or leave out --tag-inplace / --tagged" in errors


def test_a_program_without_symbols_that_was_tagged_before_needs_to_be_linked_again(
    run: Run, program: Path, tmp_path: Path
) -> None:
    assert run("sfd", "build", str(program), "--tag-inplace", "--install")[0] == 0
    (installed,) = (tmp_path / "data/sfd_storage").iterdir()

    subprocess.run(["strip", "--strip-symbol", "scrutiny_firmware_id", program], check=True)
    code, output, errors = run("sfd", "build", str(program))

    assert (code, output) == (1, "")
    assert re.fullmatch(r"error: [^\n]*link it again[^\n]*--firmware-id[^\n]*\n", errors)
    assert run("sfd", "build", str(program), "--firmware-id", installed.name)[0] == 0
    assert read_package(tmp_path / "car.sfd").firmware_id == installed.name
    assert run("sfd", "build", str(program), "--firmware-id", "12")[0] == 1


def test_f7_an_alias_that_is_not_valid_stops_before_anything_is_written(
    run: Run, program: Path, tmp_path: Path
) -> None:
    (tmp_path / "more.json").write_text('{"/a": {"target": "/global/car/wheels/wheels[4]/rpm"}}')
    before = program.read_bytes()

    code, output, errors = run(
        *("sfd", "build", str(program), "--alias", "more.json", "--tag-inplace", "--install")
    )

    assert (code, output) == (1, "")
    assert "index 4" in errors
    assert program.read_bytes() == before
    assert not (tmp_path / "data").exists()
    assert not (tmp_path / "car.sfd").exists()


@pytest.mark.parametrize("option", [["--tag-inplace"], ["--tagged", "tagged.elf"]])
def test_a_failed_install_leaves_no_tagged_program(
    run: Run, program: Path, tmp_path: Path, option: list[str]
) -> None:
    """Make would take it for the result of a step that needs not be done again."""
    (tmp_path / "data").write_text("where a folder should be")
    before = program.read_bytes()

    code, output, errors = run("sfd", "build", str(program), "--install", *option)

    assert (code, output) == (1, "")
    assert "cannot make" in errors
    assert program.read_bytes() == before
    assert not (tmp_path / "tagged.elf").exists()


@pytest.mark.parametrize("option", [[], ["--firmware-id", "00" * 16], ["--tag-inplace"]])
@pytest.mark.parametrize(
    ("name", "content"), [("main.c", b"int x;\n"), ("a.hex", b":00000001FF\n"), ("a.bin", b"\1\2")]
)
def test_what_is_no_elf_file_is_told_first(
    run: Run, tmp_path: Path, name: str, content: bytes, option: list[str]
) -> None:
    (tmp_path / name).write_bytes(content)

    code, output, errors = run("sfd", "build", name, *option)

    assert (code, output) == (1, "")
    assert re.fullmatch(rf"error: {name} is not an ELF file: name the program [^\n]+\n", errors)


def test_an_object_file_is_told_first(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text("int x;")
    subprocess.run(["cc", "-g", "-c", "a.c"], cwd=tmp_path, check=True, timeout=60)

    code, _, errors = run("sfd", "build", "a.o")

    assert code == 1
    assert re.fullmatch(r"error: [^\n]*a\.o is an object file [^\n]*link it first[^\n]*\n", errors)


def test_the_summary_tells_when_no_device_will_announce_the_identifier(
    run: Run, program: Path
) -> None:
    hint = "tagged program  none: the device will not announce this identifier; use --tag-inplace"

    assert hint in run("sfd", "build", str(program))[1]
    assert hint not in run("sfd", "build", str(program), "--tagged", "copy.elf")[1]
    assert hint not in run("sfd", "build", "copy.elf")[1]


def test_another_identifier_than_the_program_carries_is_told(run: Run, program: Path) -> None:
    other = "12" * 16
    assert run("sfd", "build", str(program), "--firmware-id", other)[2] == ""  # has none yet
    run("sfd", "build", str(program), "--tagged", "tagged.elf")
    _, carried, _ = run("get-firmware-id", str(program))

    code, _, errors = run("sfd", "build", "tagged.elf", "--firmware-id", other)

    assert code == 0
    assert errors.startswith("warning: tagged.elf carries the identifier ")
    assert carried in errors
    assert other in errors
    assert run("sfd", "build", "tagged.elf", "--firmware-id", carried.upper())[2] == ""


def test_slips_in_aliases_are_told_by_a_build(run: Run, program: Path, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(
        '{"/a": {"target": "/rpv/x1000"}, "/a": {"target": "/rpv/x2000", "gian": 3},'
        ' "/global/car/gear": {"target": "/rpv/x1000"}}'
    )

    code, _, errors = run("sfd", "build", str(program), "--alias", "a.json")

    assert code == 0
    assert errors.splitlines() == [
        "warning: a.json: alias '/a' is there more than once; the last one counts",
        "warning: alias /a: 'gian' is no known key and is ignored; did you mean gain?",
        "warning: alias /global/car/gear has the path of a variable; the variable wins",
    ]


def test_an_alias_behind_a_pointer_tells_which_option_it_needs(
    run: Run, program: Path, tmp_path: Path
) -> None:
    (tmp_path / "a.json").write_text('{"/a": {"target": "/global/*current"}}')
    build = ("sfd", "build", str(program), "--alias", "a.json")

    assert "targets behind pointers need --dereference-pointers" in run(*build)[2]
    assert run(*build, "--dereference-pointers")[0] == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["car.elf", "--alias", "a.json", "b.json"],
        ["--alias", "a.json", "--alias", "b.json", "--project-name", "x", "car.elf"],
        ["--alias", "a.json", "b.json", "car.elf"],
        ["--alias", "a.json", "car.elf", "--alias", "b.json"],
    ],
)
def test_the_program_may_be_anywhere_among_the_options(
    run: Run, program: Path, tmp_path: Path, arguments: list[str]
) -> None:
    for name in "ab":
        (tmp_path / f"{name}.json").write_text(f'{{"/{name}": {{"target": "/rpv/x1000"}}}}')

    assert run("sfd", "build", *arguments)[0] == 0
    assert list(read_package(program.with_suffix(".sfd")).aliases) == ["/a", "/b"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["car.elf", "--tag_inplace"], "unrecognized arguments: --tag_inplace"),
        (["--alias", "a.json"], "program is missing: name it before options"),
        ([], "program is missing"),
    ],
)
def test_wrong_arguments_are_answered_with_the_usage_of_a_build(
    run: Run, capfdbinary: pytest.CaptureFixture[bytes], arguments: list[str], expected: str
) -> None:
    with pytest.raises(SystemExit) as end:
        run("sfd", "build", *arguments)

    assert end.value.code == 2
    errors = capfdbinary.readouterr().err.decode()
    assert errors.startswith("usage: scrutiny sfd build ")
    assert expected in errors


def test_patterns_that_match_nothing_are_told(run: Run, program: Path) -> None:
    def errors(*arguments: str) -> list[str]:
        return run("elf2varmap", str(program), *arguments)[2].splitlines()

    assert errors("--path_ignore_patterns", "/static/*", "/nothing/*", "*/gear") == [
        "warning: no variable matches /nothing/*, which was to be left out"
    ]
    assert errors("--cu_ignore_patterns", "can*", "--path_ignore_patterns", "*") == [
        "warning: no compile unit matches can*, which was to be left out",
        "warning: no variable with an address was found",
    ]
    assert "matches" not in "".join(errors("--cu_ignore_patterns", "*car.c"))
