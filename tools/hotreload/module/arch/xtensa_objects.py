"""What the relocations of an Xtensa object file say of its symbols.

The assembler makes a far call of the load of a literal, marked with ASM_EXPAND, and a callx8.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import struct
from typing import Iterator, Sequence, Set, Tuple

from hotreload.module.elf import SHF_EXECINSTR, Elf, Rela, Section, Symbol

_WORD = 1
_ASM_EXPAND = 11
_SLOT0_OP = 20
_L32R = 1
_JUMPS = frozenset([5, 6])
"""Low four bits of calls and jumps."""


def called(file: Elf) -> Set[int]:
    """The numbers of the symbols that code jumps to."""
    marked = {
        r.symbol for _, entries in file.relocations() for r in entries if r.type == _ASM_EXPAND
    }
    return marked | {r.symbol for opcode, r in _instructions(file) if opcode in _JUMPS}


def pointers(file: Elf) -> Set[Tuple[int, int]]:
    """(number of a symbol, addend) of each address that is kept as a value."""
    symbols = file.symbols()
    found: Set[Tuple[int, int]] = set()
    values = _values(file, symbols)
    for section, entries in file.relocations():
        if not section.keeps_pointers:
            continue
        is_code = section.flags & SHF_EXECINSTR or section.name.startswith(".literal")
        for r in entries:
            if r.type == _WORD and (not is_code or (section.number, r.offset) in values):
                found.add((r.symbol, r.addend + _in_place(file, section, r)))
    return found


def _values(file: Elf, symbols: Sequence[Symbol]) -> Set[Tuple[int, int]]:
    """(section, offset) of the literals that are loaded for another purpose than a call."""
    calls = {
        (section.number, r.offset)
        for section, entries in file.relocations()
        for r in entries
        if r.type == _ASM_EXPAND
    }
    found: Set[Tuple[int, int]] = set()
    for section, entries in file.relocations():
        content = file.content(section)
        for r in entries:
            loads = r.type == _SLOT0_OP and content[r.offset] & 0xF == _L32R
            if loads and (section.number, r.offset) not in calls:
                symbol = symbols[r.symbol]
                found.add((symbol.section, symbol.value + r.addend))
    return found


def _instructions(file: Elf) -> Iterator[Tuple[int, Rela]]:
    """The low four bits of each instruction with an operand to relocate."""
    for section, entries in file.relocations():
        content = file.content(section)
        for r in entries:
            if r.type == _SLOT0_OP:
                yield content[r.offset] & 0xF, r


def _in_place(file: Elf, section: Section, relocation: Rela) -> int:
    value: int = struct.unpack_from("<i", file.content(section), relocation.offset)[0]
    return value
