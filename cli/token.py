"""``scrutiny token``: who may use a server, and what for."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from scrutiny.api.token_files import new_token, read_token, token_file
from scrutiny.api.versions import DEFAULT_PORT
from scrutiny.server.access.front_door import default_tokens_file
from scrutiny.server.access.identity import parse_rights
from scrutiny.server.access.rights import Right, Role
from scrutiny.server.access.token_registry import TokenEntry, TokenRegistry, digest

from .output import one_line, show, show_error
from .verb_arguments import parse, verb_parser

logger = logging.getLogger(__name__)

_DESCRIPTION = """\
Let others use the servers of this account, each with a token of its own. Clients of this account
need none: they find the one that the server makes at each start.
"""


def main(argv: Sequence[str]) -> int:
    """Make, list, remove or show tokens.

    Raises:
        TokenRegistryError: the file of tokens cannot be read or written.
    """
    arguments = parse(_parser(), argv)
    registry = TokenRegistry(cast("Path | None", arguments.tokens) or default_tokens_file())
    match arguments.action:
        case "add":
            return _add(registry, arguments.name, Role(arguments.role), arguments.right)
        case "remove":
            return _remove(registry, arguments.name)
        case "list":
            return _list(registry)
        case _:
            return _show(arguments.port)


def _add(registry: TokenRegistry, name: str, role: Role, rights: list[str]) -> int:
    token = new_token()
    entry = TokenEntry(name, role, digest(token), tuple(sorted(parse_rights(rights))))
    registry.add(entry)
    logger.info(
        "%s is %s; this is shown only once, set SCRUTINY_TOKEN to it:", one_line(name), role.value
    )
    show(token)
    return 0


def _remove(registry: TokenRegistry, name: str) -> int:
    if registry.remove(name):
        logger.info("the token of %s opens nothing any more", one_line(name))
        return 0
    known = ", ".join(entry.name for entry in registry.entries()) or "none"
    show_error(f"there is no token of {name}; there are: {known}")
    return 1


def _list(registry: TokenRegistry) -> int:
    for entry in registry.entries():
        rights = ", ".join(entry.rights)
        show(f"{entry.name}: {entry.role.value}{f', also {rights}' if rights else ''}")
    return 0


def _show(port: int) -> int:
    token = read_token(port)
    if token is None:
        show_error(
            f"no server of this account listens on port {port}: {token_file(port)} is not there"
        )
        return 1
    show(token)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = verb_parser("token", _DESCRIPTION)
    parser.add_argument(
        "--tokens", metavar="FILE", type=Path, help="where they are kept (default: of the account)"
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    add = actions.add_parser("add", help="make one, or make it anew")
    add.add_argument("name", type=_name, help="of whoever gets it, for the audit log")
    add.add_argument(
        "--role",
        choices=[role.value for role in Role],
        default=Role.VIEWER.value,
        help="viewer (default) reads, operator writes and records too, owner may do everything",
    )
    add.add_argument(
        "--right",
        action="append",
        default=[],
        choices=[right.value for right in Right],
        metavar="RIGHT",
        help=f"one more than the role has: {', '.join(Right)}; can be repeated",
    )
    remove = actions.add_parser("remove", help="let one open nothing any more")
    remove.add_argument("name")
    actions.add_parser("list", help="tell who has one")
    own = actions.add_parser("show", help="print the one of a server of this account that runs")
    own.add_argument("--port", type=int, default=DEFAULT_PORT, help="(default: %(default)s)")
    return parser


def _name(text: str) -> str:
    if not 0 < len(text) <= 100 or not all(c.isalnum() or c in "_ .@-" for c in text):
        raise argparse.ArgumentTypeError(f"{text[:100]!r} has other characters than Aa0_ .@-")
    return text
