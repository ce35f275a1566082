"""How Ctrl+C ends a command that runs until it is interrupted.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import signal
from types import FrameType
from typing import Callable, Optional


def end_by_interrupt(note: Optional[Callable[[], None]] = None) -> None:
    """Makes SIGINT raise KeyboardInterrupt, also in a background process of a shell.

    Python drops the exception where it cannot propagate, as in a destructor. So a caller that waits
    for events passes `note`, which adds one for the interrupt. If the signal comes just before a
    wait begins, Python runs the handler only after the wait: so every wait needs a time limit.
    """

    def interrupt(signum: int, frame: Optional[FrameType]) -> None:
        if note is not None:
            note()
        signal.default_int_handler(signum, frame)

    signal.signal(signal.SIGINT, interrupt)
