"""What of the linked module has a place in the firmware: where pointers lead, and what is there.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from typing import Dict, Iterable, List, Optional

from hotreload.errors import ToolError
from hotreload.module import elf
from hotreload.module import module_format as fmt
from hotreload.module.fill import ENTRY_SIZE, LIST, Entry
from hotreload.module.link import ModuleInputs, map_path
from hotreload.module.link_map import Placed, read_link_map
from hotreload.module.linked import LinkedModule, PackedRelocation, Relocation
from hotreload.module.own_symbols import Definition
from hotreload.module.resolve import Housed
from hotreload.module.stubs import GONE


class Places:
    """Finds these places by the linker's map and the module's symbols."""

    def __init__(self, inputs: ModuleInputs, module: LinkedModule) -> None:
        self._inputs = inputs
        self._module = module
        self._map = read_link_map(map_path(inputs.description)) if inputs.fill_count else {}
        self._functions: Dict[str, List[int]] = {}
        for _, symbol in module.symbols.named() if inputs.callbacks.used else ():
            if symbol.kind == elf.STT_FUNC:
                self._functions.setdefault(symbol.name, []).append(symbol.value)
        self._used = [(self._function(d), stub) for d, stub in inputs.callbacks.used.items()]
        # The compiler may have merged functions: then any of their stubs will do.
        self._callbacks = {address: stub.address for address, stub in self._used}
        self._vtables = {
            self._variable(housed.definition): housed
            for housed in inputs.resolution.local_vtables
        }
        self._starts = {placed.address for placed in self._map.values() if placed.size}
        names = module.names
        self._once = [
            (names[f"hotreload_{kind}_start"].value, names[f"hotreload_{kind}_end"].value)
            for kind in ("init", "fini")
        ]

    def lasting(self, relocation: Relocation) -> Optional[int]:
        """The firmware's address that a pointer is to hold instead of one in the module.

        An array of constructors has none: it is called once.
        """
        if any(start <= relocation.place < end for start, end in self._once):
            return None
        symbol = relocation.symbol
        resolution = self._inputs.resolution
        if symbol.binding != elf.STB_LOCAL and symbol.name in resolution.stubs:
            return resolution.stubs[symbol.name]
        if symbol.binding != elf.STB_LOCAL and symbol.name in resolution.housed:
            return resolution.housed[symbol.name].address + relocation.target - symbol.value
        if relocation.target in self._callbacks:
            return self._callbacks[relocation.target]
        for start, housed in self._vtables.items():
            if relocation.target - start in self._offsets(start, housed.definition.size):
                return housed.address + relocation.target - start
        return None

    def _offsets(self, start: int, size: int) -> range:
        """Of pointers into a virtual table.

        One without functions is pointed to at its end, which may be where something else begins.
        """
        return range(size if start + size in self._starts else size + 1)

    def entries(self) -> List[Entry]:
        """What to fill in, in the firmware: slots of inline functions first, variables last."""
        resolution, callbacks = self._inputs.resolution, self._inputs.callbacks
        entries = [
            Entry(slot, self._module.names[name].value, 0)
            for name, slot in resolution.inline_slots.items()
        ]
        entries += [Entry(stub.slot, address, 0) for address, stub in self._used]
        gone = self._inputs.firmware.symbols.get(GONE)
        for slot in callbacks.unused:
            entries.append(Entry(slot, gone.value if gone else None, 0))
        homes = [*resolution.tables(), *resolution.variables()]
        return [*entries, *map(self._initial_value, homes)]

    def _initial_value(self, housed: Housed) -> Entry:
        definition = housed.definition
        source = None if definition.is_zero else self._variable(definition)
        if definition.is_in_code:
            source = self._module.names[definition.symbol].value
        return Entry(housed.address, source, definition.size)

    def _placed(self, definition: Definition) -> Placed:
        placed = self._map.get((definition.path, definition.section))
        if placed is None:
            raise ToolError(
                f"{definition.path}: the linker's map does not tell where '{definition.symbol}' is"
            )
        return placed

    def _variable(self, definition: Definition) -> int:
        return self._placed(definition).address + definition.offset

    def _function(self, definition: Definition) -> int:
        """By the symbol: the linker may have shortened what comes before."""
        start, size = self._placed(definition)
        for address in self._functions.get(definition.symbol, ()):
            if 0 <= address - start < size:
                return address
        raise ToolError(f"{definition.path}: the module lacks '{definition.symbol}'")


def fill_in_places(
    module: LinkedModule, entries: Iterable[Entry], word: int
) -> List[PackedRelocation]:
    """Writes the list of the generated constructor; returns the relocations of its addresses."""
    kept: List[PackedRelocation] = []
    starts: Dict[int, int] = {fmt.SYM_TEXT: module.text.address, fmt.SYM_DATA: module.data.address}
    sizes = {fmt.SYM_TEXT: module.text.memory_size, fmt.SYM_DATA: module.data.memory_size}
    for index, (target, source, size) in enumerate(entries):
        place = module.names[LIST].value + index * ENTRY_SIZE
        for offset, value in enumerate((target, source or 0, size)):
            module.data.write(place + 4 * offset, value)
        for base, start in starts.items():
            if source is not None and 0 <= source - start < sizes[base]:
                kept.append(PackedRelocation(place + 4, word, base, source - start))
    return kept
