from __future__ import annotations

import pytest

from scrutiny.firmware_link.transports.networks import EVERYWHERE, HERE, addresses_of


def test_a_network_is_its_broadcast_address_and_all_hosts() -> None:
    assert addresses_of("192.168.1.64/30") == ["192.168.1.67", "192.168.1.65", "192.168.1.66"]


def test_any_host_of_a_network_names_it() -> None:
    assert addresses_of("192.168.1.66/30") == addresses_of("192.168.1.64/30")


def test_the_smallest_networks_have_nothing_but_hosts() -> None:
    assert addresses_of("10.0.0.6/31") == ["10.0.0.7", "10.0.0.6"]
    assert addresses_of("10.0.0.6/32") == ["10.0.0.6"]


@pytest.mark.parametrize("host", ["192.168.1.255", "board.local", "ff02::1%eth0"])
def test_other_places_are_asked_as_they_are(host: str) -> None:
    assert addresses_of(host) == [host]


def test_everywhere_is_each_network_and_this_machine() -> None:
    addresses = addresses_of(EVERYWHERE)

    assert addresses[0] == EVERYWHERE
    assert HERE in addresses
    assert len(set(addresses)) == len(addresses)


@pytest.mark.parametrize(
    ("where", "reason"),
    [
        ("192.168.1.0/33", "is no network; write it as 192.168.1.0/24"),
        ("board/24", "is no network"),
        ("10.0.0.0/19", "has too many addresses to ask each; name a part of 4096 at most"),
        ("fe80::/64", "has too many addresses"),
    ],
)
def test_what_is_no_network_says_what_to_write(where: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        addresses_of(where)
