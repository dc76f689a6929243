"""Debug information as no compiler at hand writes it, put together entry by entry."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from scrutiny.sfd.dwarf import constants as c

from .dwarf_programs import run, tool


@dataclass(frozen=True)
class Ref:
    """A reference to the entry of that label."""

    label: str


@dataclass(frozen=True)
class Address:
    """A location: the address of a symbol, or a number."""

    symbol: str


Value = int | str | bytes | bool | Ref | Address


@dataclass
class Made:
    """An entry to be written.

    Attributes:
        tag: DW_TAG code.
        values: by DW_AT code; the forms follow from the types.
        children: below it.
        label: that references name.
    """

    tag: int
    values: dict[int, Value] = field(default_factory=dict[int, Value])
    children: list[Made] = field(default_factory=list["Made"])
    label: str = ""


def variable(name: str, type_label: str, symbol: str = "", **more: Value) -> Made:
    """Return an external variable; it is at the symbol of its name, unless told otherwise."""
    values: dict[int, Value] = {
        c.DW_AT_name: name,
        c.DW_AT_type: Ref(type_label),
        c.DW_AT_external: True,
        c.DW_AT_location: Address(symbol or name),
    }
    values |= {getattr(c, f"DW_AT_{attribute}"): value for attribute, value in more.items()}
    return Made(c.DW_TAG_variable, values)


def base_type(label: str, encoding: int = c.DW_ATE_signed, size: int = 4) -> Made:
    """Return a base type that has its label for a name."""
    values: dict[int, Value] = {
        c.DW_AT_name: label,
        c.DW_AT_encoding: encoding,
        c.DW_AT_byte_size: size,
    }
    return Made(c.DW_TAG_base_type, values, label=label)


def build(
    folder: Path, *entries: Made, symbols: str = "x y z", tail: str = "", **unit: str | int
) -> Path:
    """Assemble and link a program; give its path.

    Args:
        folder: for the files.
        entries: below the top entry.
        symbols: names of variables of 8 octets each.
        tail: text for the assembler, behind the entries.
        unit: producer, language and more of the unit.
    """
    values: dict[int, Value] = {c.DW_AT_name: "f.c"}
    values |= {getattr(c, f"DW_AT_{attribute}"): value for attribute, value in unit.items()}
    source = folder / "handmade.s"
    top = Made(c.DW_TAG_compile_unit, values, list(entries))
    source.write_text(_assembly(top, symbols, tail))
    program = folder / "handmade.elf"
    options = ["-nostdlib", "-static", "-no-pie", "-Wl,-e,main"]
    run([tool("gcc"), *options, str(source), "-o", str(program)], folder)
    return program


def _assembly(top: Made, symbols: str, tail: str) -> str:
    abbreviations: list[str] = []
    info: list[str] = []
    _write(top, count(1), abbreviations, info)
    data = "".join(
        f".globl {name}\n.type {name}, @object\n.size {name}, 8\n{name}: .quad 0\n"
        for name in symbols.split()
    )
    return "\n".join(
        [
            ".text\n.globl main\nmain: ret",
            f".data\n{data}",
            '.section .debug_abbrev,"",@progbits',
            *abbreviations,
            ".byte 0",
            '.section .debug_info,"",@progbits',
            "unit_start:\n.long unit_end - . - 4\n.short 4\n.long 0\n.byte 8",
            *info[:-1],
            tail,
            info[-1],
            "unit_end:\n",
        ]
    )


def _write(entry: Made, codes: count[int], abbreviations: list[str], info: list[str]) -> None:
    code = next(codes)
    forms = [(attribute, *_encoded(value)) for attribute, value in entry.values.items()]
    abbreviations.append(f".uleb128 {code}, {entry.tag}\n.byte {1 if entry.children else 0}")
    abbreviations += [f".uleb128 {attribute}, {form}" for attribute, form, _ in forms]
    abbreviations.append(".byte 0, 0")
    if entry.label:
        info.append(f"entry_{entry.label}:")
    info.append(f".uleb128 {code}")
    info += [text for *_, text in forms]
    for child in entry.children:
        _write(child, codes, abbreviations, info)
    if entry.children:
        info.append(".byte 0")


def _encoded(value: Value) -> tuple[int, str]:
    if isinstance(value, bool):
        return c.DW_FORM_flag_present, ""
    if isinstance(value, int):
        return c.DW_FORM_sdata, f".sleb128 {value}"
    if isinstance(value, str):
        return c.DW_FORM_string, f'.asciz "{value}"'
    if isinstance(value, Ref):
        return c.DW_FORM_ref4, f".long entry_{value.label} - unit_start"
    if isinstance(value, Address):
        return c.DW_FORM_exprloc, f".byte 9, {c.DW_OP_addr}\n.quad {value.symbol}"
    octets = ", ".join(map(str, value))
    return c.DW_FORM_exprloc, f".uleb128 {len(value)}\n.byte {octets}"
