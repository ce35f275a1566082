"""The linked module (module.elf) as the packer sees it: two segments, relocations, targets.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import struct
import subprocess
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Protocol, Sequence

from hotreload.errors import ToolError
from hotreload.module import elf
from hotreload.module import module_format as fmt
from hotreload.module.layout import DATA_ADDRESS, SEGMENT_LIMIT
from hotreload.module.linker_script import DATA_SECTIONS, TEXT_SECTIONS, is_among

_WORD = struct.Struct("<I")
_ATTRIBUTES = {
    ".noinit": "__NOINIT_ATTR",
    ".ext_ram.bss": "EXT_RAM_BSS_ATTR",
    ".ext_ram_noinit": "EXT_RAM_NOINIT_ATTR",
    ".rtc.data": "RTC_DATA_ATTR",
    ".rtc.bss": "RTC_DATA_ATTR",
    ".rtc.rodata": "RTC_RODATA_ATTR",
    ".rtc.text": "RTC_IRAM_ATTR",
    ".rtc.force_fast": "RTC_FAST_ATTR",
    ".rtc.force_slow": "RTC_SLOW_ATTR",
    ".rtc_noinit": "RTC_NOINIT_ATTR",
}
_BASE_NAMES = {
    fmt.SYM_NONE: "the firmware",
    fmt.SYM_TEXT: "the text",
    fmt.SYM_DATA: "the data",
    fmt.SYM_BASE_TEXT: "the text of the running module",
    fmt.SYM_BASE_DATA: "the data of the running module",
}


class Segment:
    """One of the two segments, with the bytes that the file will hold."""

    def __init__(self, base: int, address: int, file: elf.Elf, sections: Sequence[elf.Section]):
        self.base = base
        self.address = address
        used = [s for s in sections if s.size > 0]
        self.alignment = max([4] + [s.alignment for s in used])
        self.memory_size = max([s.address + s.size - address for s in used], default=0)
        self.content = bytearray()
        for section in used:
            if section.type != "SHT_NOBITS":
                self.content = self.content.ljust(section.address - address, b"\0")
                self.content += file.content(section)

    def read(self, address: int) -> int:
        """The 32-bit word at a link address."""
        word: int = _WORD.unpack_from(self.content, address - self.address)[0]
        return word

    def write(self, address: int, word: int) -> None:
        """Changes the 32-bit word at a link address."""
        _WORD.pack_into(self.content, address - self.address, word & 0xFFFFFFFF)


class Relocation(NamedTuple):
    """One relocation of module.elf with its target looked up."""

    segment: Segment
    place: int
    type: int
    base: int
    """SYM_*: what moves together with the target."""
    target: int
    """Link address or firmware address, the addend included."""
    addend: int
    symbol: elf.Symbol

    @property
    def undefined(self) -> bool:
        """A weak reference to nothing."""
        return not self.symbol.defined


class Lasting(Protocol):
    """Knows what in the module outlives the module."""

    def lasting(self, relocation: Relocation) -> Optional[int]:
        """The firmware's address that a pointer is to hold instead of one in the module."""


class PackedRelocation(NamedTuple):
    """A relocation of the packed module."""

    place: int
    type: int
    base: int
    addend: int


class Variable(NamedTuple):
    """A variable that lives outside the module, and is found again by its key."""

    key: int
    """8 bytes."""
    address: int
    """Link address; of its initial value if it has one."""
    size: int
    has_initial: bool


class LinkedModule:
    """module.elf, or the linked file of a patch."""

    def __init__(
        self,
        path: str,
        arch: str,
        text_address: int,
        addr2line: Optional[str],
        data_address: int = DATA_ADDRESS,
        variables: Sequence[Variable] = (),
    ) -> None:
        self.file = elf.Elf(path, "the module", arch)
        self._addr2line = addr2line
        self.symbols = self.file.symbols()
        self.names = {s.name: s for s in self.file.symbols(only_global=True) if s.defined}
        self._bases: Dict[int, int] = {}
        self.variables = sorted(variables)
        self.text = self._segment(fmt.SYM_TEXT, text_address, TEXT_SECTIONS)
        self.data = self._segment(fmt.SYM_DATA, data_address, DATA_SECTIONS)

    def _segment(self, base: int, address: int, names: Sequence[str]) -> Segment:
        sections = [s for s in self.file.sections if s.allocated and is_among(s.name, names)]
        self._bases.update({s.number: base for s in sections})
        segment = Segment(base, address, self.file, sections)
        if segment.memory_size > SEGMENT_LIMIT:
            raise ToolError(
                f"{_BASE_NAMES[base]} of the module has {segment.memory_size} bytes, more than "
                f"the format's {SEGMENT_LIMIT}"
            )
        return segment

    def check_sections(self) -> None:
        """Refuses sections that belong to neither segment."""
        for section in self.file.sections:
            stray = section.allocated and section.number not in self._bases
            if stray and section.size > 0 and not section.flags & elf.SHF_TLS:
                names = [s.name for s in self.symbols if s.section == section.number and s.size]
                named = f" ({', '.join(names)})" if names else ""
                raise ToolError(
                    f"section {section.name}{named} has no place in a module, which is text and "
                    f"data in RAM that come anew with every reload: remove the attribute"
                    f"{_attribute(section.name)} that puts code or data there, or move it to the "
                    "firmware"
                )

    def relocations(self) -> Iterator[Relocation]:
        """All relocations of both segments."""
        for section, entries in self.file.relocations():
            base = self._bases.get(section.number)
            if base is None:
                continue
            segment = self.text if base == fmt.SYM_TEXT else self.data
            for entry in entries:
                symbol = self.symbols[entry.symbol]
                yield Relocation(
                    segment,
                    entry.offset,
                    entry.type,
                    self.base_of(symbol),
                    (symbol.value + entry.addend) & 0xFFFFFFFF,
                    entry.addend,
                    symbol,
                )

    def base_of(self, symbol: elf.Symbol) -> int:
        """What moves together with a symbol: SYM_*."""
        for index, variable in enumerate(self.variables):
            if variable.address <= symbol.value < variable.address + max(variable.size, 1):
                return fmt.SYM_KEPT + index
        return self._bases.get(symbol.section, fmt.SYM_NONE)

    def start_of(self, base: int) -> int:
        """Link address of what moves."""
        if base >= fmt.SYM_KEPT:
            return self.variables[base - fmt.SYM_KEPT].address
        return {fmt.SYM_TEXT: self.text.address, fmt.SYM_DATA: self.data.address}.get(base, 0)

    def keep(self, relocation: Relocation, kind: int) -> PackedRelocation:
        """The packed form: the addend counts from the start of the segment that moves."""
        addend = relocation.target - self.start_of(relocation.base)
        return PackedRelocation(relocation.place, kind, relocation.base, addend & 0xFFFFFFFF)

    def keep_absolute(
        self,
        relocation: Relocation,
        kind: int,
        name: str,
        encode: Callable[[int, int], int],
        places: Optional[Lasting],
    ) -> List[PackedRelocation]:
        """Handles a relocation that holds an address: kept when the target moves.

        `encode(bits, value)` puts an address into an instruction or word. `places` knows what has
        a lasting address, which is one of the firmware; without them, it is a call.
        """
        if relocation.base == fmt.SYM_NONE:
            return []
        segment, place = relocation.segment, relocation.place
        bits = segment.read(place)
        if encode(bits, relocation.target) != bits:
            raise self.error(relocation, name, "ld wrote another value there than it should")
        address = places.lasting(relocation) if places is not None else None
        if address is None:
            return [self.keep(relocation, kind)]
        symbol = relocation.symbol
        is_export = symbol.binding != elf.STB_LOCAL and symbol.kind == elf.STT_FUNC
        if is_export and relocation.addend != 0:
            raise self.error(
                relocation, name, f"it points {relocation.addend} bytes into a function's stub"
            )
        segment.write(place, encode(bits, address))
        return []

    def error(self, relocation: Relocation, name: str, what_to_do: str) -> ToolError:
        """The error for a relocation that a module cannot have."""
        symbol = relocation.symbol.name or self._section_name(relocation.symbol)
        where = _BASE_NAMES.get(relocation.base, "a kept variable")
        return ToolError(
            f"{self._describe(relocation.place)}: relocation {name} refers to '{symbol}' in "
            f"{where}, which cannot be changed at load time: {what_to_do}"
        )

    def _section_name(self, symbol: elf.Symbol) -> str:
        if symbol.section < len(self.file.sections):
            return self.file.sections[symbol.section].name
        return f"{symbol.value:#x}"

    def _describe(self, place: int) -> str:
        """A place in words: function and offset, and the source line when it is known."""
        words = f"{place:#x}"
        for symbol in self.symbols:
            covers = symbol.value <= place < symbol.value + symbol.size
            if covers and symbol.kind in (elf.STT_FUNC, elf.STT_OBJECT):
                words = f"{symbol.name}+{place - symbol.value:#x}"
        line = self._source_line(place)
        return f"{line}: {words}" if line else words

    def _source_line(self, place: int) -> str:
        if self._addr2line is None or not os.path.exists(self._addr2line):
            return ""
        command = [self._addr2line, "-e", self.file.path, hex(place)]
        result = subprocess.run(
            command, stdout=subprocess.PIPE, encoding="utf-8", errors="surrogateescape", check=False
        )
        line = result.stdout.strip().partition(" (")[0]
        return "" if result.returncode != 0 or line.startswith("?") or line.endswith("?") else line


def _attribute(section: str) -> str:
    """ESP-IDF's name for what puts something into a section."""
    known = (word for start, word in _ATTRIBUTES.items() if section.startswith(start))
    return "".join(f" {word}" for word in list(known)[:1])
