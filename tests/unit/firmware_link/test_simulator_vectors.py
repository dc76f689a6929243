"""The simulated datalogger answers what the test vectors say, as the C library does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.reference_device import (
    ARM_TOO_EARLY,
    DOCUMENT,
    EXCHANGES,
    check_arm_right_after_configure,
    check_chunks_of_32_octets,
    expected_answer,
    replay,
)
from tests.support.reference_simulator import reference_settings, simulated_reference

DATALOG = [name for name in EXCHANGES if name.startswith("datalog") and name != ARM_TOO_EARLY]


@pytest.fixture(scope="module")
def answers() -> dict[str, bytes]:
    """What it answers to all requests, asked in the order of the vectors."""
    found: dict[str, bytes] = {}
    for size in (4, 8):
        device = simulated_reference(settings=replace(reference_settings(), address_size=size))
        device.connect()
        found |= replay(
            device, [EXCHANGES[n] for n in DATALOG if EXCHANGES[n].address_size == size]
        )
    return found


@pytest.mark.parametrize("name", DATALOG)
def test_response_is_that_of_the_vectors(answers: dict[str, bytes], name: str) -> None:
    assert answers[name].hex() == expected_answer(name).hex()


def test_handshake_in_the_order_of_a_server() -> None:
    device = simulated_reference()

    for name in DOCUMENT["sequences"]["handshake"]:
        assert device.ask(name) == EXCHANGES[name].response, name


def test_acquisition_in_the_order_of_a_server() -> None:
    device = simulated_reference()
    device.connect()
    story = [EXCHANGES[name] for name in DOCUMENT["sequences"]["acquisition"]]

    assert replay(device, story) == {exchange.name: exchange.response for exchange in story}


def test_arm_succeeds_right_after_configure() -> None:
    device = simulated_reference()
    device.connect()

    check_arm_right_after_configure(device)


def test_small_transmit_buffer_splits_an_acquisition_as_in_the_vectors() -> None:
    device = simulated_reference(settings=reference_settings(transmit_payload=32))
    device.connect()

    check_chunks_of_32_octets(device)
