"""Settings of the server: defaults, then a JSON file, then options, then flags.

Keys are written with dots, as ``api.client_interface_config.port``; the file nests objects.

Source: firmware description, section 8.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import unquote

import msgspec
import platformdirs

from scrutiny.api.versions import DEFAULT_PORT
from scrutiny.core.errors import ScrutinyError
from scrutiny.firmware_link.exchange import BITS_PER_OCTET
from scrutiny.firmware_link.transports.settings import LinkSettings, NoLink
from scrutiny.firmware_link.transports.urls import parse_link_url

from .access.settings import AccessSettings
from .access_keys import ACCESS_CONVERTERS, access_settings
from .api.link_fields import nearest, to_integer
from .api.links import link_settings_from_api
from .datalogging.storage import LARGEST_DATABASE
from .setting_values import (
    integer_within,
    is_writable,
    one_of,
    to_boolean,
    to_duration,
    to_nothing,
    to_path,
    to_text,
)

# Few large answers use a line better than many small ones, but a write has to wait for the one
# that is on its way: they may be as large as usual, or as take no longer than this.
USUAL_RESPONSE_SIZE: Final = 1024
LONGEST_RESPONSE_S: Final = 0.015


class SettingsError(ScrutinyError):
    """The server cannot be started like this; the text says which key, and what it takes."""


def _runtime_folder() -> Path:
    # Not the user's runtime folder, which cannot be relied on: containers and services have none.
    return platformdirs.user_state_path("scrutiny")


def _cache_folder() -> Path:
    return platformdirs.user_cache_path("scrutiny")


class DeviceSettings(msgspec.Struct, frozen=True):
    """How the device is talked to.

    Attributes:
        link: the channel.
        response_timeout_s: how long an answer may take.
        retries: how often a request is sent again.
        heartbeat_timeout_s: until the device has told its own.
        max_request_size: octets of payload; a smaller limit of the device wins.
        max_response_size: likewise; None for what suits the line, see `response_limit`.
        max_bitrate_bps: 0 for no limit; a smaller limit of the device wins.
        default_address_size: in bits, until the device has told its own.
        portable_links: read ports by threads, and the network by what Windows has for it, also
            where the loop can watch them; for tests, and for drivers that cannot be watched.
        runtime_folder: where to keep what the next start has to know.
    """

    link: LinkSettings = msgspec.field(default_factory=NoLink)
    response_timeout_s: float = 1.0
    retries: int = 2
    heartbeat_timeout_s: float = 4.0
    max_request_size: int = 1024
    max_response_size: int | None = None
    max_bitrate_bps: int = 0
    default_address_size: int = 32
    portable_links: bool = False
    runtime_folder: Path = msgspec.field(default_factory=_runtime_folder)

    def response_limit(self, line_bps: int | None, device_limit_bps: int = 0) -> int:
        """Return how many octets of payload an answer may have.

        Args:
            line_bps: bits per second of the line; None where nobody knows.
            device_limit_bps: what the device allows of it; 0 for all.
        """
        if self.max_response_size is not None:
            return self.max_response_size
        if line_bps is None or self.max_bitrate_bps or device_limit_bps:
            return USUAL_RESPONSE_SIZE
        return max(USUAL_RESPONSE_SIZE, int(line_bps * LONGEST_RESPONSE_S / BITS_PER_OCTET))


class ServerSettings(msgspec.Struct, frozen=True):
    """All settings of a server.

    Attributes:
        name: shown in logs.
        host: where clients are served; ``localhost`` is both loopback addresses.
        port: 0 lets the system choose.
        tcp_port: where clients of the original are served on the same host; 0 lets the system
            choose, None: nowhere.
        autoload_sfd: load the firmware's description when a device is ready.
        data_folder: where descriptions are installed; None: the folder of the user's account.
        cache_folder: where they are kept in the form that is looked up.
        max_database_size: of stored recordings, in octets; beyond, nothing more is recorded.
        access: who may connect, and what they may do.
        device: how the device is talked to.
    """

    name: str = "Scrutiny Bridge"
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    tcp_port: int | None = None
    autoload_sfd: bool = True
    data_folder: Path | None = None
    cache_folder: Path = msgspec.field(default_factory=_cache_folder)
    max_database_size: int = LARGEST_DATABASE
    access: AccessSettings = msgspec.field(default_factory=AccessSettings)
    device: DeviceSettings = msgspec.field(default_factory=DeviceSettings)


_LINK_TYPE: Final = "device.link_type"
_LINK_CONFIG: Final = "device.link_config"
_HOST: Final = "api.client_interface_config.host"
_PORT: Final = "api.client_interface_config.port"
_TCP_PORT: Final = "api.tcp_port"
_DATABASE_MIB: Final = "datalogging.max_database_mib"
_DATA_FOLDER: Final = "data_folder"


def load_settings(
    *,
    config: Path | None = None,
    options: Iterable[str] = (),
    host: str | None = None,
    port: int | None = None,
    tcp_port: int | None = None,
    link: str | None = None,
    data_folder: Path | None = None,
    flags: Mapping[str, object] | None = None,
) -> ServerSettings:
    """Put the settings together.

    Args:
        config: JSON file.
        options: ``key=value`` each.
        host: replaces the one of file and options, as do those that follow.
        port: 0 to 65535.
        tcp_port: likewise.
        link: text form of a link, as ``udp://192.168.1.20:12345``.
        data_folder: where descriptions are installed.
        flags: keys and values of other options of the command line.

    Raises:
        SettingsError: the file cannot be read, a key is unknown, or a value does not fit it.
    """
    values = _Values()
    if config is not None:
        values.merge(_read_file(config), f"config file {config}")
    values.merge(_read_options(options), "--options")
    if host is not None:
        values.merge({_HOST: host}, "--host")
    if port is not None:
        values.merge({_PORT: port}, "--port")
    if tcp_port is not None:
        values.merge({_TCP_PORT: tcp_port}, "--tcp-port")
    if data_folder is not None:
        values.merge({_DATA_FOLDER: str(data_folder)}, "--data-folder")
    values.merge(flags or {}, "the command line")
    if link is not None:
        values.replace_link(link)
    return values.settings()


class _Values:
    """Converted values by key, the latest wins."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}
        self._link_type: str | None = None
        self._link_config: dict[str, object] = {}
        self._link_source = ""
        self._link_of_url: LinkSettings | None = None

    def merge(self, values: Mapping[str, object], source: str) -> None:
        link_config: dict[str, object] = {}
        for key, value in values.items():
            group, _, name = key.rpartition(".")
            if group == _LINK_CONFIG:
                link_config[name] = value
                continue
            convert = _CONVERTERS.get(key)
            if convert is None:
                raise SettingsError(f"{source}: {_why_unknown(key, value)}")
            try:
                self._values[key] = convert(value)
            except ValueError as error:
                raise SettingsError(f"{source}: {key} {error}") from None
        self._merge_link(values.get(_LINK_TYPE), link_config, source)

    def _merge_link(self, link_type: object, config: Mapping[str, object], source: str) -> None:
        """Fields of a link add up, but do not outlive a change to another type."""
        if link_type is not None and link_type != self._link_type:
            self._link_type = str(link_type)
            self._link_config = {}
        self._link_config.update(config)
        if link_type is not None or config:
            self._link_source = source

    def replace_link(self, url: str) -> None:
        """Use the link of `--link`, whatever was said before."""
        if not is_writable(unquote(url)):
            raise SettingsError(f"--link: {url!r} is not a text")
        try:
            self._link_of_url = parse_link_url(url)
        except ValueError as error:
            raise SettingsError(f"--link: {error}") from None

    def settings(self) -> ServerSettings:
        get = self._values.get
        server, device = ServerSettings(), DeviceSettings()
        return ServerSettings(
            name=get("name", server.name),
            host=get(_HOST, server.host),
            port=get(_PORT, server.port),
            tcp_port=get(_TCP_PORT, server.tcp_port),
            autoload_sfd=get("autoload_sfd", server.autoload_sfd),
            data_folder=get(_DATA_FOLDER, server.data_folder),
            max_database_size=get(_DATABASE_MIB, server.max_database_size >> 20) << 20,
            access=access_settings(self._values),
            device=DeviceSettings(
                link=self._link(),
                response_timeout_s=get("device.response_timeout", device.response_timeout_s),
                retries=get("device.retries", device.retries),
                heartbeat_timeout_s=get("device.heartbeat_timeout", device.heartbeat_timeout_s),
                max_request_size=get("device.max_request_size", device.max_request_size),
                max_response_size=get("device.max_response_size", device.max_response_size),
                max_bitrate_bps=get("device.max_bitrate_bps", device.max_bitrate_bps),
                default_address_size=get(
                    "device.default_address_size", device.default_address_size
                ),
                portable_links=get("device.portable_links", device.portable_links),
            ),
        )

    def _link(self) -> LinkSettings:
        if self._link_of_url is not None:
            return self._link_of_url
        if self._link_type is None and self._link_config:
            raise SettingsError(
                f"{self._link_source}: {_LINK_CONFIG}.{next(iter(self._link_config))} belongs to "
                f"no link; set {_LINK_TYPE} too, as {_LINK_TYPE}=udp"
            )
        for name, value in self._link_config.items():
            if isinstance(value, str) and not is_writable(value):
                raise SettingsError(
                    f"{self._link_source}: {name} of the link is {value!r}, not a text"
                )
        try:
            return link_settings_from_api(self._link_type or "none", self._link_config)
        except ValueError as error:
            raise SettingsError(f"{self._link_source}: {error}") from None


def _read_file(path: Path) -> dict[str, object]:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SettingsError(
            f"cannot read the config file {path}: {error.strerror}; check --config"
        ) from error
    except json.JSONDecodeError as error:
        raise SettingsError(
            f"config file {path}, line {error.lineno}, column {error.colno}: {error.msg}"
        ) from None
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"config file {path} is no JSON text: {error}") from None
    if not isinstance(content, dict):
        raise SettingsError(f'config file {path}: an object is due, as {{"device": {{}}}}')
    return dict(_flattened(cast("dict[str, Any]", content), ""))


def _flattened(content: dict[str, Any], prefix: str) -> Iterable[tuple[str, object]]:
    for name, value in content.items():
        key = prefix + name
        if isinstance(value, dict) and prefix != f"{_LINK_CONFIG}.":
            yield from _flattened(cast("dict[str, Any]", value), f"{key}.")
        else:
            yield key, value


def _read_options(options: Iterable[str]) -> dict[str, object]:
    values: dict[str, object] = {}
    for option in options:
        key, separator, value = option.partition("=")
        if not separator or not key.strip():
            raise SettingsError(f"--options: {option!r} is not key=value, as name=bench")
        values[key.strip()] = value.strip()
    return values


def _why_unknown(key: str, value: object) -> str:
    if any(known.startswith(f"{key}.") for known in _CONVERTERS):
        return f"{key} is {value!r}, an object is due"
    return f"unknown key {key or repr(key)}{nearest(key, _CONVERTERS)}"


def _interface_type(value: object) -> str:
    if value == "tcp":
        raise ValueError("tcp is no type here: use websocket, and set api.tcp_port")
    return str(one_of(to_text, "websocket")(value))


# What a device may have: device protocol, section 1.
_PAYLOAD_SIZE: Final = integer_within(32, 65519)

_CONVERTERS: Final[dict[str, Callable[[object], Any]]] = {
    **ACCESS_CONVERTERS,
    "name": to_text,
    "autoload_sfd": to_boolean,
    "debug": to_boolean,
    _DATA_FOLDER: to_path,
    _DATABASE_MIB: integer_within(1, 1 << 30),
    "api.client_interface_type": _interface_type,
    _HOST: to_text,
    _PORT: integer_within(0, 65535),
    _TCP_PORT: integer_within(0, 65535),
    "device.response_timeout": to_duration,
    "device.retries": integer_within(0, 10),
    "device.heartbeat_timeout": to_duration,
    "device.default_address_size": one_of(to_integer, 8, 16, 32, 64),
    "device.default_protocol_version": one_of(to_text, "1.0"),
    "device.portable_links": to_boolean,
    "device.max_request_size": _PAYLOAD_SIZE,
    "device.max_response_size": _PAYLOAD_SIZE,
    "device.max_bitrate_bps": integer_within(0, 1 << 40),
    _LINK_TYPE: to_text,
    _LINK_CONFIG: to_nothing,
}
