"""Validation against a JSON Schema; the library's own types are not complete."""

from __future__ import annotations

from typing import Any

from jsonschema import Draft202012Validator


class SchemaCheck:
    """Tells what is wrong with messages.

    Args:
        schema: draft 2020-12.
    """

    def __init__(self, schema: dict[str, Any]) -> None:
        self._validator = Draft202012Validator(schema)

    def errors(self, message: Any) -> list[str]:
        """Return what is wrong with a message; nothing if it is valid."""
        found = self._validator.iter_errors(message)  # pyright: ignore[reportUnknownMemberType]
        return [error.message for error in found]


def check_schema(schema: dict[str, Any]) -> None:
    """Raise an exception if this is no schema; takes half a second for a large one."""
    Draft202012Validator.check_schema(schema)  # pyright: ignore[reportUnknownMemberType]
