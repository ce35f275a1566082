"""Reading ELF32 files. Hundreds of them in a second, so each table is read at once.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import mmap
import struct
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple, Union, overload

from hotreload.errors import ToolError
from hotreload.files import read_bytes

SHF_WRITE = 0x1
SHF_ALLOC = 0x2
SHF_EXECINSTR = 0x4
SHF_MERGE = 0x10
SHF_STRINGS = 0x20
SHF_GROUP = 0x200
SHF_TLS = 0x400

SHN_UNDEF = 0
SHN_ABS = 0xFFF1
SHN_COMMON = 0xFFF2

STB_LOCAL = 0
STB_GLOBAL = 1
STB_WEAK = 2

STT_NOTYPE = 0
STT_OBJECT = 1
STT_FUNC = 2
STT_TLS = 6

_NAMED = (STT_OBJECT, STT_FUNC, STT_TLS)

# No program keeps function addresses from these sections: called once, or for unwinding only.
_NO_POINTERS = (".init_array", ".fini_array", ".ctors", ".dtors", ".eh_frame", ".gcc_except_table")

MACHINES = {"riscv": 243, "xtensa": 94}

_IDENT = b"\x7fELF\x01\x01"
_HEADER = struct.Struct("<16sHHIIIIIHHHHHH")
_SECTION = struct.Struct("<10I")
_TYPES = {
    1: "SHT_PROGBITS",
    2: "SHT_SYMTAB",
    3: "SHT_STRTAB",
    4: "SHT_RELA",
    7: "SHT_NOTE",
    8: "SHT_NOBITS",
}
_SHN_XINDEX = 0xFFFF
SYMBOL = struct.Struct("<IIIBBH")
RELA = struct.Struct("<IIi")


class Section(NamedTuple):
    """One section header."""

    number: int
    name: str
    type: str
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int
    alignment: int

    @property
    def allocated(self) -> bool:
        return bool(self.flags & SHF_ALLOC)

    @property
    def keeps_pointers(self) -> bool:
        """Whether an address in it may be kept by the program."""
        return not self.name.startswith(_NO_POINTERS)


def is_string(section: Section) -> bool:
    """Whether a section holds strings that a linker may merge."""
    both = SHF_MERGE | SHF_STRINGS
    return section.flags & both == both and not section.flags & SHF_WRITE


class Symbol(NamedTuple):
    """One symbol; `section` is the section's index or SHN_*."""

    name: str
    value: int
    size: int
    binding: int
    kind: int
    section: int

    @property
    def defined(self) -> bool:
        return self.section != SHN_UNDEF


class Rela(NamedTuple):
    """One relocation; `symbol` is an index into the symbol table."""

    offset: int
    type: int
    symbol: int
    addend: int


class SymbolTable(Sequence[Symbol]):
    """Symbols in the order of the file. Most are labels that nobody asks for, so each is decoded
    when it is asked for."""

    def __init__(self, entries: bytes, names: bytes) -> None:
        self._entries, self._names = entries, names
        self._known: Dict[int, Symbol] = {}

    def __len__(self) -> int:
        return len(self._entries) // SYMBOL.size

    @overload
    def __getitem__(self, number: int) -> Symbol: ...

    @overload
    def __getitem__(self, number: slice) -> List[Symbol]: ...

    def __getitem__(self, number: Union[int, slice]) -> Union[Symbol, List[Symbol]]:
        if isinstance(number, slice):
            return [self[n] for n in range(*number.indices(len(self)))]
        symbol = self._known.get(number)
        if symbol is None:
            if not 0 <= number < len(self):
                raise IndexError(number)
            entry = SYMBOL.unpack_from(self._entries, number * SYMBOL.size)
            symbol = self._known[number] = self._decode(entry)
        return symbol

    def _decode(self, entry: Tuple[int, ...]) -> Symbol:
        offset, value, size, info, _other, section = entry
        name = self._names[offset : self._names.index(0, offset)].decode("utf-8", "replace")
        return Symbol(name, value, size, info >> 4, info & 0xF, section)

    def named(self) -> Iterator[Tuple[int, Symbol]]:
        """Global symbols, functions and variables, with their numbers: all but labels, sections
        and files."""
        for number, entry in enumerate(SYMBOL.iter_unpack(self._entries)):
            if entry[3] >> 4 != STB_LOCAL or entry[3] & 0xF in _NAMED:
                yield number, self._decode(entry)


class Elf:
    """A little-endian ELF32 file in memory."""

    def __init__(
        self,
        path: str,
        what: str,
        arch: Optional[str] = None,
        content: Union[bytes, mmap.mmap, None] = None,
    ) -> None:
        self.path = path
        self.data = read_bytes(path, what) if content is None else content
        # The long tables, read once.
        self._symbols: Dict[bool, SymbolTable] = {}
        self._relocations: Optional[List[Tuple[Section, List[Rela]]]] = None
        try:
            if self.data[:4] == _IDENT[:4] and self.data[4:6] != _IDENT[4:]:
                raise ToolError(f"{what} {path} is not a little-endian 32-bit ELF file")
            if self.data[:4] != _IDENT[:4]:
                raise ValueError("it does not begin like one")
            header = _HEADER.unpack_from(self.data)
            self.machine, self.entry, self.flags = header[2], header[4], header[7]
            self.sections = self._read_sections(header[6], header[12], header[13])
        except (LookupError, struct.error, ValueError) as error:
            raise ToolError(f"{what} {path} is not an ELF file: {error}") from error
        if arch is not None and self.machine != MACHINES[arch]:
            raise ToolError(
                f"{what} {path} is for ELF machine {self.machine}, not for {arch} "
                f"({MACHINES[arch]}); remove the build directory and build again"
            )

    def _read_sections(self, offset: int, count: int, names: int) -> List[Section]:
        """The headers at an offset; section number `names` has their names."""
        first = _SECTION.unpack_from(self.data, offset)
        count = count or first[5]
        names = first[6] if names == _SHN_XINDEX else names
        table = self.data[offset : offset + count * _SECTION.size]
        if len(table) < count * _SECTION.size:
            raise ValueError("its section headers are cut off")
        headers = list(_SECTION.iter_unpack(table))
        start, size = headers[names][4:6]
        text = self.data[start : start + size]
        sections = []
        for number, header in enumerate(headers):
            name, kind, flags, address, place, size, link, info, alignment, _ = header
            title = text[name : text.index(0, name)].decode("utf-8", "replace")
            sections.append(
                Section(
                    number, title, _TYPES.get(kind, f"{kind:#x}"), flags, address, place, size,
                    link, info, alignment,
                )
            )  # fmt: skip
        return sections

    def content(self, section: Section) -> bytes:
        """The bytes of a section; none for one without bits."""
        if section.type == "SHT_NOBITS":
            return b""
        return self.data[section.offset : section.offset + section.size]

    def section(self, name: str) -> Optional[Section]:
        """The first section of that name."""
        for section in self.sections:
            if section.name == name:
                return section
        return None

    def symbols(self, only_global: bool = False) -> SymbolTable:
        """The symbol table, in its order: local symbols first; empty when the file has none."""
        if only_global not in self._symbols:
            self._symbols[only_global] = self._read_symbols(only_global)
        return self._symbols[only_global]

    def _read_symbols(self, only_global: bool) -> SymbolTable:
        table = next((s for s in self.sections if s.type == "SHT_SYMTAB"), None)
        if table is None:
            return SymbolTable(b"", b"")
        first = table.info * SYMBOL.size if only_global else 0
        names = self.content(self.sections[table.link])
        return SymbolTable(self.content(table)[first:], names)

    def relocations(self) -> List[Tuple[Section, List[Rela]]]:
        """Each loaded section that has relocations, with them."""
        if self._relocations is None:
            self._relocations = list(self._read_relocations())
        return self._relocations

    def _read_relocations(self) -> Iterator[Tuple[Section, List[Rela]]]:
        for table in self.sections:
            if table.type != "SHT_RELA" or not 0 < table.info < len(self.sections):
                continue
            target = self.sections[table.info]
            if target.allocated:
                yield target, self.read_table(table)

    def read_table(self, table: Section) -> List[Rela]:
        """The relocations in a section of type SHT_RELA."""
        entries = RELA.iter_unpack(self.content(table))
        return [Rela(offset, info & 0xFF, info >> 8, addend) for offset, info, addend in entries]
