"""Whether the server that was reached is new enough, told in its welcome message."""

from __future__ import annotations

from scrutiny.api.messages import Welcome
from scrutiny.api.versions import why_incompatible, why_unknown

from . import exceptions


def check_server(welcome: Welcome) -> None:
    """Check that this SDK and a server can work together.

    Raises:
        ConnectionError: they cannot; the text tells the versions, and which side is too old.
    """
    if reason := why_incompatible(welcome.api_version):
        raise exceptions.ConnectionError(f"cannot work with {_name(welcome)}: {reason}")


def check_command(welcome: Welcome, command: str) -> None:
    """Check that a server knows a command.

    Raises:
        OperationFailure: it does not; the text tells what it lacks.
    """
    if reason := why_unknown(command, welcome.features):
        raise exceptions.OperationFailure(f"{_name(welcome)} cannot do that: {reason}")


def has_feature(welcome: Welcome | None, feature: str) -> bool:
    """Return whether a server has said that it can do something; without a welcome it cannot."""
    return welcome is not None and feature in welcome.features


def _name(welcome: Welcome) -> str:
    return f"the server ({welcome.server[:80]})" if welcome.server else "the server"
