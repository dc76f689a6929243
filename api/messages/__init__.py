"""Every message between a client and the server, one struct each.

The JSON object of a message has the fields of its struct, and ``cmd``, the struct's tag. Commands
go from client to server; each is answered by a reply with the same ``reqid``, or by :class:`Error`.
Events go from server to client at any time, with a null ``reqid``.

Source: client API, sections 3 to 7. Fields marked *added* are ours; other clients ignore them.
"""

from __future__ import annotations

from .base import (
    ClientAccess,
    Command,
    Echo,
    EchoReply,
    Error,
    ServerMessage,
    Welcome,
    command_name,
)
from .datalogging import (
    AcquisitionCompleted,
    AcquisitionContentReply,
    AcquisitionDescription,
    AcquisitionListChanged,
    AcquisitionListReply,
    AcquisitionRequestInfo,
    AcquisitionRequestsReply,
    CancelAcquisition,
    CancelAcquisitionReply,
    DataloggingAxis,
    DeleteAcquisition,
    DeleteAcquisitionReply,
    DeleteAllAcquisitions,
    DeleteAllAcquisitionsReply,
    DownloadAcquisition,
    DownloadAcquisitionReply,
    ListAcquisitionRequests,
    ListAcquisitions,
    LoggedSignal,
    LoggedWatchable,
    ReadAcquisitionContent,
    RequestAcquisition,
    RequestAcquisitionReply,
    SeriesDescription,
    SignalData,
    StoredAcquisition,
    TriggerOperand,
    UpdateAcquisition,
    UpdateAcquisitionReply,
    XAxisData,
    XAxisSignal,
)
from .descriptions import (
    DownloadSfd,
    DownloadSfdReply,
    FileChunk,
    GetInstalledSfd,
    GetLoadedSfd,
    InstalledSfdReply,
    LoadedSfdReply,
    LoadSfd,
    LoadSfdReply,
    SfdInfo,
    UninstallSfd,
    UninstallSfdReply,
    UploadSfdData,
    UploadSfdDataReply,
    UploadSfdInit,
    UploadSfdInitReply,
)
from .memory import (
    MemoryReadCompleted,
    MemoryWriteCompleted,
    ReadMemory,
    ReadMemoryReply,
    UserCommand,
    UserCommandReply,
    WriteMemory,
    WriteMemoryReply,
    WriteSingleByDataReply,
    WriteSingleWatchableByData,
)
from .status import (
    DataloggingCapabilities,
    DataloggingStatus,
    DemoMode,
    DemoModeReply,
    DeviceDescription,
    DeviceInfoReply,
    GetDeviceInfo,
    GetServerStats,
    GetServerStatus,
    LinkStatus,
    MemoryRegion,
    SamplingRate,
    ServerStatsReply,
    ServerStatus,
    SetLinkConfig,
    SetLinkConfigReply,
    SupportedFeatures,
)
from .values import (
    ChangeRateReply,
    ChangeSubscriptionUpdateRate,
    RateChange,
    ReadResult,
    ReadValue,
    ReadWatchable,
    ReadWatchableReply,
    SetThrottling,
    SetThrottlingReply,
    SetValueFormat,
    SetValueFormatReply,
    SubscribeReply,
    SubscribeWatchable,
    UnsubscribeReply,
    UnsubscribeWatchable,
    ValueFormat,
    ValueUpdate,
    WatchableUpdate,
    WatchMode,
    WriteCompleted,
    WriteItem,
    WriteReply,
    WritesConfirmed,
    WriteSingleReply,
    WriteSingleWatchable,
    WriteWatchable,
    WrittenValue,
)
from .watchables import (
    BriefWatchable,
    DetailedWatchable,
    Enumeration,
    GetWatchableCount,
    GetWatchableInfo,
    GetWatchableList,
    ListFilter,
    VariableFactory,
    WatchableCountReply,
    WatchableCounts,
    WatchableGroups,
    WatchableInfoReply,
    WatchableKind,
    WatchableListReply,
)

__all__ = [
    "AcquisitionCompleted",
    "AcquisitionContentReply",
    "AcquisitionDescription",
    "AcquisitionListChanged",
    "AcquisitionListReply",
    "AcquisitionRequestInfo",
    "AcquisitionRequestsReply",
    "AnyCommand",
    "AnyServerMessage",
    "BriefWatchable",
    "CancelAcquisition",
    "CancelAcquisitionReply",
    "ChangeRateReply",
    "ChangeSubscriptionUpdateRate",
    "ClientAccess",
    "Command",
    "DataloggingAxis",
    "DataloggingCapabilities",
    "DataloggingStatus",
    "DeleteAcquisition",
    "DeleteAcquisitionReply",
    "DeleteAllAcquisitions",
    "DeleteAllAcquisitionsReply",
    "DemoMode",
    "DemoModeReply",
    "DetailedWatchable",
    "DeviceDescription",
    "DeviceInfoReply",
    "DownloadAcquisition",
    "DownloadAcquisitionReply",
    "DownloadSfd",
    "DownloadSfdReply",
    "Echo",
    "EchoReply",
    "Enumeration",
    "Error",
    "FileChunk",
    "GetDeviceInfo",
    "GetInstalledSfd",
    "GetLoadedSfd",
    "GetServerStats",
    "GetServerStatus",
    "GetWatchableCount",
    "GetWatchableInfo",
    "GetWatchableList",
    "InstalledSfdReply",
    "LinkStatus",
    "ListAcquisitionRequests",
    "ListAcquisitions",
    "ListFilter",
    "LoadSfd",
    "LoadSfdReply",
    "LoadedSfdReply",
    "LoggedSignal",
    "LoggedWatchable",
    "MemoryReadCompleted",
    "MemoryRegion",
    "MemoryWriteCompleted",
    "RateChange",
    "ReadAcquisitionContent",
    "ReadMemory",
    "ReadMemoryReply",
    "ReadResult",
    "ReadValue",
    "ReadWatchable",
    "ReadWatchableReply",
    "RequestAcquisition",
    "RequestAcquisitionReply",
    "SamplingRate",
    "SeriesDescription",
    "ServerMessage",
    "ServerStatsReply",
    "ServerStatus",
    "SetLinkConfig",
    "SetLinkConfigReply",
    "SetThrottling",
    "SetThrottlingReply",
    "SetValueFormat",
    "SetValueFormatReply",
    "SfdInfo",
    "SignalData",
    "StoredAcquisition",
    "SubscribeReply",
    "SubscribeWatchable",
    "SupportedFeatures",
    "TriggerOperand",
    "UninstallSfd",
    "UninstallSfdReply",
    "UnsubscribeReply",
    "UnsubscribeWatchable",
    "UpdateAcquisition",
    "UpdateAcquisitionReply",
    "UploadSfdData",
    "UploadSfdDataReply",
    "UploadSfdInit",
    "UploadSfdInitReply",
    "UserCommand",
    "UserCommandReply",
    "ValueFormat",
    "ValueUpdate",
    "VariableFactory",
    "WatchMode",
    "WatchableCountReply",
    "WatchableCounts",
    "WatchableGroups",
    "WatchableInfoReply",
    "WatchableKind",
    "WatchableListReply",
    "WatchableUpdate",
    "Welcome",
    "WriteCompleted",
    "WriteItem",
    "WriteMemory",
    "WriteMemoryReply",
    "WriteReply",
    "WriteSingleByDataReply",
    "WriteSingleReply",
    "WriteSingleWatchable",
    "WriteSingleWatchableByData",
    "WriteWatchable",
    "WritesConfirmed",
    "WrittenValue",
    "XAxisData",
    "XAxisSignal",
    "command_name",
]

AnyCommand = (
    Echo
    | GetServerStatus
    | GetDeviceInfo
    | SetLinkConfig
    | DemoMode
    | GetWatchableCount
    | GetWatchableList
    | GetWatchableInfo
    | ReadWatchable
    | SubscribeWatchable
    | UnsubscribeWatchable
    | ChangeSubscriptionUpdateRate
    | SetThrottling
    | SetValueFormat
    | WriteWatchable
    | WriteSingleWatchable
    | ReadMemory
    | WriteMemory
    | WriteSingleWatchableByData
    | UserCommand
    | GetInstalledSfd
    | GetLoadedSfd
    | LoadSfd
    | UninstallSfd
    | DownloadSfd
    | UploadSfdInit
    | UploadSfdData
    | GetServerStats
    | RequestAcquisition
    | ListAcquisitionRequests
    | CancelAcquisition
    | ListAcquisitions
    | ReadAcquisitionContent
    | DownloadAcquisition
    | UpdateAcquisition
    | DeleteAcquisition
    | DeleteAllAcquisitions
)

AnyServerMessage = (
    Error
    | Welcome
    | EchoReply
    | ServerStatus
    | DeviceInfoReply
    | SetLinkConfigReply
    | DemoModeReply
    | WatchableCountReply
    | WatchableListReply
    | WatchableInfoReply
    | ReadWatchableReply
    | SubscribeReply
    | UnsubscribeReply
    | ChangeRateReply
    | SetThrottlingReply
    | SetValueFormatReply
    | WriteReply
    | WriteSingleReply
    | ReadMemoryReply
    | WriteMemoryReply
    | WriteSingleByDataReply
    | UserCommandReply
    | InstalledSfdReply
    | LoadedSfdReply
    | LoadSfdReply
    | UninstallSfdReply
    | DownloadSfdReply
    | UploadSfdInitReply
    | UploadSfdDataReply
    | ServerStatsReply
    | WatchableUpdate
    | WriteCompleted
    | WritesConfirmed
    | MemoryReadCompleted
    | MemoryWriteCompleted
    | RequestAcquisitionReply
    | AcquisitionCompleted
    | AcquisitionRequestsReply
    | CancelAcquisitionReply
    | AcquisitionListChanged
    | AcquisitionListReply
    | AcquisitionContentReply
    | DownloadAcquisitionReply
    | UpdateAcquisitionReply
    | DeleteAcquisitionReply
    | DeleteAllAcquisitionsReply
)
