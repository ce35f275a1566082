"""What the base had that a whole module in its place does not keep.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from typing import List

from hotreload.kept import moved_anew, started_anew
from hotreload.module.link import ModuleInputs
from hotreload.patch.base import Base
from hotreload.patch.changes import gone_callback_note
from hotreload.patch.view import Entity


def find_losses(base: Base, inputs: ModuleInputs) -> List[str]:
    """Notes about kept variables that start anew, and callbacks that are gone."""
    before = {kept.shown: kept.key for kept in base.kept}
    now = {kept.shown: kept.key for kept in inputs.kept}
    return [*started_anew(before, now), *moved_anew(before, now), *_lost_callbacks(base, inputs)]


def _lost_callbacks(base: Base, inputs: ModuleInputs) -> List[str]:
    """Functions whose stub leads to nothing, though somebody may have a pointer to it."""
    gone = {key.rpartition(":")[2] for key in inputs.callbacks.without_slot(base.all_slots)}
    gone |= base.inline_slots - inputs.resolution.inline_slots.keys()
    return [gone_callback_note(Entity(name).shown, stays=False) for name in sorted(gone)]
