"""Sections of debug data in an object file: decompressed, and with what their words refer to.

pyelftools relocates no object files for Xtensa, and takes one section of each name; type units are
in several.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import struct
import sys
import zlib
from array import array
from itertools import count
from typing import Dict, Iterator, List, NamedTuple, Optional

from hotreload.module import elf

_SHF_COMPRESSED = 0x800
_ZLIB = 1
_XTENSA = elf.MACHINES["xtensa"]
_WORD = struct.Struct("<I")


class Unreadable(Exception):
    """Debug data that is not there, or of a kind that is not known; the text goes on after 'it'."""


class Place(NamedTuple):
    """What an address stands for; `name` where only that is known (common symbols)."""

    section: int
    offset: int
    name: str


class DebugSection:
    """The bytes of one section, and its relocations, which are looked up one by one."""

    def __init__(self, file: "ObjectFile", data: bytes, relocations: bytes) -> None:
        self.data = data
        self._file = file
        fields = array("I")
        fields.frombytes(relocations)
        if sys.byteorder == "big":
            fields.byteswap()
        self._symbols, self._addends = fields[1::3], fields[2::3]
        self._index = dict(zip(fields[0::3], count()))

    def word(self, place: int) -> int:
        """The 32-bit word at a place, relocated."""
        target = self.refers_to(place)
        return self._raw(place) if target is None else target.offset

    def _raw(self, place: int) -> int:
        value: int = _WORD.unpack_from(self.data, place)[0]
        return value

    def refers_to(self, place: int) -> Optional[Place]:
        """What the relocation of the word at a place refers to."""
        index = self._index.get(place)
        if index is None:
            return None
        symbol = self._file.symbol(self._symbols[index] >> 8)
        offset = symbol.offset + self._addends[index] + (self._raw(place) if self._file.adds else 0)
        return Place(symbol.section, offset & 0xFFFFFFFF, symbol.name)

    def first_reference(self, place: int) -> Optional[Place]:
        """The same for the first word at or after a place that has a relocation."""
        later = [offset for offset in self._index if offset >= place]
        return self.refers_to(min(later)) if later else None


class ObjectFile:
    """An object file's debug data, global symbols and static functions (`:name`)."""

    def __init__(self, file: elf.Elf) -> None:
        self._elf = file
        # The assembler for Xtensa leaves a part of the value in the section.
        self.adds = self._elf.machine == _XTENSA
        self.globals = [s for s in self._elf.symbols(only_global=True) if s.defined and s.name]
        self._sections: Dict[str, List[elf.Section]] = {}
        self._relocations = {s.info: s for s in self._elf.sections if s.type == "SHT_RELA"}
        for section in self._elf.sections:
            name = section.name.replace(".zdebug_", ".debug_", 1)
            self._sections.setdefault(name, []).append(section)
        table = next(s for s in self._elf.sections if s.type == "SHT_SYMTAB")
        self._table = self._elf.content(table)
        self._names = self._elf.content(self._elf.sections[table.link])
        self.static_functions = list(self._find_static_functions(table.info))

    def _find_static_functions(self, count: int) -> Iterator[elf.Symbol]:
        """Reads no other local symbols: there are many labels, and their names are not needed."""
        entries = elf.SYMBOL.iter_unpack(self._table[: count * elf.SYMBOL.size])
        for name, value, size, info, _other, section in entries:
            if info & 0xF == elf.STT_FUNC and section != elf.SHN_UNDEF:
                text = f":{self._name(name)}"
                yield elf.Symbol(text, value, size, elf.STB_LOCAL, elf.STT_FUNC, section)

    def _name(self, offset: int) -> str:
        return self._names[offset : self._names.index(0, offset)].decode("utf-8", "replace")

    def sections(self, name: str) -> List[DebugSection]:
        """All sections of a name."""
        return [self._read(section) for section in self._sections.get(name, [])]

    def has(self, name: str) -> bool:
        """True when there is a section of that name."""
        return name in self._sections

    def mentions(self, name: str) -> bool:
        """Whether the debug data may contain a name."""
        word = name.encode() + b"\0"
        found = [*self.sections(".debug_str"), *self.sections(".debug_info")]
        return any(word in section.data for section in found)

    def symbol(self, number: int) -> Place:
        """Where a symbol is."""
        name, value, _size, info, _other, section = elf.SYMBOL.unpack_from(
            self._table, number * elf.SYMBOL.size
        )
        text = "" if info >> 4 == elf.STB_LOCAL else self._name(name)
        return Place(section, 0 if section == elf.SHN_COMMON else value, text)

    def _read(self, section: elf.Section) -> DebugSection:
        data = self._elf.content(section)
        if section.flags & _SHF_COMPRESSED:
            if _WORD.unpack_from(data)[0] != _ZLIB:
                raise Unreadable("has debug data that is not compressed with zlib (-gz=zlib)")
            data = zlib.decompress(data[12:])
        elif section.name.startswith(".zdebug_"):
            data = zlib.decompress(data[12:])
        table = self._relocations.get(section.number)
        return DebugSection(self, data, b"" if table is None else self._elf.content(table))
