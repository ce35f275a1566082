"""Where variables are declared, from the debug data of an object file.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from typing import Any, BinaryIO, Optional, Tuple

from hotreload.description import Description
from hotreload.module import elf


def find_declaration(
    description: Description, path: str, section: str, offset: int
) -> Optional[Tuple[str, str]]:
    """The variable at an offset of an object's section, and `file:line` or an empty string."""
    file = elf.Elf(path, "the object file")
    for symbol in file.symbols():
        if symbol.kind != elf.STT_OBJECT or symbol.section >= len(file.sections):
            continue
        inside = symbol.value <= offset < symbol.value + max(symbol.size, 1)
        if inside and file.sections[symbol.section].name == section:
            return symbol.name, _line_of(description, path, symbol.name)
    return None


def _line_of(description: Description, path: str, variable: str) -> str:
    """pyelftools does not relocate the debug data of every architecture, so ld does it."""
    with tempfile.TemporaryDirectory() as directory:
        linked = os.path.join(directory, "linked.elf")
        command = [description.linker, *description.linker_flags, "-e", "0", "--noinhibit-exec"]
        command += ["--unresolved-symbols=ignore-all", "-o", linked, path]
        subprocess.run(command, stderr=subprocess.DEVNULL, check=False)
        if not os.path.exists(linked):
            return ""
        with open(linked, "rb") as stream:
            return _find_line(stream, variable)


def _find_line(stream: BinaryIO, variable: str) -> str:
    try:  # Only this needs the package, and an error must be told without it, too.
        from elftools.common.exceptions import DWARFError, ELFError
        from elftools.elf.elffile import ELFFile
    except ModuleNotFoundError:
        return ""
    try:
        file = ELFFile(stream)
        if not file.has_dwarf_info():
            return ""
        dwarf = file.get_dwarf_info()
        for unit in dwarf.iter_CUs():
            for entry in unit.get_top_DIE().iter_children():
                if entry.tag == "DW_TAG_variable" and _name(entry) == variable:
                    place = _place(dwarf, unit, entry)
                    if place:
                        return place
    except (DWARFError, ELFError, KeyError, IndexError, NotImplementedError):
        pass  # Debug data of a kind that pyelftools cannot read: the section says enough.
    return ""


def _name(entry: Any) -> str:
    attribute = entry.attributes.get("DW_AT_name")
    return str(attribute.value, "utf-8", "replace") if attribute else ""


def _place(dwarf: Any, unit: Any, entry: Any) -> str:
    number = entry.attributes.get("DW_AT_decl_file")
    line = entry.attributes.get("DW_AT_decl_line")
    program = dwarf.line_program_for_CU(unit)
    if number is None or line is None or program is None:
        return ""
    version = program.header["version"]
    index = number.value if version >= 5 else number.value - 1
    name = program["file_entry"][index].name.decode("utf-8", "replace")
    main = _name(unit.get_top_DIE())
    # The main file has the name that the compiler was given, with its directory.
    full = main if os.path.basename(main) == os.path.basename(name) else name
    return f"{full}:{line.value}"
