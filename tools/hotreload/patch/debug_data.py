"""The debug data of what a patch is from, for debuggers and for addresses in a log.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from typing import Callable, Dict, List, Optional

from hotreload.module import elf
from hotreload.patch.object_writer import ObjectWriter, Relocation, Section
from hotreload.patch.view import View

_COMPRESSED = 0x800


def add_debug_data(
    writer: ObjectWriter, view: View, find: Callable[[elf.Symbol], Optional[elf.Symbol]]
) -> None:
    """Adds the sections. `find` gives what a symbol has become in the patch.

    What is not in the patch gets addresses near 0, where no code is; so do linkers with code that
    they drop.
    """
    sections = [s for s in view.file.sections if s.name.startswith(".debug_")]
    first = len(writer.sections) + 1
    numbers = {section.number: first + index for index, section in enumerate(sections)}
    known: Dict[int, Optional[elf.Symbol]] = {0: None}

    def symbol_of(number: int) -> Optional[elf.Symbol]:
        if number not in known:
            symbol = view.symbols[number]
            found = find(symbol)
            if symbol.section in numbers:
                found = _local(f"hotreload.debug.{number}", symbol.value, numbers[symbol.section])
            known[number] = found or _local(f"hotreload.gone.{number}", symbol.value, elf.SHN_ABS)
        return known[number]

    tables = {s.info: s for s in view.file.sections if s.type == "SHT_RELA"}
    for section in sections:
        relocations: List[Relocation] = []
        if section.number in tables:
            relocations = [
                (entry.offset, entry.type, symbol_of(entry.symbol), entry.addend)
                for entry in view.file.read_table(tables[section.number])
            ]
        content = view.file.content(section)
        flags = section.flags & _COMPRESSED
        writer.add_section(Section(section.name, flags, 1, content, relocations))


def _local(name: str, value: int, section: int) -> elf.Symbol:
    return elf.Symbol(name, value, 0, elf.STB_LOCAL, elf.STT_NOTYPE, section)
