"""What Xtensa instructions do with registers, in code for the windowed ABI that calls by call8.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from typing import Optional

from hotreload.module import elf
from hotreload.module.reads import Code, Program, Step

_WORD, _SLOT = 1, 20
JUMPS = frozenset([_SLOT])
"""Relocations that say where an instruction may go on."""

_L32R = 1
_ARGUMENTS = frozenset(range(10, 16))
_OF_CALLEE = frozenset([8, 9])
"""What a call always changes: the return address and the callee's stack pointer."""
_RESULTS = frozenset([2, 3, 4, 5])


def only_loads(program: Program, literals: Code, entry: elf.Rela) -> bool:
    """Whether the address in a literal is used for nothing but loads."""
    if entry.type != _WORD:
        return False
    for code in program.codes:
        if any(e.type == _SLOT and _is_loop(code, e.offset) for e in code.entries):
            return False  # A loop jumps back without an instruction that says so.
        for user in code.entries:
            symbol = program.symbols[user.symbol]
            if symbol.section != literals.section.number:
                continue
            if user.type == _WORD:
                return False  # The literal's own address.
            if user.type == _SLOT and symbol.value + user.addend == entry.offset:
                first = code.byte(user.offset)
                if first & 0xF != _L32R:
                    return False
                if not program.only_loads_from(code, user.offset + 3, first >> 4):
                    return False
    return True


def _is_loop(code: Code, place: int) -> bool:
    return code.byte(place) == 0x76 and code.byte(place + 1) >> 4 in (8, 9, 10)


def _step(size: int, reads: "tuple[int, ...]" = (), writes: "tuple[int, ...]" = ()) -> Step:
    return Step(size, frozenset(reads), frozenset(writes))


def _jump(size: int, *reads: int, ends: bool = False) -> Step:
    return Step(size, frozenset(reads), jumps=True, ends=ends)


def decode(code: Code, place: int) -> Optional[Step]:
    """The instruction at a place; None: one that is not known."""
    first, second, third = (code.byte(place + i) for i in range(3))
    kind, t, s, r = first & 0xF, first >> 4, second & 0xF, second >> 4
    if kind == 0:
        return _decode_register(t, s, r, third & 0xF, third >> 4)
    if kind == 2:
        return _decode_memory(t, s, r)
    if kind == 6:
        return _decode_branch(t & 3, t >> 2, s, r)
    if kind == 12:
        return _step(2, (), (s,)) if t < 8 else _jump(2, s)
    if kind == 13:
        return _step(2, (s,), (t,)) if r == 0 else _return(2) if (r, t) == (15, 1) else None
    if kind == 3:
        return _step(3, (s,) if r == 4 else ()) if r in (0, 4) else None  # lsi, ssi
    steps = {
        _L32R: _step(3, (), (t,)),
        5: Step(3, _ARGUMENTS, _OF_CALLEE) if t & 3 == 2 else None,
        7: _jump(3, s, t),
        8: _step(2, (), (t,)),  # l32i.n
        9: _step(2, (s, t)),  # s32i.n
        10: _step(2, (s, t), (r,)),  # add.n
        11: _step(2, (s,), (r,)),  # addi.n
    }
    return steps.get(kind)


def _return(size: int) -> Step:
    return Step(size, _RESULTS, ends=True)


def _decode_register(t: int, s: int, r: int, group: int, operation: int) -> Optional[Step]:
    """What has its operands in registers."""
    if (group, operation, r) == (0, 0, 0):
        if t == 9:
            return _return(3)
        is_call = t == 14  # callx8
        return Step(3, _ARGUMENTS | {s}, _OF_CALLEE) if is_call else None
    if (group, operation) == (0, 0) and r in (2, 8, 9, 10, 11):
        return _step(3)  # memw, isync, nop ...; any4 ... of booleans
    if (group, operation, r) == (0, 4, 14) or (group, operation, r) == (0, 4, 15):
        return _step(3, (s,), (t,))  # nsa, nsau
    if group == 0 and operation == 4:
        return _step(3, (s,)) if r < 4 else None  # what sets the shift amount
    conditional = group == 3 and 8 <= operation <= 11
    if conditional:
        return _step(3, (s, t))  # moveqz ...: perhaps the old value stays
    if group in (8, 10, 11):
        return _decode_floating_point(t, s, r, group, operation)
    if group == 2 and operation < 5:
        return _step(3)  # andb ...: booleans
    if group == 3 and operation in (12, 13):
        return _step(3, (s,))  # movf, movt
    known = {
        0: (1, 2, 3, 6, *range(8, 16)),  # and, or, xor, neg and abs, add and sub
        1: (0, 1, 2, 3, 4, 8, 9, 10, 11),  # shifts
        2: (8, 10, 11, 12, 13, 14, 15),  # mull, muluh, mulsh, quou ... rems
        3: (2, 4, 5, 6, 7),  # sext, min, max, minu, maxu
        4: range(16),  # extui
        5: range(16),
    }
    return _step(3, (s, t), (r,)) if operation in known.get(group, ()) else None


def _decode_floating_point(t: int, s: int, r: int, group: int, operation: int) -> Optional[Step]:
    """What uses floating-point registers; here the registers of addresses count."""
    if group == 8:  # lsx, ssx
        return _step(3, (s, t) if operation == 4 else ()) if operation in (0, 4) else None
    if group == 11:  # comparisons, conditional moves
        return _step(3, (t,) if 8 <= operation <= 11 else ())
    if operation in (8, 9, 10, 11, 14) or (operation, t) == (15, 4):
        return _step(3, (), (r,))  # round.s ... utrunc.s, rfr
    if operation in (12, 13) or (operation, t) == (15, 5):
        return _step(3, (s,))  # float.s, ufloat.s, wfr
    return _step(3) if operation != 3 else None


def _decode_memory(t: int, s: int, r: int) -> Optional[Step]:
    if r in (0, 1, 2, 9):
        return _step(3, (), (t,))  # l8ui, l16ui, l32i, l16si
    if r in (4, 5, 6):
        return _step(3, (s, t))  # s8i, s16i, s32i
    if r == 10:
        return _step(3, (), (t,))  # movi
    return _step(3, (s,), (t,)) if r in (12, 13) else None  # addi, addmi


def _decode_branch(kind: int, more: int, s: int, r: int) -> Optional[Step]:
    if kind == 0:
        return _jump(3, ends=True)  # j
    if kind in (1, 2) or more in (2, 3):
        return _jump(3, s)
    if more == 1 and r in (0, 1):
        return _jump(3)  # bf, bt
    return None  # entry, loop ...
