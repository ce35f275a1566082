"""Stubs for functions whose address is taken, so that a callback outlives its module.

Each that was there when the firmware was built has a stub of its own, also if it is static. One
that is new gets a spare stub, and keeps it as long as the firmware stays the same: callbacks.json
remembers which.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import json
import os
from typing import Dict, List, Mapping, NamedTuple, Optional, Sequence, Set

from hotreload.description import Description
from hotreload.files import open_text, write_if_changed
from hotreload.mangled import plain
from hotreload.module.exports import (
    SPARE,
    SPARE_INTERNAL,
    Exports,
    definition_key,
    spare_symbol,
    stub_symbol,
)
from hotreload.module.firmware import Firmware
from hotreload.module.own_symbols import Definition
from hotreload.module.stubs import SLOTS


class Stub(NamedTuple):
    """Addresses in the firmware."""

    address: int
    slot: int


class Callbacks(NamedTuple):
    """The stubs of functions that are known by their address alone."""

    used: Dict[Definition, Stub]
    unused: List[int]
    """Slots of those that the module has no longer."""
    without: List[Definition]
    """Functions that no stub is left for."""
    had_spares: Set[str]
    """Names of all that got a spare stub since the firmware was built: it may still hold that."""

    def without_slot(self, slots: Mapping[str, int]) -> Set[str]:
        """Of an earlier module's functions and their slots, those whose slot nothing fills now. A
        function that has got another key has the same slot."""
        used = {stub.slot for stub in self.used.values()}
        return {key for key, slot in slots.items() if slot not in used}


def assign_callbacks(
    description: Description, callbacks: List[Definition], firmware: Firmware, exports: Exports
) -> Callbacks:
    """Finds a stub for each of the functions."""
    spares = _Spares(description, firmware, exports)
    result = Callbacks({}, [], [], set())
    keys = {definition_key(found, description.build_dir): found for found in callbacks}
    keys = _with_known_keys(keys, [*exports.callbacks, *spares.keys])
    for slot, (key, is_internal) in enumerate(exports.callbacks.items(), len(exports.table)):
        definition = keys.get(key)
        stub = spares.stub(stub_symbol(key), slot)
        if stub is None:
            continue
        if definition is None or (definition.is_internal and not is_internal):
            result.unused.append(stub.slot)
        else:
            result.used[definition] = stub
            del keys[key]
    for key, definition in sorted(keys.items()):
        stub = spares.take(key, definition.is_internal)
        if stub is None:
            result.without.append(definition)
        else:
            result.used[definition] = stub
    result.unused.extend(spares.unused(keys))
    result.had_spares.update(spares.names())
    spares.save()
    return result


def _with_known_keys(
    keys: Dict[str, Definition], known: Sequence[str]
) -> Dict[str, Definition]:
    """A function of C++ has another symbol when it becomes static, or global; its stub stays."""
    former = {_as_global(key): key for key in known if key not in keys}
    return {
        key if key in known else former.get(_as_global(key), key): definition
        for key, definition in keys.items()
    }


def _as_global(key: str) -> str:
    path, _, name = key.rpartition(":")
    return f"{path}:{plain(name).as_global or name}"


class _Spares:
    """The spare stubs, and which function has which."""

    def __init__(self, description: Description, firmware: Firmware, exports: Exports) -> None:
        self._path = os.path.join(description.directory, "callbacks.json")
        self._firmware = firmware
        self._first = len(exports.table) + len(exports.callbacks)
        self._taken = self._read()

    @property
    def keys(self) -> List[str]:
        """Of the functions that have one."""
        return list(self._taken)

    def stub(self, symbol: str, slot: int) -> Optional[Stub]:
        """The stub with this name and this number of its slot."""
        found, slots = (self._firmware.symbols.get(name) for name in (symbol, SLOTS))
        return None if found is None or slots is None else Stub(found.value, slots.value + 4 * slot)

    def take(self, key: str, is_internal: bool) -> Optional[Stub]:
        """The stub that a function has, or a free one; None when all are taken."""
        room = range(SPARE, SPARE + SPARE_INTERNAL) if is_internal else range(SPARE)
        index = self._taken.get(key)
        if index not in room:
            index = next((i for i in room if i not in self._taken.values()), None)
        stub = None if index is None else self._spare(index)
        if stub is not None and index is not None:
            self._taken[key] = index
        return stub

    def unused(self, keys: Dict[str, Definition]) -> List[int]:
        """The slots of functions that are not among these."""
        stubs = [self._spare(index) for key, index in self._taken.items() if key not in keys]
        return [stub.slot for stub in stubs if stub is not None]

    def names(self) -> Set[str]:
        """Of all functions that have got one."""
        return {key.rpartition(":")[2] for key in self._taken}

    def save(self) -> None:
        """Remembers what was taken."""
        if self._taken:
            content = {"firmware": self._firmware.identity.hex(), "spare": self._taken}
            write_if_changed(self._path, json.dumps(content, indent=1) + "\n")

    def _spare(self, index: int) -> Optional[Stub]:
        return self.stub(spare_symbol(index), self._first + index)

    def _read(self) -> Dict[str, int]:
        try:
            with open_text(self._path) as file:
                content = json.load(file)
            if content["firmware"] == self._firmware.identity.hex():
                return {str(key): int(index) for key, index in content["spare"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            pass  # There is none yet, or a new firmware replaces it.
        return {}
