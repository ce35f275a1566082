"""Makes the module from the objects: link, check, pack; and an image for flashing it.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Callable, Iterable, List, Optional, Tuple, Union

from hotreload.description import Description
from hotreload.errors import ToolError
from hotreload.files import find_stamp, write_if_changed
from hotreload.lock import build_lock
from hotreload.mangled import demangle, source_names
from hotreload.module.exports import read_exports
from hotreload.module.firmware_reader import FirmwareReader
from hotreload.module.link import ModuleInputs, link_module, make_inputs
from hotreload.module.object_cache import ObjectCache
from hotreload.module.pack import pack_module
from hotreload.module.store_image import make_partition_image
from hotreload.report import Steps

if TYPE_CHECKING:
    from hotreload.patch.base import Base
    from hotreload.patch.make import Patch, Whole

Guard = Callable[[Description, Iterable[str], ObjectCache], None]
"""What is done about the exports' interface: AbiGuard.note() or .check()."""


class ModuleBuilder:
    """Makes modules, one after the other, and reads only what has changed in between."""

    def __init__(self, reader: FirmwareReader, guard: Guard) -> None:
        self._reader = reader
        self._guard = guard
        self._cache = ObjectCache()
        self._base: Optional[Base] = None
        self._unfinished: List[Tuple[Description, Callable[[], None]]] = []
        self._checked: Optional[ModuleInputs] = None
        self._module = b""
        self._made_from: List[Any] = []

    def update(self, description: Description, steps: Steps) -> bytes:
        """Writes module.elf and module.bin; returns the packed module."""
        return self.whole(self.inputs(description, steps), steps)

    def prepare(self, description: Description) -> None:
        """Reads what does not change while the compiler runs."""
        with suppress(ToolError):  # inputs() reports it.
            self._reader.read(description)
            self._cache.prepare(description)

    def inputs(self, description: Description, steps: Steps) -> ModuleInputs:
        """Reads what has changed; decides which definition of each name counts."""
        with steps.step("objects"), source_names(description.compiler):
            firmware = self._reader.read(description)
            self._cache.refresh(description)
            exports = read_exports(description.exports)
            return make_inputs(description, firmware, exports, self._cache)

    def whole(self, inputs: ModuleInputs, steps: Steps) -> bytes:
        """Writes module.elf and module.bin.

        What was just made from the same is not made again.
        """
        if self._made_from != self._state(inputs):
            self._module = self._make(inputs, steps)
            self._made_from = self._state(inputs)
        return self._module

    def _state(self, inputs: ModuleInputs) -> List[Any]:
        """What the module is made from, and the files that it is in: others may replace them."""
        description = inputs.description
        files = [description.exports, description.module_elf, description.module]
        stamps = [find_stamp(path) for path in files]
        digests = [found.digest for found in self._cache.objects]
        return [description, inputs.firmware.identity, stamps, digests]

    def _make(self, inputs: ModuleInputs, steps: Steps) -> bytes:
        description = inputs.description
        with steps.step("link"), source_names(description.compiler):
            link_module(inputs)
        self._check(inputs, steps)
        with steps.step("pack"), source_names(description.compiler):
            module = pack_module(inputs)
            if write_if_changed(description.module, module):
                with suppress(OSError):
                    os.remove(description.partition_image)  # The next build makes it.
        self._unfinished.append((inputs.description, partial(_remember, inputs, module)))
        return module

    def patch(
        self, inputs: ModuleInputs, base: str, steps: Steps, taken: float = 0
    ) -> Union[Patch, Whole]:
        """The patch for a device that runs the base with this SHA-256; see make_patch()."""
        from hotreload.patch.make import Whole, make_patch

        known = self._find_base(inputs, base)
        if known is None:
            return Whole("the device runs a module that was not built here")
        self._check(inputs, steps)
        with steps.step("patch"):
            result = make_patch(inputs, known, taken)
        if isinstance(result, Whole):
            return result._replace(reason=demangle(inputs.description.compiler, result.reason))
        self._unfinished.append((inputs.description, result.add_debug_data))
        return result

    def losses(self, inputs: ModuleInputs, base: str) -> List[str]:
        """Notes about what a whole module does not keep of this base."""
        from hotreload.patch.losses import find_losses

        known = self._find_base(inputs, base)
        return find_losses(known, inputs) if known is not None else []

    def _find_base(self, inputs: ModuleInputs, sha256: str) -> Optional[Base]:
        """The base that a device says it runs."""
        from hotreload.patch.base import load_base

        if self._base is None or self._base.sha256 != sha256:
            self._base = load_base(inputs.description, sha256, inputs.exports.wraps)
        if self._base is not None:
            self._base.note_seen()
        return self._base

    def _check(self, inputs: ModuleInputs, steps: Steps) -> None:
        """Once, also when a patch turns out to need the whole module."""
        with steps.step("check"):
            if self._checked is not inputs:
                self._guard(inputs.description, inputs.shared_names(), self._cache)
                self._checked = inputs

    def save(self) -> None:
        """Does what need not be done before the upload: remembers a whole module as a base, adds
        debug data to a patch, keeps what is known of the object files for the next command."""
        unfinished, self._unfinished = self._unfinished, []
        for description, finish in unfinished:
            with suppress(ToolError), build_lock(description):
                finish()
        self._cache.save()


def _remember(inputs: ModuleInputs, module: bytes) -> None:
    from hotreload.patch.base import remember_base

    remember_base(inputs, module)


def write_partition_image(description: Description, module: bytes) -> None:
    """Writes partition.bin."""
    image = make_partition_image(module, description.partition_size)
    write_if_changed(description.partition_image, image)
