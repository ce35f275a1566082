"""Brings the module up to date: compile, link, pack."""

from __future__ import annotations

from hotreload.description import Description
from hotreload.files import write_if_changed
from hotreload.firmware import load_firmware
from hotreload.link import link_module
from hotreload.objects import read_objects
from hotreload.pack import pack_module
from hotreload.store_image import make_partition_image


def link_and_pack(description: Description) -> bytes:
    """Writes module.elf, module.bin and partition.bin; returns the packed module."""
    objects = read_objects(description.objects)
    firmware = load_firmware(description)
    link_module(description, objects, firmware)
    module = pack_module(description, objects, firmware)
    image = make_partition_image(module, description.partition_size)
    write_if_changed(description.module, module)
    write_if_changed(description.partition_image, image)
    return module
