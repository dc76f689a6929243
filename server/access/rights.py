"""What a client may do: rights, the roles that bundle them, and the right that a command needs.

    viewer      read
    operator    read, write, record
    owner       all

A token has a role, and may have single rights besides.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from scrutiny.api import messages as m


class Right(StrEnum):
    """What a command may need.

    Attributes:
        READ: status, lists, values, descriptions and recordings, by name.
        WRITE: values, by name.
        RECORD: ask for recordings; cancel, rename and delete them.
        MEMORY_READ: raw memory, by address; reading a peripheral can have effects.
        MEMORY_WRITE: raw memory, by address.
        LINK: the link to the device, and the demo mode.
        SYMBOLS: load, install and remove firmware descriptions.
        USER_COMMAND: commands that the firmware defines.
    """

    READ = "read"
    WRITE = "write"
    RECORD = "record"
    MEMORY_READ = "memory_read"
    MEMORY_WRITE = "memory_write"
    LINK = "link"
    SYMBOLS = "symbols"
    USER_COMMAND = "user_command"


class Role(StrEnum):
    """A usual bundle of rights."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    OWNER = "owner"


RIGHTS_OF_ROLE: Final[dict[Role, frozenset[Right]]] = {
    Role.VIEWER: frozenset({Right.READ}),
    Role.OPERATOR: frozenset({Right.READ, Right.WRITE, Right.RECORD}),
    Role.OWNER: frozenset(Right),
}

RIGHT_OF_COMMAND: Final[dict[type[m.Command], Right]] = {
    m.Echo: Right.READ,
    m.GetServerStatus: Right.READ,
    m.GetServerStats: Right.READ,
    m.GetDeviceInfo: Right.READ,
    m.GetWatchableCount: Right.READ,
    m.GetWatchableList: Right.READ,
    m.GetWatchableInfo: Right.READ,
    m.SubscribeWatchable: Right.READ,
    m.UnsubscribeWatchable: Right.READ,
    m.ChangeSubscriptionUpdateRate: Right.READ,
    m.SetThrottling: Right.READ,
    m.SetValueFormat: Right.READ,
    m.ReadWatchable: Right.READ,
    m.GetInstalledSfd: Right.READ,
    m.GetLoadedSfd: Right.READ,
    m.DownloadSfd: Right.READ,
    m.ListAcquisitionRequests: Right.READ,
    m.ListAcquisitions: Right.READ,
    m.ReadAcquisitionContent: Right.READ,
    m.DownloadAcquisition: Right.READ,
    m.WriteWatchable: Right.WRITE,
    m.WriteSingleWatchable: Right.WRITE,
    m.WriteSingleWatchableByData: Right.WRITE,
    m.RequestAcquisition: Right.RECORD,
    m.CancelAcquisition: Right.RECORD,
    m.UpdateAcquisition: Right.RECORD,
    m.DeleteAcquisition: Right.RECORD,
    m.DeleteAllAcquisitions: Right.RECORD,
    m.ReadMemory: Right.MEMORY_READ,
    m.WriteMemory: Right.MEMORY_WRITE,
    m.SetLinkConfig: Right.LINK,
    m.DemoMode: Right.LINK,
    m.LoadSfd: Right.SYMBOLS,
    m.UninstallSfd: Right.SYMBOLS,
    m.UploadSfdInit: Right.SYMBOLS,
    m.UploadSfdData: Right.SYMBOLS,
    m.UserCommand: Right.USER_COMMAND,
}
