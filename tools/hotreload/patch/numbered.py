"""Variables whose symbols have numbers: those of lambdas, and several of one name in a function.

C++ counts in the order of the source. One more in front gives the others the numbers of others.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from typing import Dict, Iterable, Set

from hotreload.mangled import guarded
from hotreload.patch.changes import NeedsWhole
from hotreload.patch.definitions import kind_of
from hotreload.patch.view import Entity, Kind, View

_Groups = Dict[str, Set[Entity]]
"""Variables whose symbols differ by numbers only."""


def check_numbered(view: View, old: View, patched: Iterable[Entity]) -> None:
    """Raises where it cannot be told which variable is which. `patched` came with patches."""
    before, now = _groups(_variables(old)), _groups(_variables(view))
    for stem, entities in _groups(patched).items():
        before.setdefault(stem, set()).update(entities)
    for stem in sorted(before.keys() & now.keys()):
        if max(len(before[stem]), len(now[stem])) == 1 or before[stem] == now[stem]:
            continue
        one = min(now[stem]).plain
        if len(before[stem]) != len(now[stem]):
            raise NeedsWhole(f"{one.function}() has another number of variables '{one.name}'")
        raise NeedsWhole(f"variables '{one.name}' of {one.function}() have other numbers")


def _variables(view: View) -> Iterable[Entity]:
    for entity, named in view.by_entity.items():
        if kind_of(view, named) == Kind.VARIABLE:
            yield entity


def _groups(entities: Iterable[Entity]) -> _Groups:
    found: _Groups = {}
    for entity in entities:
        name = entity.plain
        if name.stem and name.function and guarded(entity.name) is None:
            found.setdefault(name.stem, set()).add(entity)
    return found
