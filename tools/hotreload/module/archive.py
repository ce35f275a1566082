"""Static libraries: which member defines a symbol, and the member's bytes.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import struct
from contextlib import contextmanager
from typing import Dict, Iterator, NamedTuple, Optional

from hotreload.errors import ToolError
from hotreload.files import read_bytes

_MAGIC, _THIN_MAGIC = b"!<arch>\n", b"!<thin>\n"
_HEADER = struct.Struct("16s12s6s6s8s10s2s")


class Member(NamedTuple):
    """One object file of a library."""

    archive: str
    name: str
    content: bytes

    @property
    def label(self) -> str:
        """For messages, as linkers write it: `libc.a(strspn.o)`."""
        return f"{os.path.basename(self.archive)}({self.name})"


class Archive:
    """A library as GNU ar writes it, thin ones included, with its index of symbols."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._data = read_bytes(path, "the library")
        self._thin = self._data[:8] == _THIN_MAGIC
        if self._data[:8] not in (_MAGIC, _THIN_MAGIC):
            raise ToolError(f"{path} is not a library that ar has made")
        self._index: Dict[str, int] = {}
        self._long_names = b""
        with self._explained():
            self._read_tables()

    def find(self, symbol: str) -> Optional[Member]:
        """The member that defines a global symbol."""
        offset = self._index.get(symbol)
        return None if offset is None else self._member(offset)

    def members(self) -> Iterator[Member]:
        """All that define something."""
        return (self._member(offset) for offset in sorted({*self._index.values()}))

    def _member(self, offset: int) -> Member:
        with self._explained():
            name, size = self._header(offset)
            name = self._full_name(name)
        start = offset + _HEADER.size
        if self._thin:
            path = os.path.join(os.path.dirname(self.path), name)
            content = read_bytes(path, f"a member of {self.path},")
        else:
            content = self._data[start : start + size]
        return Member(self.path, os.path.basename(name), content)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (struct.error, ValueError) as error:
            raise ToolError(f"the library {self.path} is damaged: {error}") from error

    def _read_tables(self) -> None:
        """The index and the table of long names come first."""
        offset = len(_MAGIC)
        while offset < len(self._data):
            name, size = self._header(offset)
            start = offset + _HEADER.size
            if name == "/":
                self._read_index(self._data[start : start + size])
            elif name == "//":
                self._long_names = self._data[start : start + size]
            else:
                return
            offset = start + size + size % 2

    def _read_index(self, table: bytes) -> None:
        (count,) = struct.unpack_from(">I", table)
        offsets = struct.unpack_from(f">{count}I", table, 4)
        names = table[4 + 4 * count :].split(b"\0")
        for name, offset in zip(names, offsets):
            self._index.setdefault(name.decode("utf-8", "replace"), offset)

    def _header(self, offset: int) -> "tuple[str, int]":
        fields = _HEADER.unpack_from(self._data, offset)
        return fields[0].decode("utf-8", "replace").rstrip(), int(fields[5])

    def _full_name(self, name: str) -> str:
        if name.startswith("/"):
            start = int(name[1:])
            name = self._long_names[start:].split(b"\n", 1)[0].decode("utf-8", "replace")
        return name[:-1] if name.endswith("/") else name
