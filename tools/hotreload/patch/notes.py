"""What the user is told of a patch, and what is remembered of it.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from typing import List

from hotreload.kept import parse_shown_name, started_anew
from hotreload.patch.changes import Changes, OtherInitial, new_place_note
from hotreload.patch.compose import Composed
from hotreload.patch.history import History
from hotreload.patch.program import Program


def remember(program: Program, changes: Changes, composed: Composed) -> List[str]:
    """Adds a patch to the history of its base; returns the notes that are new."""
    base, history = program.base, program.base.history
    others = [*changes.initials, *_other_initials(history, composed)]
    about = dict(changes.notes)
    for other in others:
        about[other.note] = about.get(other.note, "") + other.digest
    untrue = {other.note for other in others if other.shown in changes.initialised}
    notes = [note for note in history.untold(about) if note not in untrue]
    notes += _add_variables(history, composed) + _add_constants(history, composed)
    history.add_structures(changes.structures)
    before = history.slots
    slots = {**program.callback_slots, **{key: before[key] for key in program.lasting_callbacks}}
    history.set_slots({key: at for key, at in slots.items() if base.slots.get(key) != at})
    return notes


def _other_initials(history: History, composed: Composed) -> List[OtherInitial]:
    """Variables that earlier patches have added, with another initial value."""
    added, first = history.variables, history.initials
    return [
        OtherInitial(one.shown, one.initial)
        for one in composed.variables
        if added.get(one.shown) == one.key and first.get(one.shown, one.initial) != one.initial
    ]


def _add_variables(history: History, composed: Composed) -> List[str]:
    variables = [v for v in composed.variables if v.shown and not v.is_constant]
    keys = {variable.shown: variable.key for variable in variables}
    before = history.variables
    notes = started_anew(before, keys, history.keys)
    new = {v.shown: v.initial for v in variables if before.get(v.shown) != v.key}
    history.add_variables(keys, new)
    return notes


def _add_constants(history: History, composed: Composed) -> List[str]:
    """A constant with another value is another one, at another address."""
    keys = {v.shown: v.key for v in composed.variables if v.shown and v.is_constant}
    before = history.constants
    history.add_constants(keys)
    changed = [parse_shown_name(one) for one, key in keys.items() if before.get(one, key) != key]
    return [new_place_note(one.shown, "has another value than in a patch") for one in changed]
