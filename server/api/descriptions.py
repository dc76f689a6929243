"""Commands about firmware descriptions: what is installed, and what is in use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from scrutiny.api.codec import encode
from scrutiny.api.messages import (
    GetInstalledSfd,
    GetLoadedSfd,
    InstalledSfdReply,
    LoadedSfdReply,
    LoadSfd,
    LoadSfdReply,
    SfdInfo,
    UninstallSfd,
    UninstallSfdReply,
)
from scrutiny.api.versions import MAX_MESSAGE_SIZE
from scrutiny.core.firmware_id import parse_firmware_id

from .client import Client
from .errors import CommandRefused, quoted

_NO_GENERATION: Final = {
    "time": None,
    "python_version": None,
    "scrutiny_version": None,
    "system_type": None,
}
_NO_METADATA: Final = {"project_name": None, "author": None, "version": None}


def get_installed(client: Client, command: GetInstalledSfd) -> None:
    """List what is installed.

    Raises:
        CommandRefused: too many commands wait.
    """

    async def answer() -> None:
        installed = await client.parts.descriptions.installed()
        infos = [sfd_info(d.firmware_id, d.size, d.metadata) for d in installed]
        client.send(_fitting(command.reqid, infos))

    client.parts.background.start_in_order(client, command, answer, client.description_commands)


def get_loaded(client: Client, command: GetLoadedSfd) -> None:
    """Tell which description is in use."""
    loaded = client.parts.symbols.loaded
    info = None
    if loaded is not None:
        info = sfd_info(loaded.firmware_id, loaded.file.size, loaded.description.metadata)
    client.send(LoadedSfdReply(reqid=command.reqid, sfd=info))


def load(client: Client, command: LoadSfd) -> None:
    """Use a description whatever the device says; answered when it is loaded, or cannot be.

    Raises:
        CommandRefused: the identifier is none, or too many loads have not ended.
    """
    firmware_id = checked_id(command.firmware_id)
    client.loads.start()

    async def answer() -> None:
        try:
            await client.parts.symbols.load(firmware_id)
        finally:
            client.loads.end()
        client.send(LoadSfdReply(reqid=command.reqid))

    client.parts.background.start(client, command, answer)


def uninstall(client: Client, command: UninstallSfd) -> None:
    """Remove descriptions; one that is in use is unloaded, which is told before the answer.

    Raises:
        CommandRefused: an identifier is none, or too many commands wait.
    """
    firmware_ids = list(dict.fromkeys(map(checked_id, command.firmware_id_list)))

    async def answer() -> None:
        try:
            await client.parts.descriptions.uninstall(firmware_ids)
        finally:
            client.parts.symbols.check()
        client.send(UninstallSfdReply(reqid=command.reqid))

    client.parts.background.start_in_order(client, command, answer, client.description_commands)


def checked_id(text: str) -> str:
    """Return an identifier in lower case.

    Raises:
        CommandRefused: it is none.
    """
    firmware_id = parse_firmware_id(text)
    if firmware_id is None:
        raise CommandRefused(f"{quoted(text)} is no firmware id, which has 32 hexadecimal digits")
    return firmware_id


def sfd_info(firmware_id: str, size: int, metadata: Mapping[str, Any]) -> SfdInfo:
    """Describe a description; what its metadata lack is null, for clients expect all fields."""
    told = {**_NO_METADATA, **metadata}
    generation = metadata.get("generation_info")
    told["generation_info"] = {
        **_NO_GENERATION,
        **(generation if isinstance(generation, Mapping) else {}),
    }
    return SfdInfo(firmware_id, size, told)


def _fitting(reqid: int | None, infos: Sequence[SfdInfo]) -> InstalledSfdReply:
    """Compose the list; its metadata are left out if it is too large for a message with them."""
    reply = InstalledSfdReply(reqid=reqid, sfd_list=list(infos))
    if len(encode(reply)) <= MAX_MESSAGE_SIZE:
        return reply
    reply.sfd_list = [sfd_info(info.firmware_id, info.filesize or 0, {}) for info in infos]
    if len(encode(reply)) <= MAX_MESSAGE_SIZE:
        return reply
    raise CommandRefused(
        f"{len(infos)} descriptions are installed, too many to be listed in one message; "
        "uninstall those of old firmware"
    )
