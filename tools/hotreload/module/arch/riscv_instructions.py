"""What RISC-V instructions do with registers: of RV32IMC those that compilers use, and no others.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from typing import FrozenSet, Optional

from hotreload.module import elf
from hotreload.module.reads import Code, Program, Step

_HI20, _LO12_I = 26, 27
_CALLS = frozenset([18, 19])
JUMPS = frozenset([16, 17, 44, 45])
"""Relocations that say where an instruction may go on."""

_LOADS = frozenset([0x03, 0x07])
_ADDI, _OP, _LUI, _AUIPC = 0x13, 0x33, 0x37, 0x17
_STORE, _STORE_FLOAT, _BRANCH, _JAL, _JALR = 0x23, 0x27, 0x63, 0x6F, 0x67

_RA = 1
_ARGUMENTS = frozenset(range(10, 18))
_RESULTS = frozenset([10, 11])


def only_loads(program: Program, code: Code, entry: elf.Rela) -> bool:
    """Whether the address at a relocation is used for nothing but loads."""
    if entry.type == _HI20:
        return True  # The lower half is in the instruction that uses it.
    if entry.type != _LO12_I:
        return False
    word = code.word(entry.offset)
    if word & 0x7F in _LOADS:
        return True
    is_addi = word & 0x707F == _ADDI
    return is_addi and program.only_loads_from(code, entry.offset + 4, word >> 7 & 0x1F)


def _registers(*numbers: int) -> FrozenSet[int]:
    return frozenset(numbers)


def decode(code: Code, place: int) -> Optional[Step]:
    """The instruction at a place; None: one that is not known."""
    word = code.word(place)
    if word & 3 != 3:
        return _decode_short(word & 0xFFFF)
    opcode, rd = word & 0x7F, word >> 7 & 0x1F
    rs1, rs2 = word >> 15 & 0x1F, word >> 20 & 0x1F
    if opcode == _AUIPC and any(e.offset == place and e.type in _CALLS for e in code.entries):
        links = code.word(place + 4) >> 7 & 0x1F
        return _call(8) if links else Step(8, _ARGUMENTS, ends=True)
    if opcode == _JALR:
        returns = rd == 0 and rs1 == _RA
        return Step(4, _RESULTS, ends=True) if returns else None
    if opcode == _JAL:
        return _call(4) if rd else Step(4, jumps=True, ends=True)
    steps = {
        0x03: Step(4, writes=_registers(rd)),
        0x07: Step(4),
        _ADDI: Step(4, _registers(rs1), _registers(rd)),
        _OP: Step(4, _registers(rs1, rs2), _registers(rd)),
        _LUI: Step(4, writes=_registers(rd)),
        _AUIPC: Step(4, writes=_registers(rd)),
        _STORE: Step(4, _registers(rs1, rs2)),
        _STORE_FLOAT: Step(4, _registers(rs1)),
        _BRANCH: Step(4, _registers(rs1, rs2), jumps=True),
    }
    return steps.get(opcode)


def _call(size: int, *reads: int) -> Step:
    """A compiler may know that a function of the same file leaves some registers alone."""
    return Step(size, _ARGUMENTS | {*reads}, _registers(_RA))


def _decode_short(half: int) -> Optional[Step]:
    kind = (half & 3, half >> 13)
    long, second = half >> 7 & 0x1F, half >> 2 & 0x1F
    short, last = 8 + (half >> 7 & 7), 8 + (half >> 2 & 7)
    if kind == (2, 4):
        return _decode_jump_or_move(half >> 12 & 1, long, second)
    if kind == (1, 4):
        two = half >> 10 & 3 == 3
        return Step(2, _registers(short, last) if two else _registers(short), _registers(short))
    if half == 0:
        return None
    steps = {
        (0, 0): Step(2, writes=_registers(last)),  # addi4spn
        (0, 2): Step(2, writes=_registers(last)),  # lw
        (0, 6): Step(2, _registers(short, last)),  # sw
        (1, 0): Step(2, _registers(long), _registers(long)),  # addi
        (1, 1): _call(2),  # jal
        (1, 2): Step(2, writes=_registers(long)),  # li
        (1, 3): Step(2, writes=_registers(long) - {2}),  # lui, addi16sp
        (1, 5): Step(2, jumps=True, ends=True),
        (1, 6): Step(2, _registers(short), jumps=True),
        (1, 7): Step(2, _registers(short), jumps=True),
        (2, 0): Step(2, _registers(long), _registers(long)),  # slli
        (2, 2): Step(2, writes=_registers(long)),  # lwsp
        (2, 6): Step(2, _registers(second)),  # swsp
    }
    return steps.get(kind)


def _decode_jump_or_move(bit: int, first: int, second: int) -> Optional[Step]:
    if second:
        return Step(2, _registers(second, *([first] if bit else [])), _registers(first))
    if bit:
        return _call(2, first) if first else None
    return Step(2, _RESULTS, ends=True) if first == _RA else None
