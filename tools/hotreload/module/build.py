"""Makes the module from the objects: link, check, pack; and an image for flashing it.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Callable, Iterable

from hotreload.description import Description
from hotreload.files import write_if_changed
from hotreload.module.exports import read_exports
from hotreload.module.firmware_reader import FirmwareReader
from hotreload.module.link import link_module, make_inputs
from hotreload.module.object_cache import ObjectCache
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

    def update(self, description: Description, steps: Steps) -> bytes:
        """Writes module.elf and module.bin; returns the packed module."""
        with steps.step("objects"):
            firmware = self._reader.read(description)
            self._cache.refresh(description)
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
