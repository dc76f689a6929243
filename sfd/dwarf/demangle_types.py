"""Types of C++ as nodes: what surrounds a name on both sides.

Spacing and order are those of ``c++filt``: ``int const*``, ``void (*)(int)``, ``int (&) [3]``.
"""

from __future__ import annotations

from collections.abc import Sequence

from .demangle_nodes import Instance, Local, Nested, Node, Output, Suffix


class Wrapper(Node):
    """A type around another one, whose right part stays what it is."""

    __slots__ = ("inner",)

    def __init__(self, inner: Node) -> None:
        self.inner = inner

    def right(self, out: Output) -> None:
        out.right(self.inner)

    def suffix(self, out: Output) -> Suffix:
        return self.inner.resolved(out).suffix(out)


class Decorated(Wrapper):
    """A type with words behind it: ``float _Complex``, a vendor's qualifier, a vector."""

    __slots__ = ("words",)

    def __init__(self, inner: Node, *words: str | Node) -> None:
        super().__init__(inner)
        self.words = words

    def left(self, out: Output) -> None:
        out.left(self.inner)
        for word in self.words:
            if isinstance(word, str):
                out.write(word)
            else:
                out.node(word)


class Qualified(Wrapper):
    """A type that is const, volatile or restrict; what it is already is not written twice."""

    __slots__ = ("qualifiers",)

    def __init__(self, inner: Node, qualifiers: Sequence[str]) -> None:
        super().__init__(inner)
        self.qualifiers = qualifiers

    def left(self, out: Output) -> None:
        out.left(self.inner)
        if self.suffix(out) != "function":
            self._write_new(out)

    def right(self, out: Output) -> None:
        out.right(self.inner)
        if self.suffix(out) == "function":
            self._write_new(out)

    def _write_new(self, out: Output) -> None:
        inner = self.inner.resolved(out)
        present = inner.qualifiers if isinstance(inner, Qualified) else ()
        for qualifier in self.qualifiers:
            if qualifier not in present:
                out.write(f" {qualifier}")


class Pointer(Wrapper):
    """A pointer or reference; references to references collapse."""

    __slots__ = ("symbol",)

    def __init__(self, inner: Node, symbol: str) -> None:
        super().__init__(inner)
        self.symbol = symbol

    def left(self, out: Output) -> None:
        symbol, inner = self._collapsed(out)
        _open_parenthesis(inner, out)
        out.write(symbol)

    def right(self, out: Output) -> None:
        _, inner = self._collapsed(out)
        _close_parenthesis(inner, out)

    def suffix(self, out: Output) -> Suffix:
        return ""

    def _collapsed(self, out: Output) -> tuple[str, Node]:
        symbol = self.symbol
        inner = self.inner.resolved(out)
        while symbol != "*" and isinstance(inner, Pointer) and inner.symbol != "*":
            symbol = "&" if "&" in (symbol, inner.symbol) else "&&"
            inner = inner.inner.resolved(out)
        return symbol, inner


class MemberPointer(Wrapper):
    """A pointer to a member of a class."""

    __slots__ = ("owner",)

    def __init__(self, owner: Node, inner: Node) -> None:
        super().__init__(inner)
        self.owner = owner

    def left(self, out: Output) -> None:
        inner = self.inner.resolved(out)
        if not _open_parenthesis(inner, out):
            out.write(" ")
        out.node(self.owner)
        out.write("::*")

    def right(self, out: Output) -> None:
        _close_parenthesis(self.inner.resolved(out), out)

    def suffix(self, out: Output) -> Suffix:
        return ""


def _open_parenthesis(inner: Node, out: Output) -> bool:
    out.left(inner)
    if not inner.suffix(out):
        return False
    if inner.suffix(out) == "array":
        out.write(" (")
    else:
        out.write("(" if out.last in ("", " ", "(", "*") else " (")
    return True


def _close_parenthesis(inner: Node, out: Output) -> None:
    if inner.suffix(out):
        out.write(")")
    out.right(inner)


class Array(Wrapper):
    """An array of known or unknown size."""

    __slots__ = ("dimension",)

    def __init__(self, inner: Node, dimension: Node) -> None:
        super().__init__(inner)
        self.dimension = dimension

    def left(self, out: Output) -> None:
        out.left(self.inner)

    def right(self, out: Output) -> None:
        out.write("[" if out.last == "]" else " [")
        out.node(self.dimension)
        out.write("]")
        out.right(self.inner)

    def suffix(self, out: Output) -> Suffix:
        return "array"


class Function(Node):
    """A function type; without a name it stands between the two parts of the returned type."""

    __slots__ = ("parameters", "qualifiers", "returned")

    def __init__(
        self, returned: Node | None, parameters: Sequence[Node], qualifiers: Sequence[str | Node]
    ) -> None:
        self.returned = returned
        self.parameters = parameters
        self.qualifiers = qualifiers

    def left(self, out: Output) -> None:
        if self.returned is not None:
            out.left(self.returned)
            if not self._returns_pointer_to_suffix(out):
                out.write(" ")

    def right(self, out: Output) -> None:
        out.write("(")
        out.list(self.parameters)
        out.write(")")
        for qualifier in self.qualifiers:
            out.write(" ")
            out.node(qualifier) if isinstance(qualifier, Node) else out.write(qualifier)
        if self.returned is not None:
            out.right(self.returned)

    def suffix(self, out: Output) -> Suffix:
        return "function"

    def _returns_pointer_to_suffix(self, out: Output) -> bool:
        """Whether the name goes inside parentheses of the returned type."""
        inner = self.returned and self.returned.resolved(out)
        while isinstance(inner, (Pointer, MemberPointer)):
            inner = inner.inner.resolved(out)
            if inner.suffix(out):
                return True
        return False


class Encoding(Node):
    """A function with its parameters, and with what it returns where that is part of the name."""

    __slots__ = ("function", "name")

    def __init__(self, name: Node, function: Function) -> None:
        self.name = name
        self.function = function

    def left(self, out: Output) -> None:
        outer, out.arguments = out.arguments, self._arguments() or out.arguments
        out.left(self.function)
        out.node(self.name)
        out.right(self.function)
        out.arguments = outer

    def _arguments(self) -> Sequence[Node]:
        """Return the arguments of the function template; none for another function."""
        name = self.name
        while isinstance(name, Local):
            name = name.name
        return name.arguments if isinstance(name, Instance) else ()

    @property
    def is_plain_member(self) -> bool:
        """Whether it is a function of a class or namespace, not const, not from a template."""
        return isinstance(self.name, Nested) and not self.function.qualifiers

    def without_return(self) -> Encoding:
        """Return the same function, as it is written in front of a name inside of it."""
        function = self.function
        return Encoding(self.name, Function(None, function.parameters, function.qualifiers))
