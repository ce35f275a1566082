"""An emulated board whose console is a serial port: a pseudo-terminal between it and the tools.

SPDX-License-Identifier: MIT
"""
from __future__ import annotations

import os
import pty
import re
import subprocess
import threading
import time
import tty
from typing import Callable, List, Match, Optional, Tuple


class SerialBoard:
    """A running board at `port`. `seen` gets all that the board writes, frames included."""

    def __init__(self, command: List[str], seen: Optional[Callable[[bytes], None]] = None) -> None:
        self._seen = seen
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._master, self._slave = pty.openpty()  # Held: it is to exist while nobody has it open.
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        for copy in (self._copy_out, self._copy_in):
            threading.Thread(target=copy, daemon=True).start()

    def _copy_out(self) -> None:
        assert self._process.stdout is not None
        while True:
            data = os.read(self._process.stdout.fileno(), 4096)
            if not data:
                return
            if self._seen:
                self._seen(data)
            while data:
                data = data[os.write(self._master, data):]

    def _copy_in(self) -> None:
        assert self._process.stdin is not None
        try:
            while True:
                os.write(self._process.stdin.fileno(), os.read(self._master, 4096))
        except OSError:
            pass  # One end has gone.

    def kill(self) -> None:
        """Cuts the power; the port stays until close()."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """Cuts the power and removes the port."""
        self.kill()
        os.close(self._slave)
        os.close(self._master)


class TimedConsole(SerialBoard):
    """A running board, and when it wrote which line."""

    def __init__(self, command: List[str]) -> None:
        self._lines: List[Tuple[float, str]] = []
        self._rest = b""
        self._changed = threading.Condition()
        super().__init__(command, self._take)

    def _take(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        with self._changed:
            now = time.monotonic()
            self._lines += [(now, line.decode("utf-8", "replace")) for line in lines]
            self._changed.notify_all()

    def count(self) -> int:
        """Number of lines so far."""
        return len(self._lines)

    def wait_for_time(self, pattern: str, start: int = 0) -> Tuple[float, Match[str]]:
        """Waits for a line from number `start` on; when it came, and what matched."""
        with self._changed:
            while True:
                for when, line in self._lines[start:]:
                    match = re.search(pattern, line)
                    if match:
                        return when, match
                start = len(self._lines)
                if not self._changed.wait(60):
                    raise SystemExit(f"the board printed nothing like '{pattern}' for too long")
