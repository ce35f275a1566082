"""Reading ELF32 files: sections with pyelftools, the long tables (symbols, relocations) at once.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import struct
from io import BytesIO
from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile

from hotreload.errors import ToolError
from hotreload.files import read_bytes

SHF_WRITE = 0x1
SHF_ALLOC = 0x2
SHF_EXECINSTR = 0x4
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
STT_SECTION = 3
STT_TLS = 6

# No program keeps function addresses from these sections: called once, or for unwinding only.
_NO_POINTERS = (".init_array", ".fini_array", ".ctors", ".dtors", ".eh_frame", ".gcc_except_table")

MACHINES = {"riscv": 243, "xtensa": 94}

_SYMBOL = struct.Struct("<IIIBBH")
_RELA = struct.Struct("<IIi")


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


class Elf:
    """A little-endian ELF32 file in memory."""

    def __init__(
        self,
        path: str,
        what: str,
        arch: Optional[str] = None,
        content: Optional[bytes] = None,
    ) -> None:
        self.path = path
        self.data = read_bytes(path, what) if content is None else content
        # The long tables, read once.
        self._symbols: Dict[bool, List[Symbol]] = {}
        self._relocations: Optional[List[Tuple[Section, List[Rela]]]] = None
        try:
            self._file = ELFFile(BytesIO(self.data))
            if self._file.elfclass != 32 or not self._file.little_endian:
                raise ToolError(f"{what} {path} is not a little-endian 32-bit ELF file")
            self.flags: int = self._file["e_flags"]
            self.entry: int = self._file["e_entry"]
            self.machine = struct.unpack_from("<H", self.data, 18)[0]
            self.sections = list(self._read_sections())
        except (ELFError, struct.error, ValueError) as error:
            raise ToolError(f"{what} {path} is not an ELF file: {error}") from error
        if arch is not None and self.machine != MACHINES[arch]:
            raise ToolError(
                f"{what} {path} is for ELF machine {self.machine}, not for {arch} "
                f"({MACHINES[arch]}); remove the build directory and build again"
            )

    def _read_sections(self) -> Iterator[Section]:
        for index in range(self._file.num_sections()):
            header = self._file.get_section(index)
            yield Section(
                index,
                header.name,
                str(header["sh_type"]),
                header["sh_flags"],
                header["sh_addr"],
                header["sh_offset"],
                header["sh_size"],
                header["sh_link"],
                header["sh_info"],
                header["sh_addralign"],
            )

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

    def symbols(self, only_global: bool = False) -> List[Symbol]:
        """The symbol table, in its order: local symbols first; empty when the file has none."""
        if only_global not in self._symbols:
            self._symbols[only_global] = self._read_symbols(only_global)
        return self._symbols[only_global]

    def _read_symbols(self, only_global: bool) -> List[Symbol]:
        table = next((s for s in self.sections if s.type == "SHT_SYMTAB"), None)
        if table is None:
            return []
        if only_global and False in self._symbols:
            return self._symbols[False][table.info :]
        first = table.info * _SYMBOL.size if only_global else 0
        names = self.content(self.sections[table.link])
        entries = self.content(table)[first:]
        known: Dict[int, str] = {}
        symbols = []
        for offset, value, size, info, _other, section in _SYMBOL.iter_unpack(entries):
            name = known.get(offset)
            if name is None:
                name = names[offset : names.index(0, offset)].decode("utf-8", "replace")
                known[offset] = name
            symbols.append(Symbol(name, value, size, info >> 4, info & 0xF, section))
        return symbols

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
                entries = _RELA.iter_unpack(self.content(table))
                yield target, [Rela(o, i & 0xFF, i >> 8, a) for o, i, a in entries]


class ObjectFiles:
    """The object files of one build step; each is read when it is first asked for."""

    def __init__(self) -> None:
        self._files: Dict[str, Elf] = {}

    def open(self, path: str) -> Elf:
        """An object file by its path."""
        if path not in self._files:
            self._files[path] = Elf(path, "the object file")
        return self._files[path]
