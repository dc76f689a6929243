"""Downloading the list of what can be watched, part by part."""

from __future__ import annotations

from ._list_transfer import ListTransfer, PartCallback
from .pending_request import PendingRequest

__all__ = ["PartCallback", "WatchableListDownloadRequest"]


class WatchableListDownloadRequest(ListTransfer, PendingRequest):
    """A list on its way. Wait for it, then :meth:`get` it, unless a callback takes the parts."""
