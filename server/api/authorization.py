"""Whether a client may do what it asks for, and the trace that this leaves in the audit log."""

from __future__ import annotations

from scrutiny.api import messages as m

from ..access.audit_log import Change
from ..access.rights import RIGHT_OF_COMMAND
from .client import Client
from .errors import CommandRefused

_ACCEPTED = "accepted"
_LONGEST_TARGET = 200  # characters


def authorize(client: Client, command: m.AnyCommand) -> None:
    """Let a command pass if its client has the right; what is not a write is noted here.

    Writes and user commands are noted when their end is known.

    Raises:
        CommandRefused: the client does not have the right.
    """
    target = _target(command)
    why = client.parts.policy.why_refused(client.identity, RIGHT_OF_COMMAND[type(command)])
    if why:
        client.note(Change(m.command_name(command), target or ""), why)
        raise CommandRefused(why)
    if target is not None:
        client.note(Change(m.command_name(command), target), _ACCEPTED)


def _target(command: m.AnyCommand) -> str | None:
    """Return what a command changes besides values and memory; None: nothing."""
    match command:
        case m.SetLinkConfig():
            target = command.link_type
        case m.DemoMode():
            target = "on" if command.enable else "off"
        case m.LoadSfd() | m.UploadSfdInit():
            target = command.firmware_id
        case m.UninstallSfd():
            target = ", ".join(command.firmware_id_list)
        case m.RequestAcquisition():
            target = command.name or ""
        case m.CancelAcquisition():
            target = command.request_token
        case m.UpdateAcquisition() | m.DeleteAcquisition():
            target = command.reference_id
        case m.DeleteAllAcquisitions():
            target = "all"
        case _:
            return None
    return target[:_LONGEST_TARGET]
