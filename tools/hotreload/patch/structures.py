"""Structures whose objects the old code may have left to the new one: on the heap, in a queue.

One without a name is known by where it stands. Lambdas of one function and with equal parameters
are numbered, as their symbols are. Other structures of one place cannot be told apart: one of them
has changed where a layout is gone and another one came. A function that is gone may have another
name now, so a structure of a new function may be its.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
from typing import Dict, Iterable, Mapping

from hotreload.patch.base import Base
from hotreload.patch.changes import NeedsWhole
from hotreload.patch.types import UNNAMED, Types
from hotreload.patch.view import View


def check_structures(base: Base, views: Iterable[View]) -> Dict[str, str]:
    """New code must not get an object of the old layout, wherever that comes from. Returns the
    structures that the base does not have, by object file and name; digests of their layouts."""
    known, new = base.history.structures, {}
    for view in views:
        old = base.view(view.name)
        if old is not None and _is_empty(old):
            old = None
        unread = (old.types.unread or view.types.unread) if old is not None else ""
        if unread and not _is_assembly(view):
            raise NeedsWhole(f"structures may have another layout: {view.name} {unread}")
        title = old.types.find_changed_structure(view.types) if old else ""
        if title:
            raise NeedsWhole(f"{last_word(title)} has another layout")
        patched = _of_view(known, view.name)
        found = {
            **view.types.new_structures(old.types if old else None),
            **_new_unnamed(old.types if old else None, view, patched),
        }
        for title, digest in found.items():
            if patched.get(title, digest) != digest:
                raise NeedsWhole(f"{_shown(title)} has another layout than in a patch")
            new[f"{view.name}: {title}"] = digest
    return new


def _of_view(known: Mapping[str, str], name: str) -> Dict[str, str]:
    start = f"{name}: "
    return {key[len(start) :]: value for key, value in known.items() if key.startswith(start)}


def _new_unnamed(old: "Types | None", view: View, patched: Mapping[str, str]) -> Dict[str, str]:
    """Those that the base does not have."""
    before = old.unnamed if old is not None else {}
    now = view.types.unnamed
    for title, digest in before.items():
        if now.get(title, digest) != digest:
            raise NeedsWhole(f"{_shown(title)} has another layout")
    new = {title: digest for title, digest in now.items() if title not in before}
    seen = {*before, *patched}
    gone = {_place(title) for title in seen - now.keys() if title.startswith(UNNAMED)}
    for title in sorted(new.keys() - seen):
        if _place(title) in gone:
            raise NeedsWhole(f"{_place(title)} has another layout")
    _check_renamed({**before, **patched}, now)
    return new


def _check_renamed(before: Mapping[str, str], now: Mapping[str, str]) -> None:
    """A structure of a new function may be that of one that is gone."""
    gone, come = _of_other_places(before, now), _of_other_places(now, before)
    for title, digest in sorted(come.items()):
        if gone and digest not in gone.values():
            raise NeedsWhole(f"{_place(title)} may be {_place(min(gone))} with another layout")


def _of_other_places(titles: Mapping[str, str], others: Mapping[str, str]) -> Dict[str, str]:
    """Structures whose place has none among the others. The lambdas of a function that is gone are
    called by its code alone."""
    places = {_place(title) for title in others}
    return {
        title: digest for title, digest in titles.items()
        if title.startswith(UNNAMED) and _place(title) not in places
    }  # fmt: skip


def _place(title: str) -> str:
    return title.rpartition(": ")[0]


def _shown(title: str) -> str:
    """A lambda's title has its parameters and its number."""
    return _place(title) or last_word(title)


def _is_empty(view: View) -> bool:
    """It was all within #if, so it has no debug data either."""
    has_bytes = any(section.allocated and section.size > 0 for section in view.file.sections)
    return not has_bytes and not view.by_entity


def _is_assembly(view: View) -> bool:
    """By the name of the object file: assembly code has no types."""
    source = os.path.splitext(view.name)[0]
    return source.endswith((".S", ".s", ".asm"))


def last_word(title: str) -> str:
    """`motor_t` of `struct motor_t`, and of the second one, `struct motor_t (2)`."""
    return title.partition(" (")[0].rpartition(" ")[2]
