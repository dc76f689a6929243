"""What several of these tests start from."""

from __future__ import annotations

from pathlib import Path

import pytest

from scrutiny.firmware_link.transports.settings import MemorySettings
from scrutiny.server.access.settings import AccessSettings
from scrutiny.server.settings import DeviceSettings, ServerSettings


@pytest.fixture
def settings(tmp_path: Path) -> ServerSettings:
    """Of a server with a simulated device, and folders of its own."""
    return ServerSettings(
        port=0,
        data_folder=tmp_path / "data",
        cache_folder=tmp_path / "cache",
        access=AccessSettings(memory_write=True),
        device=DeviceSettings(link=MemorySettings(), runtime_folder=tmp_path),
    )
