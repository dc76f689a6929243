"""Data types and their numbers on the wire."""

from __future__ import annotations

import pytest

from scrutiny.core.types import DataType, TypeKind


@pytest.mark.parametrize(
    ("type_id", "kind", "size", "name"),
    [
        (0x00, TypeKind.SINT, 1, "sint8"),
        (0x13, TypeKind.UINT, 8, "uint64"),
        (0x22, TypeKind.FLOAT, 4, "float32"),
        (0x35, TypeKind.BOOL, 32, "bool256"),
        (0x64, TypeKind.PTR, 16, "ptr128"),
        (0x5F, TypeKind.STRUCT, 0, "struct"),
        (0xFF, TypeKind.NA, 0, "NA"),
    ],
)
def test_kind_size_and_name_come_from_the_id(
    type_id: int, kind: TypeKind, size: int, name: str
) -> None:
    data_type = DataType(type_id)

    assert (data_type.kind, data_type.size, data_type.api_name) == (kind, size, name)


def test_an_unknown_id_is_an_error() -> None:
    with pytest.raises(ValueError, match="not a valid DataType"):
        DataType(0x77)


def test_only_types_with_a_codec_are_readable() -> None:
    assert DataType.FLOAT64.is_readable
    assert not DataType.FLOAT16.is_readable
    assert not DataType.STRUCT.is_readable
