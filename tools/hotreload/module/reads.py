"""Variables that are only read: by the instructions that have their addresses.

A variable that is written has its address in a store, or in a register that is used for something
else than loads. So each place that has the address is looked at; what is not understood counts as
a write.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from typing import Callable, Dict, FrozenSet, List, NamedTuple, Optional, Set

from hotreload.module import elf
from hotreload.module.arch import instruction_rules


class Step(NamedTuple):
    """What one instruction does with registers. The base address of a load is not counted as read:
    what is loaded from a variable is not its address."""

    size: int
    reads: FrozenSet[int] = frozenset()
    writes: FrozenSet[int] = frozenset()
    jumps: bool = False
    """May go on at the target of its relocation."""
    ends: bool = False
    """Does not go on behind itself."""


class Code:
    """One section with its relocations."""

    def __init__(self, file: elf.Elf, section: elf.Section, entries: List[elf.Rela]) -> None:
        self.section = section
        self.content = file.content(section)
        self.entries = entries

    def byte(self, place: int) -> int:
        """0 behind the end, which is no instruction."""
        return self.content[place] if place < len(self.content) else 0

    def word(self, place: int) -> int:
        return int.from_bytes(self.content[place : place + 4], "little")


class Program:
    """An object file, as the rules of an architecture see it."""

    def __init__(self, file: elf.Elf, arch: str) -> None:
        self._rules = instruction_rules(arch)
        self.symbols = file.symbols()
        self.codes = [Code(file, section, entries) for section, entries in file.relocations()]

    def only_reads(self, is_variable: Callable[[elf.Symbol], bool]) -> bool:
        """Whether it does nothing but load from the variables that these symbols stand for."""
        for code in self.codes:
            for entry in code.entries:
                if is_variable(self.symbols[entry.symbol]):
                    executable = code.section.flags & elf.SHF_EXECINSTR
                    if not executable or not self._rules.only_loads(self, code, entry):
                        return False
        return True

    def only_loads_from(self, code: Code, start: int, register: int) -> bool:
        """Whether the address in a register, from `start` on, is used for nothing but loads."""
        targets = self._targets(code)
        seen: Set[int] = set()
        waiting = [start]
        while waiting:
            place = waiting.pop()
            if place in seen:
                continue
            seen.add(place)
            inside = place + 2 <= len(code.content)
            step: Optional[Step] = self._rules.decode(code, place) if inside else None
            if step is None or register in step.reads:
                return False
            if register in step.writes:
                continue
            if step.jumps:
                if place not in targets:
                    return False
                waiting.append(targets[place])
            if not step.ends:
                waiting.append(place + step.size)
        return True

    def _targets(self, code: Code) -> Dict[int, int]:
        """Places of relocations: what in the same section they refer to."""
        targets = {}
        for entry in code.entries:
            symbol = self.symbols[entry.symbol]
            if entry.type in self._rules.JUMPS and symbol.section == code.section.number:
                targets[entry.offset] = symbol.value + entry.addend
        return targets
