"""Makes the module from the objects: link, check, pack; and an image for flashing it.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any, Callable, Iterable, List

from hotreload.description import Description
from hotreload.files import write_if_changed
from hotreload.module.exports import read_exports
from hotreload.module.firmware import Firmware
from hotreload.module.firmware_reader import FirmwareReader
from hotreload.module.link import link_module, make_inputs
from hotreload.module.object_cache import ObjectCache, stamp_of
from hotreload.module.pack import pack_module
from hotreload.module.store_image import make_partition_image
from hotreload.report import Steps

Guard = Callable[[Description, Iterable[str], ObjectCache], None]
"""What is done about the exports' interface: AbiGuard.note() or .check()."""


class ModuleBuilder:
    """Makes modules, one after the other, and reads only what has changed in between."""

    def __init__(self, reader: FirmwareReader, guard: Guard) -> None:
        self._reader = reader
        self._guard = guard
        self._cache = ObjectCache()
        self._module = b""
        self._made_from: List[Any] = []

    def update(self, description: Description, steps: Steps) -> bytes:
        """Writes module.elf and module.bin, unless it has just made them; returns the module."""
        with steps.step("objects"):
            firmware = self._reader.read(description)
            self._cache.refresh(description)
            is_made = self._module and self._made_from == self._state(description, firmware)
        if not is_made:
            self._module = self._make(description, firmware, steps)
            self._made_from = self._state(description, firmware)
        return self._module

    def _state(self, description: Description, firmware: Firmware) -> List[Any]:
        """What the module is made from, and the files that it is in: others may replace them."""
        files = [description.exports, description.module_elf, description.module]
        stamps = [stamp_of(path) if os.path.exists(path) else None for path in files]
        digests = [found.digest for found in self._cache.objects]
        return [description, firmware.identity, stamps, digests]

    def _make(self, description: Description, firmware: Firmware, steps: Steps) -> bytes:
        with steps.step("link"):
            exports = read_exports(description.exports)
            inputs = make_inputs(description, firmware, exports, self._cache)
            link_module(inputs)
        with steps.step("check"):
            self._guard(description, inputs.shared_names(), self._cache)
        with steps.step("pack"):
            module = pack_module(inputs)
            if write_if_changed(description.module, module):
                with suppress(OSError):
                    os.remove(description.partition_image)  # The next build makes it.
        return module

    def save(self) -> None:
        """Keeps what is known of the object files for the next command."""
        self._cache.save()


def write_partition_image(description: Description, module: bytes) -> None:
    """Writes partition.bin."""
    image = make_partition_image(module, description.partition_size)
    write_if_changed(description.partition_image, image)
