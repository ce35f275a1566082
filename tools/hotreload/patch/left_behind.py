"""Variables that a function leaves behind: it moves to another object file, which has a static
variable of its own with the name of the one that stays.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
from typing import Dict, Iterable, Iterator, List, Tuple

from hotreload.kept import shown_name
from hotreload.patch.changes import Place
from hotreload.patch.definitions import kind_of
from hotreload.patch.program import Program, is_same
from hotreload.patch.view import Entity, Kind, Named, View


def left_notes(program: Program, code: Iterable[Place], new: Iterable[Entity]) -> List[str]:
    """`code` are the sections that have changed, and `new` the variables that are new."""
    functions: Dict[Tuple[Entity, Entity], List[str]] = {}
    starting = {one for one in new if shown_name(one) not in program.patched_variables}
    for place in code:
        for named in place.view.named.get(place.section, ()):
            if named.is_global and program.counts(place.view, named):
                for pair in _left_by(program, place.view, named):
                    if pair[1] in starting:
                        functions.setdefault(pair, []).append(named.entity.shown)
    return [_note(*pair, min(names)) for pair, names in sorted(functions.items())]


def _left_by(program: Program, view: View, named: Named) -> Iterator[Tuple[Entity, Entity]]:
    """A variable that stays in the old object file, and the one in its place."""
    old = program.base.find(named.entity)
    if old is None or old[0].name == view.name:
        return
    staying = {n.entity.name: n for n in _statics(*old) if program.find(n.entity) is not None}
    for one in _statics(view, named):
        before = staying.get(one.entity.name)
        if before is not None and is_same((old[0], before), (view, one)):
            yield before.entity, one.entity


def _statics(view: View, function: Named) -> List[Named]:
    """The static variables that a function uses."""
    targets = view.uses(function.symbol.section)
    used = {target.entity for target in targets if target.entity is not None}
    found = [view.by_entity[one] for one in sorted(used) if one.path and one in view.by_entity]
    return [named for named in found if kind_of(view, named) == Kind.VARIABLE]


def _note(old: Entity, new: Entity, function: str) -> str:
    one, two = (os.path.basename(os.path.splitext(path)[0]) for path in (old.path, new.path))
    return (
        f"note: {old.shown} of {one} keeps what it holds, and {new.shown} of {two} starts anew, "
        f"though {function}() has moved there"
    )
