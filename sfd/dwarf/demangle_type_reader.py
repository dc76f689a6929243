"""Reads the types in a mangled name. Source: Itanium C++ ABI, section 5.1.5."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from .demangle_nodes import Builtin, Expansion, Instance, Name, Node, Phrase, Unreadable
from .demangle_reader import Reader
from .demangle_types import Array, Decorated, Function, MemberPointer, Pointer, Qualified

BUILTIN_TYPES: Final = {
    code: Builtin(text)
    for code, text in {
        "a": "signed char", "b": "bool", "c": "char", "d": "double", "e": "long double",
        "f": "float", "g": "__float128", "h": "unsigned char", "i": "int", "j": "unsigned int",
        "l": "long", "m": "unsigned long", "n": "__int128", "o": "unsigned __int128",
        "s": "short", "t": "unsigned short", "v": "void", "w": "wchar_t", "x": "long long",
        "y": "unsigned long long", "z": "...",
    }.items()
}  # fmt: skip

_D_TYPES: Final = {
    code: Builtin(text)
    for code, text in {
        "Da": "auto", "Dc": "decltype(auto)", "Dd": "decimal64", "De": "decimal128",
        "Df": "decimal32", "Dh": "half", "Di": "char32_t", "Dn": "decltype(nullptr)",
        "Ds": "char16_t", "Du": "char8_t",
    }.items()
}  # fmt: skip

# In the order in which they stand in a mangled name.
_QUALIFIERS: Final = {"r": "restrict", "V": "volatile", "K": "const"}
_POINTERS: Final = {"P": "*", "R": "&", "O": "&&"}


class TypeReader(Reader):
    """The part of a reader that reads types."""

    def type(self) -> Node:
        """Read ``<type>``, and remember it unless it is a builtin type or a substitution."""
        self.enter()
        start = self.peek()
        if start in BUILTIN_TYPES:
            self.position += 1
            node: Node = BUILTIN_TYPES[start]
        elif start == "S" and self.peek(2) != "St":
            node = self._substituted_type()
        elif start == "D" and self.peek(2) in _D_TYPES:
            node = _D_TYPES[self.peek(2)]
            self.position += 2
        elif self.peek(2) == "DF":
            node = self._extended_float()
        else:
            node = self.remember(self._compound_type(start))
        self.leave()
        return node

    def function_type(self, qualifiers: tuple[str, ...] = ()) -> Function:
        """Read ``[<exception-spec>] F [Y] <return type> <parameters> [R|O] E``."""
        suffixes: list[str | Node] = list(qualifiers)
        if self.take("Do"):
            suffixes.append("noexcept")
        elif self.take("DO"):
            suffixes.append(Phrase("noexcept(", self.expression(), ")"))
            self.expect("E")
        elif self.take("Dw"):
            types = self.until_end(self.type)
            suffixes.append(Phrase("throw(", *_with_commas(types), ")"))
        if self.take("Dx"):
            suffixes.insert(len(qualifiers), "transaction_safe")
        self.expect("F")
        self.take("Y")
        returned = self.type()
        parameters = self.parameters()
        for mark, symbol in (("R", "&"), ("O", "&&")):
            if self.take(mark):
                suffixes.append(symbol)
        self.expect("E")
        return Function(returned, parameters, suffixes)

    def parameters(self) -> list[Node]:
        """Read the types of parameters up to an E, the end, a clone suffix, or a qualifier."""
        nodes: list[Node] = []
        while self.peek() not in ("", "E", ".") and self.peek(2) not in ("RE", "OE"):
            nodes.append(self.type())
        if not nodes:
            raise Unreadable
        return [] if len(nodes) == 1 and nodes[0] is BUILTIN_TYPES["v"] else nodes

    def qualifiers(self) -> tuple[str, ...]:
        """Read ``[r] [V] [K]`` and return what is written, innermost first."""
        found: list[str] = []
        for letter, word in _QUALIFIERS.items():
            if self.take(letter):
                found.insert(0, word)
        return tuple(found)

    def decltype(self) -> Node:
        """Read ``Dt <expression> E`` or ``DT <expression> E``."""
        self.position += 2
        node = Phrase("decltype (", self.expression(), ")")
        self.expect("E")
        return node

    def _compound_type(self, start: str) -> Node:
        if start in _QUALIFIERS:
            return self._qualified_type()
        if start in _POINTERS:
            self.position += 1
            return Pointer(self.type(), _POINTERS[start])
        read: Callable[[], Node] | None = {
            "F": self.function_type,
            "A": self._array_type,
            "M": self._member_pointer,
            "T": self._template_parameter_type,
            "D": self._d_type,
            "C": self._complex_type,
            "G": self._complex_type,
            "U": self._vendor_qualified_type,
            "u": self._vendor_type,
        }.get(start)
        if read is not None:
            return read()
        return self.name()

    def _substituted_type(self) -> Node:
        """Read ``S_`` or ``Sa`` with what follows; only a template instance is remembered."""
        before = self.position
        following = self.peek(2)[1:]
        if following != "_" and not following.isdigit() and not following.isupper():
            node = self.name()
            # An abbreviation alone is no candidate; with arguments or tags it is.
            return self.remember(node) if self.position > before + 2 else node
        self.position += 1
        node = self.numbered_substitution()
        if self.peek() == "I":
            node = self.remember(Instance(node, self.template_argument_list()))
        return node

    def _qualified_type(self) -> Node:
        words = self.qualifiers()
        if self.peek() == "F" or self.peek(2) in ("Do", "DO", "Dw", "Dx"):
            return self.function_type(words)
        return Qualified(self.type(), words)

    def _array_type(self) -> Node:
        self.expect("A")
        dimension: Node = Name("")
        if self.peek().isdigit():
            dimension = Name(str(self.number()))
        elif self.peek() != "_":
            dimension = self.expression()
        self.expect("_")
        return Array(self.type(), dimension)

    def _member_pointer(self) -> Node:
        self.expect("M")
        owner = self.type()
        return MemberPointer(owner, self.type())

    def _template_parameter_type(self) -> Node:
        node = self.template_parameter()
        # Behind the type of a conversion operator come the arguments of the operator itself.
        if self.peek() == "I" and not self.in_conversion:
            self.remember(node)
            return Instance(node, self.template_argument_list())
        return node

    def _d_type(self) -> Node:
        code = self.peek(2)
        if code in ("Dt", "DT"):
            return self.decltype()
        if code in ("Do", "DO", "Dw", "Dx"):
            return self.function_type()
        if self.take("Dp"):
            return Expansion(self.type())
        if self.take("Dv"):
            dimension = self._vector_dimension()
            self.expect("_")
            return Decorated(self.type(), " __vector(", dimension, ")")
        return self.name()

    def _vector_dimension(self) -> Node:
        if self.take("_"):
            return self.expression()
        return Name(str(self.number()))

    def _extended_float(self) -> Node:
        self.expect("DF")
        bits = self.number()
        if self.take("b"):
            return Name("std::bfloat16_t")
        suffix = "x" if self.take("x") else ""
        if not suffix:
            self.expect("_")
        return Name(f"_Float{bits}{suffix}")

    def _complex_type(self) -> Node:
        word = " _Complex" if self.peek() == "C" else " _Imaginary"
        self.position += 1
        return Decorated(self.type(), word)

    def _vendor_qualified_type(self) -> Node:
        if self.peek(2) in ("Ut", "Ul"):
            return self.name()
        self.expect("U")
        words: list[str | Node] = [" ", self.source_text()]
        if self.peek() == "I":
            words.append(Instance(Name(""), self.template_argument_list()))
        return Decorated(self.type(), *words)

    def _vendor_type(self) -> Node:
        self.expect("u")
        node: Node = Name(self.source_text())
        if self.peek() == "I":
            node = Instance(node, self.template_argument_list())
        return node


def _with_commas(nodes: list[Node]) -> list[str | Node]:
    items: list[str | Node] = []
    for node in nodes:
        items += [", ", node] if items else [node]
    return items
