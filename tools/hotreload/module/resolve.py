"""Which of the firmware's and the module's definitions of a name counts: what ld would take.

The firmware was linked with a stub or a home for each name that the module defined then, so where
its symbol is neither, a definition of its own has won.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional

from hotreload.description import Description
from hotreload.errors import FlashNeeded, ToolError
from hotreload.module.exports import (
    Exports,
    Home,
    home_symbol,
    definition_key,
    slot_symbol,
    stub_symbol,
)
from hotreload.module.firmware import Firmware, FirmwareSymbol
from hotreload.module.objects import Objects
from hotreload.module.own_symbols import Binding, Definition, Kind, is_vtable


class Housed(NamedTuple):
    """A variable of the module that lives in the firmware."""

    definition: Definition
    address: int


class Resolution(NamedTuple):
    """Names that the module takes from the firmware although it defines them itself."""

    theirs: Dict[str, int]
    """Names for which the firmware's own definition counts, and their addresses."""
    housed: Dict[str, Housed]
    """Variables that live in the firmware; the module has their initial values."""
    local_vtables: List[Housed]
    stubs: Dict[str, int]
    """What a pointer to a function of the module holds."""
    inline_slots: Dict[str, int]
    """Slots of inline functions that the firmware has a stub for."""
    without_stub: List[Definition]
    """Functions whose address is taken, but not when the firmware was built."""

    def tables(self) -> List[Housed]:
        """The virtual tables that live in the firmware."""
        return [*(h for n, h in self.housed.items() if is_vtable(n)), *self.local_vtables]

    def variables(self) -> List[Housed]:
        """The others, small ones first."""
        found = [h for n, h in self.housed.items() if not is_vtable(n)]
        return sorted(found, key=lambda housed: housed.definition.size)


class _Resolver:
    def __init__(
        self, description: Description, objects: Objects, firmware: Firmware, exports: Exports
    ) -> None:
        self._description = description
        self._objects = objects
        self._symbols = firmware.symbols
        self._exports = exports
        self.result = Resolution({}, {}, [], {}, {}, [])

    def resolve(self) -> None:
        """Decides about every name; raises for what needs another firmware."""
        self._check_unwinding()
        self._check_removed()
        for name, definition in self._objects.defined.items():
            if definition.kind == Kind.VARIABLE:
                self._variable(name, definition)
            elif definition.binding == Binding.INLINE:
                self._inline_function(name)
            else:
                self._function(name, definition)
        for definition in self._objects.local_vtables:
            key = definition_key(definition, self._description.build_dir)
            housed = self._house(key, definition, self._exports.local_homes.get(key))
            self.result.local_vtables.append(housed)

    def _check_removed(self) -> None:
        functions = self._objects.of_kind(Kind.FUNCTION, Kind.LABEL)
        variables = self._objects.of_kind(Kind.VARIABLE)
        gone = [
            (f"{name}()", "call")
            for name in self._exports.table
            if name not in functions and stub_symbol(name) in self._symbols
        ]
        gone += [
            (f"'{name}'", "use")
            for name in self._exports.homes
            if name not in variables and home_symbol(name) in self._symbols
        ]
        for name, verb in gone:
            # No FlashNeeded: the firmware, which still names it, could not be linked either.
            raise ToolError(
                f"{name} was removed since the firmware was built, but the firmware may {verb} it: "
                f"put it back, or {self._description.whole_build}"
            )

    def _function(self, name: str, definition: Definition) -> None:
        stub = self._symbols.get(stub_symbol(name))
        if not self._is_ours(name, definition, stub, name in self._exports.functions):
            return
        if stub is None:
            if definition.kind == Kind.FUNCTION and name in self._objects.pointed:
                self.result.without_stub.append(definition)
            return
        if definition.is_internal and not self._exports.functions[name].is_internal:
            raise self._refuse(
                f"{name}() got IRAM_ATTR since the firmware was built, so its stub is in flash",
                "take that back",
            )
        if definition.kind == Kind.FUNCTION:
            self.result.stubs[name] = stub.value
        self._find_inline_slot(name)

    def _find_inline_slot(self, name: str) -> None:
        """What was inline when the firmware was built has a slot outside of the table."""
        slot = self._symbols.get(slot_symbol(name))
        if stub_symbol(name) in self._symbols and slot is not None:
            self.result.inline_slots[name] = slot.value

    def _inline_function(self, name: str) -> None:
        """The module calls its own copy, which is the newest. Pointers are equal everywhere."""
        symbol = self._symbols.get(name)
        stub = self._symbols.get(stub_symbol(name))
        self._find_inline_slot(name)
        is_stub = symbol is not None and stub is not None and symbol.value == stub.value
        place = symbol or stub
        if symbol is not None and not is_stub and not symbol.weak:
            self.result.theirs[name] = symbol.value
        elif place is not None:
            self.result.stubs[name] = place.value

    def _variable(self, name: str, definition: Definition) -> None:
        home = self._symbols.get(home_symbol(name))
        known = self._exports.homes.get(name)
        if not self._is_ours(name, definition, home, known is not None):
            return
        if home is not None or is_vtable(name):
            self.result.housed[name] = self._house(name, definition, known)

    def _is_ours(
        self,
        name: str,
        definition: Definition,
        place: Optional[FirmwareSymbol],
        was_known: bool,
    ) -> bool:
        """Whether the module's definition counts; if not, notes the firmware's."""
        symbol = self._symbols.get(name)
        if symbol is None or (place is not None and symbol.value == place.value):
            return True
        if definition.binding == Binding.STRONG and not was_known:
            new = f"{definition.path}: '{name}' is new, but the firmware has"
            if symbol.weak:
                raise self._refuse(f"{new} a weak definition of it")
            raise ToolError(
                f"{new} a definition of it: one of the two must be static, or have another name. "
                f"If it replaces a library's, {self._description.whole_build}"
            )
        self.result.theirs[name] = symbol.value
        return False

    def _house(self, name: str, definition: Definition, known: Optional[Home]) -> Housed:
        symbol = self._symbols.get(home_symbol(name))
        if symbol is None or known is None:
            raise self._refuse(
                f"{definition.path}: {definition.symbol} is new; objects that point to a virtual "
                "table may outlive the module, so the firmware must have a place for it"
            )
        if definition.size != known.size or definition.alignment > known.alignment:
            raise self._refuse(
                f"{definition.path}: '{definition.symbol}', which lives in the firmware, had "
                f"{known.size} bytes aligned to {known.alignment} when that was built; now it has "
                f"{definition.size} aligned to {definition.alignment}",
                "take that back",
            )
        return Housed(definition, symbol.value)

    def _check_unwinding(self) -> None:
        if self._description.exceptions and self._objects.unwound:
            raise ToolError(
                f"{self._objects.unwound[0]}: an exception cannot leave a function of a module: "
                "the firmware, which has C++ exceptions enabled, would end there. Compile the "
                "reloadable component without: target_compile_options(${COMPONENT_LIB} PRIVATE "
                "-fno-exceptions)"
            )

    def _refuse(self, what: str, instead: str = "") -> FlashNeeded:
        """`instead` is what helps as well."""
        alternative = f"{instead}, or " if instead else ""
        return FlashNeeded(f"{what}: {alternative}{self._description.whole_build}")


def resolve_names(
    description: Description, objects: Objects, firmware: Firmware, exports: Exports
) -> Resolution:
    """Decides which definition of each name counts.

    Raises ToolError for what a static link would refuse, FlashNeeded for what needs another
    firmware.
    """
    resolver = _Resolver(description, objects, firmware, exports)
    resolver.resolve()
    return resolver.result
