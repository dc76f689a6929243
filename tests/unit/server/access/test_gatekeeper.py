"""Who is let in: every token with every Origin and every Host, each as documented."""

from __future__ import annotations

import itertools
from http import HTTPStatus
from pathlib import Path

import pytest
from msgspec.structs import replace

from scrutiny.api.token_files import is_token, new_token
from scrutiny.server.access.exposure import TooExposed, check_exposure
from scrutiny.server.access.failed_logins import MOST_FAILURES, WINDOW_S
from scrutiny.server.access.gatekeeper import Doorway, Gatekeeper, Handshake, TurnedAway
from scrutiny.server.access.identity import Identity
from scrutiny.server.access.rights import Right, Role
from scrutiny.server.access.token_registry import TokenEntry, TokenRegistry, digest

OWN = new_token()
TOKENS = {name: new_token() for name in ("viewer", "operator", "owner")}
HERE, THERE = "127.0.0.1", "192.0.2.7"
PAGE = "https://bench.example:8443"

KNOWN = ("account", "viewer", "operator", "owner")
TOKEN_OF: dict[str, str | None] = {"account": OWN, **TOKENS, "none": None, "wrong": new_token()}

HOSTS = {
    "localhost": ("localhost:8765",),
    "loopback": ("127.0.0.1:8765",),
    "ipv6": ("[::1]:8765",),
    "without port": ("localhost",),
    "own address": ("192.0.2.50:8765",),
    "allowed": ("BENCH.example.:8765",),
    "foreign": ("evil.example:8765",),
    "absent": (),
    "empty": ("",),
    "twice": ("localhost", "localhost"),
    "with user": ("me@localhost",),
    "no port": ("localhost:nothing",),
    "path": ("localhost/x",),
}
GOOD_HOSTS = {"localhost", "loopback", "ipv6", "without port", "own address", "allowed"}
ORIGINS = {
    "absent": (),
    "good": (PAGE,),
    "foreign": ("https://evil.example",),
    "other port": ("https://bench.example",),
    "null": ("null",),
    "empty": ("",),
    "twice": (PAGE, PAGE),
}
GOOD_ORIGINS = {"absent", "good"}


class Clock:
    """A clock that is set."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def registry(tmp_path: Path) -> TokenRegistry:
    registry = TokenRegistry(tmp_path / "tokens.json")
    for name, token in TOKENS.items():
        registry.add(TokenEntry(name, Role(name), digest(token)))
    return registry


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def gatekeeper(registry: TokenRegistry, clock: Clock) -> Gatekeeper:
    return Gatekeeper(Doorway(OWN, ["bench.example"], [PAGE]), registry, clock)


def handshake(token: str | None = OWN, address: str = HERE) -> Handshake:
    bearer = () if token is None else (f"Bearer {token}",)
    return Handshake(address, host=("localhost:8765",), authorization=bearer)


def status_of(verdict: Identity | TurnedAway) -> HTTPStatus | None:
    return verdict.status if isinstance(verdict, TurnedAway) else None


@pytest.mark.parametrize("token", TOKEN_OF)
def test_the_access_matrix(gatekeeper: Gatekeeper, token: str) -> None:
    for host, origin in itertools.product(HOSTS, ORIGINS):
        asked = replace(handshake(TOKEN_OF[token]), host=HOSTS[host], origin=ORIGINS[origin])

        verdict = gatekeeper.admit(asked)

        if host not in GOOD_HOSTS:
            assert status_of(verdict) == HTTPStatus.MISDIRECTED_REQUEST, host
        elif origin not in GOOD_ORIGINS:
            assert status_of(verdict) == HTTPStatus.FORBIDDEN, origin
        elif token not in KNOWN:
            assert status_of(verdict) == HTTPStatus.UNAUTHORIZED
        else:
            assert isinstance(verdict, Identity)
            assert verdict.role == (Role.OWNER if token == "account" else Role(token))


def test_a_page_gives_its_token_as_a_subprotocol(gatekeeper: Gatekeeper) -> None:
    offered = ("scrutiny", f"scrutiny-token.{TOKENS['viewer']}")
    asked = Handshake(HERE, ("localhost",), (PAGE,), (), offered)

    verdict = gatekeeper.admit(asked)

    assert isinstance(verdict, Identity)
    assert verdict.role is Role.VIEWER


@pytest.mark.parametrize(
    "authorization",
    [
        ("Bearer",),
        ("Bearer ",),
        (f"Basic {OWN}",),
        (OWN,),
        (f"Bearer {OWN}x",),
        (f"Bearer {OWN[:-1]}",),
        (f"Bearer {OWN} {OWN}",),
        (f"Bearer {OWN}", f"Bearer {OWN}"),
        ("Bearer \udcff",),
        ("Bearer " + "x" * 100_000,),
    ],
)
def test_what_is_no_token_opens_nothing(
    gatekeeper: Gatekeeper, authorization: tuple[str, ...]
) -> None:
    asked = Handshake(HERE, ("localhost",), (), authorization)

    assert status_of(gatekeeper.admit(asked)) == HTTPStatus.UNAUTHORIZED


def test_the_word_bearer_is_known_in_any_case(gatekeeper: Gatekeeper) -> None:
    asked = Handshake(HERE, ("localhost",), (), (f"bEARER {OWN}",))

    assert isinstance(gatekeeper.admit(asked), Identity)


def test_who_guesses_from_afar_has_to_wait(gatekeeper: Gatekeeper, clock: Clock) -> None:
    for _ in range(MOST_FAILURES):
        verdict = gatekeeper.admit(handshake(new_token(), THERE))
        assert status_of(verdict) == HTTPStatus.UNAUTHORIZED

    late = gatekeeper.admit(handshake(OWN, THERE))
    assert isinstance(late, TurnedAway)
    assert late.status == HTTPStatus.TOO_MANY_REQUESTS
    assert "try again in 30 s" in late.reason
    assert isinstance(gatekeeper.admit(handshake(OWN, "192.0.2.8")), Identity)
    clock.now_s = WINDOW_S
    assert isinstance(gatekeeper.admit(handshake(OWN, THERE)), Identity)


def test_nobody_on_this_machine_can_lock_out_the_others(gatekeeper: Gatekeeper) -> None:
    for _ in range(10 * MOST_FAILURES):
        gatekeeper.admit(handshake(new_token()))

    assert isinstance(gatekeeper.admit(handshake(OWN)), Identity)


def test_without_a_token_everybody_is_an_owner_but_pages_are_not(registry: TokenRegistry) -> None:
    gatekeeper = Gatekeeper(Doorway(None), registry, Clock())

    verdict = gatekeeper.admit(handshake(None))
    assert isinstance(verdict, Identity)
    assert verdict.role is Role.OWNER
    page = replace(handshake(None), origin=("http://localhost:3000",))
    assert status_of(gatekeeper.admit(page)) == HTTPStatus.FORBIDDEN
    rebound = replace(handshake(None), host=("evil.example",))
    assert status_of(gatekeeper.admit(rebound)) == HTTPStatus.MISDIRECTED_REQUEST


def test_tokens_come_and_go_while_the_server_runs(
    gatekeeper: Gatekeeper, registry: TokenRegistry
) -> None:
    token = new_token()
    assert status_of(gatekeeper.admit(handshake(token))) == HTTPStatus.UNAUTHORIZED

    other = TokenRegistry(registry.file)
    other.add(TokenEntry("late", Role.VIEWER, digest(token), (Right.LINK,)))
    verdict = gatekeeper.admit(handshake(token))
    assert isinstance(verdict, Identity)
    assert verdict.rights == {Right.READ, Right.LINK}

    assert other.remove("late")
    assert status_of(gatekeeper.admit(handshake(token))) == HTTPStatus.UNAUTHORIZED


def test_a_damaged_file_of_tokens_lets_in_the_account_only(
    gatekeeper: Gatekeeper, registry: TokenRegistry
) -> None:
    registry.file.write_text("[{]", encoding="utf-8")

    verdict = gatekeeper.admit(handshake(TOKENS["owner"]))

    assert isinstance(verdict, TurnedAway)
    assert verdict.status == HTTPStatus.SERVICE_UNAVAILABLE
    assert str(registry.file) not in verdict.reason
    assert isinstance(gatekeeper.admit(handshake(OWN)), Identity)


def test_a_token_has_256_bits_and_fits_into_a_header() -> None:
    tokens = {new_token() for _ in range(100)}

    assert len(tokens) == 100
    assert all(is_token(token) and len(token) == 43 for token in tokens)


@pytest.mark.parametrize("text", ["", "a b", "a\n", "ä", "x" * 201, "a=", "a;b"])
def test_what_cannot_be_a_token(text: str) -> None:
    assert not is_token(text)


@pytest.mark.parametrize(
    ("address", "has_token", "has_tls", "has_tcp", "missing"),
    [
        ("127.0.0.1", False, False, True, None),
        ("::1", False, False, True, None),
        ("127.9.9.9", False, False, False, None),
        ("192.0.2.1", True, True, False, None),
        ("192.0.2.1", True, False, False, "needs TLS"),
        ("0.0.0.0", False, True, False, "needs a token"),
        ("::", True, True, True, "needs to be without --tcp-port"),
        ("192.0.2.1", False, False, True, "TLS .* and a token .* and to be without"),
    ],
)
def test_only_a_safe_server_is_reached_from_elsewhere(
    address: str, has_token: bool, has_tls: bool, has_tcp: bool, missing: str | None
) -> None:
    def check(*, is_accepted: bool) -> None:
        check_exposure(
            address,
            has_token=has_token,
            has_tls=has_tls,
            has_tcp=has_tcp,
            is_accepted=is_accepted,
        )

    check(is_accepted=True)
    if missing is None:
        check(is_accepted=False)
    else:
        with pytest.raises(TooExposed, match=missing):
            check(is_accepted=False)
