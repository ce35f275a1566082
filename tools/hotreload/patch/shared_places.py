"""Data with one place: several names in a section, and those that are one by an alias.

Variables must stay together, or apart: old code, and what they hold, know the old places only.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from typing import List, Optional, Tuple

from hotreload.module import elf
from hotreload.module.linker_script import KEEP_SECTION
from hotreload.patch.changes import NeedsWhole, Place, Swap
from hotreload.patch.definitions import overlap
from hotreload.patch.program import Program, find_old
from hotreload.patch.view import Kind, Named, View

_Found = Tuple[View, Named]
_Start = Tuple[str, object, int]


class SharedPlaces:
    """Finds variables that no longer share their place, and those that now do."""

    def __init__(self, program: Program) -> None:
        self._program, self._base = program, program.base
        self._staying: List[Tuple[_Found, _Found]] = []

    def check_section(self, place: Place, names: List[Named]) -> None:
        """Several variables in one section: the compiler may use one's address for the others."""
        if len(names) < 2:
            return
        olds = [find_old(self._program, place.view, named) for named in names]
        if all(old is None for old in olds) and place.view.kinds[place.section] == Kind.CONSTANT:
            return
        starts = [_start_of((place.view, named), old) for named, old in zip(names, olds)]
        _check_joined(names, starts)
        if place.header.name.startswith(KEEP_SECTION):
            return
        if len(set(starts)) != 1 or None in starts:
            raise NeedsWhole(
                f"{place.view.name} has variables together in {place.header.name}, and they have "
                "moved; compile with -fdata-sections"
            )

    def add(self, new: _Found, old: _Found) -> None:
        """A variable that stays where it was in the base."""
        self._staying.append((new, old))

    def finish(self) -> None:
        """Names of one variable of the base must still be names of one variable."""
        known = {(old[0].name, old[1].entity): new for new, old in self._staying}
        for new, old in self._staying:
            start = _start_of(old, new)
            for other in self._sharing(old):
                now = known.get((old[0].name, other.entity)) or self._program.find(other.entity)
                if now is not None and _start_of((old[0], other), now) != start:
                    raise NeedsWhole(f"{_both(old[1], other)} were one")

    def _sharing(self, old: _Found) -> List[Named]:
        """The other names of a variable of the base, and of its parts."""
        view, named = old
        return [
            other for other in view.named[named.symbol.section]
            if other is not named and overlap(other, named) and self._base.counts(view, other)
        ]  # fmt: skip


def add_swap(swaps: List[Swap], swap: Swap) -> None:
    """Compilers give equal constants one place. Its bytes change places once for all its names: a
    second time would bring the old ones back."""
    others = [
        other for other in swaps if other.place == swap.place and overlap(other.named, swap.named)
    ]
    if any(_covers(other.named, swap.named) for other in others):
        return
    for other in others:
        if not _covers(swap.named, other.named):
            raise NeedsWhole(f"{_both(other.named, swap.named)} overlap")
        swaps.remove(other)
    swaps.append(swap)


def _covers(one: Named, two: Named) -> bool:
    """Whether a constant has all bytes of another one in its section."""
    return (
        one.offset <= two.offset
        and two.offset + two.symbol.size <= one.offset + one.symbol.size
    )


def _check_joined(names: List[Named], starts: List[Optional[_Start]]) -> None:
    """Names of one place must have had one before."""
    for index, one in enumerate(names):
        for other, start in zip(names[:index], starts):
            if overlap(one, other) and start != starts[index]:
                raise NeedsWhole(f"{_both(one, other)} are one now")


def _start_of(one: _Found, other: Optional[_Found]) -> Optional[_Start]:
    """Where the section of `one` would begin if it were put to where `other` is. The linker gives
    each common symbol a place of its own."""
    if other is None:
        return None
    (_, named), (view, target) = one, other
    offset = 0 if named.symbol.section == elf.SHN_COMMON else named.offset
    if target.symbol.section == elf.SHN_COMMON:
        return view.name, target.entity, -offset
    return view.name, target.symbol.section, target.offset - offset


def _both(*names: Named) -> str:
    return " and ".join(sorted(named.entity.shown for named in names))
