"""The new program: which object files it is made from, and which of them have changed.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from functools import cached_property
from typing import Callable, Dict, Iterable, List, Mapping, Optional, Tuple

from hotreload.kept import shown_name
from hotreload.module.exports import object_name
from hotreload.module.link import Inputs
from hotreload.module.own_symbols import is_vtable
from hotreload.patch.base import Base
from hotreload.patch.definitions import kind_of
from hotreload.patch.view import Entity, Kind, Named, View


_ByName = Dict[str, List[Tuple[View, Named]]]


class Program:
    """The new program: its object files are opened when something in them counts.

    `copied` are names that the C library defines for it, and the paths of the copied members.
    """

    def __init__(
        self,
        inputs: Inputs,
        base: Base,
        open_view: Callable[[str], View],
        copied: Mapping[str, str],
    ) -> None:
        self.inputs, self.base = inputs, base
        description = inputs.description
        root = description.build_dir
        self.paths = {object_name(path, root): path for path in description.objects}
        self._open = open_view
        self._views: Dict[str, View] = {}
        self.winners = {
            name: object_name(found.path, root)
            for name, found in inputs.objects.defined.items()
        }

        self.changed = self._find_changed()
        """Names of object files that changed, or from which other definitions count than before."""
        for symbol, path in copied.items():
            self._add_copy(symbol, path, object_name(path, root))

    def _add_copy(self, symbol: str, path: str, name: str) -> None:
        self.winners.setdefault(symbol, name)
        if name not in self.paths:
            self.paths[name] = path
            self.changed.append(name)

    def _find_changed(self) -> List[str]:
        files, base = self.inputs.files, self.base
        changed = [n for n, p in self.paths.items() if not base.is_same(n, files.find(p))]
        for name, winner in self.winners.items():
            if winner != base.winners.get(name) and winner not in changed:
                changed.append(winner)
        return changed

    def is_unchanged(self, name: str) -> bool:
        """Whether a global name stands for the same in the base, in the same object file."""
        winner = self.winners.get(name)
        return winner is not None and winner not in self.changed

    def view(self, name: str) -> View:
        """An object file by its name."""
        if name not in self._views:
            self._views[name] = self._open(self.paths[name])
        return self._views[name]

    def find(self, entity: Entity) -> Optional[Tuple[View, Named]]:
        """What a name stands for in the new program; None: nothing of the module."""
        name = entity.path or self.winners.get(entity.name, "")
        if name not in self.paths:
            return None
        view = self.view(name)
        named = view.by_entity.get(entity)
        return None if named is None else (view, named)

    def find_moved(self, view: View, named: Named) -> Optional[Tuple[View, Named]]:
        """The variable of the base that was in another object file or function: the only one of its
        name that is gone, where one has come, with the same type."""
        name = named.entity.name
        if name not in self._gone or shown_name(named.entity) in self.base.patched_variables:
            return None
        gone, come = self._gone[name], self._come.get(name, [])
        if len(gone) != 1 or len(come) != 1 or come[0][1] is not named:
            return None
        old = gone[0]
        is_same = old[0].types.is_same(old[1].symbol, view.types, named.symbol)
        return old if is_same and old[1].symbol.size == named.symbol.size else None

    @cached_property
    def _gone(self) -> _ByName:
        """Variables of the base that the program has no longer."""
        names = {*self.changed, *(self.base.object_names - self.paths.keys())}
        views = filter(None, map(self.base.view, sorted(names)))
        return _variables(views, lambda entity: self.find(entity) is None)

    @cached_property
    def _come(self) -> _ByName:
        """Variables that the base does not have."""
        views = map(self.view, self.changed)
        return _variables(views, lambda entity: self.base.find(entity) is None)

    def counts(self, view: View, named: Named) -> bool:
        """Whether the linker takes this definition."""
        return not named.is_global or self.winners.get(named.entity.name) == view.name

    def is_theirs(self, named: Named) -> bool:
        """Whether a definition of the firmware's own counts."""
        return named.is_global and named.entity.name in self.inputs.resolution.theirs

    def is_housed(self, named: Named) -> bool:
        """Whether the firmware has the variable, or a definition of its own."""
        name = named.entity.name
        if not named.is_global:
            return is_vtable(name)
        return self.is_theirs(named) or name in self.inputs.resolution.housed


def has_moved(view: View, named: Named, old: Tuple[View, Named]) -> bool:
    """Whether a variable was in another object file or function, and is known there alone."""
    places = {(v.name, n.entity.function) for v, n in ((view, named), old)}
    return named.entity != old[1].entity and len(places) > 1


def _variables(views: Iterable[View], counts: Callable[[Entity], bool]) -> _ByName:
    found: _ByName = {}
    for view in views:
        for entity, named in view.by_entity.items():
            if kind_of(view, named) == Kind.VARIABLE and counts(entity):
                found.setdefault(entity.name, []).append((view, named))
    return found


def find_old(program: Program, view: View, named: Named) -> Optional[Tuple[View, Named]]:
    """The same function or variable in the base; it may have been static, or have become so, or a
    variable may have moved."""
    entity, base = named.entity, program.base
    found = base.find(entity)
    if found is None and not entity.function:
        other = Entity(entity.name, "" if entity.path else view.name)
        known = base.find(other)
        if known is not None and known[0].name == view.name and not program.find(other):
            found = known
    return found or program.find_moved(view, named)
