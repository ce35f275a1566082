"""What one object file defines and needs.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, List, NamedTuple, Optional, Sequence, Set, Tuple

from hotreload.errors import ToolError
from hotreload.module import elf
from hotreload.module.arch import object_rules

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


class OwnSymbols(NamedTuple):
    """The symbols of one object file that the rest of the program may meet."""

    path: str
    defined: List[Definition]
    """Global names."""
    callbacks: List[Definition]
    """Static functions whose address is taken."""
    local_vtables: List[Definition]
    """Virtual tables of classes in unnamed namespaces."""
    needed: List[str]
    """Undefined, as they are written: --wrap may change what they stand for."""
    weakly_needed: List[str]
    absolute: List[str]
    """Numbers with a name: .equ of assembly sources."""
    thread_local: List[str]
    """Thread-local variables that it defines."""
    called: List[str]
    """Global names that its code jumps to."""
    pointed: List[str]
    """Global names that it takes the address of."""
    is_unwound: bool
    """Compiled so that exceptions may pass through its functions."""
    is_internal: bool
    """Something static in it must be reachable while the flash cache is off."""


def is_vtable(name: str) -> bool:
    """True for virtual tables, which live objects point to."""
    return name.startswith(_VTABLE)


def read_own_symbols(path: str, file: elf.Elf) -> OwnSymbols:
    """Reads the symbols of an object file."""
    symbols = file.symbols()
    rules = object_rules(file.machine)
    called, taken = rules.called(file), rules.pointers(file)
    pointers = {(symbols[n].section, symbols[n].value + addend) for n, addend in taken}
    own = OwnSymbols(
        path, [], [], [], [], [], [], [],
        called=_global_names(symbols, called),
        pointed=_global_names(symbols, {number for number, _ in taken}),
        is_unwound=file.section(".eh_frame") is not None,
        is_internal=False,
    )  # fmt: skip
    is_internal = False
    for number, symbol in symbols.named():
        if symbol.name == _LTO_MARK:
            raise ToolError(
                f"{path} was compiled for link-time optimisation (-flto), so it has no machine "
                "code: compile the reloadable components with -fno-lto"
            )
        if symbol.kind == elf.STT_TLS and symbol.defined:
            own.thread_local.append(symbol.name)
        elif symbol.binding != elf.STB_LOCAL:
            if symbol.name:
                _add_global(own, file, symbol, number in called)
        elif symbol.kind in (elf.STT_FUNC, elf.STT_OBJECT):
            found = _add_local(own, file, symbol, pointers)
            is_internal = is_internal or (found is not None and found.is_internal)
    return own._replace(is_internal=is_internal)


def _global_names(symbols: Sequence[elf.Symbol], numbers: Set[int]) -> List[str]:
    names = {symbols[n].name for n in numbers if symbols[n].binding != elf.STB_LOCAL}
    return sorted(names)


def _add_local(
    own: OwnSymbols, file: elf.Elf, symbol: elf.Symbol, pointers: Set[Tuple[int, int]]
) -> Optional[Definition]:
    found = _definition(own.path, file, symbol, False)
    if found is None:
        return None
    if found.kind == Kind.FUNCTION and (symbol.section, symbol.value) in pointers:
        own.callbacks.append(found)
    elif found.kind == Kind.VARIABLE and is_vtable(symbol.name):
        own.local_vtables.append(found)
    return found


def _add_global(own: OwnSymbols, file: elf.Elf, symbol: elf.Symbol, called: bool) -> None:
    if symbol.section == elf.SHN_ABS:
        own.absolute.append(symbol.name)
        return
    if not symbol.defined:
        is_weak = symbol.binding == elf.STB_WEAK
        (own.weakly_needed if is_weak else own.needed).append(symbol.name)
        return
    found = _definition(own.path, file, symbol, called)
    if found is not None:
        room = found.size or _room(file, symbol)
        own.defined.append(found._replace(size=room))


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


def symbols_to_json(own: OwnSymbols) -> Any:
    """The form that symbols_from_json() reads; without the path."""
    definitions = (own.defined, own.callbacks, own.local_vtables)
    return [*([found[1:] for found in some] for some in definitions), *own[4:]]


def symbols_from_json(path: str, value: Any) -> OwnSymbols:
    """Undoes symbols_to_json()."""
    defined, callbacks, local_vtables = (
        [
            Definition(path, symbol, Kind(kind), Binding(binding), *rest)
            for symbol, kind, binding, *rest in some
        ]
        for some in value[:3]
    )
    return OwnSymbols(path, defined, callbacks, local_vtables, *value[3:])
