"""Ctrl+C, which ends the commands that run until then.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import signal


def end_by_interrupt() -> None:
    """Makes SIGINT raise KeyboardInterrupt, also in a background process of a shell."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
