"""What is compared of an object file to find out which functions and variables have changed.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import hashlib
from itertools import chain
from typing import Any, Dict, List, NamedTuple

from hotreload.module import elf


class LoadedSection(NamedTuple):
    """A section that is loaded into the chip's memory."""

    number: int
    """Its index in the object file, which symbols name it by."""
    name: str
    flags: int
    """SHF_*."""
    size: int
    alignment: int
    digest: str
    """Of its bytes as the compiler wrote them, in hexadecimal; empty for zeros without bytes."""
    relocations: List[elf.Rela]
    """In the order of the file; `symbol` is a key of ObjectContents.symbols."""


class ObjectContents(NamedTuple):
    """One object file."""

    machine: int
    """ELF machine."""
    flags: int
    """Of the ELF header: the ABI."""
    sections: Dict[int, LoadedSection]
    """By their numbers."""
    symbols: Dict[int, elf.Symbol]
    """By their numbers: global ones, local functions and variables, and labels and sections that
    relocations refer to. The latter two have no name."""


def read_contents(file: elf.Elf) -> ObjectContents:
    """Reads the sections that are loaded, their relocations, and the symbols that these need."""
    relocations = {section.number: entries for section, entries in file.relocations()}
    used = {entry.symbol for entries in relocations.values() for entry in entries}
    sections = {
        section.number: LoadedSection(
            section.number, section.name, section.flags, section.size, section.alignment,
            "" if section.type == "SHT_NOBITS" else _digest(file.content(section)),
            relocations.get(section.number, []),
        )
        for section in file.sections
        if section.allocated
    }  # fmt: skip
    table = file.symbols()
    symbols = {
        number: symbol
        for number, symbol in table.named()
        if symbol.binding != elf.STB_LOCAL or symbol.section in sections
    }
    for number in sorted(used - symbols.keys()):
        symbols[number] = table[number]._replace(name="")
    return ObjectContents(file.machine, file.flags, sections, symbols)


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def contents_to_json(contents: ObjectContents) -> Any:
    """The form that contents_from_json() reads. The numbers of relocations are one long list."""
    sections = [
        [*section[:-1], list(chain.from_iterable(section.relocations))]
        for section in contents.sections.values()
    ]
    symbols = [[number, *symbol] for number, symbol in contents.symbols.items()]
    return [contents.machine, contents.flags, sections, symbols]


def contents_from_json(value: Any) -> ObjectContents:
    """Undoes contents_to_json()."""
    machine, elf_flags, sections, symbols = value
    found = {}
    for number, name, flags, size, alignment, digest, numbers in sections:
        entries = [elf.Rela(*numbers[i : i + 4]) for i in range(0, len(numbers), 4)]
        found[number] = LoadedSection(number, name, flags, size, alignment, digest, entries)
    named = {number: elf.Symbol(*fields) for number, *fields in symbols}
    return ObjectContents(machine, elf_flags, found, named)
