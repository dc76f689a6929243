"""The profile of a device, and which memory its regions cover."""

from __future__ import annotations

import pytest

from scrutiny.firmware_link.codes import FeatureBits
from scrutiny.firmware_link.messages import AddressFormat
from scrutiny.firmware_link.profile import DeviceProfile, MemoryRegion

REGION = MemoryRegion(0x100, 0x1FF)


def make_profile(display_name: str = "RefDevice", char_bit: int = 8) -> DeviceProfile:
    return DeviceProfile(
        protocol=(1, 0),
        firmware_id=bytes(16),
        display_name=display_name,
        session_id=0,
        max_rx_payload=128,
        max_tx_payload=256,
        max_bitrate_bps=0,
        heartbeat_timeout_us=5_000_000,
        rx_timeout_us=50_000,
        address_size=2,
        char_bit=char_bit,
        features=FeatureBits.MEMORY_WRITE | FeatureBits.DATALOGGING,
    )


@pytest.mark.parametrize(
    ("start", "size", "touches"),
    [
        (0x0F0, 0x10, False),
        (0x0F0, 0x11, True),
        (0x100, 1, True),
        (0x1FF, 1, True),
        (0x200, 1, False),
        (0x000, 0x1000, True),
        (0x150, 0, True),
        (0x0FF, 0, False),
        (0x100, 0, True),
        (0x1FF, 0, True),
        (0x200, 0, False),
    ],
)
def test_a_region_includes_both_ends(start: int, size: int, touches: bool) -> None:
    assert REGION.touches(start, size) is touches


def test_a_device_without_name_is_anonymous() -> None:
    assert make_profile("").display_name == "Anonymous"
    assert make_profile("Pump").display_name == "Pump"


def test_the_address_format_is_the_devices() -> None:
    assert make_profile(char_bit=16).address_format == AddressFormat(2, 16)


def test_a_bare_device_has_no_regions_loops_values_or_datalogger() -> None:
    profile = make_profile()

    assert profile.forbidden_regions == profile.readonly_regions == ()
    assert profile.rpvs == ()
    assert profile.loops == ()
    assert profile.datalog_setup is None
