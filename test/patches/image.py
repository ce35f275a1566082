"""A small model of the device: loads a packed base, then a patch of it, into one image of memory.

It is written from the design of the format alone, so that it checks tools and loader alike.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple

PAGE = 4096
RISCV, XTENSA = 243, 94
JUMP_SIZE = {RISCV: 4, XTENSA: 3}
NO_VENEER = 0xFFFFFFFF
VENEER_CODE = 0xA0FFFF91
"""`l32r a9` and the first byte of `jx a9`."""
FREED = b"\xee"
LOAD_A8 = 0x81
"""The first byte of `l32r a8`."""


class Packed:
    """A packed module or patch, taken apart."""

    def __init__(self, data: bytes) -> None:
        self.machine = struct.unpack_from("<H", data, 18)[0]
        self.flags = struct.unpack_from("<I", data, 36)[0]
        parts = []
        for index in range(4):
            kind, offset, address, _, size, memory, _, alignment = struct.unpack_from(
                "<8I", data, 52 + 32 * index)
            parts.append((address, data[offset:offset + size].ljust(memory, b"\0"), size))
            assert kind == (1, 1, 4, 0x68720001)[index] and address % max(alignment, 1) == 0
        self.text, self.data = parts[0], parts[1]
        self.relocations = list(struct.iter_unpack("<III", parts[3][1]))
        assert self.relocations == sorted(self.relocations)
        self.notes = dict(_notes(parts[2][1]))
        assert list(self.notes) == sorted(self.notes)

    def entries(self, kind: int, layout: str) -> List[Tuple[int, ...]]:
        """The entries of a note that begins with their number."""
        if kind not in self.notes:
            return []
        count = struct.unpack_from("<I", self.notes[kind])[0]
        found = list(struct.iter_unpack(layout, self.notes[kind][4:]))
        assert len(found) == count > 0
        return found

    def veneers(self) -> Dict[int, int]:
        """Numbers of jumps, and the offsets of their veneers."""
        places = [place for place, in self.entries(0x80000009, "<I")]
        assert len(places) in (0, len(self.entries(6, "<III")))
        return {index: place for index, place in enumerate(places) if place != NO_VENEER}

    def exports(self) -> Dict[str, int]:
        """Names and link addresses."""
        note = self.notes[2]
        count = struct.unpack_from("<I", note)[0]
        names = note[4 + 4 * count:].split(b"\0")[:count]
        return dict(zip((n.decode() for n in names), struct.unpack_from(f"<{count}I", note, 4)))


def _notes(content: bytes) -> Iterator[Tuple[int, bytes]]:
    while content:
        _, size, kind = struct.unpack_from("<III", content)
        yield kind, content[16:16 + size]
        content = content[16 + (size + 3) // 4 * 4:]


class Placed(NamedTuple):
    """A module or patch in memory."""

    packed: Packed
    text: int
    data: int

    def run(self, link: int) -> int:
        """The run address of a link address."""
        start, content, _ = self.packed.text
        if start <= link <= start + len(content) and len(content):
            return link - start + self.text
        return link - self.packed.data[0] + self.data


class Memory:
    """Bytes by address."""

    def __init__(self) -> None:
        self._pages: Dict[int, bytearray] = {}
        self._kept: Dict[int, Tuple[int, int]] = {}
        self._next_kept = 0x1E000000
        self.symbols: Dict[int, int] = {}

    def read(self, address: int, size: int) -> bytes:
        return bytes(self._pages[a // PAGE][a % PAGE] for a in range(address, address + size))

    def write(self, address: int, content: bytes) -> None:
        for offset, byte in enumerate(content):
            page = self._pages.setdefault((address + offset) // PAGE, bytearray(PAGE))
            page[(address + offset) % PAGE] = byte

    def has(self, address: int, size: int) -> bool:
        """Whether something was written on all pages of a range."""
        pages = range(address // PAGE, (address + size - 1) // PAGE + 1)
        return all(page in self._pages for page in pages)

    def number(self, address: int, size: int) -> int:
        """Little-endian; may have 2 or 3 bytes."""
        return int.from_bytes(self.read(address, size), "little")

    @property
    def kept(self) -> Dict[int, int]:
        """Addresses and sizes of the variables that live outside of base and patch."""
        return dict(self._kept.values())

    def word(self, address: int) -> int:
        return int(struct.unpack("<I", self.read(address, 4))[0])

    def set_word(self, address: int, value: int) -> None:
        self.write(address, struct.pack("<I", value & 0xFFFFFFFF))

    # ---- what the loader does ----

    def load(self, packed: Packed, text: int, data: int, base: Optional[Placed] = None) -> Placed:
        """Places and relocates a module, or a patch of `base`."""
        placed = Placed(packed, text, data)
        self.write(text, packed.text[1])
        self.write(data, packed.data[1])
        values = {0: 0, 1: text, 2: data}
        if base is not None:
            values.update({3: base.text, 4: base.data})
        fresh = []
        keys = packed.entries(8, "<QII")
        assert keys == sorted(keys)
        for index, (key, initial, size) in enumerate(keys):
            if key not in self._kept:
                self._kept[key] = (self._next_kept, size)
                self.write(self._next_kept, bytes(size))
                self._next_kept += (size + 15) // 8 * 8
                if initial:
                    fresh.append((self._kept[key][0], placed.run(initial), size))
            assert self._kept[key][1] == size
            values[16 + index] = self._kept[key][0]
        for place, info, addend in packed.relocations:
            value = (values[info >> 8] + addend) & 0xFFFFFFFF
            self.relocate(packed.machine, info & 0xFF, placed.run(place), value)
        for address, source, size in fresh:
            self.write(address, self.read(source, size))
        return placed

    def forget(self, patch: Placed) -> None:
        """Frees a patch; what lives outside of it stays."""
        self.write(patch.text, FREED * len(patch.packed.text[1]))
        self.write(patch.data, FREED * len(patch.packed.data[1]))

    def apply(self, patch: Placed, base: Placed, slots: int) -> None:
        """Swaps, then jumps. `slots` is where the table's slots are."""
        for symbol, addend, source, size in patch.packed.entries(7, "<IIII"):
            target = slots + 4 * addend if symbol == 0 else base.data + addend
            source = patch.run(source)
            old, new = self.read(target, size), self.read(source, size)
            self.write(target, new)
            self.write(source, old)
        end = 0
        veneers = patch.packed.veneers()
        for index, (start, to, busy) in enumerate(patch.packed.entries(6, "<III")):
            assert start >= end and busy >= JUMP_SIZE[patch.packed.machine]
            end = start + busy
            assert end <= (len(base.packed.text[1]) + 3) // 4 * 4
            place, target = base.text + start, patch.run(to)
            if patch.packed.machine == XTENSA and not -(1 << 17) <= target - place - 4 < 1 << 17:
                target = self._veneer(base, veneers.pop(index), target)
            self.jump(patch.packed.machine, place, target)

    def _veneer(self, base: Placed, offset: int, target: int) -> int:
        """Writes a word with the address, `l32r a9` and `jx a9`; returns where the code begins."""
        place = base.text + offset
        assert place % 4 == 0 and offset + 12 <= len(base.packed.text[1])
        before = self.read(place, 12)
        assert before[3:] == bytes(9)
        assert before[:3] == bytes(3) or before[0] == LOAD_A8, "the first one of a group has that"
        self.write(place, struct.pack("<III", target, VENEER_CODE, 9))
        return place + 4

    def jump(self, machine: int, place: int, target: int) -> None:
        distance = target - place
        if machine == XTENSA:
            offset = distance - 4
            assert -(1 << 17) <= offset < 1 << 17
            self.write(place, ((offset & 0x3FFFF) << 6 | 6).to_bytes(3, "little"))
            return
        assert -(1 << 20) <= distance < 1 << 20 and distance % 2 == 0
        bits = (distance >> 20 & 1) << 31 | (distance >> 1 & 0x3FF) << 21
        bits |= (distance >> 11 & 1) << 20 | (distance >> 12 & 0xFF) << 12
        self.set_word(place, bits | 0x6F)

    def relocate(self, machine: int, kind: int, place: int, value: int) -> None:
        if kind == 1:
            self.set_word(place, value)
            return
        assert machine == RISCV
        if kind == 19:
            distance = (value - place) & 0xFFFFFFFF
            self._change(place, 0xFFF, distance + 0x800)
            self._change(place + 4, 0xFFFFF, (distance & 0xFFF) << 20)
        elif kind == 26:
            self._change(place, 0xFFF, value + 0x800)
        elif kind == 27:
            self._change(place, 0xFFFFF, (value & 0xFFF) << 20)
        else:
            assert kind == 28
            self._change(place, 0x1FFF07F, (value >> 5 & 0x7F) << 25 | (value & 0x1F) << 7)

    def _change(self, place: int, keep: int, bits: int) -> None:
        self.set_word(place, (self.word(place) & keep) | (bits & ~keep & 0xFFFFFFFF))

    # ---- a program for QEMU ----

    def add_program(self, path: Path) -> int:
        """Adds the segments of an ELF file; returns its entry point."""
        data = path.read_bytes()
        entry, table = struct.unpack_from("<II", data, 24)
        size, count = struct.unpack_from("<HH", data, 42)
        for index in range(count):
            kind, offset, address, _, length, memory = struct.unpack_from(
                "<6I", data, table + size * index)
            if kind == 1:
                self.write(address, data[offset:offset + length].ljust(memory, b"\0"))
        return int(entry)

    def write_program(self, path: Path, machine: int, flags: int, entry: int) -> None:
        """Writes an ELF file with everything."""
        runs: List[List[int]] = []
        for number in sorted(self._pages):
            if runs and runs[-1][-1] == number - 1:
                runs[-1].append(number)
            else:
                runs.append([number])
        header = struct.pack("<16sHHIIIIIHHHHHH", b"\x7fELF\x01\x01\x01", 2, machine, 1, entry, 52,
                             0, flags, 52, 32, len(runs), 40, 0, 0)
        table, body, offset = b"", b"", PAGE
        for run in runs:
            content = b"".join(bytes(self._pages[number]) for number in run)
            table += struct.pack("<8I", 1, offset, run[0] * PAGE, run[0] * PAGE, len(content),
                                 len(content), 7, PAGE)
            body += content
            offset += len(content)
        path.write_bytes((header + table).ljust(PAGE, b"\0") + body)
        path.chmod(0o755)


class Patched(NamedTuple):
    """A device with a base and a patch of it."""

    memory: Memory
    base: Placed
    patch: Placed
    slots: int
    """Where the table's slots are."""
    entry: int
    """Where the program begins."""
