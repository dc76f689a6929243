"""What goes wrong on the line: counted, repeatable, independent of chunks."""

from __future__ import annotations

import pytest

from scrutiny.firmware_link.simulator import (
    Direction,
    FaultKind,
    FaultModel,
    FaultSettings,
    LineFaults,
    ScriptedFault,
    parse_faults,
)

TO_HOST = Direction.TO_HOST
TO_DEVICE = Direction.TO_DEVICE
DATA = bytes(range(256)) * 40


def passed(
    model: FaultModel, data: bytes, direction: Direction = TO_HOST, now_ns: int = 0
) -> bytes:
    return b"".join(part for _, part in model.pass_on(data, direction, now_ns))


def noisy(seed: int = 1) -> FaultModel:
    line = LineFaults(drop=0.01, flip=0.01, duplicate=0.01)
    return FaultModel(FaultSettings(to_device=line, to_host=line, seed=seed))


def test_without_faults_everything_passes_at_once() -> None:
    model = FaultModel()

    assert model.pass_on(b"abc", TO_DEVICE, 5) == [(5, b"abc")]
    assert model.pass_on(b"", TO_DEVICE, 6) == []
    assert model.counts.passed == 3


@pytest.mark.parametrize(
    ("name", "faults"),
    [
        ("drop", LineFaults(drop=0.05)),
        ("flip", LineFaults(flip=0.05)),
        ("duplicate", LineFaults(duplicate=0.05)),
    ],
)
def test_octet_faults_happen_about_as_often_as_asked(name: str, faults: LineFaults) -> None:
    model = FaultModel(FaultSettings(to_host=faults))

    result = passed(model, DATA)

    counts = {
        "drop": model.counts.dropped,
        "flip": model.counts.flipped,
        "duplicate": model.counts.duplicated,
    }
    assert 0.04 < counts.pop(name) / len(DATA) < 0.06
    assert set(counts.values()) == {0}
    assert len(result) == len(DATA) - model.counts.dropped + model.counts.duplicated
    assert model.counts.passed == len(result)


def test_a_flip_inverts_one_bit() -> None:
    result = passed(FaultModel(FaultSettings(to_host=LineFaults(flip=1.0))), DATA)

    assert all((a ^ b).bit_count() == 1 for a, b in zip(DATA, result, strict=True))


def test_faults_of_one_direction_leave_the_other_alone() -> None:
    model = FaultModel(FaultSettings(to_host=LineFaults(drop=1.0)))

    assert passed(model, DATA, TO_DEVICE) == DATA
    assert passed(model, DATA, TO_HOST) == b""


def test_equal_seeds_give_equal_faults_and_others_give_others() -> None:
    assert passed(noisy(1), DATA) == passed(noisy(1), DATA)
    assert passed(noisy(1), DATA) != passed(noisy(2), DATA)
    assert passed(noisy(1), DATA, TO_HOST) != passed(noisy(1), DATA, TO_DEVICE)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_octet_faults_do_not_depend_on_chunks_or_on_the_other_direction(size: int) -> None:
    model = noisy()
    chunks: list[bytes] = []
    for start in range(0, len(DATA), size):
        chunks.append(passed(model, DATA[start : start + size]))
        passed(model, b"something else", TO_DEVICE)

    assert b"".join(chunks) == passed(noisy(), DATA)


def test_a_delay_releases_octets_later_and_in_order() -> None:
    model = FaultModel(FaultSettings(to_host=LineFaults(delay_ns=100)))

    assert model.pass_on(b"a", TO_HOST, 10) == [(110, b"a")]
    assert model.pass_on(b"b", TO_HOST, 5) == [(110, b"b")]
    assert model.pass_on(b"c", TO_DEVICE, 10) == [(10, b"c")]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (FaultKind.DROP, b"012456789"),
        (FaultKind.FLIP, b"012\xb3456789"),
        (FaultKind.DUPLICATE, b"01233456789"),
    ],
)
@pytest.mark.parametrize("size", [1, 4, 10])
def test_a_scripted_fault_meets_its_octet_once(kind: FaultKind, expected: bytes, size: int) -> None:
    model = FaultModel()
    passed(model, b"before")
    model.script(ScriptedFault(kind, offset=3, mask=0x80))

    answer = b"0123456789"
    got = b"".join(passed(model, answer[i : i + size]) for i in range(0, len(answer), size))

    assert got == expected
    assert passed(model, answer) == answer


def test_a_scripted_truncation_cuts_the_chunk_and_nothing_else() -> None:
    model = FaultModel()
    model.script(ScriptedFault(FaultKind.TRUNCATE, offset=2))
    model.script(ScriptedFault(FaultKind.DROP, offset=3))

    assert passed(model, b"0123") == b"01"
    assert passed(model, b"4567") == b"4567"
    assert (model.counts.truncations, model.counts.truncated_octets) == (1, 2)


def test_a_scripted_fault_has_a_direction() -> None:
    model = FaultModel()
    model.script(ScriptedFault(FaultKind.DROP, direction=TO_DEVICE))

    assert passed(model, b"ab", TO_HOST) == b"ab"
    assert passed(model, b"ab", TO_DEVICE) == b"b"


def test_random_truncation_keeps_a_true_beginning() -> None:
    model = FaultModel(FaultSettings(truncate=1.0))

    answers = [passed(model, b"0123456789") for _ in range(50)]

    assert all(b"0123456789".startswith(a) and len(a) < 10 for a in answers)
    assert len(set(answers)) > 3
    assert model.counts.truncations == 50


def test_a_stalled_device_neither_hears_nor_answers() -> None:
    model = FaultModel()
    model.stall(100, now_ns=1000)

    assert passed(model, b"ab", TO_DEVICE, 1000) == b""
    assert passed(model, b"ab", TO_HOST, 1099) == b""
    assert passed(model, b"ab", TO_DEVICE, 1100) == b"ab"
    assert (model.counts.stalls, model.counts.stalled_octets) == (1, 4)


def test_random_stalls_last_as_long_as_asked() -> None:
    model = FaultModel(FaultSettings(stall=1.0, stall_ns=100))

    assert passed(model, b"ab", TO_DEVICE, 0) == b""
    assert passed(model, b"ab", TO_HOST, 99) == b""
    assert passed(model, b"ab", TO_HOST, 100) == b"ab"


def test_a_reboot_loses_octets_until_it_is_taken_once() -> None:
    model = FaultModel(FaultSettings(reboot=1.0))

    assert passed(model, b"ab", TO_DEVICE) == b""
    assert model.take_reboot()
    assert not model.take_reboot()
    assert model.counts.reboots == 1


def test_counts_can_be_read_by_people() -> None:
    model = FaultModel()
    passed(model, b"ab")

    assert str(model.counts).startswith("passed 2, dropped 0")


def test_the_command_line_form() -> None:
    line = LineFaults(drop=0.5, flip=0.25, delay_ns=20_000_000)

    settings = parse_faults("drop=0.5,flip=0.25,delay_ms=20,stall=0.1,stall_ms=3,reboot=1", seed=9)

    assert settings == FaultSettings(line, line, 0.0, 0.1, 3_000_000, 1.0, 9)
    assert parse_faults("") == FaultSettings()


@pytest.mark.parametrize(
    "text", ["drop", "drop=x", "drop=2", "crash=1", "delay_ms=inf", "delay_ms=-1"]
)
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_faults(text)
