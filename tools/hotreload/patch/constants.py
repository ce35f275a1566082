"""Constants that are new: where they live, and by which key the next patch finds them.

A pointer to a constant may be stored anywhere, so the constant outlives its patch, as a kept
variable does. Another value is another constant, and so is one that leads to another value.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from typing import Dict, List, Tuple

from hotreload.kept import variable_key
from hotreload.module import elf
from hotreload.patch.changes import Place
from hotreload.patch.view import Entity, Kind, Named, Target, View


class Constants:
    """All variables and constants that are new."""

    def __init__(self, new: Dict[Entity, Tuple[Place, Named]]) -> None:
        self._new = new
        self._keys: Dict[Entity, int] = {}

    def is_constant(self, entity: Entity) -> bool:
        """Whether it is one; else it is a variable."""
        place, _ = self._new[entity]
        common = place.section == elf.SHN_COMMON
        return not common and place.view.kinds[place.section] == Kind.CONSTANT

    def key(self, entity: Entity) -> int:
        """The key of a constant or variable; a variable's has nothing of its value."""
        if entity not in self._keys:
            place, named = self._new[entity]
            text = place.view.types.text(named.symbol)
            if self.is_constant(entity):
                text = f"{text} = {self._values([entity])!r}"
            self._keys[entity] = variable_key(named.entity, text, named.symbol.size)
        return self._keys[entity]

    def key_of_piece(self, view: View, section: int, start: int, end: int) -> int:
        """The key of a constant without a name."""
        led_to = self._among_new(view.targets(section, start, end))
        value = (view.content(section, start, end), self._values(led_to))
        return variable_key(Entity(""), repr(value), end - start)

    def holds_labels(self, entity: Entity) -> bool:
        """Whether it leads into the code of a function (`&&label`). Only that function can use
        such a constant, and it must go with its code."""
        return self.is_constant(entity) and any(
            self._new[one][0].view.labels(self._new[one][1]) for one in self._reachable([entity])
        )

    def _values(self, entities: List[Entity]) -> List[object]:
        """The values of these constants and of those that they lead to."""
        values: List[object] = []
        for one in self._reachable(entities):
            place, named = self._new[one]
            values.append((one, place.view.types.text(named.symbol)))
            if self.is_constant(one):
                end = named.offset + named.symbol.size
                values.append(place.view.content(place.section, named.offset, end))
        return values

    def _reachable(self, entities: List[Entity]) -> List[Entity]:
        found = list(entities)
        for one in found:  # Grows on the way.
            if self.is_constant(one):
                found += [e for e in self._among_new(self._targets(one)) if e not in found]
        return found

    def _targets(self, entity: Entity) -> List[Target]:
        place, named = self._new[entity]
        return place.view.targets_of(named)

    def _among_new(self, targets: List[Target]) -> List[Entity]:
        entities = dict.fromkeys(target.entity for target in targets)
        return [one for one in entities if one is not None and one in self._new]
