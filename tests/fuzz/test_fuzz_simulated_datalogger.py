"""No request makes the simulated datalogger raise, and none stops it.

``SCRUTINY_FUZZ_COUNT`` sets how many requests are made; the seed is fixed, so a failure comes
again.
"""

from __future__ import annotations

import os
from random import Random
from typing import Final

import pytest

from scrutiny.core.values import ByteOrder
from scrutiny.firmware_link.codes import DatalogControlFunction, ResponseCode
from scrutiny.firmware_link.frames import Request, ResponseParser
from scrutiny.firmware_link.messages import (
    Arm,
    Connect,
    GetMetadata,
    ReadAcquisition,
)
from scrutiny.firmware_link.simulator import (
    Application,
    DeviceSettings,
    MemorySegment,
    SimulatedDevice,
)
from tests.support.reference_device import EXCHANGES, MEMORY_BASE
from tests.support.reference_simulator import reference_values

# Per target: so many take about a second.
REQUESTS: Final = int(os.environ.get("SCRUTINY_FUZZ_COUNT", "20000"))
SEED: Final = 0x5C2072

CONFIGURATIONS: Final = [
    Request.decode(exchange.request).payload
    for name, exchange in EXCHANGES.items()
    if name.startswith(("datalog_configure", "datalog_acq")) and exchange.address_size == 4
]


def mutated(payload: bytes, random: Random) -> bytes:
    """Damage a payload in up to three places, or not at all."""
    octets = bytearray(payload)
    for _ in range(random.randrange(4)):
        where = random.randrange(len(octets) + 1)
        kind = random.randrange(4)
        if kind == 0 and where < len(octets):
            octets[where] = random.randrange(256)
        elif kind == 1 and where < len(octets):
            octets[where] ^= 1 << random.randrange(8)
        elif kind == 2:
            del octets[where : where + random.randrange(4)]
        else:
            octets[where:where] = random.randbytes(random.randrange(4))
    return bytes(octets)


def any_payload(random: Random) -> bytes:
    if random.random() < 0.2:
        return random.randbytes(random.randrange(60))
    return mutated(random.choice(CONFIGURATIONS), random)


def settings(byte_order: ByteOrder, char_bit: int) -> DeviceSettings:
    """All addresses that the vectors use have memory behind them, whatever a byte has."""
    address = MEMORY_BASE * char_bit // 8
    return DeviceSettings(
        byte_order=byte_order,
        char_bit=char_bit,
        segments=(MemorySegment(address, 0x2000, bytes(range(256)) * 32),),
        datalog_buffer_size=100,
        max_tx_payload=64,
    )


@pytest.mark.timeout(max(120, REQUESTS // 1000))
@pytest.mark.parametrize("char_bit", [8, 16])
@pytest.mark.parametrize("byte_order", ["little", "big"])
def test_random_requests_raise_nothing(byte_order: ByteOrder, char_bit: int) -> None:
    random = Random(SEED)
    application = Application(reference_values())
    device = SimulatedDevice(settings(byte_order, char_bit), application)
    fmt = device.settings.address_format
    counts = dict.fromkeys(ResponseCode, 0)
    completed = 0

    def send(request: Request) -> tuple[int, bytes]:
        device.receive(request.encode(), 0)
        (response,) = ResponseParser().feed(device.take_output())
        return response.code, response.payload

    send(Connect().request(fmt))
    for _ in range(REQUESTS // 4):
        configure, function = DatalogControlFunction.CONFIGURE, random.randrange(12)
        code, _ = send(Request(5, configure, any_payload(random)))
        counts[ResponseCode(code)] += 1
        if random.random() < 0.8:
            send(Arm().request(fmt))
        for _ in range(random.randrange(40)):
            application.run_loop(random.randrange(3), random.getrandbits(40))
        send(Request(5, function, any_payload(random)))
        completed += send(GetMetadata().request(fmt))[0] == ResponseCode.OK
        send(ReadAcquisition().request(fmt))

    assert counts[ResponseCode.OK] > REQUESTS // 50
    assert counts[ResponseCode.INVALID_REQUEST] > REQUESTS // 50
    assert completed > REQUESTS // 2000
    send(Request(5, DatalogControlFunction.RESET, b""))
    assert send(Request(5, DatalogControlFunction.GET_STATUS, b"")) == (0, bytes(9))
