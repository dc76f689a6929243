"""What a mangled name says, as a tree, and how it is written down.

A C++ type surrounds the name it belongs to: ``int (*x)[3]``. So a node writes what is left of that
place and what is right of it. Parameter packs are only expanded while writing, because one pattern
stands for many types.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final, Literal

# Limits against names made to be expensive: two letters can double the text.
_OUTPUT_MAX: Final = 20_000  # characters
_STEPS_MAX: Final = 20_000  # nodes written
_DEPTH_MAX: Final = 120  # nodes inside each other; each takes up to three frames of Python's stack

Suffix = Literal["", "array", "function"]


class Unreadable(Exception):
    """The name breaks the grammar, uses what is not supported, or exceeds a limit."""


class Output:
    """Text under construction, with the limits and the element of the pack being written."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        # The last character written. A comma that is taken back stays visible here, as in c++filt:
        # that decides whether a blank separates two closing angle brackets.
        self.last = ""
        self.pack_index = 0
        self.pack_size: int | None = None  # of the packs met since this was set to None
        self.arguments: Sequence[Node] = ()  # of the function template being written
        self.in_lambda = False
        self._size = self._steps = self._depth = 0

    def write(self, text: str) -> None:
        """Append text."""
        if text:
            self._size += len(text)
            if self._size > _OUTPUT_MAX:
                raise Unreadable
            self.parts.append(text)
            self.last = text[-1]

    def step(self) -> None:
        """Count a piece of work."""
        self._steps += 1
        if self._steps > _STEPS_MAX:
            raise Unreadable

    def left(self, node: Node) -> None:
        """Write the part of a node that is left of the name."""
        self.step()
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise Unreadable
        node.left(self)
        self._depth -= 1

    def right(self, node: Node) -> None:
        """Write the part of a node that is right of the name."""
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise Unreadable
        node.right(self)
        self._depth -= 1

    def node(self, node: Node) -> None:
        """Write a whole node."""
        self.left(node)
        self.right(node)

    def list(self, nodes: Sequence[Node]) -> None:
        """Write nodes with commas between them; none is left behind by empty packs at the end."""
        kept = len(self.parts)
        for index, node in enumerate(nodes):
            if index:
                self.write(", ")
            before = len(self.parts)
            self.node(node)
            if len(self.parts) > before:
                kept = len(self.parts)
        del self.parts[kept:]


class Node:
    """A piece of a name; the base is written as nothing."""

    __slots__ = ()
    is_simple: ClassVar[bool] = False  # whether it needs no parentheses inside an expression

    def left(self, out: Output) -> None:
        """Write what is left of the name; everything, if it is no type."""

    def right(self, out: Output) -> None:
        """Write what is right of the name."""

    def suffix(self, out: Output) -> Suffix:
        """Return what the right part begins with: pointers to it need parentheses."""
        return ""

    def resolved(self, out: Output) -> Node:
        """Return the node that is written now: an element for a pack."""
        return self

    def base_name(self) -> Node:
        """Return what a constructor of this class is called."""
        return self


class Name(Node):
    """Text that is complete."""

    __slots__ = ("text",)
    is_simple = True

    def __init__(self, text: str) -> None:
        self.text = text

    def left(self, out: Output) -> None:
        out.write(self.text)


class Builtin(Name):
    """The name of a builtin type."""

    __slots__ = ()
    is_simple = False


class Phrase(Node):
    """Text and nodes one after the other."""

    __slots__ = ("items",)

    def __init__(self, *items: str | Node) -> None:
        self.items = items

    def left(self, out: Output) -> None:
        for item in self.items:
            if isinstance(item, str):
                out.write(item)
            else:
                out.node(item)


class Braced(Phrase):
    """A list in braces, with its type in front if it has one."""

    __slots__ = ()
    is_simple = True


class Listing(Node):
    """Nodes with commas between them."""

    __slots__ = ("items",)

    def __init__(self, items: Sequence[Node]) -> None:
        self.items = items

    def left(self, out: Output) -> None:
        out.list(self.items)


class Operand(Node):
    """A part of an expression, in parentheses unless it is a plain name."""

    __slots__ = ("inner",)

    def __init__(self, inner: Node) -> None:
        self.inner = inner

    def left(self, out: Output) -> None:
        simple = self.inner.is_simple
        out.write("" if simple else "(")
        out.node(self.inner)
        out.write("" if simple else ")")


class Nested(Node):
    """A name inside a namespace or class."""

    __slots__ = ("name", "scope")
    is_simple = True

    def __init__(self, scope: Node, name: Node) -> None:
        self.scope = scope
        self.name = name

    def left(self, out: Output) -> None:
        out.node(self.scope)
        out.write("::")
        out.node(self.name)

    def base_name(self) -> Node:
        return self.name.base_name()


class Local(Nested):
    """A name inside a function."""

    __slots__ = ()


class Tagged(Node):
    """A name with an ABI tag."""

    __slots__ = ("name", "tag")

    def __init__(self, name: Node, tag: str) -> None:
        self.name = name
        self.tag = tag

    def left(self, out: Output) -> None:
        out.node(self.name)
        out.write(f"[abi:{self.tag}]")

    def base_name(self) -> Node:
        return self.name.base_name()


class Special(Node):
    """One of the abbreviations of the ABI, such as ``Ss``."""

    __slots__ = ("base", "text")

    def __init__(self, text: str, base: str) -> None:
        self.text = text
        self.base = base

    def left(self, out: Output) -> None:
        out.write(self.text)

    def base_name(self) -> Node:
        return Name(self.base)


class Instance(Node):
    """A template with its arguments."""

    __slots__ = ("arguments", "template")

    def __init__(self, template: Node, arguments: Sequence[Node]) -> None:
        self.template = template
        self.arguments = arguments

    def left(self, out: Output) -> None:
        out.node(self.template)
        out.write(" <" if out.last == "<" else "<")
        out.list(self.arguments)
        out.write(" >" if out.last == ">" else ">")

    def base_name(self) -> Node:
        return self.template.base_name()


class Conversion(Node):
    """The name of a conversion operator."""

    __slots__ = ("target",)

    def __init__(self, target: Node) -> None:
        self.target = target

    def left(self, out: Output) -> None:
        out.write("operator ")
        out.node(self.target)


class Constructor(Node):
    """A constructor, or destructor: named after its class."""

    __slots__ = ("prefix", "scope")

    def __init__(self, scope: Node, prefix: str) -> None:
        self.scope = scope
        self.prefix = prefix

    def left(self, out: Output) -> None:
        out.write(self.prefix)
        out.node(self.scope.base_name())


class PackArgument(Node):
    """A pack among template arguments: there it is written as a whole."""

    __slots__ = ("items",)

    def __init__(self, items: Sequence[Node]) -> None:
        self.items = items

    def left(self, out: Output) -> None:
        out.list(self.items)


class Parameter(Node):
    """A template parameter, written as the argument that the function around it has for it.

    Found only while writing: the name of a conversion operator comes before its arguments, and a
    substitution may stand in another function than what it stands for.
    """

    __slots__ = ("index",)

    def __init__(self, index: int) -> None:
        self.index = index

    def argument(self, out: Output) -> Node:
        """Return the argument, which may be a whole pack."""
        if out.in_lambda:
            return Builtin(f"auto:{self.index + 1}")
        if self.index >= len(out.arguments):
            raise Unreadable
        return out.arguments[self.index]

    def resolved(self, out: Output) -> Node:
        out.step()
        argument = self.argument(out)
        if not isinstance(argument, PackArgument):
            return argument.resolved(out)
        out.pack_size = len(argument.items)
        if out.pack_index >= len(argument.items):
            return _NOTHING
        return argument.items[out.pack_index].resolved(out)

    def left(self, out: Output) -> None:
        out.left(self.resolved(out))

    def right(self, out: Output) -> None:
        out.right(self.resolved(out))

    def suffix(self, out: Output) -> Suffix:
        return self.resolved(out).suffix(out)


class Lambda(Node):
    """The type of a lambda; template parameters in it are its own: ``auto``."""

    __slots__ = ("number", "parameters")

    def __init__(self, parameters: Sequence[Node], number: int) -> None:
        self.parameters = parameters
        self.number = number

    def left(self, out: Output) -> None:
        out.write("{lambda(")
        outer, out.in_lambda = out.in_lambda, True
        out.list(self.parameters)
        out.in_lambda = outer
        out.write(f")#{self.number}}}")


class Expansion(Node):
    """A pattern, written once for each element of the packs in it."""

    __slots__ = ("pattern",)

    def __init__(self, pattern: Node) -> None:
        self.pattern = pattern

    def left(self, out: Output) -> None:
        outer = (out.pack_index, out.pack_size)
        mark, last = len(out.parts), out.last
        out.pack_index, out.pack_size = 0, None
        out.node(self.pattern)
        size = out.pack_size
        if size is None:
            del out.parts[mark:]
            out.last = last
            out.node(Operand(self.pattern))
            out.write("...")
        elif size == 0:
            del out.parts[mark:]
            out.last = last
        else:
            for index in range(1, size):
                out.pack_index = index
                out.write(", ")
                out.node(self.pattern)
        out.pack_index, out.pack_size = outer


_NOTHING: Final = Node()
