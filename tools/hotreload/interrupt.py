"""Ctrl+C, which ends the commands that run until then.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import signal


def end_by_interrupt() -> None:
    """SIGINT raises KeyboardInterrupt, even in what a shell has started in the background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
