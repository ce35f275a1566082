"""Symbols with numbers: of lambdas and what is in them, of several variables of one name.

C++ counts in the order of the source. One more in front gives the others the numbers of others.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from typing import Callable, Dict, Iterable, List, Set, Tuple

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


def find_renumbered(
    before: Iterable[str], now: Iterable[str], has_changed: Callable[[Entity], bool]
) -> List[str]:
    """Lambdas whose address was taken, by their callbacks' keys: what has the symbol of one may be
    another one now. Whether one was only put behind them shows in their code."""
    old, new = _callbacks(before), _callbacks(now)
    found = []
    for place in sorted(old.keys() & new.keys()):
        both = old[place] & new[place]
        if old[place] != new[place] and any(map(has_changed, both)):
            name = min(both).plain
            found.append(f"a lambda of {name.function}()" if name.function else name.qualified)
    return found


def _callbacks(keys: Iterable[str]) -> Dict[Tuple[str, str], Set[Entity]]:
    found: Dict[Tuple[str, str], Set[Entity]] = {}
    for key in keys:
        path, _, name = key.rpartition(":")
        entity = Entity(name, path)
        stem = entity.plain.stem
        if stem not in ("", name):
            found.setdefault((path, stem), set()).add(entity)
    return found


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
