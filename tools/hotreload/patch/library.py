"""Functions of the C library that a patch needs, and that neither firmware nor base has.

The members that have them count as new object files of the program. Their code goes when the next
patch comes, so nothing may keep its address.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from typing import Dict, List, NamedTuple

from hotreload.module import elf
from hotreload.module.c_library import CLibrary
from hotreload.module.link import ModuleInputs
from hotreload.module.own_symbols import Kind, read_own_symbols
from hotreload.patch.base import Base
from hotreload.patch.changes import NeedsWhole


class Copies(NamedTuple):
    """The members' copies, by their paths."""

    files: Dict[str, elf.Elf]
    winners: Dict[str, str]
    """The names that they define, and the paths of those that do."""
    notes: List[str]
    """For the user."""


def copy_library(inputs: ModuleInputs, base: Base) -> Copies:
    """Copies what is missing, as far as the C library has it and it keeps no state."""
    firmware, copies = inputs.firmware, Copies({}, {}, [])
    missing = [
        name
        for name in inputs.objects.imports
        if name not in firmware.symbols and name not in firmware.thread_local
        if base.library_address(name) is None
    ]
    if not missing:
        return copies
    # The two segments of a patch have no fixed distance.
    description = inputs.description._replace(text_readable=False)
    library = CLibrary(description, inputs.objects, firmware, base.library_names)
    library.copy(missing)
    pointed = set(inputs.objects.pointed)
    functions = set()
    for label, copied in library.copied.items():
        copies.files[copied.path] = file = elf.Elf(copied.path, "the library member")
        own = read_own_symbols(copied.path, file)
        if own.callbacks:
            raise NeedsWhole(f"{label}, which is new, holds addresses of its functions")
        pointed.update(own.pointed)
        for definition in own.defined:
            copies.winners.setdefault(definition.symbol, copied.path)
            if definition.kind != Kind.VARIABLE:
                functions.add(definition.symbol)
    for name in sorted(pointed & functions):
        raise NeedsWhole(f"the address of {name}(), which is new from the C library, is taken")
    copies.notes.extend(library.notes())
    return copies
