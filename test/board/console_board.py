"""A board that is reached by its console only."""

from __future__ import annotations

import re
import time
from typing import List, Match

from emulated_board import PATIENCE
from hotreload.device.serial_device import SerialDevice
from serial_board import SerialBoard

RATE = 921600


class ConsoleBoard(SerialBoard):
    """A running board; `device` is connected to it, `lines` is the log that this one sees, and
    `written` all that the board wrote, also before the port was opened."""

    def __init__(self, command: List[str]) -> None:
        self.written = bytearray()
        super().__init__(command, self.written.extend)
        self.lines: List[str] = []
        self.device = SerialDevice(self.port, RATE)
        self.device.follow_log(self.lines.append, lambda: None)

    def wait_for(self, pattern: str, start: int = 0) -> Match[str]:
        """Waits for a line of the log, from number `start`, that has the pattern."""
        deadline = time.monotonic() + PATIENCE
        while True:
            for line in self.lines[start:]:
                match = re.search(pattern, line)
                if match:
                    return match
            text = "\n".join(self.lines[-60:])
            assert time.monotonic() < deadline, f"no line with '{pattern}'; log:\n{text}"
            time.sleep(0.01)

    def close(self) -> None:
        self.device.close()
        super().close()
