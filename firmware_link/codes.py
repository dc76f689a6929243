"""The numbers of the device protocol, named. Source: device protocol, sections 2, 7 to 11."""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import Final

DISCOVER_MAGIC: Final = bytes.fromhex("7e18fc68")
CONNECT_MAGIC: Final = bytes.fromhex("82902266")

# Octets around a payload: header and CRC.
REQUEST_OVERHEAD: Final = 8
RESPONSE_OVERHEAD: Final = 9

RESPONSE_BIT: Final = 0x80  # of the first octet: set in what a device sends

MAX_PAYLOAD: Final = 65519  # the largest buffer a device may have (section 1)
MIN_BUFFER_SIZE: Final = 32  # and the smallest
MAX_DISPLAY_NAME_SIZE: Final = 64
MAX_LOOP_NAME_SIZE: Final = 32
MAX_OPERAND_COUNT: Final = 3
MAX_SIGNAL_COUNT: Final = 0xFF  # that the count of a configuration can tell


class Command(IntEnum):
    GET_INFO = 1
    COMM_CONTROL = 2
    MEMORY_CONTROL = 3
    USER_COMMAND = 4
    DATALOG_CONTROL = 5


class GetInfoFunction(IntEnum):
    GET_PROTOCOL_VERSION = 1
    GET_SOFTWARE_ID = 2
    GET_SUPPORTED_FEATURES = 3
    GET_SPECIAL_REGION_COUNT = 4
    GET_SPECIAL_REGION = 5
    GET_RPV_COUNT = 6
    GET_RPV_DEFINITIONS = 7
    GET_LOOP_COUNT = 8
    GET_LOOP_DEFINITION = 9


class CommControlFunction(IntEnum):
    DISCOVER = 1
    HEARTBEAT = 2
    GET_PARAMS = 3
    CONNECT = 4
    DISCONNECT = 5


class MemoryControlFunction(IntEnum):
    READ = 1
    WRITE = 2
    WRITE_MASKED = 3
    READ_RPV = 4
    WRITE_RPV = 5


class DatalogControlFunction(IntEnum):
    GET_SETUP = 1
    CONFIGURE = 2
    ARM = 3
    DISARM = 4
    GET_STATUS = 5
    GET_METADATA = 6
    READ_ACQUISITION = 7
    RESET = 8


class ResponseCode(IntEnum):
    """What a device says about a request; only OK carries a payload."""

    OK = 0
    INVALID_REQUEST = 1
    UNSUPPORTED_FEATURE = 2
    OVERFLOW = 3
    BUSY = 4
    FAILURE_TO_PROCEED = 5
    FORBIDDEN = 6


class FeatureBits(IntFlag):
    """Bitmap of GetSupportedFeatures; unknown bits are kept."""

    MEMORY_WRITE = 0x80
    DATALOGGING = 0x40
    USER_COMMAND = 0x20
    SUPPORT_64BITS = 0x10
    REQUEST_AHEAD = 0x08  # of our library: a request may arrive while the last one is answered


class RegionType(IntEnum):
    READ_ONLY = 0
    FORBIDDEN = 1


class LoopType(IntEnum):
    FIXED_FREQUENCY = 0
    VARIABLE_FREQUENCY = 1


class DatalogEncoding(IntEnum):
    RAW = 0


class DatalogState(IntEnum):
    IDLE = 0
    CONFIGURED = 1
    ARMED = 2
    TRIGGERED = 3
    ACQUISITION_COMPLETED = 4
    ERROR = 5


class TriggerCondition(IntEnum):
    ALWAYS_TRUE = 0
    EQUAL = 1
    NOT_EQUAL = 2
    LESS_THAN = 3
    LESS_OR_EQUAL_THAN = 4
    GREATER_THAN = 5
    GREATER_OR_EQUAL_THAN = 6
    CHANGE_MORE_THAN = 7
    IS_WITHIN = 8

    @property
    def operand_count(self) -> int:
        """How many operands a device insists on."""
        if self is TriggerCondition.ALWAYS_TRUE:
            return 0
        return 3 if self is TriggerCondition.IS_WITHIN else 2


class OperandKind(IntEnum):
    """Numbered unlike SignalKind: here 3 is the published value."""

    LITERAL = 0
    VARIABLE = 1
    BIT_FIELD = 2
    RPV = 3


class SignalKind(IntEnum):
    """Numbered unlike OperandKind: here 1 is the published value."""

    MEMORY = 0
    RPV = 1
    TIME = 2
