"""Makes the module from the objects: link, pack, partition image."""

from __future__ import annotations

from hotreload.description import Description
from hotreload.files import write_if_changed
from hotreload.firmware import FirmwareReader
from hotreload.link import link_module
from hotreload.objects import read_objects
from hotreload.pack import pack_module
from hotreload.report import Steps
from hotreload.store_image import make_partition_image


def update_module(description: Description, reader: FirmwareReader, steps: Steps) -> bytes:
    """Writes module.elf, module.bin and partition.bin; returns the packed module."""
    with steps.step("link"):
        objects = read_objects(description.objects)
        firmware = reader.read(description)
        link_module(description, objects, firmware)
    with steps.step("pack"):
        module = pack_module(description, objects, firmware)
        image = make_partition_image(module, description.partition_size)
        write_if_changed(description.module, module)
        write_if_changed(description.partition_image, image)
    return module
