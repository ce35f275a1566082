"""What changed since the base, and why that may be too much for a patch.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
from typing import Dict, List, NamedTuple, Tuple

from hotreload.kept import name_in_source
from hotreload.module import elf
from hotreload.patch.view import Entity, Named, View


class NeedsWhole(Exception):
    """Why the whole module has to be reloaded; goes on after 'Reloaded whole'."""


class Place(NamedTuple):
    """A section of an object file."""

    view: View
    section: int

    @property
    def header(self) -> elf.Section:
        return self.view.file.sections[self.section]


class Swap(NamedTuple):
    """A constant that changed its value."""

    place: Place
    named: Named
    address: int
    """Of its old value, in the base."""


class Jump(NamedTuple):
    """An old function that has a new version."""

    address: int
    place: Place
    named: Named
    old: Tuple[View, Named]


class OtherInitial(NamedTuple):
    """A variable that lives on, and has another initial value now."""

    shown: str
    """As shown_name() has it."""
    digest: str
    """Of the new value."""
    is_kept: bool = False
    """It has HOTRELOAD_KEEP."""

    @property
    def note(self) -> str:
        """What a patch does not change."""
        how = "a restart starts" if self.is_kept else "--whole, or the key w of watch, starts"
        name = name_in_source(self.shown)
        return f"note: {name} has another initial value; it keeps what it holds; {how} it anew"


class Changes(NamedTuple):
    """All that changed."""

    code: List[Place]
    """Sections with functions that changed or are new."""
    swaps: List[Swap]
    new: Dict[Entity, Tuple[Place, Named]]
    """Variables and constants that the base does not have."""
    jumps: List[Jump]
    notes: List[str]
    """For the user."""
    structures: Dict[str, str]
    """Those that the base does not have, by object file and name; digests of their layouts."""
    initials: List[OtherInitial]
    """Of variables of the base."""


def moved_note(shown: str, view: View, named: Named) -> str:
    """It may be another variable of the same name."""
    file = os.path.basename(os.path.splitext(view.name)[0])
    place = f"{named.entity.function}()" if named.entity.function else file
    return (
        f"note: {shown} was in {place} before, and keeps what it holds; --whole, or the key w of "
        "watch, starts it anew"
    )
