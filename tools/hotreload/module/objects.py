"""What the object files of the reloadable components define and need together.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
from typing import Dict, Iterable, List, NamedTuple, Set, Tuple

from hotreload.errors import ToolError
from hotreload.files import open_text
from hotreload.module.elf import Elf
from hotreload.module.link_options import Wraps
from hotreload.module.own_symbols import Binding, Definition, Kind, OwnSymbols, read_own_symbols


class Objects(NamedTuple):
    """Symbols of all objects together; `imports` map a name to the object that needs it first."""

    defined: Dict[str, Definition]
    imports: Dict[str, str]
    """Needed and defined nowhere among the objects."""
    weak_imports: Dict[str, str]
    """The same, needed by weak references only: they may stay undefined."""
    thread_local: Dict[str, str]
    """Thread-local variables that the objects define."""
    callbacks: List[Definition]
    """Static functions whose address is taken."""
    pointed: Set[str]
    """Global names whose address is taken."""
    local_vtables: List[Definition]
    """Virtual tables of classes in unnamed namespaces."""
    unwound: List[str]
    """Objects compiled so that exceptions may pass through their functions."""
    is_internal: bool
    """Something in them must be reachable while the flash cache is off."""

    def of_kind(self, *kinds: Kind) -> Dict[str, Definition]:
        """The global names of these kinds."""
        return {name: found for name, found in self.defined.items() if found.kind in kinds}


def combine(found: Iterable[OwnSymbols], wraps: Wraps = Wraps()) -> Objects:
    """What object files are together; `wraps` are those of the firmware's link."""
    objects = Objects({}, {}, {}, {}, [], set(), [], [], False)
    strong: Dict[str, str] = {}
    weak: Dict[str, str] = {}
    called: Set[str] = set()
    absolute: Set[str] = set()
    is_internal = False
    for own in found:
        for definition in own.defined:
            known = objects.defined.get(definition.symbol)
            if known is None or _strength(definition) > _strength(known):
                objects.defined[definition.symbol] = definition
        for needs, names in ((strong, own.needed), (weak, own.weakly_needed)):
            for name in names:
                needs.setdefault(wraps.resolve(name), own.path)
        for name in own.thread_local:
            objects.thread_local.setdefault(name, own.path)
        called.update(own.called)
        absolute.update(own.absolute)
        objects.pointed.update(own.pointed)
        objects.callbacks.extend(own.callbacks)
        objects.local_vtables.extend(own.local_vtables)
        if own.is_unwound:
            objects.unwound.append(own.path)
        is_internal = is_internal or own.is_internal
    for name, definition in objects.defined.items():
        if definition.kind == Kind.LABEL and name in called:
            objects.defined[name] = definition._replace(kind=Kind.FUNCTION)
    own_names = objects.defined.keys() | absolute
    return objects._replace(
        imports={n: p for n, p in strong.items() if n not in own_names},
        weak_imports={n: p for n, p in weak.items() if n not in own_names and n not in strong},
        is_internal=is_internal or any(d.is_internal for d in objects.defined.values()),
    )


def _strength(definition: Definition) -> Tuple[Binding, int]:
    """Of several common symbols, the largest counts."""
    return definition.binding, definition.size if definition.binding == Binding.COMMON else 0


def read_objects(paths: Iterable[str], wraps: Wraps = Wraps()) -> Objects:
    """Reads object files."""
    return combine((read_own_symbols(path, Elf(path, "the object file")) for path in paths), wraps)


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
