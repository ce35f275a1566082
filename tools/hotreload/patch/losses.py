"""What the base had that a whole module in its place does not keep.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from typing import List

from hotreload.kept import moved_anew, started_anew
from hotreload.module.link import Inputs
from hotreload.patch.base import Base
from hotreload.patch.view import Entity


def find_losses(base: Base, inputs: Inputs) -> List[str]:
    """Notes about kept variables that start anew, and callbacks that are gone."""
    before = {kept.shown: kept.key for kept in base.kept}
    now = {kept.shown: kept.key for kept in inputs.kept}
    return [*started_anew(before, now), *moved_anew(before, now), *_lost_callbacks(base, inputs)]


def _lost_callbacks(base: Base, inputs: Inputs) -> List[str]:
    """Functions whose stub leads to nothing, though somebody may have a pointer to it."""
    used = {stub.slot for stub in inputs.callbacks.used.values()}
    slots = {**base.slots, **base.history.slots}
    gone = {key.rpartition(":")[2] for key, slot in slots.items() if slot not in used}
    gone |= base.inline_slots - inputs.resolution.inline_slots.keys()
    return [
        f"note: {Entity(name).shown}() is gone; a call by a pointer to it that was stored before "
        "stops the program"
        for name in sorted(gone)
    ]
