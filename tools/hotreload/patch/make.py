"""Makes a patch, or says why the whole module has to be reloaded.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from contextlib import suppress
from typing import Callable, List, NamedTuple, Union

from hotreload.errors import ToolError
from hotreload.files import write_if_changed
from hotreload.module import elf
from hotreload.module.exports import object_name
from hotreload.module.layout import patch_path
from hotreload.module.link import ModuleInputs
from hotreload.patch.base import Base
from hotreload.patch.changes import NeedsWhole
from hotreload.patch.compare import compare
from hotreload.patch.compose import Composer
from hotreload.patch.library import copy_library
from hotreload.patch.link import link_patch, pack_patch
from hotreload.patch.notes import remember
from hotreload.patch.program import Program
from hotreload.patch.types import read_types
from hotreload.patch.view import View

_SMALL = 4096
"""Bytes of text and data that a patch may always have, however small its base is: about a sector of
flash, so the whole module would save nothing but RAM, and lose the variables."""


class Patch(NamedTuple):
    """A patch; `functions` are those that changed or are new."""

    content: bytes
    functions: List[str]
    size: int
    """Bytes of text and data."""
    notes: List[str]
    is_empty: bool
    """The program is that of the base."""
    add_debug_data: Callable[[], None]
    """Writes patch.elf again, with debug data."""


class Whole(NamedTuple):
    """Why the whole module has to be reloaded; goes on after 'Reloaded whole'."""

    reason: str
    is_large: bool = False
    """There can be a patch, of any size."""


class _TooLarge(NeedsWhole):
    """The patch costs more than it saves."""


def make_patch(inputs: ModuleInputs, base: Base, taken: float = 0) -> Union[Patch, Whole]:
    """Makes the patch that turns a device with the base into one with the new program.

    `taken` is the size of a patch that the device has taken. If that was too large, a task had kept
    the whole module out, and may do so again.
    """
    try:
        return _make(inputs, base, taken)
    except _TooLarge as reason:
        return Whole(str(reason), True)
    except NeedsWhole as reason:
        return Whole(str(reason))
    except ToolError as error:
        return Whole(f"the patch cannot be made: {str(error).splitlines()[0]}")


def _make(inputs: ModuleInputs, base: Base, taken: float) -> Patch:
    description = inputs.description
    copies = copy_library(inputs, base)

    def open_view(path: str) -> View:
        name = object_name(path, description.build_dir)
        file = copies.files.get(path) or inputs.files.find(path).open()
        return View(path, name, file, inputs.exports.wraps, read_types)

    if inputs.callbacks.without:
        name = inputs.callbacks.without[0].symbol
        raise NeedsWhole(f"no stub is left for {name}(), whose address is taken")
    if inputs.objects.is_internal and not base.is_internal:
        raise NeedsWhole("code or data is to be inside the chip, and the module may not be")
    program = Program(inputs, base, open_view, copies.winners)
    changes = compare(program)
    composed = Composer(program, changes).compose()
    link_patch(program, composed)
    packed = pack_patch(program, changes, composed)
    size = packed.text + packed.data
    limit = max((base.text.size + base.data.size) // 4, _SMALL)
    if size > (2 * taken if taken > limit else limit):
        raise _TooLarge(f"the patch would have {size} bytes, more than a quarter of the module")
    write_if_changed(patch_path(description, "bin"), packed.content)
    notes = [*copies.notes, *remember(program, changes, composed)]
    functions = [
        named.entity.name
        for place in changes.code
        for named in place.view.named.get(place.section, ())
        if named.symbol.kind in (elf.STT_FUNC, elf.STT_NOTYPE)
        and program.counts(place.view, named)
    ]
    is_empty = not (functions or changes.swaps or composed.slots or composed.variables)

    def add_debug_data() -> None:
        with suppress(NeedsWhole):
            link_patch(program, Composer(program, changes).compose(with_debug_data=True))

    return Patch(packed.content, functions, size, notes, is_empty, add_debug_data)
