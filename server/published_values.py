"""The published values of a device that can be offered to clients."""

from __future__ import annotations

import logging

from scrutiny.core.watchables import PublishedValue
from scrutiny.firmware_link.profile import DeviceProfile

logger = logging.getLogger(__name__)


def readable_values(profile: DeviceProfile) -> list[PublishedValue]:
    """Return those whose type can be decoded, and log that the others are left out."""
    values = [PublishedValue(rpv.id, rpv.type) for rpv in profile.rpvs if rpv.type.is_readable]
    left_out = [rpv for rpv in profile.rpvs if not rpv.type.is_readable]
    if left_out:
        first = PublishedValue(left_out[0].id, left_out[0].type)
        logger.warning(
            "%d published values are left out, their types cannot be read; the first is %s, %s",
            len(left_out),
            first.path,
            first.data_type.api_name,
        )
    return values
