"""Makes the module from the objects: link, pack, partition image.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from typing import Callable, Iterable

from hotreload.description import Description
from hotreload.files import write_if_changed
from hotreload.module.elf import ObjectFiles
from hotreload.module.exports import read_exports
from hotreload.module.firmware_reader import FirmwareReader
from hotreload.module.link import link_module, make_inputs
from hotreload.module.pack import pack_module
from hotreload.module.store_image import make_partition_image
from hotreload.report import Steps

Guard = Callable[[Description, Iterable[str], ObjectFiles], None]
"""What is done about the exports' interface: note_interface() or check_interface()."""


def update_module(
    description: Description, reader: FirmwareReader, steps: Steps, guard: Guard
) -> bytes:
    """Writes module.elf, module.bin and partition.bin; returns the packed module."""
    files = ObjectFiles()
    with steps.step("link"):
        firmware = reader.read(description)
        inputs = make_inputs(description, firmware, read_exports(description.exports), files)
        link_module(inputs)
    with steps.step("check"):
        guard(description, inputs.shared_names(), files)
    with steps.step("pack"):
        module = pack_module(inputs)
        image = make_partition_image(module, description.partition_size)
        write_if_changed(description.module, module)
        write_if_changed(description.partition_image, image)
    return module
