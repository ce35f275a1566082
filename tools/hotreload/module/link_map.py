"""The linker's map: where it put the sections of which object file.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import re
from typing import Dict, NamedTuple, Tuple

from hotreload.files import read_bytes

_START = "Linker script and memory map"
_NAME_ALONE = re.compile(r" (\S+)\Z")
_PLACED = re.compile(r" (\S+)? +0x([0-9a-f]+) +0x([0-9a-f]+) (.+)\Z")


class Placed(NamedTuple):
    """Where a section is in the module."""

    address: int
    size: int


def read_link_map(path: str) -> Dict[Tuple[str, str], Placed]:
    """(object file as it was given to the linker, section) -> its place."""
    text = read_bytes(path, "the linker's map").decode("utf-8", "surrogateescape")
    places: Dict[Tuple[str, str], Placed] = {}
    name = ""
    for line in text.partition(_START)[2].splitlines():
        alone = _NAME_ALONE.match(line)
        if alone:
            name = alone.group(1)
            continue
        placed = _PLACED.match(line)
        if placed:
            section, address, size, file = placed.groups()
            places.setdefault((file, section or name), Placed(int(address, 16), int(size, 16)))
        name = ""
    return places
