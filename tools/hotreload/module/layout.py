"""Where the module's two segments are linked.

Whatever lies inside them is moved at load time, everything else is an address of the firmware, so
no chip may have anything there. Espressif's chips use nothing below 0x20000000, nor, those with
Xtensa cores, anything from 0x70000000; the emulated boards' firmware ends below 0x01000000. Each
segment is more than 100 MB away from all that and from the other one: no relaxation makes a call
to the firmware short, and no offset reaches from one to the other unnoticed. They are far from 0,
too: the RISC-V linker shortens addresses near it to forms that cannot be relocated.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
from typing import NamedTuple

from hotreload.description import Description

DATA_ADDRESS = 0x18000000
KEPT_ADDRESS = 0x1F000000
"""Behind the data: variables of a patch that live outside of it, and are zero at first."""
SEGMENT_LIMIT = 0x07000000
PATCH_DATA_ADDRESS = 0x28000000

_TEXT_ADDRESS = 0x10000000
_QUARTER = 0xC0000000
_TEXT_IN_QUARTER = 0x30000000


class Range(NamedTuple):
    """Where a segment is."""

    address: int
    size: int

    def holds(self, address: int) -> bool:
        """Whether an address lies inside."""
        return self.address <= address < self.address + self.size


def text_address(arch: str, firmware_entry: int) -> int:
    """The link address of the text.

    Windowed calls on Xtensa return within the same quarter of the address space, so there the
    linker insists that the module is in the firmware's.
    """
    if arch == "xtensa":
        return (firmware_entry & _QUARTER) | _TEXT_IN_QUARTER
    return _TEXT_ADDRESS


def patch_text_address(arch: str, base_text: int) -> int:
    """The link address of a patch's text; its calls to the base must not be short ones."""
    return base_text + (0x08000000 if arch == "xtensa" else 0x10000000)


def patch_path(description: Description, ending: str) -> str:
    """A file of the last patch, such as patch.elf."""
    return os.path.join(description.directory, f"patch.{ending}")
