"""Compares the program in the memory of a device, after a patch, with the one that ld links whole.

It walks through both at once, from the exports and from the functions whose addresses the firmware
may have kept. Each address must lead to the same function, variable or constant in both; all other
bits of code and constants must be equal.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import contextlib
import io
import re
from bisect import bisect_left, bisect_right
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Set, Tuple

from fields import Field, fields_of, jump_target
from image import VENEER_CODE, Memory, Patched
from old_variables import Key, static_variables
from hotreload.module import elf
from hotreload.module.link import ModuleInputs, link_module, map_path
from hotreload.module.link_map import read_link_map
from hotreload.module.own_symbols import Definition
from hotreload.patch.base import Base

_VARIABLES = (".data", ".bss", ".hotreload_keep")
_ENOUGH = 20


class Thing(NamedTuple):
    """A function, variable or constant in an ELF file."""

    start: int
    size: int
    name: str
    is_code: bool = False
    is_variable: bool = False

    @property
    def stem(self) -> str:
        """Without the number that the compiler gives a static variable of a function."""
        return re.split(r"[.$]", self.name)[0]


def things_of(file: elf.Elf) -> List[Thing]:
    """All that has a name, in the order of their addresses; of two names, one."""
    found: Dict[int, Thing] = {}
    for _, symbol in file.symbols().named():
        if symbol.kind in (elf.STT_FUNC, elf.STT_OBJECT) and 0 < symbol.section < elf.SHN_ABS:
            is_variable = file.sections[symbol.section].name in _VARIABLES
            is_code = symbol.kind == elf.STT_FUNC
            thing = Thing(symbol.value, symbol.size, symbol.name, is_code, is_variable)
            found[symbol.value] = max(thing, found.get(symbol.value, thing))
    return sorted(found.values())


class Reference:
    """The new program as ld links it."""

    def __init__(self, inputs: ModuleInputs, folder: Path) -> None:
        description = inputs.description._replace(module_elf=str(folder / "module.elf"))
        folder.mkdir(exist_ok=True)
        with contextlib.redirect_stderr(io.StringIO()):
            link_module(inputs._replace(description=description))
        file = elf.Elf(description.module_elf, "the reference")
        self.machine = file.machine
        self.statics = static_variables(description.module_elf)
        self._things = things_of(file)
        self._starts = [thing.start for thing in self._things]
        self._fields = fields_of(file)
        self._places = [field.place for field in self._fields]
        self.memory = Memory()
        self._sections = [s for s in file.sections if s.allocated and s.size > 0]
        for section in self._sections:
            content = file.content(section).ljust(section.size, b"\0")
            self.memory.write(section.address, content)
        inside = [s for s in file.symbols() if 0 < s.section < elf.SHN_ABS]
        self._named = [s for s in inside if s.kind == elf.STT_FUNC]
        self.functions = {s.name: self.at(s.value) for s in self._named}
        self.exported = {s.name for s in inside if s.binding != elf.STB_LOCAL}
        self.variables = {thing.name: thing for thing in self._things if thing.is_variable}
        self._placed = placed = read_link_map(map_path(description))
        self._strings = [p for (_, name), p in placed.items() if ".str" in name and p.size > 0]
        edges = {field.target(self.memory.number, 0) for field in self._fields}
        edges.update(symbol.value for symbol in inside)
        edges.update(place for p in placed.values() for place in (p.address, p.address + p.size))
        self._edges = sorted(edges)
        """Where a constant without a name may begin or end."""
        self._masks = _masks(self._fields)

    def at(self, address: int) -> Thing:
        """What is at an address: something with a name, or a constant without."""
        index = bisect_right(self._starts, address)
        for thing in reversed(self._things[max(index - 3, 0):index]):
            if address < thing.start + max(thing.size, 1):
                return thing
        return Thing(address, self._extent(address), f"the constant {address:#x}")

    def function(self, definition: Definition) -> Thing:
        """A function of one file; others may have static functions of that name."""
        start, size = self._placed.get((definition.path, definition.section), (0, 0))
        places = [s.value for s in self._named if s.name == definition.symbol]
        inside = [place for place in places if start <= place < start + size]
        return self.at((inside or places)[0])

    def target(self, field: Field) -> Tuple[Thing, int]:
        """What a field refers to, and an offset in it; table[x - 97] may begin before the table."""
        target = field.target(self.memory.number, 0)
        thing = self.at(target)
        if field.symbol.kind == elf.STT_OBJECT:
            thing = self.at(field.symbol.value)
        return thing, target - thing.start

    def _extent(self, start: int) -> int:
        """The size of a constant: until its NUL, or until something else begins."""
        if any(p.address <= start < p.address + p.size for p in self._strings):
            end = start
            while self.memory.number(end, 1):
                end += 1
            return end + 1 - start
        in_code = any(s.flags & elf.SHF_EXECINSTR and s.address <= start < s.address + s.size
                      for s in self._sections)
        return 4 if in_code else self._edges[bisect_right(self._edges, start)] - start

    def fixed(self, thing: Thing) -> Tuple[bytes, bytes]:
        """The bytes of something, and which of their bits are no address."""
        size = range(thing.start, thing.start + thing.size)
        return (self.memory.read(thing.start, thing.size),
                bytes(0xFF & ~self._masks.get(address, 0) for address in size))

    def fields_in(self, thing: Thing) -> List[Field]:
        """All that it has."""
        first = bisect_left(self._places, thing.start)
        return self._fields[first:bisect_left(self._places, thing.start + thing.size)]


def _masks(fields: List[Field]) -> Dict[int, int]:
    """The bits of each byte that make addresses."""
    found: Dict[int, int] = {}
    for place, mask in (one for field in fields for one in field.masks):
        for address, byte in enumerate(mask.to_bytes(4, "little"), place):
            found[address] = found.get(address, 0) | byte
    return found


class Old(NamedTuple):
    """The variables of a base, by their link addresses."""

    variables: Dict[int, Thing]
    statics: Dict[Key, List[int]]


def read_old(base: Base) -> Old:
    """Finds them."""
    things = things_of(base.file)
    variables = {thing.start: thing for thing in things if thing.is_variable}
    return Old(variables, static_variables(base.file.path))


class Comparison:
    """The walk."""

    def __init__(self, reference: Reference, patched: Patched, inputs: ModuleInputs, old: Old) -> None:
        self._reference, self._memory, self._inputs = reference, patched.memory, inputs
        names, used = inputs.exports.table, inputs.callbacks.used
        self._slots = {name: patched.slots + 4 * index for index, name in enumerate(names)}
        stubs = inputs.resolution.stubs
        self._stubs = {a: self._slots[name] for name, a in stubs.items() if name in self._slots}
        self._stubs.update((stub.address, stub.slot) for stub in used.values())
        self._pointed = {*stubs, *(definition.symbol for definition in used)}
        run = patched.base.run
        self._old = {run(address): thing for address, thing in old.variables.items()}
        self._homes = {thing.start: run(address) for address, thing in self._pairs(old)}
        jumps = patched.patch.packed.entries(6, "<III")
        self._jumps = {patched.base.text + start for start, _, _ in jumps}
        self._found: Dict[int, int] = {}
        """Functions and variables in the reference, and where the device has them."""
        self._constants: Set[Tuple[int, int]] = set()
        self._waiting: List[Tuple[Thing, int]] = []
        self._variables: List[Tuple[int, int, str]] = []
        self.compared: List[Tuple[int, int]] = []
        """What was compared: addresses on the device, and sizes."""
        self.differences: List[str] = []

    def run(self) -> "Comparison":
        """Finds what differs."""
        functions = self._reference.functions
        for name, slot in self._slots.items():
            if name in functions and name in self._reference.exported:
                self._meet(functions[name], self._memory.word(slot), f"the slot of {name}")
        for definition, stub in self._inputs.callbacks.used.items():
            self._meet(self._reference.function(definition), stub.address, f"the stub {stub.address:#x}")
        while self._waiting and len(self.differences) < _ENOUGH:
            thing, address = self._waiting.pop()
            if self._memory.has(address, thing.size):
                self._compare(thing, address)
            else:
                self.differences.append(f"{thing.name}: nothing is at {address:#x}")
        self._variables.sort()
        for one, two in zip(self._variables, self._variables[1:]):
            if one[1] > two[0]:
                self.differences.append(f"{one[2]} and {two[2]} overlap")
        return self

    def _pairs(self, old: Old) -> Iterator[Tuple[int, Thing]]:
        """Variables of the base, and what they are in the reference."""
        for address, thing in old.variables.items():
            new = self._reference.variables.get(thing.name)
            if new is not None and thing.name == thing.stem:
                yield address, new
        for key, addresses in self._reference.statics.items():
            before = old.statics.get(key, [])
            if len(before) == len(addresses):
                for address, new_address in zip(before, addresses):
                    if address in old.variables:
                        yield address, self._reference.at(new_address)

    # ---- what an address leads to ----

    def _function(self, address: int) -> int:
        """The function that is executed when an address is called."""
        if address in self._stubs:
            address = self._memory.word(self._stubs[address])
        if address not in self._jumps:
            return address
        target = jump_target(self._reference.machine, address, self._memory.word(address))
        if target is None:
            return address
        is_veneer = self._memory.has(target, 4) and self._memory.word(target) == VENEER_CODE
        return self._memory.word(target - 4) if is_veneer else target

    def _follow(self, user: Thing, field: Field, by: int) -> None:
        place = f"{user.name}+{field.place - user.start:#x}"
        address = field.target(self._memory.number, by)
        if not 0 < field.symbol.section < elf.SHN_ABS:
            expected = field.target(self._reference.memory.number, 0)
            if address != expected:
                self.differences.append(f"{place}: {address:#x} is not {field.symbol.name}")
            return
        thing, offset = self._reference.target(field)
        if thing.is_code and offset:
            self._meet_at(thing, address - offset, place)
            return
        if field.is_value and thing.name in self._pointed and address not in self._stubs:
            self.differences.append(f"{place}: {address:#x} is no stub of {thing.name}")
        self._meet(thing, address - offset, place)

    def _meet(self, thing: Thing, address: int, user: str) -> None:
        """Notes that something of the reference is at an address, which `user` has."""
        self._meet_at(thing, self._function(address) if thing.is_code else address, user)

    def _meet_at(self, thing: Thing, address: int, user: str) -> None:
        is_constant = not thing.is_code and not thing.is_variable
        known = self._found.get(thing.start)
        if is_constant and (thing.start, address) in self._constants or known == address:
            return
        if known is not None:
            self.differences.append(f"{user}: {thing.name} is at {address:#x}, not {known:#x}")
            return
        self._waiting.append((thing, address))
        if is_constant:
            self._constants.add((thing.start, address))
            return
        self._found[thing.start] = address
        if thing.is_variable:
            self._variables.append((address, address + thing.size, thing.name))
            self._check_home(thing, address, user)

    def _check_home(self, thing: Thing, address: int, user: str) -> None:
        old = self._old.get(address)
        known = (old.stem, old.size) if old else (thing.stem, self._memory.kept.get(address))
        moved = self._homes.get(thing.start, address) != address
        if known != (thing.stem, thing.size) or moved:
            self.differences.append(f"{user}: {address:#x} is no place of {thing.name}")

    # ---- what is there ----

    def _compare(self, thing: Thing, address: int) -> None:
        """The program may have changed what a variable of the base holds at first."""
        if not (thing.is_variable and address in self._old):
            expected, mask = self._reference.fixed(thing)
            got = self._memory.read(address, thing.size)
            wrong = [n for n in range(thing.size) if (expected[n] ^ got[n]) & mask[n]]
            if wrong:
                place = f"{thing.name}+{wrong[0]:#x}"
                self.differences.append(f"{place}: another byte, at {address + wrong[0]:#x}")
                return
            self.compared.append((address, thing.size))
        for field in self._reference.fields_in(thing):
            self._follow(thing, field, address - thing.start)
