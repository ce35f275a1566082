"""What the relocations of a RISC-V object file say of its symbols; types of the RISC-V ELF psABI.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from typing import Set, Tuple

from hotreload.module.elf import Elf

# BRANCH, JAL, CALL, CALL_PLT, RVC_BRANCH, RVC_JUMP.
_JUMPS = frozenset([16, 17, 18, 19, 44, 45])
# 32, GOT_HI20, PCREL_HI20, HI20.
_ADDRESSES = frozenset([1, 20, 23, 26])


def called(file: Elf) -> Set[int]:
    """The numbers of the symbols that code jumps to."""
    return {r.symbol for _, entries in file.relocations() for r in entries if r.type in _JUMPS}


def pointers(file: Elf) -> Set[Tuple[int, int]]:
    """(number of a symbol, addend) of each address that is kept as a value."""
    return {
        (r.symbol, r.addend)
        for section, entries in file.relocations()
        for r in entries
        if r.type in _ADDRESSES and section.keeps_pointers
    }
