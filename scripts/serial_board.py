"""An emulated board whose console is a serial port: a pseudo-terminal between it and the tools.

SPDX-License-Identifier: MIT
"""
from __future__ import annotations

import os
import pty
import subprocess
import threading
import tty
from typing import Callable, List, Optional

from timed_lines import TimedLines


class SerialBoard:
    """A running board at `port`. `seen` gets all that the board writes, frames included."""

    def __init__(self, command: List[str], seen: Optional[Callable[[bytes], None]] = None) -> None:
        self._seen = seen
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        # Both stay open, so that the port exists while no program uses it.
        self._master, self._slave = pty.openpty()
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


class TimedConsole(TimedLines, SerialBoard):
    """A running board, and when it wrote which line."""

    def __init__(self, command: List[str]) -> None:
        TimedLines.__init__(self)
        self._rest = b""
        SerialBoard.__init__(self, command, self._take)

    def _take(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        self.add_lines([line.decode("utf-8", "replace") for line in lines])
