"""From raw values to values: what attributes refer to in other sections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scrutiny.core.values import ByteOrder

from ..errors import ElfError
from .constants import DW_FORM_flag
from .entries import AttributeValue
from .forms import TOP_FORMS, WANTED_FORMS, Conversion
from .strings import NumberTable, StringTable, decode
from .units import Unit


class Converter:
    """Knows the sections that the forms refer to.

    Attributes:
        strings: .debug_str by offset.
        line_strings: .debug_line_str by offset.
    """

    def __init__(
        self,
        strings: StringTable,
        line_strings: StringTable,
        string_offsets: NumberTable,
        signatures: Mapping[int, int],
        byte_order: ByteOrder,
    ) -> None:
        self.strings = strings
        self.line_strings = line_strings
        self._string_offsets = string_offsets
        self._signatures = signatures
        self._byte_order: ByteOrder = byte_order

    def convert(
        self, attribute: int, raw: Any, conversion: Conversion, unit: Unit
    ) -> AttributeValue | None:
        """Give the value; None: it has none that means anything here.

        Raises:
            ElfError: it is not in this file, or outside of its section.
        """
        match conversion:
            case Conversion.NONE:
                return raw  # type: ignore[no-any-return]
            case Conversion.RELATIVE:
                return unit.offset + int(raw)
            case Conversion.SIGNATURE:
                return self._signatures.get(raw)
            case Conversion.DECODED:
                return decode(raw)
            case Conversion.STRP:
                return self.strings[raw]
            case Conversion.LINE_STRP:
                return self.line_strings[raw]
            case Conversion.STRX:
                return self._indexed_string(raw, unit)
            case Conversion.STRX3:
                return self._indexed_string(int.from_bytes(raw, self._byte_order), unit)
            case Conversion.LARGE:
                return int.from_bytes(raw, self._byte_order)
            case Conversion.INDIRECT:
                form, value = raw
                return self._convert_indirect(attribute, form, value, unit)
            case Conversion.SUPPLEMENTARY:
                raise ElfError(
                    "dwz has moved a part of the debug information into another file; "
                    "use the program as it comes from the linker"
                )

    def _convert_indirect(
        self, attribute: int, form: int, raw: Any, unit: Unit
    ) -> AttributeValue | None:
        forms = WANTED_FORMS.get(attribute) or TOP_FORMS[attribute]
        conversion = forms.get(form)
        if conversion is None or conversion is Conversion.INDIRECT:
            return None
        if form == DW_FORM_flag:
            return bool(raw)
        return self.convert(attribute, raw, conversion, unit)

    def _indexed_string(self, index: int, unit: Unit) -> str:
        size = unit.encoding.offset_size
        base = unit.str_offsets_base
        if base is None:  # behind the header that version 5 has in front of the numbers
            base = 2 * size if unit.version >= 5 else 0
        offset = self._string_offsets.at(base, index, size)
        if offset is None:
            raise ElfError(f".debug_str_offsets is damaged or missing: there is no string {index}")
        return self.strings[offset]
