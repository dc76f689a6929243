"""Tokens that were made for others: a file with their names, roles and digests.

Of a token, the file holds the SHA-256 only, so whoever reads it cannot use it; a token has 256
random bits, of which no digest can be reversed by trying.

    [{"name": "bench", "role": "operator", "rights": ["user_command"], "sha256": "3a1f…"}]
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Annotated

import msgspec

from scrutiny.core.errors import ScrutinyError

from .identity import Identity
from .rights import Right, Role

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"^[\w .@-]+$")]
_Digest = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class TokenRegistryError(ScrutinyError):
    """The file of tokens cannot be read or written; the text says which, and why."""


class TokenEntry(msgspec.Struct, frozen=True):
    """A token, as the file keeps it.

    Attributes:
        name: by which it is shown and removed; unique.
        role: of whoever has it.
        sha256: of the token, in hexadecimal.
        rights: besides those of the role.
    """

    name: _Name
    role: Role
    sha256: _Digest
    rights: tuple[Right, ...] = ()

    @property
    def identity(self) -> Identity:
        """Whom it stands for."""
        return Identity(self.name, self.role, frozenset(self.rights))


_decoder = msgspec.json.Decoder(tuple[TokenEntry, ...])


def digest(token: str) -> str:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


class TokenRegistry:
    """The file; it is read anew when it has changed, so that a server needs no restart."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._stamp: tuple[int, int] | None = None
        self._entries: tuple[TokenEntry, ...] = ()

    def entries(self) -> tuple[TokenEntry, ...]:
        """Return all tokens; none if there is no file.

        Raises:
            TokenRegistryError: the file cannot be read, or is damaged.
        """
        try:
            status = self.file.stat()
        except FileNotFoundError:
            self._stamp, self._entries = None, ()
            return ()
        except OSError as error:
            raise TokenRegistryError(f"cannot read {self.file}: {error.strerror}") from error
        stamp = (status.st_mtime_ns, status.st_size)
        if stamp != self._stamp:
            self._entries = self._read()
            self._stamp = stamp
        return self._entries

    def add(self, entry: TokenEntry) -> None:
        """Keep a token, instead of the one of the same name, if there is one.

        Raises:
            TokenRegistryError: the file cannot be read or written.
        """
        others = tuple(other for other in self.entries() if other.name != entry.name)
        self._write((*others, entry))

    def remove(self, name: str) -> bool:
        """Forget a token; False if there is none of that name.

        Raises:
            TokenRegistryError: the file cannot be read or written.
        """
        entries = self.entries()
        rest = tuple(entry for entry in entries if entry.name != name)
        if len(rest) == len(entries):
            return False
        self._write(rest)
        return True

    def _read(self) -> tuple[TokenEntry, ...]:
        try:
            return _decoder.decode(self.file.read_bytes())
        except OSError as error:
            raise TokenRegistryError(f"cannot read {self.file}: {error.strerror}") from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise TokenRegistryError(
                f"{self.file} is no list of tokens: {error}; mend it, or remove it and make new "
                "tokens with `scrutiny token add`"
            ) from None

    def _write(self, entries: tuple[TokenEntry, ...]) -> None:
        fresh = self.file.with_name(f"{self.file.name}.{os.getpid()}")
        content = msgspec.json.format(msgspec.json.encode(entries), indent=2) + b"\n"
        try:
            self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            fresh.unlink(missing_ok=True)
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as s:
                s.write(content)
            fresh.replace(self.file)
        except OSError as error:
            raise TokenRegistryError(f"cannot write {self.file}: {error.strerror}") from error
        self._stamp, self._entries = None, entries
