"""Messages about firmware descriptions. Source: client API, section 7.5."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from .base import Command, ServerMessage


class SfdInfo(Struct):
    """A firmware description file; its size in octets is null for a built-in one."""

    firmware_id: str
    filesize: int | None
    metadata: dict[str, Any]


class GetInstalledSfd(Command, tag="get_installed_sfd"):
    """Ask which firmware descriptions the server has."""


class InstalledSfdReply(ServerMessage, tag="response_get_installed_sfd"):
    sfd_list: list[SfdInfo]


class GetLoadedSfd(Command, tag="get_loaded_sfd"):
    """Ask which firmware description is in use."""


class LoadedSfdReply(ServerMessage, tag="response_get_loaded_sfd"):
    """The description in use, null if there is none."""

    sfd: SfdInfo | None


class LoadSfd(Command, tag="load_sfd"):
    """Use this firmware description, whatever the device says about itself."""

    firmware_id: str


class LoadSfdReply(ServerMessage, tag="response_load_sfd"):
    """Added: the description is loaded; a status event came before."""


class UninstallSfd(Command, tag="uninstall_sfd"):
    """Remove firmware descriptions; all or none."""

    firmware_id_list: list[str]


class UninstallSfdReply(ServerMessage, tag="response_uninstall_sfd"):
    pass


class DownloadSfd(Command, tag="download_sfd"):
    """Ask for a firmware description file, in chunks of at most ``max_chunk_size`` octets."""

    firmware_id: str
    max_chunk_size: int | None = None


class FileChunk(Struct):
    """A piece of a file, base64; ``chunk_index`` counts from 0."""

    chunk_index: int
    data: str


class DownloadSfdReply(ServerMessage, tag="response_download_sfd"):
    """One chunk of the file; it is complete when ``total_size`` octets have come."""

    firmware_id: str
    total_size: int
    file_chunk: FileChunk


class UploadSfdInit(Command, tag="upload_sfd_init"):
    """Announce a firmware description file of ``total_size`` octets."""

    firmware_id: str
    total_size: int


class UploadSfdInitReply(ServerMessage, tag="response_upload_sfd_init"):
    """The file may be sent; ``will_overwrite`` if one of this firmware is installed."""

    token: str
    will_overwrite: bool


class UploadSfdData(Command, tag="upload_sfd_data"):
    """The next piece of an announced file; the last one installs it."""

    token: str
    file_chunk: FileChunk


class UploadSfdDataReply(ServerMessage, tag="response_upload_sfd_data"):
    """``actual_size`` octets have come; ``sfd_info`` when the file is complete and installed."""

    completed: bool
    actual_size: int
    sfd_info: SfdInfo | None
