"""Writes a relocatable ELF32 file: the sections that go into a patch, as an input of ld.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import struct
from typing import Dict, List, NamedTuple, Optional, Tuple

from hotreload.module import elf

_EHDR = struct.Struct("<16sHHIIIIIHHHHHH")
_SHDR = struct.Struct("<10I")
_IDENT = b"\x7fELF\x01\x01\x01".ljust(16, b"\0")
_PROGBITS, _SYMTAB, _STRTAB, _RELOCATIONS = 1, 2, 3, 4
_INFO_LINK = 0x40


Relocation = Tuple[int, int, Optional[elf.Symbol], int]
"""Offset, type, symbol (None: number 0) and addend."""


class Section(NamedTuple):
    """A section to write."""

    name: str
    flags: int
    alignment: int
    content: bytes
    relocations: List[Relocation]


class ObjectWriter:
    """An object file in the making. A symbol's section is one that was added, counted from 1."""

    def __init__(self, machine: int, flags: int) -> None:
        self._machine, self._flags = machine, flags
        self.sections: List[Section] = []
        self._symbols: Dict[elf.Symbol, None] = {}

    def add_section(self, section: Section) -> int:
        """Returns the number of the section."""
        self.sections.append(section)
        return len(self.sections)

    def add_symbol(self, symbol: elf.Symbol) -> None:
        """Adds a symbol unless it is there."""
        self._symbols.setdefault(symbol)

    def format(self) -> bytes:
        """The file."""
        for section in self.sections:
            for _offset, _type, symbol, _addend in section.relocations:
                if symbol is not None:
                    self._symbols.setdefault(symbol)
        symbols = sorted(self._symbols, key=lambda s: s.binding != elf.STB_LOCAL)
        first = 1 + sum(s.binding == elf.STB_LOCAL for s in symbols)
        numbers = {symbol: index for index, symbol in enumerate(symbols, 1)}
        names, text = _Strings(), _Strings()
        table = elf.SYMBOL.pack(0, 0, 0, 0, 0, 0) + b"".join(
            elf.SYMBOL.pack(text.add(s.name), s.value & 0xFFFFFFFF, s.size,
                            s.binding << 4 | s.kind, 0, s.section)
            for s in symbols
        )  # fmt: skip
        # name, type, flags, link, info, alignment, entry size, content
        rows: List[Tuple[str, int, int, int, int, int, int, bytes]] = [
            (s.name, _PROGBITS, s.flags, 0, 0, s.alignment, 0, s.content) for s in self.sections
        ]
        with_relocations = [(n, s) for n, s in enumerate(self.sections, 1) if s.relocations]
        table_number = len(rows) + len(with_relocations) + 1
        for number, section in with_relocations:
            content = b"".join(
                elf.RELA.pack(
                    offset, (numbers[symbol] if symbol else 0) << 8 | kind, _signed(addend)
                )
                for offset, kind, symbol, addend in section.relocations
            )
            rows.append((f".rela{section.name}", _RELOCATIONS, _INFO_LINK, table_number, number,
                         4, elf.RELA.size, content))  # fmt: skip
        rows.append((".symtab", _SYMTAB, 0, table_number + 1, first, 4, elf.SYMBOL.size, table))
        rows.append((".strtab", _STRTAB, 0, 0, 0, 1, 0, text.content))
        rows.append((".shstrtab", _STRTAB, 0, 0, 0, 1, 0, b""))
        return self._write(rows, names)

    def _write(
        self, rows: List[Tuple[str, int, int, int, int, int, int, bytes]], names: "_Strings"
    ) -> bytes:
        offsets = [names.add(row[0]) for row in rows]
        body, headers = bytearray(_EHDR.size), [bytes(_SHDR.size)]
        for index, (_name, kind, flags, link, info, alignment, size, content) in enumerate(rows):
            if index == len(rows) - 1:
                content = names.content
            body += bytes(-len(body) % 16)
            headers.append(
                _SHDR.pack(offsets[index], kind, flags, 0, len(body), len(content), link, info,
                           alignment, size)
            )  # fmt: skip
            body += content
        body += bytes(-len(body) % 4)
        header = _EHDR.pack(
            _IDENT, 1, self._machine, 1, 0, 0, len(body), self._flags, _EHDR.size, 0, 0,
            _SHDR.size, len(rows) + 1, len(rows),
        )  # fmt: skip
        return header + bytes(body[_EHDR.size :]) + b"".join(headers)


class _Strings:
    """A table of strings."""

    def __init__(self) -> None:
        self.content = b"\0"
        self._known = {"": 0}

    def add(self, text: str) -> int:
        """The offset of a string."""
        if text not in self._known:
            self._known[text] = len(self.content)
            self.content += text.encode("utf-8", "surrogateescape") + b"\0"
        return self._known[text]


def _signed(value: int) -> int:
    value &= 0xFFFFFFFF
    return value - (1 << 32) if value >> 31 else value
