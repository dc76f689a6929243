"""Why a recording failed, in the user's terms. Source: device protocol, section 11."""

from __future__ import annotations

from typing import Final

from .codes import ResponseCode
from .errors import DeviceRefused, LinkError, RecordingFailed
from .messages import AcquisitionMetadata, BitFieldOperand, Configure, MemorySignal, RpvSignal
from .profile import DeviceProfile

_TIME_SIZE: Final = 4  # octets in an entry

# What the stock library takes of a bit field, whatever the type.
_STOCK_BIT_COUNT: Final = 8

NO_DATALOGGER: Final = (
    "the firmware has no datalogger: it was built without, or without a buffer for it"
)
ANOTHER_FIRMWARE: Final = "another firmware is connected than the one that was recording"
LOOP_STANDS_STILL: Final = (
    "the datalogger does not get going: its loop does not run. Choose a loop that the firmware "
    "runs all the time, or look why it stands still"
)
DISARMED: Final = (
    "the datalogger was disarmed by another tool before the trigger. Let only one tool use it, "
    "and record again"
)
WAS_RESET: Final = (
    "the datalogger has lost its configuration: the device has restarted, or another tool has "
    "reset it. Record again"
)
ENGINE_ERROR: Final = (
    "the datalogger of the firmware reports an error and stopped: it cannot record these signals. "
    "Record fewer or smaller ones"
)
EMPTY: Final = (
    "nothing was recorded: the time-out ended the acquisition before its first sample. "
    "Choose a longer time-out or a smaller decimation"
)


class NotThere(RecordingFailed):
    """The device said that the acquisition is complete, and does not have it."""


class Unanswered(RecordingFailed):
    """The device is there, and gives no answers to this."""


def entry_size(configuration: Configure, profile: DeviceProfile) -> int | None:
    """Return the size of one entry in the target's bytes, None if only the device knows it.

    How a published value lies in memory whose bytes have 16 bits is not laid down.
    """
    octets_per_byte = profile.char_bit // 8
    rpv_sizes = {rpv.id: rpv.type.size for rpv in profile.rpvs}
    total = 0
    for signal in configuration.signals:
        match signal:
            case MemorySignal():
                total += signal.size
            case RpvSignal():
                size = rpv_sizes.get(signal.rpv_id)
                if not size or octets_per_byte != 1:
                    return None
                total += size
            case _:
                total += _TIME_SIZE // octets_per_byte
    return total


def configuration_too_large(size: int, max_rx_payload: int) -> RecordingFailed:
    return RecordingFailed(
        f"the configuration takes {size} octets, the firmware receives {max_rx_payload} at most. "
        "Record fewer signals, or enlarge the receive buffer of the firmware"
    )


def frame_too_large(size: int, max_rx_payload: int) -> RecordingFailed:
    return RecordingFailed(
        f"the device does not answer the configuration: its frame has {size} octets, and a device "
        f"that can take {max_rx_payload} may count the whole frame. Record fewer signals, or "
        "enlarge the receive buffer of the firmware"
    )


def entry_too_large(size: int, buffer_size: int) -> RecordingFailed:
    return RecordingFailed(
        f"one sample of these signals takes {size} bytes, the buffer of the datalogger has "
        f"{buffer_size}. Record fewer or smaller signals"
    )


def configure_refused(
    refusal: DeviceRefused, configuration: Configure, profile: DeviceProfile
) -> RecordingFailed:
    match refusal.code:
        case ResponseCode.INVALID_REQUEST:
            reason = _why_invalid(configuration)
        case ResponseCode.UNSUPPORTED_FEATURE:
            reason = NO_DATALOGGER
        case ResponseCode.OVERFLOW:
            reason = _why_too_much(configuration, profile)
        case ResponseCode.FORBIDDEN:
            reason = (
                "the loop does not allow recording, or a signal or the trigger lies in memory that "
                "the firmware protects. Choose another loop or other signals"
            )
        case ResponseCode.FAILURE_TO_PROCEED:
            reason = _why_impossible(configuration, profile)
        case _:
            reason = "it does not say why"
    return RecordingFailed(f"the device refuses the configuration ({refusal.code.name}): {reason}")


def _why_invalid(configuration: Configure) -> str:
    fields = [o for o in configuration.operands if isinstance(o, BitFieldOperand)]
    if any(o.bit_offset + o.bit_size > _STOCK_BIT_COUNT for o in fields):
        return (
            "this firmware does not trigger on bit fields beyond bit 7 of their variable. Trigger "
            "on something else, or update the library in the firmware"
        )
    return (
        "the firmware does not take this trigger. Choose another condition, or operands of another "
        "type; 64-bit values need a firmware built with support for them"
    )


def _why_too_much(configuration: Configure, profile: DeviceProfile) -> str:
    setup = profile.datalog_setup
    count = len(configuration.signals)
    if setup is not None and count > setup.max_signal_count:
        return (
            f"the firmware records {setup.max_signal_count} signals at most, these are {count}; "
            "a measured time axis is one of them"
        )
    return (
        "too many signals, or too wide ones, for the buffer of the datalogger. "
        "Record fewer or smaller ones"
    )


def _why_impossible(configuration: Configure, profile: DeviceProfile) -> str:
    if configuration.loop_id not in {loop.loop_id for loop in profile.loops}:
        return f"it has not told of a loop {configuration.loop_id}"
    return (
        "the loop or a published value is unknown to it, or the loop that has the datalogger now "
        "does not run and cannot release it"
    )


def arm_refused(refusal: DeviceRefused) -> RecordingFailed:
    if refusal.code is ResponseCode.FAILURE_TO_PROCEED:
        return RecordingFailed(LOOP_STANDS_STILL)
    return RecordingFailed(f"the device does not arm the datalogger: {refusal}")


def status_refused(refusal: DeviceRefused) -> RecordingFailed:
    return RecordingFailed(f"the device does not tell the state of its datalogger: {refusal}")


def reset_refused(refusal: DeviceRefused) -> RecordingFailed:
    if refusal.code is ResponseCode.FAILURE_TO_PROCEED:
        return RecordingFailed(
            "the datalogger is not released by the loop that it samples in: the loop stands still. "
            "Look why, or restart the device"
        )
    return RecordingFailed(f"the device does not reset the datalogger: {refusal}")


def no_answers(error: LinkError) -> Unanswered:
    return Unanswered(
        f"the device gives no usable answers about its datalogger any more ({error}). "
        "Look at the line; then record again"
    )


def gone(why: str) -> NotThere:
    return NotThere(
        f"the device does not have the acquisition any more ({why}). Either it has restarted or "
        "another tool uses its datalogger; record again"
    )


def foreign(found_id: int, expected_id: int) -> NotThere:
    return NotThere(
        f"the device holds an acquisition with configuration {found_id}, not {expected_id}: "
        "another tool uses its datalogger. Let only one do so, and record again"
    )


def absurd(
    metadata: AcquisitionMetadata, expected_size: int | None, buffer_size: int
) -> RecordingFailed:
    samples = "samples" if expected_size is None else f"samples of {expected_size}"
    return RecordingFailed(
        f"the device announces {metadata.point_count} {samples} in {metadata.data_size} bytes, its "
        f"buffer has {buffer_size}: that cannot be. This is a defect of the firmware"
    )
