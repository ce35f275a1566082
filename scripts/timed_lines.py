"""The lines of a console, and when each came.

SPDX-License-Identifier: MIT
"""
from __future__ import annotations

import re
import threading
import time
from typing import List, Match, Tuple

PATIENCE = 60.0  # seconds until we give up waiting for a line


class TimedLines:
    """One thread adds lines, others wait for them. `_changed` guards the lines."""

    def __init__(self) -> None:
        self._lines: List[Tuple[float, str]] = []
        self._changed = threading.Condition()

    def add_lines(self, lines: List[str]) -> None:
        """Notes lines that have just come."""
        with self._changed:
            now = time.monotonic()
            self._lines += [(now, line) for line in lines]
            self._changed.notify_all()

    def count(self) -> int:
        """Number of lines so far: the `start` for what comes next."""
        return len(self._lines)

    def wait_for_time(self, pattern: str, start: int = 0) -> Tuple[float, Match[str]]:
        """Waits for a line with the pattern, from line number `start` on; when (monotonic) it came,
        and what matched."""
        deadline = time.monotonic() + PATIENCE
        with self._changed:
            while True:
                for when, line in self._lines[start:]:
                    match = re.search(pattern, line)
                    if match:
                        return when, match
                start = len(self._lines)
                if not self._changed.wait(deadline - time.monotonic()):
                    raise SystemExit(f"the board printed nothing like '{pattern}' for too long")
