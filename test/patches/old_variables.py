"""Which function a static variable belongs to, by the debug data.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

from elftools.elf.elffile import ELFFile

Key = Tuple[str, str, str]
"""File, function and name; there may be several of the name."""
_ADDRESS = 3  # DW_OP_addr


def static_variables(path: str) -> Dict[Key, List[int]]:
    """Addresses of the static variables of functions; none without debug data."""
    found: Dict[Key, List[int]] = {}
    with open(path, "rb") as file:
        linked = ELFFile(file)
        if not linked.has_dwarf_info():
            return {}
        dwarf = linked.get_dwarf_info(relocate_dwarf_sections=False)
        for unit in dwarf.iter_CUs():
            source = _name(unit.get_top_DIE())
            for entry in unit.iter_DIEs():
                place, function = entry.attributes.get("DW_AT_location"), _function(entry)
                is_static = entry.tag == "DW_TAG_variable" and function and place is not None
                if is_static and isinstance(place.value, list) and place.value[0] == _ADDRESS:
                    address = int.from_bytes(bytes(place.value[1:5]), "little")
                    found.setdefault((source, function, _name(entry)), []).append(address)
    return found


def _name(entry: Any) -> str:
    known = entry.attributes.get("DW_AT_name")
    return known.value.decode() if known is not None else ""


def _function(entry: Any) -> str:
    """The function that an entry stands in."""
    while entry is not None and entry.tag != "DW_TAG_subprogram":
        entry = entry.get_parent()
    return _name(entry) if entry is not None else ""
