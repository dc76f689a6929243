"""What the readers of names, types and expressions share: a place in the text, and a memory."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Final

from .demangle_nodes import Node, PackArgument, Parameter, Unreadable

# Types, expressions and functions inside each other, deeper than any real name; each level takes up
# to eight frames of Python's stack.
_DEPTH_MAX: Final = 64

_DECIMAL: Final = re.compile(r"[0-9]{1,9}")
_SEQUENCE_NUMBER: Final = re.compile(r"([0-9A-Z]{0,6})_")
_NUMBER: Final = re.compile(r"([0-9]{0,9})_")


class Reader(ABC):
    """The place in a mangled name, with substitutions and template arguments met so far."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position: int = 0
        self.substitutions: list[Node] = []
        self.in_conversion = False  # inside the type that a conversion operator is named after
        self._depth = 0

    @abstractmethod
    def name(self) -> Node:
        """Read ``<name>``."""

    @abstractmethod
    def unqualified_name(self, scope: Node | None) -> Node:
        """Read ``<unqualified-name>``; the scope gives constructors their name."""

    @abstractmethod
    def operator_name(self) -> Node:
        """Read ``<operator-name>``."""

    @abstractmethod
    def encoding(self) -> Node:
        """Read ``<encoding>``."""

    @abstractmethod
    def type(self) -> Node:
        """Read ``<type>``."""

    @abstractmethod
    def expression(self) -> Node:
        """Read ``<expression>``."""

    @abstractmethod
    def literal(self) -> Node:
        """Read ``<expr-primary>``."""

    def enter(self) -> None:
        """Go one level deeper; `leave` comes back."""
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise Unreadable

    def leave(self) -> None:
        """Come back from a level."""
        self._depth -= 1

    def peek(self, size: int = 1) -> str:
        """Return the next characters without taking them; fewer at the end."""
        return self.text[self.position : self.position + size]

    def take(self, text: str) -> bool:
        """Take this text if it comes next."""
        if self.text.startswith(text, self.position):
            self.position += len(text)
            return True
        return False

    def expect(self, text: str) -> None:
        """Take this text, which has to come next."""
        if not self.take(text):
            raise Unreadable

    def matched(self, pattern: re.Pattern[str]) -> re.Match[str]:
        """Take what a pattern matches here, which has to match."""
        match = pattern.match(self.text, self.position)
        if match is None:
            raise Unreadable
        self.position = match.end()
        return match

    def number(self) -> int:
        """Take a decimal number."""
        return int(self.matched(_DECIMAL)[0])

    def ordinal(self) -> int:
        """Take ``[<number>] _``: 0 without a number, else one more than it."""
        digits = self.matched(_NUMBER)[1]
        return int(digits) + 1 if digits else 0

    def source_text(self) -> str:
        """Take ``<source-name>``: its length, then as many characters."""
        size = self.number()
        text = self.peek(size)
        if size == 0 or len(text) != size:
            raise Unreadable
        self.position += size
        return text

    def remember(self, node: Node) -> Node:
        """Make a node available to substitutions, and return it."""
        self.substitutions.append(node)
        return node

    def numbered_substitution(self) -> Node:
        """Take what follows the S of ``S_``, ``S0_``, ``S1A_``."""
        digits = self.matched(_SEQUENCE_NUMBER)[1]
        index = int(digits, 36) + 1 if digits else 0
        if index >= len(self.substitutions):
            raise Unreadable
        return self.substitutions[index]

    def template_parameter(self) -> Node:
        """Read ``T_``, ``T0_``: a parameter of the function template around it."""
        self.expect("T")
        return Parameter(self.ordinal())

    def template_argument_list(self) -> list[Node]:
        """Read ``I <template-arg>* E``."""
        self.expect("I")
        return self.until_end(self.template_argument)

    def template_argument(self) -> Node:
        """Read ``<template-arg>``: a type, a literal, an expression, or a pack of them."""
        start = self.peek()
        if start == "L":
            return self.literal()
        if start == "X":
            self.position += 1
            argument = self.expression()
            self.expect("E")
            return argument
        if start in ("J", "I"):
            self.position += 1
            self.enter()
            argument = PackArgument(self.until_end(self.template_argument))
            self.leave()
            return argument
        return self.type()

    def until_end(self, read: Callable[[], Node]) -> list[Node]:
        """Read nodes up to and including an E."""
        nodes: list[Node] = []
        while not self.take("E"):
            nodes.append(read())
        return nodes
