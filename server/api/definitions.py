"""What clients are told about a watchable.

Source: client API, sections 5.4 and 5.5.
"""

from __future__ import annotations

import math
from typing import Final

from msgspec import UNSET, UnsetType

from scrutiny.api.messages import (
    BriefWatchable,
    DetailedWatchable,
    Enumeration,
    VariableFactory,
)
from scrutiny.core import enums
from scrutiny.core.types import DataType
from scrutiny.core.watchables import Alias, ArrayFactory, Variable, parse_rpv_path

from ..entries import Entry
from .device_port import Device

# Names of an enumeration that are more than this, in characters, are not told: nobody reads them,
# and with them a single watchable would not fit into a message. 150,000 may be 900,000 octets.
LARGEST_ENUM: Final = 150_000
_PER_NAME: Final = 24  # what a value and the punctuation around it may take


def brief(path: str, data_type: DataType, enum: enums.Enumeration | None) -> BriefWatchable:
    """Describe a watchable in a list."""
    return BriefWatchable(path, data_type.api_name, enumeration(enum))


def factory_definition(factory: ArrayFactory) -> VariableFactory:
    """Describe an array in a list."""
    nodes = {path: list(sizes) for path, sizes in factory.dimensions.items()}
    return VariableFactory(
        path=factory.path,
        dtype=factory.data_type.api_name,
        factory_params={"array_nodes": nodes},
        enum=enumeration(factory.enum),
    )


def detailed(entry: Entry, device: Device) -> DetailedWatchable:
    """Describe a watchable that was asked for by path."""
    definition = DetailedWatchable(
        path=entry.path,
        type=entry.kind,
        id=entry.id,
        dtype=entry.data_type.api_name,
        enum=enumeration(entry.enum),
    )
    if entry.alias is not None:
        _add_alias(definition, entry.alias)
    elif isinstance(entry.source, Variable):
        _add_variable(definition, entry.source, device)
    else:
        definition.rpvid = entry.source.id
    return definition


def enumeration(enum: enums.Enumeration | None) -> Enumeration | UnsetType:
    """Describe the names of values, unless they are too many."""
    if enum is None:
        return UNSET
    size = sum(map(len, enum.values)) + _PER_NAME * len(enum.values) + len(enum.name)
    return UNSET if size > LARGEST_ENUM else Enumeration(enum.name, dict(enum.values))


def _add_variable(definition: DetailedWatchable, variable: Variable, device: Device) -> None:
    definition.address = device.address_of(variable)
    bit_field = variable.bit_field
    definition.bitoffset = None if bit_field is None else bit_field.offset
    definition.bitsize = None if bit_field is None else bit_field.size


def _add_alias(definition: DetailedWatchable, alias: Alias) -> None:
    definition.target = alias.target
    definition.target_type = alias.target_type or (
        "var" if parse_rpv_path(alias.target) is None else "rpv"
    )
    # What does nothing counts as not defined, and is null.
    definition.gain = None if alias.gain == 1.0 else alias.gain
    definition.bias = None if alias.offset == 0.0 else alias.offset
    definition.offset = definition.bias
    definition.min = None if math.isinf(alias.minimum) else alias.minimum
    definition.max = None if math.isinf(alias.maximum) else alias.maximum
