"""Which relocations an Xtensa module keeps: words, most of them literals.

Instructions reach the rest of the text and the literals in it relative to the PC, and the text
moves as one block.
"""

from __future__ import annotations

from typing import Dict, List

from hotreload.linked import Kept, LinkedModule, Relocation
from hotreload.module_format import SYM_TEXT

_WORD = 1
_PCREL_WORD = 14
_SLOTS = frozenset(range(20, 50))

# NONE, RTLD, ASM_EXPAND and ASM_SIMPLIFY (marks for relaxation), VTINHERIT, VTENTRY, DIFF*,
# TLS_TPOFF (an offset from the thread pointer), PDIFF* and NDIFF*.
_IGNORED = frozenset([0, 2, 11, 12, 15, 16, 17, 18, 19, 53, 57, 58, 59, 60, 61, 62])


def select(module: LinkedModule, stubs: Dict[str, int]) -> List[Kept]:
    """The relocations to keep. Addresses of `stubs` are written into the module on the way."""
    kept: List[Kept] = []
    for relocation in module.relocations():
        kind = relocation.type
        if kind == _WORD:
            final = _with_final_value(relocation)
            kept += module.keep_absolute(final, kind, "R_XTENSA_32", _encode, stubs)
        elif kind not in _IGNORED:
            _check_relative(module, relocation)
    return kept


def _with_final_value(relocation: Relocation) -> Relocation:
    """The relocation with the value that ld wrote; its addend misses what was in the object."""
    value = relocation.segment.read(relocation.place)
    return relocation._replace(target=value, addend=value - relocation.symbol.value)


def _encode(_word: int, value: int) -> int:
    return value & 0xFFFFFFFF


def _check_relative(module: LinkedModule, relocation: Relocation) -> None:
    kind = relocation.type
    if kind in _SLOTS:
        if relocation.base != SYM_TEXT or relocation.segment.base != SYM_TEXT:
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
