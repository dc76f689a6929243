"""Recording signals at the rate of a loop in the firmware.

``ScrutinyClient.start_datalog`` takes a :class:`DataloggingConfig` and returns a
:class:`DataloggingRequest`, from which a :class:`DataloggingAcquisition` comes. The definitions of
``scrutiny.sdk`` are offered here as well.
"""

from __future__ import annotations

from . import definitions, exceptions
from ._samples import Samples
from .acquisition import DataloggingAcquisition
from .data_series import AxisDefinition, DataSeries, DataSeriesWithAxis, LoggedWatchable
from .datalogging_config import DataloggingConfig, TriggerCondition, XAxisType
from .datalogging_request import DataloggingRequest
from .datalogging_request_info import DataloggingRequestInfo, DataloggingRequestState
from .datalogging_storage import DataloggingStorageEntry
from .definitions import *  # noqa: F403 - all of them, also those to come

__all__ = [
    "AxisDefinition",
    "DataSeries",
    "DataSeriesWithAxis",
    "DataloggingAcquisition",
    "DataloggingConfig",
    "DataloggingRequest",
    "DataloggingRequestInfo",
    "DataloggingRequestState",
    "DataloggingStorageEntry",
    "LoggedWatchable",
    "Samples",
    "TriggerCondition",
    "XAxisType",
    "exceptions",
]
__all__ += definitions.__all__
