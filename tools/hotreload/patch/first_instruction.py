"""Where the first instruction of an old function can become a jump.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from typing import Iterator, List, Tuple

JUMP_SIZE = {"riscv": 4, "xtensa": 3}


def busy_size(arch: str, code: bytes) -> int:
    """Bytes from a function's start in which nobody may be while the jump is written.

    That is the whole function if one of its branches leads back to what the jump takes the place
    of: later it would lead into the new function.
    """
    size = JUMP_SIZE[arch]
    branches = _riscv(code) if arch == "riscv" else _xtensa(code)
    leads_back = any(0 <= target < size for _place, target in branches)
    return max(len(code), size) if leads_back else size


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value


def _riscv(code: bytes) -> Iterator[Tuple[int, int]]:
    """(place, target) of each branch and jump with a fixed distance."""
    place = 0
    while place + 2 <= len(code):
        half = int.from_bytes(code[place : place + 2], "little")
        if half & 3 == 3:
            word = int.from_bytes(code[place : place + 4].ljust(4, b"\0"), "little")
            if word & 0x7F == 0x63:
                offset = (word >> 31) << 12 | (word >> 7 & 1) << 11
                offset |= (word >> 25 & 0x3F) << 5 | (word >> 8 & 0xF) << 1
                yield place, place + _signed(offset, 13)
            elif word & 0xFFF == 0x6F:  # jal x0; a call comes back, so it may lead anywhere.
                offset = (word >> 31) << 20 | (word >> 12 & 0xFF) << 12
                offset |= (word >> 20 & 1) << 11 | (word >> 21 & 0x3FF) << 1
                yield place, place + _signed(offset, 21)
            place += 4
            continue
        if half & 0xE003 == 0xA001:  # c.j
            yield place, place + _signed(_gather(half, _JUMP_BITS), 12)
        elif half & 0xC003 == 0xC001:  # c.beqz, c.bnez
            yield place, place + _signed(_gather(half, _BRANCH_BITS), 9)
        place += 2


# Bits of the instruction, and bits of the distance that they hold.
_JUMP_BITS = [(12, 11), (11, 4), (10, 9), (9, 8), (8, 10), (7, 6), (6, 7), (5, 3), (4, 2), (3, 1),
              (2, 5)]  # fmt: skip
_BRANCH_BITS = [(12, 8), (11, 4), (10, 3), (6, 7), (5, 6), (4, 2), (3, 1), (2, 5)]


def _gather(half: int, bits: List[Tuple[int, int]]) -> int:
    return sum((half >> source & 1) << target for source, target in bits)


def _xtensa(code: bytes) -> Iterator[Tuple[int, int]]:
    """The same; what does not look like a branch has no target."""
    place = 0
    while place + 2 <= len(code):
        first, second = code[place], code[place + 1]
        third = code[place + 2] if place + 2 < len(code) else 0
        kind, n, m = first & 0xF, first >> 4 & 3, first >> 6
        if kind >= 8:
            place += 2
            continue
        if kind == 6 and n == 0:  # j
            offset = _signed((third << 16 | second << 8 | first) >> 6, 18)
            yield place, place + 4 + offset
        elif kind == 6 and n == 1:  # beqz, bnez, bltz, bgez
            yield place, place + 4 + _signed((third << 8 | second) >> 4, 12)
        elif (kind == 6 and (n == 2 or m >= 2)) or kind == 7:  # with an immediate; two registers
            yield place, place + 4 + _signed(third, 8)
        place += 3
