"""exports.txt (what the firmware defines for the module) and imports.ld (what it must contain).

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Dict, Iterable, List, NamedTuple, Sequence

from hotreload.errors import ToolError
from hotreload.files import make_directory, open_text, write_if_changed
from hotreload.module.link_options import Wraps, read_wraps
from hotreload.module.objects import Objects, read_objects
from hotreload.module.own_symbols import Binding, Definition, Kind, is_vtable

# How many new callbacks a module may have before the firmware must be built again.
SPARE, SPARE_INTERNAL = 8, 4

_BINDINGS = {binding.name.lower(): binding for binding in Binding}
_LOCAL = "local"


class Function(NamedTuple):
    """A function that has a stub in the firmware."""

    binding: Binding
    is_label: bool
    """It may be a table instead."""
    is_internal: bool
    """Its stub is in IRAM."""


class Home(NamedTuple):
    """A variable that lives in the firmware if the firmware uses it."""

    binding: Binding
    size: int
    alignment: int


class Exports(NamedTuple):
    """exports.txt."""

    functions: Dict[str, Function]
    """By name, sorted as bytes."""
    homes: Dict[str, Home]
    local_homes: Dict[str, Home]
    """Virtual tables that are local to an object file, by local_key()."""
    callbacks: Dict[str, bool]
    """Static functions whose address is taken, by local_key(); True: the stub is in IRAM."""
    wraps: Wraps

    @property
    def table(self) -> List[str]:
        """The functions that the table has a slot for, in its order."""
        return [name for name, f in self.functions.items() if f.binding != Binding.INLINE]


def stub_symbol(name: str) -> str:
    """The second name of a stub: it tells whether the firmware replaced it by its own function."""
    return f"hotreload_stub.{name}"


def slot_symbol(name: str) -> str:
    """The slot of an inline function's stub."""
    return f"hotreload_slot.{name}"


def home_symbol(name: str) -> str:
    """The second name of a variable that lives in the firmware for the module."""
    return f"hotreload_home.{name}"


def spare_symbol(index: int) -> str:
    """A stub for a function that is new: SPARE in flash, then SPARE_INTERNAL in IRAM."""
    return f"hotreload_spare.{index}"


def local_key(name: str, symbol: str) -> str:
    """Names what is local to an object file, which is known by object_name()."""
    return f"{name}:{symbol}".replace('"', "_")


def definition_key(definition: Definition, build_dir: str) -> str:
    """local_key() of a definition."""
    return local_key(object_name(definition.path, build_dir), definition.symbol)


@lru_cache(maxsize=None)
def object_name(path: str, build_dir: str) -> str:
    """How an object file is known: its path from the build directory."""
    return os.path.relpath(path, build_dir).replace("\\", "/")


def write_exports(paths: Sequence[str], wraps: str, build_dir: str, output_dir: str) -> None:
    """Writes exports.txt and imports.ld for the object files into a directory."""
    wrapped = read_wraps(wraps)
    objects = read_objects(paths, wrapped)
    for name in [*objects.defined, *objects.imports]:
        if '"' in name or "\\" in name or "\n" in name:
            source = objects.imports.get(name) or objects.defined[name].path
            raise ToolError(
                f"{source}: the symbol '{name}' has a character that linker scripts cannot take"
            )
    exports = make_exports(objects, wrapped, build_dir)
    make_directory(output_dir)
    write_if_changed(os.path.join(output_dir, "exports.txt"), format_exports(exports))
    forced = sort_names([*_needed(exports, objects), *objects.imports])
    write_if_changed(os.path.join(output_dir, "imports.ld"), _format_extern(forced))


def make_exports(objects: Objects, wraps: Wraps, build_dir: str) -> Exports:
    """What the firmware defines for the module."""
    functions = objects.of_kind(Kind.FUNCTION, Kind.LABEL)
    homes = objects.of_kind(Kind.VARIABLE)
    return Exports(
        {
            name: Function(f.binding, f.kind == Kind.LABEL, f.is_internal)
            for name, f in ((name, functions[name]) for name in sort_names(functions))
        },
        {name: _home(homes[name]) for name in sort_names(homes) if homes[name].size},
        {definition_key(v, build_dir): _home(v) for v in objects.local_vtables},
        {definition_key(c, build_dir): c.is_internal for c in objects.callbacks},
        wraps,
    )


def _home(variable: Definition) -> Home:
    return Home(variable.binding, variable.size, variable.alignment)


def _needed(exports: Exports, objects: Objects) -> List[str]:
    """What the firmware must define even when only the module refers to it.

    Pointers may lead to these after a reload: stubs and virtual tables. Labels are left out,
    because the linker would warn of the reference.
    """
    stubs = [
        stub_symbol(name)
        for name, function in exports.functions.items()
        if name in objects.pointed and not function.is_label
    ]
    tables = [home_symbol(name) for name in exports.homes if is_vtable(name)]
    tables += [home_symbol(key) for key in exports.local_homes]
    callbacks = [stub_symbol(key) for key in exports.callbacks]
    callbacks += [spare_symbol(index) for index in range(SPARE + SPARE_INTERNAL)]
    return [*stubs, *tables, *callbacks]


def sort_names(names: Iterable[str]) -> List[str]:
    """Names in the order of the table: as bytes."""
    return sorted(names, key=lambda name: name.encode("utf-8", "surrogateescape"))


def format_exports(exports: Exports) -> str:
    """One line per name; read_exports() reads them back."""
    lines = [f"{_words(function)} {name}" for name, function in exports.functions.items()]
    for name, (binding, size, alignment) in exports.homes.items():
        lines.append(f"variable-{binding.name.lower()} {size} {alignment} {name}")
    for key, (_, size, alignment) in exports.local_homes.items():
        lines.append(f"variable-{_LOCAL} {size} {alignment} {key}")
    lines += [f"callback{_iram(f)} {key}" for key, f in exports.callbacks.items()]
    lines += [f"wrap {name}" for name in sorted(exports.wraps)]
    return "".join(line + "\n" for line in lines)


def _words(function: Function) -> str:
    label = "-label" if function.is_label else ""
    return function.binding.name.lower() + label + _iram(function.is_internal)


def _iram(is_internal: bool) -> str:
    return "-iram" if is_internal else ""


def _format_extern(names: Sequence[str]) -> str:
    listed = "".join(f'    "{name}"\n' for name in names)
    return f"EXTERN(\n{listed})\n"


def read_exports(path: str) -> Exports:
    """Reads exports.txt."""
    try:
        with open_text(path) as file:
            lines = file.read().splitlines()
    except OSError as error:
        raise ToolError(
            f"cannot read {path}: {error.strerror}; build the firmware first"
        ) from error
    exports = Exports({}, {}, {}, {}, Wraps())
    for number, line in enumerate(lines, 1):
        try:
            exports = _read_line(exports, line)
        except (ValueError, KeyError) as error:
            raise ToolError(
                f"{path}:{number}: '{line}' is not a line of this version of hotreload; "
                "let the build write this file"
            ) from error
    if list(exports.functions) != sort_names(exports.functions):
        raise ToolError(f"{path}: the names are not sorted; let the build write this file")
    return exports


def _read_line(exports: Exports, line: str) -> Exports:
    word, rest = line.split(" ", 1)
    kind, _, attributes = word.partition("-")
    if kind == "callback":
        exports.callbacks[rest] = attributes == "iram"
        return exports
    if kind == "wrap":
        return exports._replace(wraps=Wraps([*exports.wraps, rest]))
    if kind == "variable":
        size, alignment, name = rest.split(" ", 2)
        binding = Binding.STRONG if attributes == _LOCAL else _BINDINGS[attributes]
        homes = exports.local_homes if attributes == _LOCAL else exports.homes
        homes[name] = Home(binding, int(size), int(alignment))
        return exports
    flags = attributes.split("-")
    exports.functions[rest] = Function(_BINDINGS[kind], "label" in flags, "iram" in flags)
    return exports
