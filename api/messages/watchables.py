"""Messages that tell what can be watched. Source: client API, sections 5 and 7.2."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType

from .base import Command, ServerMessage

WatchableKind = Literal["var", "alias", "rpv"]


class Enumeration(Struct):
    """Named values of an integer."""

    name: str
    values: dict[str, int]


class BriefWatchable(Struct, omit_defaults=True):
    """A watchable in a list."""

    path: str
    dtype: str
    enum: Enumeration | UnsetType = UNSET


class DetailedWatchable(Struct, omit_defaults=True):
    """A watchable in the answer to a subscription or a query; fields depend on ``type``."""

    path: str
    type: WatchableKind
    id: str
    dtype: str
    enum: Enumeration | UnsetType = UNSET
    rpvid: int | UnsetType = UNSET
    address: int | UnsetType | None = UNSET
    bitoffset: int | UnsetType | None = UNSET
    bitsize: int | UnsetType | None = UNSET
    target: str | UnsetType = UNSET
    target_type: WatchableKind | UnsetType = UNSET
    gain: float | UnsetType | None = UNSET
    bias: float | UnsetType | None = UNSET
    offset: float | UnsetType | None = UNSET  # added: the same as bias, which some clients look for
    min: float | UnsetType | None = UNSET
    max: float | UnsetType | None = UNSET


class WatchableCounts(Struct):
    """How many watchables there are of each kind."""

    var: int = 0
    alias: int = 0
    rpv: int = 0
    var_factory: int = 0


class VariableFactory(Struct, omit_defaults=True):
    """A leaf inside arrays; its elements are addressed with indices."""

    path: str
    dtype: str
    factory_params: dict[str, Any]
    enum: Enumeration | UnsetType = UNSET


class WatchableGroups(Struct):
    """Watchables of a list, by kind."""

    var: list[BriefWatchable]
    alias: list[BriefWatchable]
    rpv: list[BriefWatchable]
    var_factory: list[VariableFactory]


class ListFilter(Struct):
    """Restricts a list: to kinds, and to paths that match any of the glob patterns."""

    type: list[WatchableKind] | str | None = None
    name: list[str] | str | None = None


class GetWatchableCount(Command, tag="get_watchable_count"):
    """Ask how many watchables there are."""


class WatchableCountReply(ServerMessage, tag="response_get_watchable_count"):
    qty: WatchableCounts


class GetWatchableList(Command, tag="get_watchable_list"):
    """Ask for watchables; answered in one or more parts."""

    max_per_response: int = 1000
    filter: ListFilter | None = None


class WatchableListReply(ServerMessage, tag="response_get_watchable_list"):
    """One part of a list; ``qty`` counts this part, ``done`` marks the last."""

    done: bool
    qty: WatchableCounts
    content: WatchableGroups


class GetWatchableInfo(Command, tag="get_watchable_info"):
    """Ask for the details of watchables by path."""

    watchables: list[str]


class WatchableInfoReply(ServerMessage, tag="response_get_watchable_info"):
    info: dict[str, DetailedWatchable]
