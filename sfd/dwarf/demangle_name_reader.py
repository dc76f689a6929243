"""Reads names and encodings of a mangled name. Source: Itanium C++ ABI, sections 5.1.2 to 5.1.4."""

from __future__ import annotations

import re
from typing import Final

from .demangle_expression_reader import OPERATORS, ExpressionReader
from .demangle_nodes import (
    Constructor,
    Conversion,
    Instance,
    Lambda,
    Listing,
    Local,
    Name,
    Nested,
    Node,
    Phrase,
    Special,
    Tagged,
    Unreadable,
)
from .demangle_type_reader import TypeReader
from .demangle_types import Encoding, Function

ANONYMOUS: Final = "(anonymous namespace)"
ANONYMOUS_SOURCE: Final = re.compile(r"_GLOBAL_[._$]N")

_STD: Final = Name("std")
# Of instances the full name is written, not the typedef.
_TRAITS: Final = "std::char_traits<char>"
_ABBREVIATIONS: Final = {
    "a": Special("std::allocator", "allocator"),
    "b": Special("std::basic_string", "basic_string"),
    "s": Special(f"std::basic_string<char, {_TRAITS}, std::allocator<char> >", "basic_string"),
    "i": Special(f"std::basic_istream<char, {_TRAITS} >", "basic_istream"),
    "o": Special(f"std::basic_ostream<char, {_TRAITS} >", "basic_ostream"),
    "d": Special(f"std::basic_iostream<char, {_TRAITS} >", "basic_iostream"),
}

_SPECIAL_TYPES: Final = {
    "TV": "vtable for ",
    "TT": "VTT for ",
    "TI": "typeinfo for ",
    "TS": "typeinfo name for ",
    "TF": "typeinfo fn for ",
}
_SPECIAL_NAMES: Final = {
    "GV": "guard variable for ",
    "TH": "TLS init function for ",
    "TW": "TLS wrapper function for ",
}
_CALL_OFFSET: Final = re.compile(r"h(n?[0-9]+)_|v(n?[0-9]+)_(n?[0-9]+)_")
_DISCRIMINATOR: Final = re.compile(r"__[0-9]+_|_[0-9]*")
_SEQUENCE: Final = re.compile(r"([0-9A-Z]{0,6})_")
_CLONE: Final = re.compile(r"\.(?:[a-z_]+|[0-9]+)(?:\.[0-9]+)*", re.IGNORECASE)


class NameReader(TypeReader, ExpressionReader):
    """A complete reader."""

    def symbol(self) -> Node:
        """Read ``_Z <encoding> <clone suffix>*``, the whole text.

        Raises:
            Unreadable: it is something else.
        """
        self.expect("_Z")
        items: list[str | Node] = [self.encoding()]
        while self.peek() == ".":
            items.append(f" [clone {self.matched(_CLONE)[0]}]")
        if self.position != len(self.text):
            raise Unreadable
        return Phrase(*items)

    def encoding(self) -> Node:
        """Read ``<encoding>``: a variable, a function, or something the compiler made."""
        self.enter()
        outer, self.in_conversion = self.in_conversion, False
        node = self._special() if self.peek() in ("T", "G") else self._entity()
        self.in_conversion = outer
        self.leave()
        return node

    def name(self) -> Node:
        """Read ``<name>``."""
        return self._qualified_name()[0]

    def _qualified_name(self) -> tuple[Node, tuple[str, ...]]:
        """Read a name, and the qualifiers of a member function that stand in it."""
        start = self.peek()
        if start == "N":
            return self._nested_name()
        if start == "Z":
            return self._local_name()
        return self._unscoped_name(), ()

    def _unscoped_name(self) -> Node:
        is_candidate = self.peek() != "S" or self.peek(2) == "St"
        if self.take("St"):
            node: Node = Nested(_STD, self.unqualified_name(_STD))
        elif self.peek() == "S":
            node = self._substitution()
        else:
            node = self.unqualified_name(None)
        if self.peek() != "I":
            return node
        if is_candidate:
            self.remember(node)
        return Instance(node, self.template_argument_list())

    def _nested_name(self) -> tuple[Node, tuple[str, ...]]:
        """Read ``N <qualifiers> <prefix> <name> E``."""
        self.expect("N")
        qualifiers = self.qualifiers()
        for mark, symbol in (("R", "&"), ("O", "&&")):
            if self.take(mark):
                qualifiers = (*qualifiers, symbol)
        scope: Node | None = None
        while not self.take("E"):
            if scope is not None and self.take("M"):  # a lambda in a member's initializer follows
                continue
            is_candidate = self.peek() != "S"
            scope = self._component(scope)
            if is_candidate and self.peek() != "E":
                self.remember(scope)
        if scope is None:
            raise Unreadable
        return scope, qualifiers

    def _component(self, scope: Node | None) -> Node:
        start = self.peek()
        if start == "I" and scope is not None:
            return Instance(scope, self.template_argument_list())
        if scope is None:
            if start == "S":
                return _STD if self.take("St") else self._substitution()
            if start == "T":
                return self.template_parameter()
            if self.peek(2) in ("Dt", "DT"):
                return self.decltype()
            return self.unqualified_name(None)
        return Nested(scope, self.unqualified_name(scope))

    def _local_name(self) -> tuple[Node, tuple[str, ...]]:
        """Read ``Z <function> E <entity> <discriminator>``."""
        self.expect("Z")
        function = self.encoding()
        if isinstance(function, Encoding):
            function = function.without_return()
        self.expect("E")
        if self.take("s"):
            self._skip_discriminator()
            return Nested(function, Name("string literal")), ()
        if self.take("d"):
            default = Name(f"{{default arg#{self.ordinal() + 1}}}")
            function = Nested(function, default)
        entity, qualifiers = self._qualified_name()
        self._skip_discriminator()
        return Local(function, entity), qualifiers

    def _skip_discriminator(self) -> None:
        if self.peek() == "_":
            self.matched(_DISCRIMINATOR)

    def _substitution(self) -> Node:
        """Read ``S_``, ``S0_`` or an abbreviation such as ``Ss``, with its ABI tags."""
        self.expect("S")
        abbreviation = _ABBREVIATIONS.get(self.peek())
        if abbreviation is None:
            return self.numbered_substitution()
        self.position += 1
        tagged = self._tagged(abbreviation)
        return tagged if tagged is abbreviation else self.remember(tagged)

    def unqualified_name(self, scope: Node | None) -> Node:
        """Read ``<unqualified-name>`` with its ABI tags; the scope names constructors."""
        is_local = self.take("L")
        start = self.peek()
        if start.isdigit():
            text = self.source_text()
            node: Node = Name(ANONYMOUS if ANONYMOUS_SOURCE.match(text) else text)
            if is_local:
                self._skip_discriminator()
        elif start == "U":
            node = self._unnamed_type()
        elif self.take("DC"):
            names = self.until_end(lambda: Name(self.source_text()))
            node = Phrase("[", Listing(names), "]")
        elif start in ("C", "D") and scope is not None:
            node = self._constructor(scope)
        else:
            node = self.operator_name()
        return self._tagged(node)

    def _tagged(self, node: Node) -> Node:
        while self.take("B"):
            node = Tagged(node, self.source_text())
        return node

    def _constructor(self, scope: Node) -> Node:
        kind = self.peek(2)
        if kind in ("D0", "D1", "D2", "D4", "D5"):
            self.position += 2
            return Constructor(scope, "~")
        if kind == "CI":
            self.position += 1
        elif kind not in ("C1", "C2", "C3", "C4", "C5"):
            raise Unreadable
        self.position += 2
        # An inherited constructor is written with the name of its base class.
        return Constructor(self.type() if kind == "CI" else scope, "")

    def _unnamed_type(self) -> Node:
        if self.take("Ut"):
            return Name(f"{{unnamed type#{self.ordinal() + 1}}}")
        self.expect("Ul")
        parameters = self.parameters()
        self.expect("E")
        return Lambda(parameters, self.ordinal() + 1)

    def operator_name(self) -> Node:
        """Read ``<operator-name>``: a symbol, a conversion, or a literal operator."""
        if self.take("cv"):
            outer = self.in_conversion
            self.in_conversion = True
            target = self.type()
            self.in_conversion = outer
            return Conversion(target)
        if self.take("li"):
            return Phrase(f'operator"" {self.source_text()}')
        if self.peek() == "v" and self.peek(2)[1:].isdigit():
            self.position += 2
            return Phrase(f"operator {self.source_text()}")
        symbol = OPERATORS.get(self.peek(2))
        if symbol is None:
            raise Unreadable
        self.position += 2
        word = symbol.rstrip()
        return Phrase(f"operator {word}" if word[0].islower() else f"operator{word}")

    def _entity(self) -> Node:
        """Read a variable, or a function with the types of its parameters."""
        node, qualifiers = self._qualified_name()
        if self.peek() in ("", "E"):
            return node
        returned = self.type() if _has_return_type(node) else None
        return Encoding(node, Function(returned, self.parameters(), qualifiers))

    def _special(self) -> Node:
        """Read what compilers add to a program: tables, guards, thunks, temporaries."""
        code = self.peek(2)
        self.position += 2
        if code in _SPECIAL_TYPES:
            return Phrase(_SPECIAL_TYPES[code], self.type())
        if code in _SPECIAL_NAMES:
            return Phrase(_SPECIAL_NAMES[code], self.name())
        if code == "GR":
            name = self.name()
            return Phrase(f"reference temporary #{self._temporary_number()} for ", name)
        if code == "GT":
            kind = "non-transaction clone for " if self.take("n") else "transaction clone for "
            if kind.startswith("t"):
                self.expect("t")
            return Phrase(kind, self.encoding())
        if code == "TA":
            return Phrase("template parameter object for ", self.template_argument())
        if code == "TC":
            return self._construction_table()
        return self._thunk(code)

    def _temporary_number(self) -> int:
        if self.peek() == "":  # its underscore was taken for a discriminator
            return 0
        return int(self.matched(_SEQUENCE)[1] or "-1", 36) + 1

    def _construction_table(self) -> Node:
        derived = self.type()
        self.number()
        self.expect("_")
        return Phrase("construction vtable for ", self.type(), "-in-", derived)

    def _thunk(self, code: str) -> Node:
        if code == "Tc":
            self.matched(_CALL_OFFSET)
            self.matched(_CALL_OFFSET)
            return Phrase("covariant return thunk to ", self.encoding())
        self.position -= 1
        kind = (
            "virtual thunk to "
            if self.matched(_CALL_OFFSET)[0][0] == "v"
            else "non-virtual thunk to "
        )
        return Phrase(kind, self.encoding())


def _has_return_type(node: Node) -> bool:
    """Whether what a function returns is part of its mangled name: for instances of templates."""
    if isinstance(node, Local):
        return _has_return_type(node.name)
    return isinstance(node, Instance) and not _is_constructor_or_conversion(node.template)


def _is_constructor_or_conversion(node: Node) -> bool:
    while isinstance(node, (Nested, Tagged)):
        node = node.name
    return isinstance(node, (Constructor, Conversion))
