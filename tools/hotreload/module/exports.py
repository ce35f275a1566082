"""exports.txt (the functions that get stubs) and imports.ld (what the firmware must contain).

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import re
from typing import Dict, Sequence

from hotreload.errors import ToolError
from hotreload.files import make_directory, open_text, write_if_changed
from hotreload.module.objects import read_objects

# What the assembler and the linker scripts take without quoting.
_PLAIN_NAME = re.compile(r"[A-Za-z_.$][A-Za-z0-9_.$]*\Z")


def write_exports(paths: Sequence[str], output_dir: str) -> None:
    """Writes exports.txt and imports.ld for the object files into a directory."""
    objects = read_objects(paths)
    for name in [*objects.functions, *objects.imports]:
        if not _PLAIN_NAME.match(name):
            source = objects.defined.get(name) or objects.imports.get(name)
            raise ToolError(
                f"{source}: the symbol '{name}' has a character that linker scripts cannot take"
            )
    make_directory(output_dir)
    write_if_changed(os.path.join(output_dir, "exports.txt"), format_exports(objects.functions))
    # The exports too: a stub that only the module refers to (a callback) must exist.
    forced = sort_names({**objects.functions, **dict.fromkeys(objects.imports, False)})
    write_if_changed(os.path.join(output_dir, "imports.ld"), _format_extern(forced))


def sort_names(names: Dict[str, bool]) -> Sequence[str]:
    """Names in the order of the table: as bytes."""
    return sorted(names, key=lambda name: name.encode())


def format_exports(exports: Dict[str, bool]) -> str:
    """One line per export; `exports` says which are weak."""
    lines = [f"{'weak' if exports[name] else 'strong'} {name}" for name in sort_names(exports)]
    return "".join(line + "\n" for line in lines)


def _format_extern(names: Sequence[str]) -> str:
    listed = "".join(f"    {name}\n" for name in names)
    return f"EXTERN(\n{listed})\n" if names else "/* Nothing to import. */\n"


def read_exports(path: str) -> Dict[str, bool]:
    """Reads exports.txt: the names in order, True for weak ones."""
    exports: Dict[str, bool] = {}
    try:
        with open_text(path) as file:
            lines = file.read().splitlines()
    except OSError as error:
        raise ToolError(
            f"cannot read {path}: {error.strerror}; build the firmware first"
        ) from error
    for number, line in enumerate(lines, 1):
        binding, _, name = line.partition(" ")
        if binding not in ("strong", "weak") or not _PLAIN_NAME.match(name):
            raise ToolError(
                f"{path}:{number}: expected 'strong NAME' or 'weak NAME', found '{line}'"
            )
        exports[name] = binding == "weak"
    if list(exports) != list(sort_names(exports)):
        raise ToolError(f"{path}: the names are not sorted; let the build write this file")
    return exports
