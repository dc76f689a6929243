"""Reads expressions and literals in a mangled name. Source: Itanium C++ ABI, section 5.1.6."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable
from typing import Final

from .demangle_nodes import (
    Braced,
    Expansion,
    Instance,
    Listing,
    Name,
    Nested,
    Node,
    Operand,
    Output,
    PackArgument,
    Parameter,
    Phrase,
    Unreadable,
)
from .demangle_reader import Reader
from .demangle_types import Encoding

_UNARY: Final = {
    "ps": "+", "ng": "-", "ad": "&", "de": "*", "nt": "!", "co": "~", "aw": "co_await ",
    "sz": "sizeof ", "az": "alignof ", "te": "typeid ", "tw": "throw ", "dl": "delete ",
    "da": "delete[] ",
}  # fmt: skip
_INCREMENTS: Final = {"pp": "++", "mm": "--"}
_BINARY: Final = {
    "pl": "+", "mi": "-", "ml": "*", "dv": "/", "rm": "%", "an": "&", "or": "|", "eo": "^",
    "aS": "=", "pL": "+=", "mI": "-=", "mL": "*=", "dV": "/=", "rM": "%=", "aN": "&=",
    "oR": "|=", "eO": "^=", "ls": "<<", "rs": ">>", "lS": "<<=", "rS": ">>=", "eq": "==",
    "ne": "!=", "lt": "<", "gt": ">", "le": "<=", "ge": ">=", "ss": "<=>", "aa": "&&",
    "oo": "||", "cm": ",", "pm": "->*", "ds": ".*",
}  # fmt: skip
_CASTS: Final = {
    "dc": "dynamic_cast", "sc": "static_cast", "rc": "reinterpret_cast", "cc": "const_cast",
}  # fmt: skip
# Operators that only functions are named after.
_NAMES_ONLY: Final = {"nw": "new", "na": "new[]", "cl": "()", "ix": "[]", "pt": "->", "qu": "?"}
OPERATORS: Final = {**_UNARY, **_INCREMENTS, **_BINARY, **_NAMES_ONLY}

# By the name of the type: how its literals are written without naming it.
_SUFFIXES: Final = {
    "int": "", "unsigned int": "u", "long": "l", "unsigned long": "ul", "long long": "ll",
    "unsigned long long": "ull",
}  # fmt: skip
_FLOATS: Final = {
    "float", "double", "long double", "__float128", "half", "decimal32", "decimal64", "decimal128",
}  # fmt: skip
_LITERAL: Final = re.compile(r"(n?)([^E]*)E")
_BASE_NAME: Final = re.compile(r"E(?:[0-9]|on)")
_PARAMETER: Final = re.compile(r"[rVK]*")


class ExpressionReader(Reader):
    """The part of a reader that reads expressions."""

    @abstractmethod
    def decltype(self) -> Node:
        """Read ``Dt <expression> E``."""

    def literal(self) -> Node:
        """Read ``L <type> <value> E`` or ``L _Z <encoding> E``."""
        self.expect("L")
        if self.take("_Z") or self.take("Z"):
            node = self.encoding()
            self.expect("E")
            return node
        literal_type = self.type()
        name = literal_type.text if isinstance(literal_type, Name) else ""
        if name == "decltype(nullptr)" and self.take("E"):
            return literal_type
        sign, digits = self.matched(_LITERAL).groups()
        sign = "-" if sign else ""
        if name in _SUFFIXES:
            return Phrase(sign + digits + _SUFFIXES[name])
        if name == "bool" and digits in ("0", "1") and not sign:
            return Phrase("true" if digits == "1" else "false")
        if name in _FLOATS:
            return Phrase("(", literal_type, f"){sign}[{digits}]")
        return Phrase("(", literal_type, f"){sign}{digits}")

    def expression(self) -> Node:
        """Read ``<expression>``."""
        self.enter()
        start = self.peek()
        code = self.peek(2)
        if start == "L":
            node = self.literal()
        elif start == "T":
            node = self.template_parameter()
        elif start.isdigit():
            node = self._with_arguments(Name(self.source_text()))
        else:
            self.position += 2
            node = self._operation(code)
        self.leave()
        return node

    def _operation(self, code: str) -> Node:
        if code in _BINARY:
            return self._binary(_BINARY[code])
        if code in _UNARY:
            return self._unary(code)
        if code in _CASTS:
            target = self.type()
            return Phrase(f"{_CASTS[code]}<", target, ">(", self.expression(), ")")
        read: Callable[[], Node] | None = {
            "sr": self._scoped_name,
            "sp": self._expansion,
            "fp": self._parameter,
            "fL": self._fold_or_parameter,
            "fl": self._left_fold,
            "fr": self._right_fold,
            "fR": self._right_fold_of_two,
            "on": self._operator,
            "tl": self._typed_list,
            "il": self._list,
            "cv": self._conversion,
            "st": self._size_of_type,
            "at": self._alignment_of_type,
            "ti": self._typeid_of_type,
            "nx": self._noexcept,
            "sZ": self._pack_size,
            "cl": self._call,
            "ix": self._subscript,
            "dt": self._member,
            "pt": self._pointed_member,
            "qu": self._choice,
            "pp": self._increment,
            "mm": self._decrement,
            "nw": self._new,
            "na": self._new,
            "gs": self._global,
            "tr": self._rethrow,
        }.get(code)
        if read is None:
            raise Unreadable
        return read()

    def _binary(self, symbol: str) -> Node:
        left = Operand(self.expression())
        right = Operand(self.expression())
        if symbol == ">":  # in parentheses, so that it does not end the template arguments
            return Phrase("(", left, symbol, right, ")")
        return Phrase(left, symbol, right)

    def _unary(self, code: str) -> Node:
        inner = self.expression()
        if code == "ad" and isinstance(inner, Encoding) and inner.is_plain_member:
            inner = inner.name  # written without its parameters
        return Phrase(_UNARY[code], Operand(inner))

    def _increment(self, symbol: str = "++") -> Node:
        if self.take("_"):
            return Phrase(symbol, Operand(self.expression()))
        return Phrase(Operand(self.expression()), symbol)

    def _decrement(self) -> Node:
        return self._increment("--")

    def _with_arguments(self, node: Node) -> Node:
        if self.peek() != "I":
            return node
        return Instance(node, self.template_argument_list())

    def _scoped_name(self) -> Node:
        """Read what follows ``sr``: a type and a name in it, or names inside each other."""
        has_levels = self.take("N")
        if has_levels or not self.peek().isdigit():
            scope = self.type()
            if not has_levels:
                return Nested(scope, self._with_arguments(self.unqualified_name(scope)))
        else:
            scope = self._with_arguments(Name(self.source_text()))
        while self.peek().isdigit():
            scope = self._with_arguments(Nested(scope, self.unqualified_name(scope)))
        if has_levels or _BASE_NAME.match(self.text, self.position):
            self.expect("E")
            scope = self._with_arguments(Nested(scope, self.unqualified_name(scope)))
        return scope

    def _operator(self) -> Node:
        return self._with_arguments(self.operator_name())

    def _expansion(self) -> Node:
        return Expansion(self.expression())

    def _parameter(self) -> Node:
        if self.take("T"):
            return Name("this")
        self.matched(_PARAMETER)
        return Name(f"{{parm#{self.ordinal() + 1}}}")

    def _fold_or_parameter(self) -> Node:
        """Read what follows ``fL``: a fold with an initial value, or an outer parameter."""
        if self.peek().isdigit():
            self.number()
            self.expect("p")
            return self._parameter()
        symbol = self._fold_symbol()
        first = Operand(self.expression())
        return Phrase("(", first, symbol, "...", symbol, Operand(self.expression()), ")")

    def _right_fold_of_two(self) -> Node:
        return self._fold_or_parameter()

    def _left_fold(self) -> Node:
        symbol = self._fold_symbol()
        return Phrase("(...", symbol, Operand(self.expression()), ")")

    def _right_fold(self) -> Node:
        symbol = self._fold_symbol()
        return Phrase("(", Operand(self.expression()), symbol, "...)")

    def _fold_symbol(self) -> str:
        symbol = _BINARY.get(self.peek(2))
        if symbol is None:
            raise Unreadable
        self.position += 2
        return symbol

    def _typed_list(self) -> Node:
        made = self.type()
        return Braced(made, "{", Listing(self.until_end(self.expression)), "}")

    def _list(self) -> Node:
        return Braced("{", Listing(self.until_end(self.expression)), "}")

    def _conversion(self) -> Node:
        target = self.type()
        if self.take("_"):
            values: Node = Phrase("(", Listing(self.until_end(self.expression)), ")")
        else:
            values = Operand(self.expression())
        return Phrase("(", target, ")", values)

    def _size_of_type(self) -> Node:
        return Phrase("sizeof (", self.type(), ")")

    def _alignment_of_type(self) -> Node:
        return Phrase("alignof ", Operand(self.type()))

    def _typeid_of_type(self) -> Node:
        return Phrase("typeid ", Operand(self.type()))

    def _noexcept(self) -> Node:
        return Phrase("noexcept(", self.expression(), ")")

    def _rethrow(self) -> Node:
        return Phrase("throw")

    def _global(self) -> Node:
        return Phrase("::", self.expression())

    def _pack_size(self) -> Node:
        return PackSize(self.expression())

    def _call(self) -> Node:
        function = self.expression()
        if isinstance(function, Encoding):
            function = function.name
        arguments = self.until_end(self.expression)
        return Phrase(Operand(function), "(", Listing(arguments), ")")

    def _subscript(self) -> Node:
        array = Operand(self.expression())
        return Phrase(array, "[", self.expression(), "]")

    def _member(self, symbol: str = ".") -> Node:
        owner = Operand(self.expression())
        return Phrase(owner, symbol, Operand(self._with_arguments(self.unqualified_name(None))))

    def _pointed_member(self) -> Node:
        return self._member("->")

    def _choice(self) -> Node:
        condition, first, second = (Operand(self.expression()) for _ in range(3))
        return Phrase(condition, "?", first, " : ", second)

    def _new(self) -> Node:
        placement: list[Node] = []
        while not self.take("_"):
            placement.append(self.expression())
        items: list[str | Node] = ["new "]
        if placement:
            items += ["(", Listing(placement), ") "]
        items.append(self.type())
        if self.take("pi"):
            items += ["(", Listing(self.until_end(self.expression)), ")"]
        elif self.take("il"):
            items.append(self._list())
        else:
            self.expect("E")
        return Phrase(*items)


class PackSize(Node):
    """``sizeof...``: written as the number of elements."""

    __slots__ = ("pattern",)

    def __init__(self, pattern: Node) -> None:
        self.pattern = pattern

    def left(self, out: Output) -> None:
        pack = self.pattern.argument(out) if isinstance(self.pattern, Parameter) else None
        if not isinstance(pack, PackArgument):
            raise Unreadable
        out.write(str(len(pack.items)))
