"""Messages become the data classes of the SDK, and strange ones cost only themselves."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import UNSET, UnsetType

from scrutiny import sdk
from scrutiny.api import messages as api
from scrutiny.sdk import _from_api, exceptions
from scrutiny.sdk._link_messages import link_message
from tests.unit.sdk.link_samples import CAN_CONFIGS, RTT_CONFIGS


def status_of_link(link_type: str, config: dict[str, Any]) -> sdk.DeviceLinkInfo:
    message = api.ServerStatus(
        device_status="of the future",
        device_session_id="s",
        loaded_sfd_firmware_id=None,
        datalogging_status=api.DataloggingStatus("of the future"),
        device_comm_link=api.LinkStatus(link_type, True, False, config, "cable unplugged"),
    )
    info = _from_api.server_info(message)
    assert info.device_comm_state is sdk.DeviceCommState.NA
    assert info.device_session_id is None
    assert info.datalogging.state is sdk.DataloggingState.NA
    assert info.device_link.failure_reason == "cable unplugged"
    return info.device_link


CONFIGS: list[tuple[sdk.DeviceLinkType, sdk.BaseLinkConfig]] = [
    (sdk.DeviceLinkType.NONE, sdk.NoneLinkConfig()),
    (sdk.DeviceLinkType.UDP, sdk.UDPLinkConfig("1.2.3.4", 5)),
    (sdk.DeviceLinkType.TCP, sdk.TCPLinkConfig("host", 65535)),
    (sdk.DeviceLinkType.Serial, sdk.SerialLinkConfig("COM3", 9600, 0)),
    (
        sdk.DeviceLinkType.Serial,
        sdk.SerialLinkConfig(
            "COM3",
            9600,
            1.5,
            sdk.SerialLinkConfig.StopBits.ONE_POINT_FIVE,
            sdk.SerialLinkConfig.DataBits.SEVEN,
            sdk.SerialLinkConfig.Parity.MARK,
        ),
    ),
    *((sdk.DeviceLinkType.RTT, config) for config in RTT_CONFIGS),
    *((sdk.DeviceLinkType.CAN, config) for config in CAN_CONFIGS),
]


@pytest.mark.parametrize(("link_type", "config"), CONFIGS)
def test_link_parameters_survive_both_ways(
    link_type: sdk.DeviceLinkType, config: sdk.BaseLinkConfig
) -> None:
    command = link_message(link_type, config)

    link = status_of_link(command.link_type, command.link_config)

    assert (link.type, link.config) == (link_type, config)


@pytest.mark.parametrize(
    ("link_type", "config"),
    [
        ("udp", {}),
        ("udp", {"host": "h", "port": 70000}),
        ("udp", {"host": "h", "port": None}),
        ("serial", {"portname": "COM3", "baudrate": 9600, "parity": "sometimes"}),
        ("serial", {"portname": "COM3", "baudrate": 9600, "stopbits": "many"}),
        ("serial", {"portname": "COM3", "baudrate": 9600, "parity": 5}),
        ("canbus", {"interface": "socketcan"}),
        ("canbus", {"interface": "pigeon", "subconfig": {}}),
        ("rtt", {"target_device": "nRF52", "jlink_interface": "wifi"}),
        ("pigeon", {}),
    ],
)
def test_link_parameters_that_are_not_understood_are_none(
    link_type: str, config: dict[str, Any]
) -> None:
    assert status_of_link(link_type, config).config is None


def test_serial_parameters_in_words() -> None:
    fields = {"portname": "COM3", "baudrate": 9600, "stopbits": "two", "parity": "EVEN"}

    config = status_of_link("serial", fields).config

    assert isinstance(config, sdk.SerialLinkConfig)
    assert config.stopbits is sdk.SerialLinkConfig.StopBits.TWO
    assert config.parity is sdk.SerialLinkConfig.Parity.EVEN


def test_the_offset_of_an_alias_is_called_bias_on_the_wire() -> None:
    message = api.DetailedWatchable(
        "/alias/temp",
        "alias",
        "2c",
        "uint16",
        api.Enumeration("E", {"A": 1}),
        target="/rpv/x0001",
        target_type="rpv",
        gain=0.1,
        bias=-40.0,
        min=None,
    )

    definition = _from_api.detailed_watchable(message)

    assert isinstance(definition, sdk.DetailedAliasWatchableConfiguration)
    assert definition.offset == -40.0
    assert (definition.min, definition.max) == (None, None)
    assert definition.target_type is sdk.WatchableType.RuntimePublishedValue
    assert definition.enum == sdk.EmbeddedEnum("E", {"A": 1})


@pytest.mark.parametrize(
    ("bias", "offset", "expected"),
    [
        (1.5, 1.5, 1.5),
        (UNSET, 2.5, 2.5),
        (None, UNSET, None),
        (0.0, 3.5, 0.0),
        (UNSET, UNSET, None),
    ],
)
def test_the_offset_of_an_alias_may_have_both_names(
    bias: float | UnsetType | None, offset: float | UnsetType | None, expected: float | None
) -> None:
    message = api.DetailedWatchable(
        "/alias/temp", "alias", "2c", "uint16", bias=bias, offset=offset
    )
    message.target, message.target_type = "/var/t", "var"

    definition = _from_api.detailed_watchable(message)

    assert isinstance(definition, sdk.DetailedAliasWatchableConfiguration)
    assert definition.offset == expected


def test_bit_fields_of_variables() -> None:
    message = api.DetailedWatchable("/a", "var", "1", "uint8", address=4, bitoffset=2, bitsize=3)

    definition = _from_api.detailed_watchable(message)

    assert isinstance(definition, sdk.DetailedVarWatchableConfiguration)
    assert (definition.address, definition.bitoffset, definition.bitsize) == (4, 2, 3)


@pytest.mark.parametrize(
    "message",
    [
        api.DetailedWatchable("/a", "alias", "1", "uint8"),
        api.DetailedWatchable("/rpv/x0001", "rpv", "1", "uint8"),
        api.DetailedWatchable("/a", "var", "1", "decimal64"),
    ],
)
def test_definitions_that_make_no_sense(message: api.DetailedWatchable) -> None:
    with pytest.raises(exceptions.BadResponseError):
        _from_api.detailed_watchable(message)


def test_a_list_with_arrays() -> None:
    nodes = {"/global/st": [2], "/global/st/mem": [4, 3]}
    array = api.VariableFactory("/global/st/mem/x", "float32", {"array_nodes": nodes})
    groups = api.WatchableGroups(
        var=[api.BriefWatchable("/a", "bool8")],
        alias=[],
        rpv=[api.BriefWatchable("/rpv/x0001", "ptr32")],
        var_factory=[array],
    )

    part = _from_api.list_part(
        api.WatchableListReply(done=True, qty=api.WatchableCounts(), content=groups)
    )

    assert part.var["/a"].datatype is sdk.EmbeddedDataType.bool8
    assert part.rpv["/rpv/x0001"].watchable_type is sdk.WatchableType.RuntimePublishedValue
    assert part.var_factory["/global/st/mem/x"].count_possible_paths() == 24

    for nonsense in ([1], {"/global/st": ["two"]}, {"/global/s": [2]}, {"/other": [2]}):
        array.factory_params = {"array_nodes": nonsense}
        with pytest.raises(exceptions.BadResponseError, match="dimensions"):
            _from_api.list_part(
                api.WatchableListReply(done=True, qty=api.WatchableCounts(), content=groups)
            )


def test_a_device_with_a_datalogger() -> None:
    rates = [
        api.SamplingRate(0, "1KHz", "fixed_freq", 1000.0),
        api.SamplingRate(1, "idle", "variable_freq", None),
    ]
    message = api.DeviceDescription(
        session_id="s",
        device_id="d",
        display_name="Pump",
        max_tx_data_size=256,
        max_rx_data_size=128,
        max_bitrate_bps=None,
        rx_timeout_us=50000,
        heartbeat_timeout_us=5000000,
        address_size_bits=32,
        protocol_major=1,
        protocol_minor=0,
        char_bit=16,
        supported_feature_map=api.SupportedFeatures(True, True, False, True),
        forbidden_memory_regions=[api.MemoryRegion(8192, 8447, 256)],
        readonly_memory_regions=[],
        datalogging_capabilities=api.DataloggingCapabilities("raw", 4096, 32, rates),
    )

    info = _from_api.device_info(message)

    assert info.heartbeat_timeout == 5.0
    assert info.char_bit == 16
    assert info.forbidden_memory_regions == [sdk.MemoryRegion(8192, 256)]
    assert info.supported_features == sdk.SupportedFeatureMap(True, True, False, True)
    assert info.datalogging_capabilities is not None
    assert info.datalogging_capabilities.sampling_rates == [
        sdk.FixedFreqSamplingRate(0, "1KHz", 1000.0),
        sdk.VariableFreqSamplingRate(1, "idle"),
    ]
