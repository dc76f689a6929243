"""Mangled names from damaged files: never an exception, never more than a bounded effort."""

from __future__ import annotations

import random
import time

import pytest

from scrutiny.sfd.dwarf.demangle import demangle, demangled_segments

SEEDS = (
    "_ZZN2ns5OuterIiE5InnerIcE1fIS1_EEiT_E1x_0",
    "_ZZ1fIiEDaT_ENKUlS0_E_clIdEEDaS0_",
    "_Z1fIJidEEvDpRKT_PFPFicEvEM1AKFviRERA3_A4_Ki",
    "_Z1fIiEvNSt9enable_ifIXaantsrSt7is_voidIT_E5valuegtstS1_Li2EEiE4typeE",
    "_Z1fIJiiEEDTfraafp_EDpT_",
    "_Z1fIiEDTcmptfp_1dscifp_ES0_",
    "_ZNSt3mapINSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEESt6vectorIiSaIiEEE1xE",
    "_ZN1AILi3ELin3ELb1ELc97ELDn0ELf3f800000EXadL_ZN1M3fooEiEEE1vB5cxx11E",
    "_ZZ3foovEd0_NKUlvE_clEv.isra.0.123",
    "_ZTv0_n24_N1AcvT_IPiEEv",
    "_ZN2nsDC1a1bEE",
    "_ZGVZ3foovE1x__12_",
)
ALPHABET = "".join(sorted({*"".join(SEEDS), *"JIXLDTSEZN_0123456789"}))


def mutated(generator: random.Random) -> str:
    name = list(generator.choice(SEEDS))
    for _ in range(generator.randint(1, 6)):
        start = generator.randrange(2, len(name) + 1)
        match generator.randrange(4):
            case 0:
                name[start:start] = generator.choice(ALPHABET)
            case 1:
                del name[start : start + generator.randint(1, 4)]
            case 2:
                other = generator.choice(SEEDS)
                cut = generator.randrange(len(other))
                name[start:start] = other[cut : cut + generator.randint(1, 30)]
            case _:
                name[start:start] = name[start : start + 20] * generator.randint(1, 5)
    return "".join(name)


def test_mutated_names_give_text_or_none() -> None:
    generator = random.Random(20260801)
    understood = 0
    for _ in range(8000):
        name = mutated(generator)
        text = demangle(name)
        segments = demangled_segments(name)
        assert (text is None) == (segments is None)
        if text is not None and segments is not None:
            understood += 1
            assert "::".join(segments) == text
    assert understood > 300  # the mutations reach beyond the first check


@pytest.mark.parametrize("seed", range(6))
def test_long_random_names_end_soon(seed: int) -> None:
    generator = random.Random(seed)
    pieces = ["S_", "S0_", "S1_", "T_", "DpT_", "IJ", "E", "1A", "PK", "Li1E", "1fI", "N", "F", "i"]
    for _ in range(60):
        body = "".join(generator.choice(pieces) for _ in range(4000))
        start = time.process_time()

        demangle(f"_Z1fIJiiE{generator.choice(['J', 'i', ''])}Ev{body}")

        assert time.process_time() - start < 1.0
