"""Mutated description files and alias files are refused with a reason, or read; nothing else.

``SCRUTINY_FUZZ_COUNT`` sets how much is tried; the seed is fixed, so a failure comes again. Half of
the descriptions are mutated inside their members, where the checksums of the archive are right.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from random import Random
from typing import Any, Final

import pytest

from scrutiny.core.firmware_id import parse_firmware_id
from scrutiny.sfd.aliases import read_aliases, write_aliases
from scrutiny.sfd.errors import PackageError
from scrutiny.sfd.metadata import read_metadata
from scrutiny.sfd.package import Package, read_package, read_package_info

COUNT: Final = int(os.environ.get("SCRUTINY_FUZZ_COUNT", "1000000")) // 200
SEED: Final = 0x5FD5EED
MEMBERS: Final = {
    "firmwareid": b"00112233445566778899aabbccddeeff",
    "metadata.json": b'{"project_name": "Pump", "generation_info": {"time": 1767225600}}',
    "varmap.json": b'{"endianness": "little", "type_map": {}, "variables": {}, "enums": {}}',
    "alias.json": b'{"/a": {"target": "/rpv/x1000", "gain": 2, "min": -1, "max": "inf",'
    b' "enum": {"name": "E", "values": {"on": 1}}}}',
}
VALUES: Final[tuple[Any, ...]] = (
    *(None, True, 0, -1, 0.5, 10**400, float("nan"), float("inf"), "", "/", "/a", "nan", "1e3"),
    *("var", "rpv", "alias", "/rpv/x10AB", [], {}, [1], {"name": "E", "values": {"a": 1}}),
    {"name": "E", "values": {"a": 1.5}},
)
KEYS: Final = ("target", "target_type", "gain", "offset", "min", "max", "enum", "other")


def archive(members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as writer:
        for name, data in members.items():
            writer.writestr(name, data)
    return stream.getvalue()


def mutate(random: Random, data: bytes) -> bytes:
    content = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 8))):
        start = random.randrange(len(content) + 1)
        stop = min(len(content), start + random.choice((1, 1, 2, 4, 64)))
        match random.randrange(4):
            case 0:
                content[start:stop] = random.randbytes(stop - start)
            case 1:
                del content[start:stop]
            case 2:
                content[start:start] = content[start:stop]
            case _:
                content[start:stop] = random.choice((b"\0", b"\xff")) * (stop - start)
    return bytes(content)


def read_or_refuse(content: bytes) -> tuple[Package | None, str]:
    try:
        return read_package(io.BytesIO(content)), ""
    except PackageError as error:
        return None, f"{error}"


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_mutated_archive_is_read_or_refused(compression: int) -> None:
    random = Random(SEED)
    whole = archive(MEMBERS, compression)
    refused = 0
    for _ in range(COUNT):
        content = mutate(random, whole)
        package, reason = read_or_refuse(content)
        if package is None:
            assert 0 < len(reason) < 300
            assert "\n" not in reason
            refused += 1
        else:
            assert parse_firmware_id(package.firmware_id) == package.firmware_id
            assert read_package_info(io.BytesIO(content))[0] == package.firmware_id

    assert refused > COUNT / 4


def test_mutated_members_are_read_or_refused() -> None:
    random = Random(SEED)
    read = 0
    for _ in range(COUNT):
        name = random.choice(tuple(MEMBERS))
        package, reason = read_or_refuse(archive(MEMBERS | {name: mutate(random, MEMBERS[name])}))
        if package is None:
            assert name in reason
            continue
        read += 1
        assert read_metadata(package.metadata) == package.metadata
        aliases, refused = read_aliases(package.aliases)
        assert len(aliases) + len(refused) == len(package.aliases)

    assert read > COUNT / 10


def test_any_alias_is_taken_or_refused_and_what_is_taken_comes_back() -> None:
    random = Random(SEED)
    taken = 0
    for _ in range(COUNT * 4):
        definition: Any = {
            key: random.choice(VALUES) for key in random.sample(KEYS, random.randrange(5))
        }
        if random.random() < 0.5:
            definition["target"] = "/global/speed"
        if random.random() < 0.05:
            definition = random.choice(VALUES)
        document = {random.choice(("/a", "", "/", "a//b")): definition}

        aliases, refused = read_aliases(document)

        assert len(aliases) + len(refused) == 1
        assert all(len(reason) < 200 and "\n" not in reason for reason in refused)
        text = json.dumps(write_aliases(aliases.values()), allow_nan=False)
        assert read_aliases(json.loads(text)) == (aliases, [])
        taken += len(aliases)

    assert taken > COUNT / 10
