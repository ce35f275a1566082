"""What the object files of the reloadable components define and need.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
from typing import Dict, Iterable, List, NamedTuple

from hotreload.errors import ToolError
from hotreload.files import open_text
from hotreload.module import elf


class Objects(NamedTuple):
    """Symbols of all objects together; each dictionary maps a name to the object it came from."""

    functions: Dict[str, bool]
    """Exports: True when every definition is weak."""
    defined: Dict[str, str]
    imports: Dict[str, str]
    """Needed and defined nowhere among the objects."""
    weak_imports: Dict[str, str]
    """The same, needed by weak references only: they may stay undefined."""
    thread_local: Dict[str, str]
    """Thread-local variables that the objects define."""


def read_objects(paths: Iterable[str]) -> Objects:
    """Reads the symbol tables of object files."""
    functions: Dict[str, bool] = {}
    defined: Dict[str, str] = {}
    strong: Dict[str, str] = {}
    weak: Dict[str, str] = {}
    thread_local: Dict[str, str] = {}
    for path in paths:
        file = elf.Elf(path, "the object file")
        for symbol in file.symbols():
            if symbol.kind == elf.STT_TLS and symbol.defined:
                thread_local.setdefault(symbol.name, path)
            if symbol.binding == elf.STB_LOCAL or not symbol.name:
                continue
            is_weak = symbol.binding == elf.STB_WEAK
            if symbol.defined:
                defined.setdefault(symbol.name, path)
                if _is_export(file, symbol):
                    functions[symbol.name] = functions.get(symbol.name, True) and is_weak
            else:
                (weak if is_weak else strong).setdefault(symbol.name, path)
    imports = {name: path for name, path in strong.items() if name not in defined}
    weak_imports = {
        name: path for name, path in weak.items() if name not in defined and name not in imports
    }
    return Objects(functions, defined, imports, weak_imports, thread_local)


def _is_export(file: elf.Elf, symbol: elf.Symbol) -> bool:
    """True for functions. A COMDAT one (an inline function) is compiled wherever it is called."""
    if symbol.section >= len(file.sections):
        return False
    flags = file.sections[symbol.section].flags
    if flags & elf.SHF_GROUP:
        return False
    if symbol.kind == elf.STT_NOTYPE:
        return bool(flags & elf.SHF_EXECINSTR)
    return symbol.kind == elf.STT_FUNC


def expand_lists(arguments: Iterable[str]) -> List[str]:
    """Replaces each @FILE by the lines of the file, as compilers do."""
    paths: List[str] = []
    for argument in arguments:
        if not argument.startswith("@"):
            paths.append(argument)
            continue
        try:
            with open_text(argument[1:]) as file:
                paths.extend(line.strip() for line in file if line.strip())
        except OSError as error:
            raise ToolError(
                f"cannot read the list of objects {argument[1:]}: {os.strerror(error.errno or 0)}"
            ) from error
    return paths
