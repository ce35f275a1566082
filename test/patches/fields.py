"""The parts of code and data that hold addresses, and the addresses that they hold.

Only a relocation's place and type are used: the address is read from the bytes, in the linked
module and in the memory of the device alike.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple

from image import XTENSA
from hotreload.module import elf

Read = Callable[[int, int], int]
"""(address, number of bytes) -> little-endian number."""


class Field(NamedTuple):
    """What holds an address."""

    place: int
    masks: Tuple[Tuple[int, int], ...]
    """Addresses in the linked module, and the bits there that make the address."""
    target: Callable[[Read, int], int]
    """(memory, how much further the field is there) -> the address that it holds."""
    symbol: elf.Symbol
    is_value: bool
    """The program has the address as a value; else it only goes there or reads there."""


def fields_of(file: elf.Elf) -> List[Field]:
    """All of a module, in the order of their places."""
    arch = {number: name for name, number in elf.MACHINES.items()}[file.machine]
    find = {"riscv": _riscv, "xtensa": _xtensa}[arch]
    found: List[Field] = []
    for section, entries in file.relocations():
        found += find(file, section, entries)
    return sorted(found, key=lambda field: field.place)


def jump_target(machine: int, address: int, word: int) -> Optional[int]:
    """Where the word of code at an address jumps to; None: it is no jump."""
    if machine == XTENSA:
        return _operand(word & 0xFFFFFF)[1](address) if word & 0x3F == 6 else None
    return address + _JUMPS[17][2](word) if word & 0xFFF == 0x6F else None


def _signed(value: int, bits: int) -> int:
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def _take(word: int, *parts: Tuple[int, int, int]) -> int:
    """Puts a number together: (lowest bit in the word, how many, lowest bit in the number)."""
    return sum((word >> start & (1 << count) - 1) << to for start, count, to in parts)


# ---- RISC-V ----

_NOTHING = frozenset([0, 43, 51])  # NONE, ALIGN, RELAX
# Differences of labels, which are the same everywhere: ADD*, SUB*, SET*.
_DIFFERENCES = frozenset([*range(33, 41), *range(52, 57), 60, 61])
_WORD = 1
_CALLS = frozenset([18, 19])
_HIGHS = {26: False, 23: True}
"""Upper halves, and whether they count from the instruction."""
_LOWS = {27: 26, 28: 26, 24: 23, 25: 23}
"""Lower halves, and what their upper halves are."""
_HIGH_BITS, _I_BITS, _S_BITS = 0xFFFFF000, 0xFFF00000, 0xFE000F80

_JUMPS: Dict[int, Tuple[int, int, Callable[[int], int]]] = {
    16: (4, 0xFE000F80, lambda w: _signed(
        _take(w, (8, 4, 1), (25, 6, 5), (7, 1, 11), (31, 1, 12)), 13)),
    17: (4, 0xFFFFF000, lambda w: _signed(
        _take(w, (21, 10, 1), (20, 1, 11), (12, 8, 12), (31, 1, 20)), 21)),
    44: (2, 0x1C7C, lambda w: _signed(
        _take(w, (3, 2, 1), (10, 2, 3), (2, 1, 5), (5, 2, 6), (12, 1, 8)), 9)),
    45: (2, 0x1FFC, lambda w: _signed(
        _take(w, (3, 3, 1), (11, 1, 4), (2, 1, 5), (7, 1, 6), (6, 1, 7), (9, 2, 8), (8, 1, 10),
              (12, 1, 11)), 12)),
}
"""Branches and jumps: size, bits, distance."""


def _riscv(file: elf.Elf, section: elf.Section, entries: List[elf.Rela]) -> Iterator[Field]:
    symbols = file.symbols()
    starts = sorted(s.value for s in symbols if s.kind == elf.STT_FUNC)
    halves: Dict[int, List[elf.Rela]] = {}  # By function.
    for entry in entries:
        if entry.type in _HIGHS or entry.type in _LOWS:
            halves.setdefault(bisect_right(starts, entry.offset), []).append(entry)
    for entry in entries:
        place, symbol = entry.offset, symbols[entry.symbol]
        if entry.type in _NOTHING or entry.type in _DIFFERENCES:
            continue
        if entry.type == _WORD:
            yield _word(place, symbol, True)
        elif entry.type in _CALLS:
            yield Field(place, ((place, _HIGH_BITS), (place + 4, _I_BITS)),
                        _call(place), symbol, False)
        elif entry.type in _JUMPS:
            yield Field(place, ((place, _JUMPS[entry.type][1]),),
                        _jump(place, entry.type), symbol, False)
        else:
            yield from _half(halves[bisect_right(starts, place)], entry, symbols)


def _word(place: int, symbol: elf.Symbol, is_value: bool) -> Field:
    return Field(place, ((place, 0xFFFFFFFF),), lambda read, by: read(place + by, 4), symbol,
                 is_value)


def _call(place: int) -> Callable[[Read, int], int]:
    return lambda read, by: _pair(read, by, place, place + 4, 27, True)


def _jump(place: int, kind: int) -> Callable[[Read, int], int]:
    size, _, distance = _JUMPS[kind]
    return lambda read, by: (place + by + distance(read(place + by, size))) & 0xFFFFFFFF


def _half(halves: List[elf.Rela], entry: elf.Rela, symbols: elf.SymbolTable) -> Iterator[Field]:
    """Half of an address; another instruction of the function has the other half."""
    def other(one: elf.Rela) -> bool:
        high, low = (entry, one) if entry.type in _HIGHS else (one, entry)
        if high.type != _LOWS.get(low.type):
            return False
        return (symbols[low.symbol].value == high.offset if _HIGHS[high.type]
                else symbols[low.symbol] == symbols[high.symbol])

    found = [one for one in halves if other(one)]
    assert found, f"relocation of type {entry.type} at {entry.offset:#x} stands alone"
    one = min(found, key=lambda f: (f.addend != entry.addend, abs(f.offset - entry.offset)))
    high, low = (entry, one) if entry.type in _HIGHS else (one, entry)
    kind, relative = low.type, _HIGHS[high.type]
    mask = (_HIGH_BITS if entry is high else _S_BITS if kind in (25, 28) else _I_BITS)
    places = (high.offset, low.offset)
    yield Field(entry.offset, ((entry.offset, mask),),
                lambda read, by: _pair(read, by, *places, kind, relative),
                symbols[high.symbol], not relative)


def _pair(read: Read, by: int, high: int, low: int, kind: int, relative: bool) -> int:
    word = read(low + by, 4)
    offset = _take(word, (7, 5, 0), (25, 7, 5)) if kind in (25, 28) else word >> 20
    start = high + by if relative else 0
    return (start + (read(high + by, 4) & _HIGH_BITS) + _signed(offset, 12)) & 0xFFFFFFFF


# ---- Xtensa ----

_SLOT = 20
_SLOTS = range(20, 50)
_MARKS = frozenset([0, 11, 12, 17, 18, 19, *range(57, 63)])
"""NONE, ASM_EXPAND, ASM_SIMPLIFY, DIFF*, PDIFF*, NDIFF*: nothing to change."""


def _xtensa(file: elf.Elf, section: elf.Section, entries: List[elf.Rela]) -> Iterator[Field]:
    symbols = file.symbols()
    content = file.content(section)
    in_data = not section.flags & elf.SHF_EXECINSTR
    for entry in entries:
        place, symbol = entry.offset, symbols[entry.symbol]
        if entry.type in _MARKS:
            continue
        if entry.type == _WORD:
            yield _word(place, symbol, in_data)
            continue
        assert entry.type == _SLOT, f"relocation of type {entry.type} at {place:#x}"
        start = place - section.address
        mask = _operand(int.from_bytes(content[start:start + 3], "little"))[0]
        yield Field(place, ((place, mask),), _slot(place), symbol, False)


def _slot(place: int) -> Callable[[Read, int], int]:
    return lambda read, by: _operand(read(place + by, 3))[1](place + by) & 0xFFFFFFFF


def _operand(word: int) -> Tuple[int, Callable[[int], int]]:
    """The bits of an instruction's target, and the target at an address."""
    kind, sub = word & 15, word >> 4 & 3
    if kind == 1:  # l32r
        return 0xFFFF00, lambda at: (at + 3 & ~3) + ((word >> 8 & 0xFFFF) - 0x10000) * 4
    if kind == 5:  # call0, call4, ...
        return 0xFFFFC0, lambda at: (at & ~3) + 4 + _signed(word >> 6, 18) * 4
    if kind == 6 and sub == 0:  # j
        return 0xFFFFC0, lambda at: at + 4 + _signed(word >> 6, 18)
    if kind == 6 and sub == 1:  # beqz, bnez, ...
        return 0xFFF000, lambda at: at + 4 + _signed(word >> 12, 12)
    if kind == 6 and word >> 4 & 15 == 7 and word >> 12 & 15 in (8, 9, 10):  # loops
        return 0xFF0000, lambda at: at + 4 + (word >> 16 & 0xFF)
    if kind in (6, 7):
        return 0xFF0000, lambda at: at + 4 + _signed(word >> 16, 8)
    assert kind == 12 and word & 0x80, f"instruction {word:#x}"  # beqz.n, bnez.n
    return 0xF030, lambda at: at + 4 + _take(word, (12, 4, 0), (4, 2, 4))
