"""Programs made from the corpus, and what their sources say has to be found in them."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from scrutiny.core.values import ByteOrder

CORPUS: Final = Path(__file__).resolve().parents[1] / "firmware" / "corpus"
_COMMENTED_LEAF: Final = re.compile(r"^// leaf (.+?) @(\w+)\+(\w+)(?: (!?\w+))?$", re.MULTILINE)
_TEXT: Final = re.compile(
    r"(?P<path>/.*?) (?P<type>[a-z]+[0-9*]*)(?::(?P<bits>[0-9]+))?(?:=(?P<enum>\w+))?"
    r"(?: (?P<arrays>[\[\]0-9/]+))?(?: ->(?P<pointer>\S+))?"
)


@dataclass(frozen=True)
class Toolchain:
    """How a program for one target is made.

    Attributes:
        name: for the names of tests.
        c: command that compiles C, and links.
        cxx: command that compiles C++.
        target: flags of both, and of the link.
        link: flags of the link only.
        leaves_out: sources that it cannot compile, with the reason.
    """

    name: str
    c: tuple[str, ...]
    cxx: tuple[str, ...]
    target: tuple[str, ...] = ()
    link: tuple[str, ...] = ("-static", "-nostdlib", "-no-pie", "-Wl,-e,main")
    leaves_out: tuple[str, ...] = ()

    @property
    def tools(self) -> list[str]:
        """Programs that have to be there."""
        tools = [self.c[0], self.cxx[0]]
        linker = next((flag for flag in self.link if flag.startswith("-fuse-ld=")), None)
        return tools if linker is None else [*tools, linker.removeprefix("-fuse-ld=")]

    def missing(self) -> list[str]:
        """Return the programs that are not there."""
        return [tool for tool in self.tools if shutil.which(tool) is None]


@dataclass(frozen=True)
class ExpectedLeaf:
    """What a source says about one of its variables.

    Attributes:
        path: without indices.
        type: of the storage, ``*`` for any number of bits.
        address: of the variable; behind a pointer the offset.
        bits: octet and bit, from the least significant one, of each bit of a field; else None.
        enum: name of the enumeration.
        arrays: dimensions, outermost array first.
        pointer: path of the pointer, with the dimensions of the arrays on it.
    """

    path: str
    type: str
    address: int
    bits: frozenset[tuple[int, int]] | None
    enum: str | None
    arrays: tuple[tuple[int, ...], ...]
    pointer: str | None


def build(toolchain: Toolchain, flags: list[str], folder: Path) -> Path:
    """Compile all of the corpus into one program that needs nothing else.

    Raises:
        AssertionError: it does not compile.
    """
    common = [*toolchain.target, *flags, "-ffreestanding", "-fno-pie", "-w", f"-I{CORPUS}"]
    jobs: list[tuple[Path, list[str]]] = []
    for source in sorted([*CORPUS.glob("*.c"), *CORPUS.glob("*.cpp")]):
        if source.name in toolchain.leaves_out:
            continue
        is_c = source.suffix == ".c"
        compiler = toolchain.c if is_c else toolchain.cxx
        language = ["-std=gnu11"] if is_c else ["-fno-exceptions", "-fno-rtti"]
        command = [*compiler, *common, *language, "-c", str(source), "-o"]
        jobs.append((folder / f"{source.name}.o", command))
    for target, command in jobs:
        _run([*command, str(target)])
    main = folder / "main.c"
    main.write_text("int main(void) { for (;;) { } }\n")
    objects = [str(target) for target, _ in jobs]
    program = folder / "corpus.elf"
    link = [*toolchain.c, *toolchain.target, *toolchain.link]
    _run([*link, str(main), *objects, "-o", str(program)])
    return program


def _run(command: list[str]) -> None:
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, f"{' '.join(command)}\n{result.stdout}{result.stderr}"


class CorpusImage:
    """A program of the corpus, read without its debug information."""

    def __init__(self, program: Path) -> None:
        with program.open("rb") as stream:
            elf = ELFFile(stream)
            self.is_little: bool = elf.little_endian
            self.machine: str = str(elf["e_machine"])
            self.is_avr = self.machine == "EM_AVR"
            self.pointer_size = 2 if self.is_avr else int(elf.elfclass) // 8
            self._mask = (1 << (8 * self.pointer_size)) - 1
            self._sections = [
                (int(section["sh_addr"]), bytes(section.data()))
                for section in elf.iter_sections()
                if section["sh_flags"] & 2 and section["sh_type"] == "SHT_PROGBITS"
            ]
            corpus = elf.get_section_by_name("corpus")
            assert corpus is not None
            self._entries = bytes(corpus.data())
            table = elf.get_section_by_name(".symtab")
            assert isinstance(table, SymbolTableSection)
            self._symbols = {
                str(symbol.name): int(symbol["st_value"]) for symbol in table.iter_symbols()
            }

    def expected(self) -> dict[str, ExpectedLeaf]:
        """Return what has to be found, by path."""
        leaves = [*self._noted_by_the_compiler(), *self._noted_in_comments()]
        by_path = {leaf.path: leaf for leaf in leaves}
        assert len(by_path) == len(leaves), "a path is expected twice"
        return by_path

    def distance(self, address: int, start: int) -> int:
        """Return how far one is behind the other; those of an AVR may have a prefix."""
        return (address - start) & self._mask

    def _noted_by_the_compiler(self) -> list[ExpectedLeaf]:
        size = self.pointer_size
        order: ByteOrder = "little" if self.is_little else "big"
        words = [
            int.from_bytes(self._entries[at : at + size], order)
            for at in range(0, len(self._entries), size)
        ]
        leaves: list[ExpectedLeaf] = []
        for text, address, image, image_size, offset in zip(*[iter(words)] * 5, strict=True):
            bits = None
            if image:
                octets = self._octets(image, image_size)
                bits = frozenset(
                    (index, bit)
                    for index, octet in enumerate(octets)
                    for bit in range(8)
                    if octet >> bit & 1
                )
            leaves.append(_leaf(self._text(text), address or offset, bits))
        return leaves

    def _noted_in_comments(self) -> list[ExpectedLeaf]:
        leaves: list[ExpectedLeaf] = []
        for source in sorted(CORPUS.glob("*.cpp")):
            for text, symbol, offset, only in _COMMENTED_LEAF.findall(source.read_text()):
                if only and (only == "avr") is not self.is_avr:
                    continue
                if symbol not in self._symbols:
                    assert source.name == "inline_variables.cpp", f"{symbol} is not there"
                    continue
                distance = self.pointer_size if offset == "P" else int(offset)
                leaves.append(_leaf(text, self._symbols[symbol] + distance, None))
        return leaves

    def _octets(self, address: int, size: int) -> bytes:
        for start, data in self._sections:
            offset = (address - start) & self._mask
            if (not self.is_avr or start >= 0x800000) and offset + size <= len(data):
                return data[offset : offset + size]
        raise AssertionError(f"nothing is at {address:#x}")

    def _text(self, address: int) -> str:
        for start, data in self._sections:
            offset = (address - start) & self._mask
            if (not self.is_avr or start >= 0x800000) and offset < len(data):
                return data[offset : data.index(0, offset)].decode()
        raise AssertionError(f"nothing is at {address:#x}")


def _leaf(text: str, address: int, bits: frozenset[tuple[int, int]] | None) -> ExpectedLeaf:
    match = _TEXT.fullmatch(text)
    assert match is not None, text
    if bits is not None:
        assert match["bits"] is not None, text
        assert len(bits) == int(match["bits"]), text
    arrays = tuple(
        tuple(int(size) for size in re.findall(r"[0-9]+", part))
        for part in (match["arrays"] or "").split("/")
        if part
    )
    return ExpectedLeaf(
        match["path"], match["type"], address, bits, match["enum"], arrays, match["pointer"]
    )
