from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from scrutiny.firmware_link.transports.can_settings import CanSettings
from scrutiny.firmware_link.transports.settings import (
    LinkSettings,
    NoLink,
    RttServerSettings,
    RttSettings,
    SerialSettings,
    UdpSettings,
)
from scrutiny.server.settings import (
    DeviceSettings,
    ServerSettings,
    SettingsError,
    load_settings,
)

UDP = {"device": {"link_type": "udp", "link_config": {"host": "10.0.0.7", "port": 12345}}}


def config_file(folder: Path, content: Any) -> Path:
    path = folder / "config.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_defaults() -> None:
    settings = load_settings()

    assert settings == ServerSettings()
    assert (settings.host, settings.port) == ("127.0.0.1", 8765)
    assert settings.device.link == NoLink()
    assert settings.device.response_timeout_s == 1.0
    assert settings.autoload_sfd
    assert settings.data_folder is None  # that of the user's account


def test_a_file_with_all_keys(tmp_path: Path) -> None:
    content = {
        "name": "bench",
        "autoload_sfd": False,
        "debug": False,
        "api": {
            "client_interface_type": "websocket",
            "client_interface_config": {"host": "0.0.0.0", "port": 9000},
        },
        "device": {
            "response_timeout": 0.5,
            "retries": 0,
            "heartbeat_timeout": 5,
            "default_address_size": 16,
            "default_protocol_version": "1.0",
            "max_request_size": 128,
            "max_response_size": 256,
            "max_bitrate_bps": 100000,
            "portable_links": True,
            "link_type": "serial",
            "link_config": {"portname": "COM3", "baudrate": 9600},
        },
    }

    settings = load_settings(config=config_file(tmp_path, content))

    device = settings.device
    assert (settings.name, settings.host, settings.port) == ("bench", "0.0.0.0", 9000)
    assert not settings.autoload_sfd
    assert (device.response_timeout_s, device.heartbeat_timeout_s) == (0.5, 5)
    assert device.retries == 0
    assert device.portable_links
    assert (device.max_request_size, device.max_response_size) == (128, 256)
    assert (device.default_address_size, device.max_bitrate_bps) == (16, 100000)
    assert device.link == SerialSettings("COM3", 9600)


@pytest.mark.parametrize(
    ("url", "fields", "link"),
    [
        (
            "rtt:nRF52840_xxAA?channel=1",
            {"target_device": "nRF52840_xxAA", "buffer_index": 1},
            RttSettings("nRF52840_xxAA", channel=1),
        ),
        (
            "rtt://localhost:19021?channel=1",
            {"target_device": "rtt://localhost:19021", "buffer_index": 1},
            RttServerSettings("localhost", 19021, 1),
        ),
        (
            "can:kvaser:0?txid=0x100&rxid=0x101&fd=1&bitrate=500000&data_bitrate=2000000",
            {
                "interface": "kvaser",
                "txid": 0x100,
                "rxid": 0x101,
                "extended_id": False,
                "fd": True,
                "bitrate_switch": False,
                "subconfig": {
                    "channel": 0,
                    "bitrate": 500_000,
                    "data_bitrate": 2_000_000,
                    "fd_non_iso": False,
                },
            },
            CanSettings(
                "kvaser", 0, 0x100, 0x101, fd=True, bitrate=500_000, data_bitrate=2_000_000
            ),
        ),
    ],
)
def test_links_by_probe_and_bus_in_a_file_and_as_url(
    tmp_path: Path, url: str, fields: dict[str, object], link: LinkSettings
) -> None:
    link_type = "canbus" if isinstance(link, CanSettings) else "rtt"
    content = {"device": {"link_type": link_type, "link_config": fields}}

    assert load_settings(config=config_file(tmp_path, content)).device.link == link
    assert load_settings(link=url).device.link == link


def test_options_are_converted_by_the_type_of_their_key() -> None:
    settings = load_settings(
        options=[
            "autoload_sfd=false",
            "api.client_interface_config.port=9001",
            "device.response_timeout=0.25",
            "device.max_request_size=64",
            "device.link_type=udp",
            "device.link_config.host=board",
            "device.link_config.port=77",
        ]
    )

    assert settings.autoload_sfd is False
    assert settings.port == 9001
    assert settings.device.response_timeout_s == 0.25
    assert settings.device.max_request_size == 64
    assert settings.device.link == UdpSettings("board", 77)


def test_each_source_replaces_the_one_before(tmp_path: Path) -> None:
    content = {"api": {"client_interface_config": {"host": "a", "port": 1}}, "name": "file"}
    config = config_file(tmp_path, content)
    options = ["api.client_interface_config.host=b", "api.client_interface_config.port=2"]

    assert load_settings(config=config).port == 1
    assert load_settings(config=config, options=options).port == 2
    flags = load_settings(config=config, options=options, host="c", port=3)
    assert (flags.host, flags.port, flags.name) == ("c", 3, "file")


def test_an_option_changes_one_field_of_a_link(tmp_path: Path) -> None:
    settings = load_settings(
        config=config_file(tmp_path, UDP), options=["device.link_config.port=9"]
    )

    assert settings.device.link == UdpSettings("10.0.0.7", 9)


def test_fields_of_a_link_do_not_outlive_a_change_of_its_type(tmp_path: Path) -> None:
    config = config_file(tmp_path, UDP)
    options = [
        "device.link_type=serial",
        "device.link_config.portname=COM3",
        "device.link_config.baudrate=9600",
    ]

    assert load_settings(config=config, options=options).device.link == SerialSettings("COM3", 9600)
    assert load_settings(config=config, link="udp://b:2").device.link == UdpSettings("b", 2)
    assert load_settings(config=config, link="none").device.link == NoLink()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{\n\n  oops", "line 3, column 3"),
        ("[1]", "an object is due"),
        ("", "line 1"),
        ({"nam": "x"}, r"unknown key nam; did you mean name\?"),
        ({"device": {"respons_timeout": 1}}, r"did you mean device.response_timeout\?"),
        ({"device": 5}, "device is 5, an object is due"),
        ({"api": {"client_interface_config": [1]}}, "client_interface_config is .1., an object"),
        ({"": 5}, "unknown key ''"),
        ({"device": {"link_type": "dummy", "link_config": {"name": "\ud800"}}}, "not a text"),
        ({"device": {"link_config": {"host": "a"}}}, "set device.link_type too"),
        ({"device": {"retries": 11}}, "not within 0 to 10"),
        ({"api": {"client_interface_config": {"host": "a\0b"}}}, "not a text"),
        ({"device": {"link_config": 5}}, "device.link_config is 5, an object is due"),
        ({"name": 5}, "name is 5, not a text"),
        ({"autoload_sfd": "perhaps"}, "neither true nor false"),
        ({"autoload_sfd": 1}, "neither true nor false"),
        ({"api": {"client_interface_type": "tcp"}}, "set api.tcp_port"),
        ({"api": {"client_interface_type": "smoke"}}, "not one of websocket"),
        ({"api": {"client_interface_config": {"port": 70000}}}, "not within 0 to 65535"),
        ({"device": {"response_timeout": 0}}, "above 0"),
        ({"device": {"response_timeout": "fast"}}, "'fast', not a number"),
        ({"device": {"response_timeout": True}}, "not a number"),
        ({"device": {"max_request_size": 31}}, "not within 32 to 65519"),
        ({"device": {"max_request_size": 64.5}}, "not a whole number"),
        ({"device": {"max_bitrate_bps": -1}}, "not within"),
        ({"device": {"default_address_size": 24}}, "not one of 8, 16, 32, 64"),
        ({"device": {"default_protocol_version": "2.0"}}, "not one of 1.0"),
        ({"device": {"link_type": "usb"}}, "unknown link type"),
        ({"device": {"link_type": "udp"}}, "needs the field host"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(tmp_path: Path, content: Any, reason: str) -> None:
    path = config_file(tmp_path, content)

    with pytest.raises(SettingsError, match=reason) as error:
        load_settings(config=path)

    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["name"], "'name' is not key=value"),
        (["=1"], "'=1' is not key=value"),
        (["device.link_config.host=x"], "device.link_config.host belongs to no link; set device"),
        (["device.link_typ=udp"], r"did you mean device.link_type\?"),
        (["device.link_type=udp", "device.link_config.hots=a"], r"did you mean host\?"),
        (["autoload_sfd=maybe"], "--options: autoload_sfd is 'maybe'"),
        (["name="], "not a text"),
    ],
)
def test_what_is_wrong_in_options_is_named(options: list[str], reason: str) -> None:
    with pytest.raises(SettingsError, match=reason):
        load_settings(options=options)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"cannot read the config file .*check --config"):
        load_settings(config=tmp_path / "none.json")


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(SettingsError, match="no JSON text"):
        load_settings(config=path)


def test_a_link_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(SettingsError, match="--link: "):
        load_settings(link="udp:nowhere")


def test_flags_are_checked_like_keys() -> None:
    with pytest.raises(SettingsError, match=r"--port: .* is 70000"):
        load_settings(port=70000)


def test_the_data_folder_comes_from_file_option_or_flag(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    config = config_file(tmp_path, {"data_folder": "~/here"})

    assert load_settings(config=config).data_folder == tmp_path / "here"
    options = ["data_folder=/elsewhere"]
    assert load_settings(config=config, options=options).data_folder == Path("/elsewhere")
    flag = Path("flagged")
    assert load_settings(config=config, options=options, data_folder=flag).data_folder == flag


@pytest.mark.parametrize("folder", ["", 5, None, "a\0b", "~nobody-of-this-name/x"])
def test_a_data_folder_that_is_none_is_refused(tmp_path: Path, folder: object) -> None:
    with pytest.raises(SettingsError, match="data_folder is"):
        load_settings(config=config_file(tmp_path, {"data_folder": folder}))


def test_the_cache_is_in_the_cache_folder_of_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    if sys.platform == "linux":
        assert ServerSettings().cache_folder == tmp_path / "scrutiny"
    assert ServerSettings().cache_folder.name == "scrutiny"


def test_tcp_port_is_off_unless_asked_for() -> None:
    assert load_settings().tcp_port is None
    assert load_settings(options=["api.tcp_port=9000"]).tcp_port == 9000
    assert load_settings(options=["api.tcp_port=9000"], tcp_port=0).tcp_port == 0
    with pytest.raises(SettingsError, match=r"--tcp-port: .* is 70000"):
        load_settings(tcp_port=70000)


@pytest.mark.parametrize(
    ("settings", "line_bps", "device_limit_bps", "limit"),
    [
        (DeviceSettings(), None, 0, 1024),  # nobody knows how fast it is
        (DeviceSettings(), 9600, 0, 1024),
        (DeviceSettings(), 2_000_000, 0, 3000),
        (DeviceSettings(), 2_000_000, 1_000_000, 1024),
        (DeviceSettings(max_bitrate_bps=1_000_000), 2_000_000, 0, 1024),
        (DeviceSettings(max_response_size=100), 2_000_000, 0, 100),
        (DeviceSettings(max_response_size=5000), 9600, 0, 5000),
    ],
)
def test_answers_are_as_large_as_the_line_is_fast(
    settings: DeviceSettings, line_bps: int | None, device_limit_bps: int, limit: int
) -> None:
    assert settings.response_limit(line_bps, device_limit_bps) == limit
