"""Top entries of units: what a unit says about itself."""

from __future__ import annotations

from typing import Any

from ..errors import ElfError
from . import constants as c
from .abbreviations import Abbreviations
from .conversions import Converter
from .forms import TOP_FORMS, Encoding, uleb128
from .plans import Declaration, Plan, compile_for
from .units import Unit

_IN_OTHER_FILES = "the debug information is in other files (.dwo): compile without -gsplit-dwarf"


class TopEntries:
    """Completes units with what their top entry tells, without reading what is below it."""

    def __init__(self, abbreviations: Abbreviations, converter: Converter) -> None:
        self._abbreviations = abbreviations
        self._converter = converter
        self._plans: dict[tuple[Declaration, Encoding], Plan] = {}

    def complete(self, unit: Unit, section: bytes, start: int) -> bool:
        """Fill in what the header did not tell; tell whether there is a top entry at all.

        Args:
            unit: to complete.
            section: that contains it.
            start: absolute offset of the section.

        Raises:
            ElfError: it is damaged, or its content is in another file.
        """
        if unit.first_entry == unit.end:
            return False
        code, position = uleb128(section, unit.first_entry - start)
        if not code:
            return False
        plan = self._plan(unit, code)
        taken, position = plan.take(section, position)
        if position > unit.end - start:
            raise ElfError(f"the debug information is damaged: unit at {unit.offset:#x}")
        raw: dict[int, Any] = dict(zip(plan.keys, taken, strict=True))
        raw.update(plan.constants)
        self._set_kind(unit, plan.tag, raw)
        # The names below may be found by way of these.
        unit.str_offsets_base = raw.get(c.DW_AT_str_offsets_base)
        unit.addr_base = raw.get(c.DW_AT_addr_base, raw.get(c.DW_AT_GNU_addr_base))
        values = raw | {
            attribute: self._converter.convert(attribute, raw[attribute], conversion, unit)
            for attribute, conversion in plan.conversions
        }
        unit.name = _text(values.get(c.DW_AT_name))
        unit.comp_dir = _text(values.get(c.DW_AT_comp_dir))
        unit.producer = _text(values.get(c.DW_AT_producer))
        language = values.get(c.DW_AT_language)
        unit.language = language if isinstance(language, int) else 0
        return True

    def _plan(self, unit: Unit, code: int) -> Plan:
        declaration = self._abbreviations.declaration(unit.abbreviations, code)
        plan = self._plans.get((declaration, unit.encoding))
        if plan is None:
            plan = compile_for(declaration, unit.encoding, TOP_FORMS)
            self._plans[declaration, unit.encoding] = plan
        return plan

    @staticmethod
    def _set_kind(unit: Unit, tag: int, raw: dict[int, Any]) -> None:
        if tag == c.DW_TAG_partial_unit:
            unit.unit_type = c.DW_UT_partial
        in_other_files = unit.unit_type in (
            c.DW_UT_skeleton,
            c.DW_UT_split_compile,
            c.DW_UT_split_type,
        )
        if in_other_files or c.DW_AT_dwo_name in raw or c.DW_AT_GNU_dwo_name in raw:
            raise ElfError(_IN_OTHER_FILES)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
