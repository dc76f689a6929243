"""Octet links to a device: serial ports, UDP, TCP, and simulated devices in this process."""

from __future__ import annotations

from .base import OnBytes, OnLost, Transport
from .can_settings import CanSettings
from .memory import (
    Endpoint,
    EndpointFactory,
    MemoryTransport,
    drop_links,
    register_endpoint,
    unregister_endpoint,
)
from .open import open_transport
from .settings import (
    LinkSettings,
    MemorySettings,
    NoLink,
    RttServerSettings,
    RttSettings,
    SerialSettings,
    TcpSettings,
    UdpSettings,
)
from .urls import link_url, parse_link_url

__all__ = [
    "CanSettings",
    "Endpoint",
    "EndpointFactory",
    "LinkSettings",
    "MemorySettings",
    "MemoryTransport",
    "NoLink",
    "OnBytes",
    "OnLost",
    "RttServerSettings",
    "RttSettings",
    "SerialSettings",
    "TcpSettings",
    "Transport",
    "UdpSettings",
    "drop_links",
    "link_url",
    "open_transport",
    "parse_link_url",
    "register_endpoint",
    "unregister_endpoint",
]
