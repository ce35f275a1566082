"""Which old functions jump to their new versions.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from typing import Dict, List, Optional, Tuple

from hotreload.module import elf
from hotreload.module.exports import local_key
from hotreload.patch.changes import Jump, NeedsWhole, Place
from hotreload.patch.program import Program, find_old
from hotreload.patch.view import Entity, Kind, Named, View, is_clone


class Jumps:
    """The jumps to new versions of functions; `code` are the sections that these are in."""

    def __init__(self, program: Program, code: List[Place]) -> None:
        self._program, self._base = program, program.base
        self._code = {(place.view.name, place.section) for place in code}
        self._found: List[Jump] = []

    def find(self, place: Place, named: Named) -> None:
        """Adds the jump to a function, if something that stays uses the old one."""
        jump = self._jump_to(place, named)
        if jump is not None:
            self._found.append(jump)

    def _jump_to(self, place: Place, named: Named) -> Optional[Jump]:
        old = find_old(self._program, place.view, named)
        if old is None or is_clone(named.entity) or self._program.is_theirs(named):
            return None
        if old[1].symbol.kind not in (elf.STT_FUNC, elf.STT_NOTYPE):
            return None
        if not self._is_same_signature(place.view, named, old):
            if not self._is_used_by_old(place.view, named):
                return None
        address = self._base.address(*old)
        if address is None or not self._base.text.holds(address):
            raise NeedsWhole(f"where {named.entity.shown}() is in the base is not known")
        return Jump(address, place, named, old)

    def _is_same_signature(self, view: View, named: Named, old: Tuple[View, Named]) -> bool:
        return bool(old[0].types.is_same(old[1].symbol, view.types, named.symbol))

    def _is_used_by_old(self, view: View, named: Named) -> bool:
        """Whether something that stays refers to a function."""
        inputs, entity = self._program.inputs, named.entity
        if local_key(view.name, named.symbol.name) in self._base.callbacks:
            return True
        if not named.is_global:
            return self._is_used_in(view, entity)
        if entity.name in (*inputs.callable_names(), *inputs.resolution.stubs):
            return True
        program = self._program
        for name, path in program.paths.items():
            if name in program.changed:
                is_used = self._is_used_in(program.view(name), entity)
            else:
                own = inputs.files.find(path).symbols
                is_used = entity.name in own.needed or entity.name in own.weakly_needed
            if is_used:
                return True
        return False

    def _is_used_in(self, view: View, entity: Entity) -> bool:
        for section, kind in enumerate(view.kinds):
            if kind in (Kind.OTHER, Kind.LITERAL) or (view.name, section) in self._code:
                continue
            if kind == Kind.CONSTANT and section not in view.named:
                continue
            if any(target.entity == entity for target in view.uses(section)):
                return True
        return False

    def finish(self) -> List[Jump]:
        """All of them, in the order of the base. Two names of one old function must have one new
        function."""
        starts: Dict[int, Tuple[str, int, int]] = {}
        for jump in self._found:
            place, named = jump.place, jump.named
            new = (place.view.name, place.section, named.offset)
            view, symbol = jump.old[0], jump.old[1].symbol
            for other in view.named[symbol.section]:
                if other.offset != symbol.value or other.entity == named.entity:
                    continue
                if not self._base.counts(view, other):
                    continue  # A weak name that another object file had defined.
                found = self._program.find(other.entity)
                now = found and (found[0].name, found[1].symbol.section, found[1].offset)
                if now is not None and now != new:
                    raise NeedsWhole(f"{named.entity.shown}() and {other.entity.shown}() were one")
            if starts.setdefault(jump.address, new) != new:
                raise NeedsWhole(f"{named.entity.shown}() shared its code with another function")
        unique = {jump.address: jump for jump in self._found}
        return sorted(unique.values(), key=lambda jump: jump.address)
