"""Listeners: each takes the updates of the handles it subscribed to, in a thread of its own.

Ready-made ones are in ``text_stream_listener``, ``buffered_reader_listener`` and
``csv_file_listener``; others derive from :class:`BaseListener`.
"""

from __future__ import annotations

from .base_listener import BaseListener
from .value_update import ValueUpdate

__all__ = ["BaseListener", "ValueUpdate"]
