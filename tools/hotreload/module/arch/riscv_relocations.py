"""Which relocations a RISC-V module keeps; types of the RISC-V ELF psABI.

Kept: absolute addresses in words and in lui/addi pairs, and calls to the firmware, whose distance
changes. Everything else must be independent of where the two segments go, or is an error.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from typing import Callable, Dict, List, Tuple

from hotreload.module.linked import Lasting, LinkedModule, PackedRelocation, Relocation
from hotreload.module.module_format import SYM_BASE_TEXT, SYM_NONE, SYM_TEXT

_NAMES = {
    1: "R_RISCV_32",
    6: "R_RISCV_TLS_DTPMOD32",
    8: "R_RISCV_TLS_DTPREL32",
    16: "R_RISCV_BRANCH",
    17: "R_RISCV_JAL",
    18: "R_RISCV_CALL",
    19: "R_RISCV_CALL_PLT",
    20: "R_RISCV_GOT_HI20",
    21: "R_RISCV_TLS_GOT_HI20",
    22: "R_RISCV_TLS_GD_HI20",
    23: "R_RISCV_PCREL_HI20",
    26: "R_RISCV_HI20",
    27: "R_RISCV_LO12_I",
    28: "R_RISCV_LO12_S",
    44: "R_RISCV_RVC_BRANCH",
    45: "R_RISCV_RVC_JUMP",
    46: "R_RISCV_RVC_LUI",
    47: "R_RISCV_GPREL_I",
    48: "R_RISCV_GPREL_S",
    57: "R_RISCV_32_PCREL",
    59: "R_RISCV_PLT32",
}

WORD, _HI20, _LO12_I, _LO12_S = 1, 26, 27, 28
_CALL, _CALL_PLT = 18, 19
_RVC_LUI = 46
_GPREL = (47, 48)

# Nothing to do: NONE, the low halves of PC-relative pairs (the high half decides), offsets from
# the thread pointer, and marks for relaxation, which is over.
_IGNORED = frozenset([0, 24, 25, 29, 30, 31, 32, 43, 49, 50, 51])
DISTANCE_TO_DATA = frozenset([23])
"""What medany code reaches constants with."""

# Distances from the place itself to a target.
_RELATIVE = frozenset([16, 17, 23, 44, 45, 57, 59])
# Differences of two labels: one adds, the other subtracts, at the same place.
_DIFFERENCE = {33: 1, 34: 1, 35: 1, 36: 1, 53: 1, 54: 1, 55: 1, 56: 1, 60: 1}
_DIFFERENCE.update({37: -1, 38: -1, 39: -1, 40: -1, 52: -1, 61: -1})

_UNKNOWN = "compile the component without the option that makes it"
_USE_CALL = "use 'call' or 'tail', which reach everywhere"
_USE_MEDLOW = "compile the component with -mcmodel=medlow and without -fPIC"
_USE_LOCAL_EXEC = "compile the component with -ftls-model=local-exec"
_ADVICE = {
    **dict.fromkeys((16, 17, 44, 45), _USE_CALL),
    **dict.fromkeys((20, 23), _USE_MEDLOW),
    **dict.fromkeys((6, 8, 21, 22), _USE_LOCAL_EXEC),
}


def _with_hi20(instruction: int, value: int) -> int:
    return (instruction & 0xFFF) | ((value + 0x800) & 0xFFFFF000)


def _with_lo12_i(instruction: int, value: int) -> int:
    return (instruction & 0xFFFFF) | ((value & 0xFFF) << 20)


def _with_lo12_s(instruction: int, value: int) -> int:
    high, low = (value >> 5) & 0x7F, value & 0x1F
    return (instruction & 0x1FFF07F) | (high << 25) | (low << 7)


_ENCODE: Dict[int, Callable[[int, int], int]] = {
    WORD: lambda _word, value: value & 0xFFFFFFFF,
    _HI20: _with_hi20,
    _LO12_I: _with_lo12_i,
    _LO12_S: _with_lo12_s,
}


def select_relocations(module: LinkedModule, places: Lasting) -> List[PackedRelocation]:
    """The relocations to keep. Lasting addresses are written into the module on the way."""
    kept: List[PackedRelocation] = []
    differences: Dict[Tuple[int, int], int] = {}
    examples: Dict[int, Relocation] = {}
    for relocation in module.relocations():
        kind = relocation.type
        if kind in _IGNORED:
            continue
        if kind in _DIFFERENCE:
            key = (relocation.place, relocation.base)
            differences[key] = differences.get(key, 0) + _DIFFERENCE[kind]
            examples[relocation.place] = relocation
        elif kind in _ENCODE:
            kept += module.keep_absolute(relocation, kind, _NAMES[kind], _ENCODE[kind], places)
        elif kind in (_CALL, _CALL_PLT):
            kept += _keep_call(module, relocation)
        else:
            _check_rest(module, relocation, places)
    for (place, base), sum_of_signs in differences.items():
        if sum_of_signs != 0 and base != SYM_NONE:
            raise module.error(
                examples[place],
                "of the type ADD/SUB",
                "it is the distance between the two segments; take it between labels of one",
            )
    return kept


def _keep_call(module: LinkedModule, relocation: Relocation) -> List[PackedRelocation]:
    if relocation.base == SYM_TEXT or relocation.undefined:
        return []
    if relocation.base not in (SYM_NONE, SYM_BASE_TEXT):
        raise module.error(relocation, _NAMES[relocation.type], "it calls data; call a function")
    return [module.keep(relocation, _CALL_PLT)]


def _check_rest(module: LinkedModule, relocation: Relocation, places: Lasting) -> None:
    """Accepts what does not depend on where the segments go."""
    kind = relocation.type
    if kind in _RELATIVE and relocation.base == relocation.segment.base:
        if kind not in DISTANCE_TO_DATA or places.lasting(relocation) is None:
            return
    if relocation.base == SYM_NONE and (kind == _RVC_LUI or _is_from_zero(relocation)):
        return
    name = _NAMES.get(kind, f"type {kind}")
    raise module.error(relocation, name, _ADVICE.get(kind, _UNKNOWN))


def _is_from_zero(relocation: Relocation) -> bool:
    """True for what ld makes of a small absolute value: an offset from register x0."""
    if relocation.type not in _GPREL:
        return False
    return relocation.segment.read(relocation.place) >> 15 & 0x1F == 0
