"""What changed since the base, and why that may be too much for a patch.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
from typing import Dict, List, NamedTuple, Tuple

from hotreload.kept import parse_shown_name
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
        name = parse_shown_name(self.shown).shown
        return f"note: {name} has another initial value; it keeps what it holds; {how} it anew"


class Changes(NamedTuple):
    """All that changed."""

    code: List[Place]
    """Sections with functions that changed or are new."""
    swaps: List[Swap]
    new: Dict[Entity, Tuple[Place, Named]]
    """Variables and constants that the base does not have."""
    jumps: List[Jump]
    notes: Dict[str, str]
    """For the user; and what tells one from another with the same words."""
    structures: Dict[str, str]
    """Those that the base does not have, by object file and name; digests of their layouts."""
    initials: List[OtherInitial]
    """Of variables of the base."""
    initialised: List[str]
    """Shown names of variables that live on, and that the new code initialises once more."""


def moved_note(shown: str, view: View, named: Named) -> str:
    """It may be another variable of the same name."""
    old = named.entity.plain
    place = os.path.basename(os.path.splitext(view.name)[0])
    if old.function or old.scope:
        place = f"{old.function}()" if old.function else old.scope
    return (
        f"note: {shown} was in {place} before, and keeps what it holds; --whole, or the key w of "
        "watch, starts it anew"
    )


def gone_callback_note(name: str, stays: bool) -> str:
    """The base's code stays with a patch; what came with a patch goes with it."""
    if stays:
        return (
            f"note: {name}() is gone; pointers to it that were stored before lead to its old code"
        )
    return (
        f"note: {name}() is gone; a call by a pointer to it that was stored before stops the "
        "program"
    )


def renumbered_note(shown: str) -> str:
    """Its symbol is all that tells it from others."""
    return (
        f"note: pointers to {shown} that were stored before may lead to another one: lambdas are "
        "told apart by their order"
    )


def unwritten_note(shown: str) -> str:
    """The compiler has put the initial value into the code."""
    return (
        f"note: what {shown} holds is not used now: nothing writes {shown} any more, so the code "
        "has its initial value"
    )


def initialised_note(shown: str) -> str:
    """It has got a guard, which is new: nothing has run its initialiser yet."""
    return (
        f"note: {shown} starts anew: its initial value is computed now, when it is first reached"
    )


def lost_note(shown: str) -> str:
    """It may be one that is gone, which cannot be told."""
    return (
        f"note: {shown} starts anew: it is new here, and a variable of its name is gone elsewhere"
    )


def new_place_note(shown: str, why: str) -> str:
    """What stays where it was may be used by pointers."""
    return (
        f"note: {shown} {why}: it is in another place; pointers to it that were stored before lead "
        "to the old one"
    )
