"""The new program: which object files it is made from, and which of them have changed.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
from functools import cached_property
from typing import Callable, Dict, Iterable, List, Mapping, Optional, Tuple

from hotreload.kept import parse_shown_name, shown_name
from hotreload.mangled import guard_of, guarded
from hotreload.module.exports import definition_key, object_name
from hotreload.module.link import ModuleInputs
from hotreload.module.own_symbols import is_vtable
from hotreload.patch.base import Base
from hotreload.patch.definitions import kind_of
from hotreload.patch.view import Entity, Kind, Named, View, is_made


_Found = Tuple[View, Named]
_ByName = Dict[str, List[_Found]]


class Program:
    """The new program: its object files are opened when something in them counts.

    `copied` are names that the C library defines for it, and the paths of the copied members.
    """

    def __init__(
        self,
        inputs: ModuleInputs,
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
        """The variable or constant of the base that was in another object file or function: the
        only one of its name and type that is gone and that is the most like it, and the other way
        round."""
        name = named.entity.plain.name
        if name not in self._gone or shown_name(named.entity) in self.patched_variables:
            return None
        new = (view, named)
        gone = _most_like(new, [old for old in self._gone[name] if is_same(old, new)])
        if len(gone) != 1:
            return None
        come = _most_like(gone[0], [c for c in self._come.get(name, []) if is_same(gone[0], c)])
        return gone[0] if len(come) == 1 and come[0][1] is named else None

    @cached_property
    def callback_slots(self) -> Dict[str, int]:
        """The keys of functions whose address is taken, and their slots in the firmware's table."""
        build_dir = self.inputs.description.build_dir
        used = self.inputs.callbacks.used.items()
        return {definition_key(definition, build_dir): stub.slot for definition, stub in used}

    @cached_property
    def lasting_callbacks(self) -> Dict[str, _Found]:
        """Callbacks of the last patch whose address is not taken any more, by their keys. Who has
        a pointer goes on calling: the function of this name, if there is one."""
        found = {}
        for key in sorted(self.inputs.callbacks.without_slot(self.base.history.slots)):
            function = self.find_callback(key)
            if function is not None:
                found[key] = function
        return found

    def find_callback(self, key: str) -> Optional[_Found]:
        """The function that a callback's key names; it may have become global."""
        path, _, name = key.rpartition(":")
        found = self.find(Entity(name, path)) or self.find(Entity(name))
        return found if found is not None and kind_of(*found) == Kind.CODE else None

    def has_lost(self, entity: Entity) -> bool:
        """Whether a variable of this name is gone, of the base or of a patch, and this one came."""
        if shown_name(entity) in self.patched_variables:
            return False
        name, before = entity.plain.name, map(parse_shown_name, self.patched_variables)
        lost = [one for one in before if one.plain.name == name and self.find(one) is None]
        return bool(lost) or any(kind_of(*old) == Kind.VARIABLE for old in self._gone.get(name, ()))

    @cached_property
    def patched_variables(self) -> Dict[str, int]:
        """Shown names and keys of the variables that earlier patches have added."""
        return self.base.history.variables

    @cached_property
    def _gone(self) -> _ByName:
        """Variables and constants of the base that the program has no longer."""
        names = {*self.changed, *(self.base.object_names - self.paths.keys())}
        views = filter(None, map(self.base.view, sorted(names)))
        return _by_name(views, lambda entity: self.find(entity) is None)

    @cached_property
    def _come(self) -> _ByName:
        """Those that the base does not have."""
        views = map(self.view, self.changed)
        return _by_name(views, lambda entity: self.base.find(entity) is None)

    def counts(self, view: View, named: Named) -> bool:
        """Whether the linker takes this definition."""
        return view.counts(named, self.winners)

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
    """Whether a variable was in another object file, function or class, and is known there alone.
    A guard goes with what it guards."""
    places = {(v.name, *_around(n)) for v, n in ((view, named), old)}
    is_guard = guarded(named.entity.name) is not None
    return named.entity != old[1].entity and len(places) > 1 and not is_guard


def _around(named: Named) -> Tuple[str, str]:
    """The function and the class or namespace that a variable stands in."""
    return named.entity.plain.function, named.entity.plain.scope


def _by_name(views: Iterable[View], counts: Callable[[Entity], bool]) -> _ByName:
    found: _ByName = {}
    for view in views:
        for entity, named in view.by_entity.items():
            is_data = kind_of(view, named) in (Kind.VARIABLE, Kind.CONSTANT)
            name = entity.plain.name
            if is_data and not is_made(name) and counts(entity):
                found.setdefault(name, []).append((view, named))
    return found


def is_same(old: _Found, new: _Found) -> bool:
    """Whether two have one kind, type and size."""
    symbols = old[1].symbol, new[1].symbol
    return (
        kind_of(*old) == kind_of(*new)
        and symbols[0].size == symbols[1].size
        and bool(old[0].types.is_same(symbols[0], new[0].types, symbols[1]))
    )


def _most_like(one: _Found, others: List[_Found]) -> List[_Found]:
    """Those that stand in the same file, in a file of its name, in a function of its name."""

    def likeness(other: _Found) -> int:
        places = [
            (view.name, os.path.basename(view.name), *_around(named))
            for view, named in (one, other)
        ]
        return sum(a == b for a, b in zip(*places))

    most = max(map(likeness, others), default=0)
    return [other for other in others if likeness(other) == most]


def find_old(program: Program, view: View, named: Named) -> Optional[Tuple[View, Named]]:
    """The same function, variable or constant in the base; it may have been static, or have become
    so, or data may have moved."""
    entity, base = named.entity, program.base
    found = base.find(entity)
    variable = guarded(entity.name)
    if found is None and variable is not None:
        return _find_old_guard(program, Entity(variable, entity.path))
    if found is None and not entity.function:
        other = Entity(entity.name, "" if entity.path else view.name)
        known = base.find(other)
        if known is not None and known[0].name == view.name and not program.find(other):
            found = known
    return found or program.find_moved(view, named)


def _find_old_guard(program: Program, variable: Entity) -> Optional[_Found]:
    """The guard of the variable that goes on as this one."""
    found = program.find(variable)
    old = find_old(program, *found) if found is not None else None
    if old is None:
        return None
    return program.base.find(old[1].entity._replace(name=guard_of(old[1].entity.name)))
