"""What can go wrong between a command line and a capture.

ScrutinyError
├── TriggerUnreadable    a trigger is not written as triggers are
├── CaptureRefused       what is asked for cannot be recorded; the text says what can
└── CaptureEnded         the request was cancelled: by Ctrl-C, or no trigger came in time
"""

from __future__ import annotations

from scrutiny.core.errors import ScrutinyError


class TriggerUnreadable(ScrutinyError):
    """A trigger is not written as triggers are; the text says how they are."""


class CaptureRefused(ScrutinyError):
    """What is asked for cannot be recorded; the text says what can."""


class CaptureEnded(ScrutinyError):
    """The capture came to an end before there was anything; the text says why."""
