"""Which relocations an Xtensa module keeps: words, most of them literals.

Instructions reach the rest of the text and the literals in it relative to the PC, and the text
moves as one block. So does the data, where the pattern of a trampoline lies, which is copied to the
stack for a nested function. A literal that is only there for a call keeps the function's own
address, not that of its stub: calls inside the module go direct.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import struct
from typing import FrozenSet, List, Set

from hotreload.module.linked import Lasting, LinkedModule, PackedRelocation, Relocation

WORD = 1
_ASM_EXPAND = 11
_PCREL_WORD = 14
_SLOTS = frozenset(range(20, 50))
_L32R = 1

# NONE, RTLD, ASM_EXPAND and ASM_SIMPLIFY (marks for relaxation), VTINHERIT, VTENTRY, DIFF*,
# TLS_TPOFF (an offset from the thread pointer), PDIFF* and NDIFF*.
_IGNORED = frozenset([0, 2, _ASM_EXPAND, 12, 15, 16, 17, 18, 19, 53, 57, 58, 59, 60, 61, 62])

DISTANCE_TO_DATA: FrozenSet[int] = frozenset()
"""Code reaches constants by their addresses, in literals."""

# An entry of the property table that the assembler writes: address, size, flags.
_PROPERTY = struct.Struct("<III")
_PROPERTY_LITERAL = 1


def select_relocations(module: LinkedModule, places: Lasting) -> List[PackedRelocation]:
    """The relocations to keep. Lasting addresses are written into the module on the way."""
    relocations = list(module.relocations())
    only_calls = _literals(module) - _loaded_as_values(relocations)
    kept: List[PackedRelocation] = []
    for relocation in relocations:
        kind = relocation.type
        if kind == WORD:
            final = _with_final_value(relocation)
            pointed = None if final.place in only_calls else places
            kept += module.keep_absolute(final, kind, "R_XTENSA_32", _encode, pointed)
        elif kind not in _IGNORED:
            _check_relative(module, relocation)
    return kept


def _literals(module: LinkedModule) -> Set[int]:
    """Addresses of the words that the assembler made for l32r instructions."""
    places: Set[int] = set()
    for section in module.file.sections:
        if section.name.startswith(".xt.prop"):
            for address, size, flags in _PROPERTY.iter_unpack(module.file.content(section)):
                if flags & _PROPERTY_LITERAL:
                    places.update(range(address, address + size, 4))
    return places


def _loaded_as_values(relocations: List[Relocation]) -> Set[int]:
    """Addresses of the words that instructions load for another purpose than to call them.

    The assembler marks the load of a call that may be too far for one instruction.
    """
    calls = {r.place for r in relocations if r.type == _ASM_EXPAND}
    return {_l32r_target(r) for r in relocations if r.type in _SLOTS and r.place not in calls}


def _l32r_target(relocation: Relocation) -> int:
    """Where an instruction loads from, if it is an l32r: ld leaves a wrong addend behind."""
    offset = relocation.place - relocation.segment.address
    opcode, low, high = relocation.segment.content[offset : offset + 3].ljust(3, b"\0")
    if opcode & 0xF != _L32R:
        return 0
    words_back = 0x10000 - (high << 8 | low)
    return ((relocation.place + 3) & ~3) - 4 * words_back


def _with_final_value(relocation: Relocation) -> Relocation:
    """The relocation with the value that ld wrote; its addend misses what was in the object."""
    value = relocation.segment.read(relocation.place)
    return relocation._replace(target=value, addend=value - relocation.symbol.value)


def _encode(_word: int, value: int) -> int:
    return value & 0xFFFFFFFF


def _check_relative(module: LinkedModule, relocation: Relocation) -> None:
    kind = relocation.type
    if kind in _SLOTS:
        if relocation.base != relocation.segment.base:
            raise module.error(
                relocation,
                f"R_XTENSA_SLOT (type {kind})",
                "the instruction reaches outside the text segment; compile with -mlongcalls, and "
                "keep literals with the code",
            )
    elif kind != _PCREL_WORD or relocation.base != relocation.segment.base:
        raise module.error(
            relocation, f"type {kind}", "compile the component without the option that makes it"
        )
