from __future__ import annotations

import pytest

from scrutiny import sdk
from scrutiny.sdk import EmbeddedDataType, EmbeddedEnum, SerialLinkConfig, exceptions


@pytest.mark.parametrize(
    ("datatype", "value", "bits"),
    [
        (EmbeddedDataType.sint8, 0x00, 8),
        (EmbeddedDataType.uint32, 0x12, 32),
        (EmbeddedDataType.float64, 0x23, 64),
        (EmbeddedDataType.bool8, 0x30, 8),
        (EmbeddedDataType.cfloat256, 0x45, 256),
        (EmbeddedDataType.ptr64, 0x63, 64),
        (EmbeddedDataType.struct, 0x5F, 0),
        (EmbeddedDataType.NA, 0xFF, 0),
    ],
)
def test_codes_and_sizes_of_data_types(datatype: EmbeddedDataType, value: int, bits: int) -> None:
    assert datatype.value == value
    assert datatype.get_size_bit() == bits
    assert datatype.get_size_8bits() == bits // 8


def test_families_of_data_types() -> None:
    def names(predicate: str) -> set[str]:
        return {t.name.rstrip("0123456789") for t in EmbeddedDataType if getattr(t, predicate)()}

    assert names("is_integer") == {"sint", "uint"}
    assert names("is_float") == {"float", "cfloat"}
    assert names("is_signed") == {"sint", "float", "cfloat"}
    assert names("is_pointer") == {"ptr"}
    assert names("is_bool") == {"bool"}


def test_data_types_are_made_of_kind_and_size() -> None:
    made = EmbeddedDataType.make(sdk.DataTypeType.uint, sdk.DataTypeSize(1))

    assert made is EmbeddedDataType.uint16
    with pytest.raises(ValueError, match="not a valid"):
        EmbeddedDataType.make(sdk.DataTypeType.struct, sdk.DataTypeSize(1))


def test_kinds_equal_their_strings() -> None:
    assert [str(kind) for kind in sdk.WatchableType.all()] == ["var", "rpv", "alias"]
    assert sdk.WatchableType.from_str("rpv") is sdk.WatchableType.RuntimePublishedValue
    assert sdk.ServerDatastoreContentType.VariableFactory.to_str() == "var_factory"
    with pytest.raises(ValueError, match="nothing"):
        sdk.WatchableType.from_str("nothing")


def test_endianness_by_name() -> None:
    assert sdk.Endianness.from_str("Big") is sdk.Endianness.Big
    assert sdk.Endianness.Little.to_str() == "little"
    with pytest.raises(ValueError, match="middle"):
        sdk.Endianness.from_str("middle")


def test_enumerations() -> None:
    enum = EmbeddedEnum("Mode", {"B": 1, "A": 1, "OFF": 0})
    enum.add_value("OFF", 0)
    copy = enum.copy()
    copy.add_value("NEGATIVE", -1)

    assert enum.get_first_value_name_match(1) == "A"
    assert enum.get_first_value_name_match(7) is None
    assert enum.get_value("B") == 1
    assert enum.has_value("OFF")
    assert not enum.has_signed_value()
    assert copy.has_signed_value()
    assert EmbeddedEnum.from_def(enum.get_def()) == enum
    assert len({enum, EmbeddedEnum.from_def(enum.get_def()), copy}) == 2
    with pytest.raises(IndexError):
        enum.add_value("OFF", 5)
    with pytest.raises(ValueError, match="B, A, OFF"):
        enum.get_value("ON")


def test_a_definition_without_enumeration_has_no_enumerators() -> None:
    plain = sdk.DetailedRPVWatchableConfiguration(
        watchable_type=sdk.WatchableType.RuntimePublishedValue,
        datatype=EmbeddedDataType.uint8,
        enum=None,
        server_id="1",
        server_path="/rpv/x0001",
        rpvid=1,
    )

    assert plain.name == "x0001"
    assert not plain.has_enum()
    with pytest.raises(exceptions.BadEnumError):
        plain.parse_enum_val("ON")
    with pytest.raises(TypeError):
        plain.parse_enum_val(1)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


def test_elements_of_nested_arrays_in_row_major_order() -> None:
    factory = sdk.VariableFactoryInterface(
        access_path="/global/st/mem/x",
        datatype=EmbeddedDataType.float32,
        enum=None,
        array_dims={"/global/st/mem": (1, 2), "/global/st": (2,)},
    )

    assert [path for path, _ in factory.iterate_possible_paths()] == [
        "/global/st[0]/mem[0][0]/x",
        "/global/st[0]/mem[0][1]/x",
        "/global/st[1]/mem[0][0]/x",
        "/global/st[1]/mem[0][1]/x",
    ]
    assert factory.count_possible_paths() == 4


def test_elements_behind_an_array_of_pointers() -> None:
    factory = sdk.VariableFactoryInterface(
        access_path="/static/main.cpp/*nodes/{data}",
        datatype=EmbeddedDataType.uint8,
        enum=None,
        array_dims={"/static/main.cpp/*nodes": (2,), "/static/main.cpp/*nodes/{data}": (2,)},
    )

    assert [path for path, _ in factory.iterate_possible_paths()] == [
        "/static/main.cpp/*nodes[0]/{data}[0]",
        "/static/main.cpp/*nodes[0]/{data}[1]",
        "/static/main.cpp/*nodes[1]/{data}[0]",
        "/static/main.cpp/*nodes[1]/{data}[1]",
    ]


def test_lists_are_joined() -> None:
    brief = sdk.BriefWatchableConfiguration(
        sdk.WatchableType.Variable, EmbeddedDataType.uint8, None
    )
    whole = sdk.WatchableListContentPart(var={"/a": brief})

    whole.extend(sdk.WatchableListContentPart(var={"/b": brief}, rpv={"/rpv/x0001": brief}))

    assert list(whole.var) == ["/a", "/b"]
    assert list(whole.rpv) == ["/rpv/x0001"]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ((0, 16), (15, 1), True),
        ((0, 16), (16, 1), False),
        ((8, 4), (0, 100), True),
        ((8, 0), (0, 100), False),
    ],
)
def test_regions_touch(first: tuple[int, int], second: tuple[int, int], expected: bool) -> None:
    assert sdk.MemoryRegion(*first).touches(sdk.MemoryRegion(*second)) is expected
    assert sdk.MemoryRegion(*second).touches(sdk.MemoryRegion(*first)) is expected


def test_the_end_of_a_region_belongs_to_it() -> None:
    assert sdk.MemoryRegion(0x2000, 0x100).end == 0x20FF


def test_serial_parameters_by_number_and_name() -> None:
    config = SerialLinkConfig("/dev/ttyS0", 115200, 0.5)

    assert config.stopbits is SerialLinkConfig.StopBits.ONE
    assert SerialLinkConfig.StopBits.from_float(1.5).get_numerical() == 1.5
    assert SerialLinkConfig.DataBits.from_int(7).to_int() == 7
    assert SerialLinkConfig.Parity.from_str(" EVEN ").get_displayable_name() == "Even"
    assert SerialLinkConfig.Parity.from_str("?", SerialLinkConfig.Parity.ODD).to_str() == "odd"
    with pytest.raises(ValueError, match="5, 6, 7, 8"):
        SerialLinkConfig.DataBits.from_int(9)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((1, 115200, 0.0), TypeError),
        (("/dev/ttyS0", "115200", 0.0), TypeError),
        (("/dev/ttyS0", True, 0.0), TypeError),
        (("/dev/ttyS0", 0, 0.0), ValueError),
        (("/dev/ttyS0", 9600, "1"), TypeError),
        (("/dev/ttyS0", 9600, -1.0), ValueError),
        (("/dev/ttyS0", 9600, float("nan")), ValueError),
        (("/dev/ttyS0", 9600, 0.0, 1), TypeError),
    ],
)
def test_wrong_serial_parameters(arguments: tuple[object, ...], error: type[Exception]) -> None:
    with pytest.raises(error):
        SerialLinkConfig(*arguments)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


def test_wrong_network_parameters() -> None:
    with pytest.raises(ValueError, match="65536"):
        sdk.UDPLinkConfig("host", 65536)
    with pytest.raises(TypeError):
        sdk.TCPLinkConfig(None, 1)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


def test_published_values_have_16_bit_numbers() -> None:
    with pytest.raises(ValueError, match="0 to 65535"):
        sdk.RuntimePublishedValue(0x10000, EmbeddedDataType.uint8)


def test_a_time_out_is_caught_under_both_its_names() -> None:
    assert issubclass(exceptions.RequestTimeout, exceptions.OperationFailure)
    assert issubclass(exceptions.RequestTimeout, exceptions.TimeoutException)
