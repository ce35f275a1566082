"""C library functions that the firmware lacks: copied into the module when they keep no state.

A second copy of a variable would be another variable, so a function may only come from the
toolchain's library when its object file, and every other one that it needs in turn, has none. One
that nobody writes is no variable.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
from typing import Dict, Iterable, List, NamedTuple, Optional, Set

from hotreload.description import Description
from hotreload.files import write_if_changed
from hotreload.module import elf
from hotreload.module.arch import relocation_rules
from hotreload.module.archive import Archive, Member
from hotreload.module.firmware import Firmware
from hotreload.module.linker_script import COPIED_PREFIX
from hotreload.module.objects import Objects
from hotreload.module.reads import Program

_VARIABLES = (".data", ".sdata", ".bss", ".sbss")
"""What sections of variables are named like; what is in others is used without being named."""


class _Refused(Exception):
    """Why a function cannot be copied."""


class Copied(NamedTuple):
    """An object file for the module."""

    label: str
    path: str
    needs: Set[str]
    defines: Set[str]
    size: int


class CLibrary:
    """Chooses members of libc.a and libm.a; remembers those chosen, and why others were not.

    `present` are names that need no member, beside those of firmware and module.
    """

    def __init__(
        self,
        description: Description,
        objects: Objects,
        firmware: Firmware,
        present: Iterable[str] = (),
    ) -> None:
        self._description = description
        self._own = objects.defined
        self._imports = {*objects.imports, *objects.weak_imports}
        self._present = {*firmware.symbols, *firmware.thread_local, *present}
        self._libraries = [Archive(path) for path in _c_libraries(description)]
        self._compiler_libraries = [Archive(path) for path in description.libraries]
        self.copied: Dict[str, Copied] = {}
        self.reasons: Dict[str, str] = {}
        """For each name that was asked for: the member that has it, or why it is not copied."""

    def copy(self, names: Iterable[str]) -> bool:
        """Copies what defines these names, as far as possible; whether there is anything new."""
        before = len(self.copied)
        for name in sorted(names):
            member = self._find(name)
            if member is None:
                continue
            try:
                for copied in self._closure(member):
                    self.copied[copied.label] = copied
                self.reasons[name] = f"linked into the module from {member.label}"
            except _Refused as refused:
                self.reasons[name] = str(refused)
        return len(self.copied) > before

    @property
    def paths(self) -> List[str]:
        """The copied object files."""
        return [copied.path for copied in self.copied.values()]

    @property
    def needs(self) -> Set[str]:
        """What the copied object files import."""
        return {name for copied in self.copied.values() for name in copied.needs}

    @property
    def defines(self) -> Set[str]:
        """What they define: the module uses its own."""
        return {name for copied in self.copied.values() for name in copied.defines}

    def notes(self) -> List[str]:
        """Lines for the user, one for each function that a source asked for."""
        names = [name for name, why in self.reasons.items() if why.startswith("linked")]
        size = sum(copied.size for copied in self.copied.values())
        lines = [f"note: the firmware lacks {name}(), {self.reasons[name]}" for name in names]
        return [f"{lines[0]} ({size} bytes in all)", *lines[1:]] if lines else []

    def _find(self, name: str) -> Optional[Member]:
        members = (library.find(name) for library in self._libraries)
        return next((member for member in members if member is not None), None)

    def _closure(self, member: Member) -> List[Copied]:
        """The member, and those that it needs in turn."""
        taken: Dict[str, Copied] = {}
        waiting = [member]
        while waiting:
            member = waiting.pop()
            if member.label in taken or member.label in self.copied:
                continue
            file = elf.Elf(member.label, "the library member", content=member.content)
            self._check_stateless(member, file)
            near = self._near(member, file)
            copied = self._write(member, file)
            taken[member.label] = copied
            needs = near | {need for need in _strong(file) if not self._is_there(need)}
            waiting += map(self._find_needed, needs)
        return list(taken.values())

    def _find_needed(self, name: str) -> Member:
        member = self._find(name)
        if member is None:
            why = self._why_not(name)
            raise _Refused(f"the C library has it, but it needs '{name}', {why}")
        return member

    def _why_not(self, name: str) -> str:
        if self._is_there(name):
            return "whose distance from it is not fixed"
        return "which neither the firmware nor the C library has"

    def _is_there(self, name: str) -> bool:
        if name in self._present or name in self._own:
            return True
        return any(archive.find(name) for archive in self._compiler_libraries)

    def _check_stateless(self, member: Member, file: elf.Elf) -> None:
        for symbol in file.symbols(only_global=True):
            if symbol.section == elf.SHN_COMMON:
                raise _Refused(f"{member.label} has it, but keeps state ({symbol.name})")
        for section in file.sections:
            is_state = section.flags & (elf.SHF_WRITE | elf.SHF_TLS)
            if section.allocated and is_state and section.size > 0:
                if not self._is_never_written(file, section):
                    raise _Refused(
                        f"{member.label} has it, but keeps state ({section.name}), of which there "
                        "must be one only, the firmware's"
                    )

    def _is_never_written(self, file: elf.Elf, section: elf.Section) -> bool:
        """Whether nothing writes the variables of a section: constants without `const`."""
        if not section.name.startswith(_VARIABLES) or section.flags & elf.SHF_TLS:
            return False
        program = Program(file, self._description.arch)
        if not program.only_reads(lambda symbol: symbol.section == section.number):
            return False
        names = [s.name for s in file.symbols(only_global=True) if s.section == section.number]
        return all(self._is_never_written_elsewhere(name) for name in names)

    def _is_never_written_elsewhere(self, name: str) -> bool:
        """The same for a global variable. The firmware does not have it, so it cannot write it."""
        if name in self._imports:
            return False  # The module may write it.
        for library in self._libraries:
            for member in library.members():
                if name.encode() in member.content:
                    file = elf.Elf(member.label, "the library member", content=member.content)
                    program = Program(file, self._description.arch)
                    if not program.only_reads(lambda s: s.name == name and not s.defined):
                        return False
        return True

    def _near(self, member: Member, file: elf.Elf) -> Set[str]:
        """Data that the code reaches by its distance, so that it must lie in the module's text."""
        rules = relocation_rules(self._description.arch)
        near: Set[str] = set()
        symbols = file.symbols()
        for _section, entries in file.relocations():
            for entry in entries:
                if entry.type not in rules.DISTANCE_TO_DATA:
                    continue
                symbol = symbols[entry.symbol]
                if symbol.defined and file.sections[symbol.section].flags & elf.SHF_EXECINSTR:
                    continue
                if not self._description.text_readable:
                    raise _Refused(
                        f"{member.label} has it, but was compiled to reach its constants by their "
                        "distance, which is not fixed between the two segments of a module"
                    )
                if not symbol.defined:
                    near.add(symbol.name)
        return near

    def _write(self, member: Member, file: elf.Elf) -> Copied:
        directory = self._description.directory
        path = os.path.join(directory, f"{COPIED_PREFIX}{os.path.splitext(member.name)[0]}.o")
        write_if_changed(path, member.content)
        names = {s.name: s for s in file.symbols(only_global=True) if s.name}
        return Copied(
            member.label,
            path,
            {name for name, symbol in names.items() if not symbol.defined},
            {name for name, symbol in names.items() if symbol.defined},
            sum(s.size for s in file.sections if s.allocated),
        )


def _c_libraries(description: Description) -> List[str]:
    """libc.a, and libm.a beside it, if they exist."""
    path = description.c_library
    if not path:
        return []
    paths = [path, os.path.join(os.path.dirname(path), "libm.a")]
    return [path for path in paths if os.path.exists(path)]


def _strong(file: elf.Elf) -> Set[str]:
    symbols = file.symbols(only_global=True)
    return {s.name for s in symbols if not s.defined and s.binding == elf.STB_GLOBAL}
