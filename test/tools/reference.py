"""An independent loader of packed modules, written from module_format.h and the psABIs.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import struct
from typing import Dict, List, NamedTuple, Tuple


class Segment(NamedTuple):
    type: int
    address: int
    memory_size: int
    flags: int
    alignment: int
    content: bytes


class Module:
    """A packed module, taken apart; every rule of the format is asserted."""

    def __init__(self, data: bytes) -> None:
        assert data[:7] == b"\x7fELF\x01\x01\x01"
        fields = struct.unpack_from("<HHIIIIIHHHHHH", data, 16)
        (kind, self.machine, version, _entry, table, sections, self.flags) = fields[:7]
        (header_size, entry_size, count, _, section_count, _) = fields[7:]
        assert (kind, version, sections, section_count) == (2, 1, 0, 0)
        assert (header_size, entry_size, count, table) == (52, 32, 4, 52)
        self.segments: Dict[int, Segment] = {}
        self.ranges: List[Tuple[int, int]] = [(0, 52 + 4 * 32)]
        for index in range(count):
            p = struct.unpack_from("<8I", data, table + 32 * index)
            assert p[1] % 4 == 0 and p[1] + p[4] <= len(data)
            self.ranges.append((p[1], p[4]))
            content = data[p[1] : p[1] + p[4]]
            self.segments[index] = Segment(p[0], p[2], p[5], p[6], p[7], content)
        self.text, self.data, notes, relocations = (self.segments[i] for i in range(4))
        self._check_segments(notes, relocations, len(data))
        self.relocations = [
            (place, info & 0xFF, info >> 8, addend)
            for place, info, addend in struct.iter_unpack("<III", relocations.content)
        ]
        assert self.relocations == sorted(self.relocations)
        self.notes = dict(_notes(notes.content))
        self.exports = _exports(self.notes[2])

    def _check_segments(self, notes: Segment, relocations: Segment, size: int) -> None:
        assert (self.text.type, self.text.flags) == (1, 5)
        assert (self.data.type, self.data.flags) == (1, 6)
        assert notes.type == 4 and relocations.type == 0x68720001
        assert self.text.memory_size == len(self.text.content) and self.text.memory_size % 4 == 0
        assert self.data.memory_size >= len(self.data.content)
        for segment in (self.text, self.data):
            assert segment.alignment >= 4 and segment.address % segment.alignment == 0
        end = 0
        for start, length in sorted(self.ranges):
            assert end <= start < end + 4, "parts follow each other without a gap"
            end = start + length
        assert end <= size < end + 4

    def load(self, text_address: int, data_address: int) -> Tuple[bytes, bytes]:
        """What the memory holds after loading at two run addresses."""
        memory = {
            self.text.address: (bytearray(self.text.content), text_address),
            self.data.address: (bytearray(self.data.content), data_address),
        }
        for place, kind, symbol, addend in self.relocations:
            base = max(address for address in memory if address <= place)
            content, run = memory[base]
            value = ((0, text_address, data_address)[symbol] + addend) & 0xFFFFFFFF
            apply = _RISCV if self.machine == 243 else _XTENSA
            apply[kind](content, place - base, run + place - base, value)
        text, data = (memory[a][0] for a in (self.text.address, self.data.address))
        return bytes(text), bytes(data)


def _notes(content: bytes) -> List[Tuple[int, bytes]]:
    found = []
    while content:
        name_size, size, kind = struct.unpack_from("<III", content)
        assert (name_size, content[12:16]) == (4, b"HRL\0")
        found.append((kind, content[16 : 16 + size]))
        content = content[16 + (size + 3) // 4 * 4 :]
    return found


def _exports(content: bytes) -> Dict[str, int]:
    count = struct.unpack_from("<I", content)[0]
    addresses = struct.unpack_from(f"<{count}I", content, 4)
    names = content[4 + 4 * count :].split(b"\0")[:count]
    assert len(content) % 4 == 0 and names == sorted(set(names))
    return dict(zip((name.decode() for name in names), addresses))


def _word(content: bytearray, offset: int, _place: int, value: int) -> None:
    struct.pack_into("<I", content, offset, value)


def _change(content: bytearray, offset: int, keep: int, bits: int) -> None:
    word = struct.unpack_from("<I", content, offset)[0]
    struct.pack_into("<I", content, offset, (word & keep) | (bits & ~keep & 0xFFFFFFFF))


def _hi20(content: bytearray, offset: int, _place: int, value: int) -> None:
    _change(content, offset, 0x00000FFF, value + 0x800)


def _lo12_i(content: bytearray, offset: int, _place: int, value: int) -> None:
    _change(content, offset, 0x000FFFFF, (value & 0xFFF) << 20)


def _lo12_s(content: bytearray, offset: int, _place: int, value: int) -> None:
    _change(content, offset, 0x01FFF07F, (value >> 5 & 0x7F) << 25 | (value & 0x1F) << 7)


def _call(content: bytearray, offset: int, place: int, value: int) -> None:
    distance = (value - place) & 0xFFFFFFFF
    _hi20(content, offset, place, distance)
    _lo12_i(content, offset + 4, place, distance)


_RISCV = {1: _word, 19: _call, 26: _hi20, 27: _lo12_i, 28: _lo12_s}
_XTENSA = {1: _word}
