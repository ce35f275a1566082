"""What the object files of the reloadable components define and need.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
from enum import IntEnum
from typing import Dict, Iterable, List, NamedTuple, Optional, Set, Tuple

from hotreload.errors import ToolError
from hotreload.files import open_text
from hotreload.module import elf
from hotreload.module.arch import object_rules
from hotreload.module.link_options import Wraps

_COMMON = "COMMON"
# Sections of ESP-IDF's IRAM_ATTR and DRAM_ATTR: to be reached while the flash cache is off.
_INTERNAL = (".iram1", ".dram1")
_VTABLE = "_ZTV"


class Binding(IntEnum):
    """How strong a definition is; the linker takes the strongest."""

    INLINE = 0
    """In a COMDAT group: compiled wherever it is used."""
    WEAK = 1
    COMMON = 2
    STRONG = 3


class Kind(IntEnum):
    """What a name stands for."""

    FUNCTION = 0
    VARIABLE = 1
    LABEL = 2
    """A symbol without a type in code that no object calls: a table, or a function for others."""


class Definition(NamedTuple):
    """A global name, or a function or virtual table that is local to its object file."""

    path: str
    symbol: str
    kind: Kind
    binding: Binding
    section: str
    offset: int
    size: int
    alignment: int
    is_zero: bool
    """A variable without an initial value."""
    is_in_code: bool
    """In a section of code; a variable there is a constant."""

    @property
    def is_internal(self) -> bool:
        """To be reached while the flash cache is off."""
        return self.section.startswith(_INTERNAL)


# What GCC puts into object files that only its own linker plugin can link.
_LTO_MARK = "__gnu_lto_slim"


class Objects(NamedTuple):
    """Symbols of all objects together; `imports` map a name to the object that needs it first."""

    defined: Dict[str, Definition]
    imports: Dict[str, str]
    """Needed and defined nowhere among the objects."""
    weak_imports: Dict[str, str]
    """The same, needed by weak references only: they may stay undefined."""
    thread_local: Dict[str, str]
    """Thread-local variables that the objects define."""
    callbacks: List[Definition]
    """Static functions whose address is taken."""
    pointed: Set[str]
    """Global names whose address is taken."""
    local_vtables: List[Definition]
    """Virtual tables of classes in unnamed namespaces."""
    unwound: List[str]
    """Objects compiled so that exceptions may pass through their functions."""
    is_internal: bool
    """Something in them must be reachable while the flash cache is off."""

    def of_kind(self, *kinds: Kind) -> Dict[str, Definition]:
        """The global names of these kinds."""
        return {name: found for name, found in self.defined.items() if found.kind in kinds}


def is_vtable(name: str) -> bool:
    """True for virtual tables, which live objects point to."""
    return name.startswith(_VTABLE)


class _Reader:
    def __init__(self, wraps: Wraps) -> None:
        self._wraps = wraps
        self.objects = Objects({}, {}, {}, {}, [], set(), [], [], False)
        self._strong: Dict[str, str] = {}
        self._weak: Dict[str, str] = {}
        self._called: Set[str] = set()
        self._absolute: Set[str] = set()
        """Numbers with a name: .equ of assembly sources."""

    def read(self, path: str, file: elf.Elf) -> None:
        """Adds an object file."""
        symbols = file.symbols()
        rules = object_rules(file.machine)
        called = rules.called(file)
        self._called.update(symbols[number].name for number in called)
        taken = rules.pointers(file)
        self.objects.pointed.update(symbols[number].name for number, _ in taken)
        pointers = {(symbols[n].section, symbols[n].value + addend) for n, addend in taken}
        for number, symbol in enumerate(symbols):
            if symbol.name == _LTO_MARK:
                raise ToolError(
                    f"{path} was compiled for link-time optimisation (-flto), so it has no machine "
                    "code: compile the reloadable components with -fno-lto"
                )
            if symbol.kind == elf.STT_TLS and symbol.defined:
                self.objects.thread_local.setdefault(symbol.name, path)
            elif symbol.binding == elf.STB_LOCAL:
                self._add_local(path, file, symbol, pointers)
            elif symbol.name:
                self._add_global(path, file, symbol, number in called)
        if file.section(".eh_frame") is not None:
            self.objects.unwound.append(path)

    def finish(self) -> Objects:
        """What all of them are together."""
        defined = {
            name: found._replace(kind=Kind.FUNCTION)
            if found.kind == Kind.LABEL and name in self._called
            else found
            for name, found in self.objects.defined.items()
        }
        own = defined.keys() | self._absolute
        strong = {n: p for n, p in self._strong.items() if n not in own}
        weak = {n: p for n, p in self._weak.items() if n not in own and n not in strong}
        everything = [*defined.values(), *self.objects.callbacks]
        return self.objects._replace(
            defined=defined,
            imports=strong,
            weak_imports=weak,
            is_internal=self.objects.is_internal or any(d.is_internal for d in everything),
        )

    def _add_local(
        self, path: str, file: elf.Elf, symbol: elf.Symbol, pointers: Set[Tuple[int, int]]
    ) -> None:
        if symbol.kind not in (elf.STT_FUNC, elf.STT_OBJECT):
            return
        found = _definition(path, file, symbol, False)
        if found is None:
            return
        if found.is_internal and not self.objects.is_internal:
            self.objects = self.objects._replace(is_internal=True)
        if found.kind == Kind.FUNCTION and (symbol.section, symbol.value) in pointers:
            self.objects.callbacks.append(found)
        elif found.kind == Kind.VARIABLE and is_vtable(symbol.name):
            self.objects.local_vtables.append(found)

    def _add_global(self, path: str, file: elf.Elf, symbol: elf.Symbol, called: bool) -> None:
        if symbol.section == elf.SHN_ABS:
            self._absolute.add(symbol.name)
            return
        if not symbol.defined:
            name = self._wraps.resolve(symbol.name)
            needs = self._weak if symbol.binding == elf.STB_WEAK else self._strong
            needs.setdefault(name, path)
            return
        found = _definition(path, file, symbol, called)
        if found is None:
            return
        if found.size == 0:
            found = found._replace(size=_room(file, symbol))
        known = self.objects.defined.get(symbol.name)
        if known is None or (found.binding, _common_size(found)) > (
            known.binding,
            _common_size(known),
        ):
            self.objects.defined[symbol.name] = found


def read_objects(
    paths: Iterable[str], wraps: Wraps = Wraps(), files: Optional[elf.ObjectFiles] = None
) -> Objects:
    """Reads object files; `wraps` are those of the firmware's link, `files` those read before."""
    reader, files = _Reader(wraps), files or elf.ObjectFiles()
    for path in paths:
        reader.read(path, files.open(path))
    return reader.finish()


def _definition(
    path: str, file: elf.Elf, symbol: elf.Symbol, is_called: bool
) -> Optional[Definition]:
    if symbol.section == elf.SHN_COMMON:
        return Definition(
            path, symbol.name, Kind.VARIABLE, Binding.COMMON, _COMMON, 0, symbol.size,
            symbol.value, True, False,
        )  # fmt: skip
    if symbol.section >= len(file.sections) or not symbol.defined:
        return None
    section = file.sections[symbol.section]
    kind = _kind(symbol, section, is_called)
    if kind is None:
        return None
    binding = Binding.WEAK if symbol.binding == elf.STB_WEAK else Binding.STRONG
    if section.flags & elf.SHF_GROUP and symbol.binding != elf.STB_LOCAL:
        binding = Binding.INLINE
    return Definition(
        path, symbol.name, kind, binding, section.name, symbol.value,
        symbol.size, max(section.alignment, 1), section.type == "SHT_NOBITS",
        bool(section.flags & elf.SHF_EXECINSTR),
    )  # fmt: skip


def _kind(symbol: elf.Symbol, section: elf.Section, is_called: bool) -> Optional[Kind]:
    if symbol.kind == elf.STT_FUNC:
        return Kind.FUNCTION
    if not section.allocated or symbol.kind not in (elf.STT_OBJECT, elf.STT_NOTYPE):
        return None
    if symbol.kind == elf.STT_NOTYPE and section.flags & elf.SHF_EXECINSTR:
        return Kind.FUNCTION if is_called else Kind.LABEL
    return Kind.VARIABLE


def _room(file: elf.Elf, symbol: elf.Symbol) -> int:
    """Bytes until the next symbol: what an assembly source without .size has defined."""
    end = file.sections[symbol.section].size
    offsets = [s.value for s in file.symbols() if s.section == symbol.section]
    return min([o for o in offsets if o > symbol.value], default=end) - symbol.value


def _common_size(definition: Definition) -> int:
    return definition.size if definition.binding == Binding.COMMON else 0


def expand_lists(arguments: Iterable[str]) -> List[str]:
    """Replaces each @FILE by the lines of the file, as compilers do."""
    paths: List[str] = []
    for argument in arguments:
        if not argument.startswith("@"):
            paths.append(argument)
            continue
        try:
            with open_text(argument[1:]) as file:
                paths.extend(line.strip() for line in file if line.strip())
        except OSError as error:
            raise ToolError(
                f"cannot read the list of objects {argument[1:]}: {os.strerror(error.errno or 0)}"
            ) from error
    return paths
