"""The committed CRC table is what its generator writes, and gives the CRC of zlib."""

from __future__ import annotations

import re
import subprocess
import sys
import zlib
from pathlib import Path

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"
HEADER = FIRMWARE / "src" / "crc32_table.h"
GENERATOR = FIRMWARE / "tools" / "generate_crc_table.py"

DATA = bytes(range(256)) * 3


def committed_table(size: int) -> list[int]:
    match = re.search(rf"crc32_table\[{size}\] = {{(.*?)}};", HEADER.read_text(), re.DOTALL)
    assert match is not None
    return [int(digits, 16) for digits in re.findall(r"0x([0-9A-F]{8})", match[1])]


def test_generator_writes_the_committed_file() -> None:
    command = [sys.executable, str(GENERATOR)]
    written = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert written == HEADER.read_text()


def test_table_of_octets() -> None:
    table = committed_table(256)
    crc = 0xFFFFFFFF
    for octet in DATA:
        crc = (crc >> 8) ^ table[(crc ^ octet) & 0xFF]
    assert crc ^ 0xFFFFFFFF == zlib.crc32(DATA)


def test_table_of_nibbles() -> None:
    table = committed_table(16)
    crc = 0xFFFFFFFF
    for octet in DATA:
        crc ^= octet
        crc = (crc >> 4) ^ table[crc & 0xF]
        crc = (crc >> 4) ^ table[crc & 0xF]
    assert crc ^ 0xFFFFFFFF == zlib.crc32(DATA)
