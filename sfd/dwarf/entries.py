"""Debugging information entries as the rest of the package sees them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from . import constants as c

if TYPE_CHECKING:
    from .units import Unit

# References are absolute: an offset in .debug_info, or, from 2**48 on, in .debug_types. A type
# signature is looked up by the reader, so that here it is such an offset as well.
AttributeValue = int | bytes | str | bool

DEBUG_TYPES_START: Final = 1 << 48

# What an attribute may be. One that a program gives in another way (a bound as a reference to a
# variable or as an expression, a location list) is absent from `Entry.values`.
REFERENCES: Final = frozenset(
    {
        c.DW_AT_type,
        c.DW_AT_specification,
        c.DW_AT_abstract_origin,
        c.DW_AT_signature,
        c.DW_AT_import,
        c.DW_AT_containing_type,
    }
)
STRINGS: Final = frozenset(
    {
        c.DW_AT_name,
        c.DW_AT_linkage_name,
        c.DW_AT_MIPS_linkage_name,
        c.DW_AT_MIPS_fde,
    }
)
CONSTANTS: Final = frozenset(
    {
        c.DW_AT_byte_size,
        c.DW_AT_bit_size,
        c.DW_AT_bit_offset,
        c.DW_AT_data_bit_offset,
        c.DW_AT_encoding,
        c.DW_AT_endianity,
        c.DW_AT_lower_bound,
        c.DW_AT_upper_bound,
        c.DW_AT_count,
        c.DW_AT_byte_stride,
        c.DW_AT_bit_stride,
        c.DW_AT_address_class,
        c.DW_AT_virtuality,
        c.DW_AT_inline,
    }
)
FLAGS: Final = frozenset(
    {
        c.DW_AT_external,
        c.DW_AT_declaration,
        c.DW_AT_artificial,
        c.DW_AT_enum_class,
        c.DW_AT_export_symbols,
        c.DW_AT_const_expr,
        c.DW_AT_GNU_vector,
    }
)
EXPRESSIONS: Final = frozenset({c.DW_AT_location, c.DW_AT_data_location})
CONSTANTS_OR_EXPRESSIONS: Final = frozenset({c.DW_AT_data_member_location})
CONSTANTS_BLOCKS_OR_STRINGS: Final = frozenset({c.DW_AT_const_value})

WANTED: Final = (
    REFERENCES
    | STRINGS
    | CONSTANTS
    | FLAGS
    | EXPRESSIONS
    | CONSTANTS_OR_EXPRESSIONS
    | CONSTANTS_BLOCKS_OR_STRINGS
)

# Kinds of entries that have a place in the tree. What is below any other belongs to its parent.
KEPT: Final = frozenset(
    {
        c.DW_TAG_array_type,
        c.DW_TAG_class_type,
        c.DW_TAG_entry_point,
        c.DW_TAG_enumeration_type,
        c.DW_TAG_lexical_block,
        c.DW_TAG_member,
        c.DW_TAG_pointer_type,
        c.DW_TAG_reference_type,
        c.DW_TAG_compile_unit,
        c.DW_TAG_string_type,
        c.DW_TAG_structure_type,
        c.DW_TAG_subroutine_type,
        c.DW_TAG_typedef,
        c.DW_TAG_union_type,
        c.DW_TAG_variant,
        c.DW_TAG_common_block,
        c.DW_TAG_inheritance,
        c.DW_TAG_inlined_subroutine,
        c.DW_TAG_module,
        c.DW_TAG_ptr_to_member_type,
        c.DW_TAG_set_type,
        c.DW_TAG_subrange_type,
        c.DW_TAG_base_type,
        c.DW_TAG_const_type,
        c.DW_TAG_enumerator,
        c.DW_TAG_file_type,
        c.DW_TAG_packed_type,
        c.DW_TAG_subprogram,
        c.DW_TAG_variant_part,
        c.DW_TAG_variable,
        c.DW_TAG_volatile_type,
        c.DW_TAG_restrict_type,
        c.DW_TAG_interface_type,
        c.DW_TAG_namespace,
        c.DW_TAG_unspecified_type,
        c.DW_TAG_partial_unit,
        c.DW_TAG_imported_unit,
        c.DW_TAG_shared_type,
        c.DW_TAG_type_unit,
        c.DW_TAG_rvalue_reference_type,
        c.DW_TAG_template_alias,
        c.DW_TAG_coarray_type,
        c.DW_TAG_generic_subrange,
        c.DW_TAG_dynamic_type,
        c.DW_TAG_atomic_type,
        c.DW_TAG_skeleton_unit,
        c.DW_TAG_immutable_type,
    }
)


class Entry:
    """One entry and what is below it.

    Numbers are as the form says: DW_FORM_sdata and DW_FORM_implicit_const are signed, all others
    are unsigned. So -1 of a signed enumeration of one octet is -1 or 255, depending on the
    compiler: a value that is not less than half the range of the type's size, in a signed type,
    means value - range. An upper bound of all ones in 4 or 8 octets is -1 as well.

    Attributes:
        offset: where it is, see above; names the entry in the whole program.
        tag: DW_TAG code.
        values: the attributes that matter here (`WANTED`), by DW_AT code: numbers as int, strings
            as str, references as offset, expressions and other blocks as bytes, flags as bool;
            what the program encodes in a way that has no value here (location lists, bounds that
            are computed at run time) is absent.
        parent: None for the top entry of a unit; else the nearest one that is kept.
        children: in the order of the file.
        unit: that it belongs to.
    """

    __slots__ = ("children", "offset", "parent", "tag", "unit", "values")

    def __init__(
        self,
        offset: int,
        tag: int,
        values: dict[int, AttributeValue],
        parent: Entry | None,
        unit: Unit,
        children: Sequence[Entry] = (),
    ) -> None:
        self.offset = offset
        self.tag = tag
        self.values = values
        self.parent = parent
        self.unit = unit
        self.children = children
