"""What the SDK raises.

ScrutinySDKException
├── ConnectionError          no connection to the server, or it was lost
├── InvalidValueError        a value or result is not available
├── OperationFailure         the server or the device refused, or failed
│   └── RequestTimeout       (also a TimeoutException) no answer in time: the outcome is unknown
├── TimeoutException         something that was waited for did not happen in time
├── NameNotFoundError        nothing is watched under this name
├── BadEnumError             no enumeration, or no such name in it
├── BadTypeError             the watchable is of another kind
├── NotAllowedError          not possible in the present state
└── ApiError
    ├── BadResponseError     the server answered something inconsistent
    └── ErrorResponseException

Wrong arguments are ``TypeError`` and ``ValueError``, raised before anything is sent.
"""

from __future__ import annotations

from scrutiny.core.errors import ScrutinyError


class ScrutinySDKException(ScrutinyError):
    """Base of all exceptions of the SDK."""


class ConnectionError(ScrutinySDKException):  # noqa: A001 - users know it by this name
    """There is no connection to the server, or it was lost. Not the built-in of the same name."""


class InvalidValueError(ScrutinySDKException):
    """A value is not available: never read, no longer watched, device or server gone."""


class OperationFailure(ScrutinySDKException):
    """The server or the device refused an operation, or it failed; the text says why."""


class TimeoutException(ScrutinySDKException):
    """Something that was waited for did not happen in time."""


class RequestTimeout(OperationFailure, TimeoutException):
    """No answer came in time. Whether a write reached the device is then unknown."""


class NameNotFoundError(ScrutinySDKException):
    """Nothing is watched under this name."""


class BadEnumError(ScrutinySDKException):
    """A watchable has no enumeration, or the enumeration has no such name."""


class BadTypeError(ScrutinySDKException):
    """A watchable is of another kind than the one asked for."""


class NotAllowedError(ScrutinySDKException):
    """The operation is not possible in the present state."""


class ApiError(ScrutinySDKException):
    """Base of the errors of the protocol between server and client."""


class BadResponseError(ApiError):
    """The server answered something inconsistent."""


class ErrorResponseException(ApiError):
    """Reserved: refusals of the server are reported as OperationFailure."""
