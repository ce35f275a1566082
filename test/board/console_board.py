"""A board whose console is a serial port: a pseudo-terminal."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import threading
import time
import tty
from typing import List, Match, Sequence

from emulated_board import PATIENCE
from hotreload.serial_device import SerialDevice

RATE = 921600


class ConsoleBoard:
    """A running board at `port`; `device` is connected to it, `lines` is the log that it sees."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._master, slave = pty.openpty()
        tty.setraw(slave)
        self.port = os.ttyname(slave)
        self._slave = slave
        for copy in (self._copy_out, self._copy_in):
            threading.Thread(target=copy, daemon=True).start()
        self.lines: List[str] = []
        self.device = SerialDevice(self.port, RATE)
        self.device.follow_log(self.lines.append)

    def _copy_out(self) -> None:
        assert self._process.stdout is not None
        while True:
            data = os.read(self._process.stdout.fileno(), 4096)
            if not data:
                return
            while data:
                data = data[os.write(self._master, data) :]

    def _copy_in(self) -> None:
        assert self._process.stdin is not None
        try:
            while True:
                os.write(self._process.stdin.fileno(), os.read(self._master, 4096))
        except OSError:
            pass  # One end has gone.

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

    def kill(self) -> None:
        """Cuts the power."""
        if self._process.poll() is not None:
            return
        self.device.close()
        self._process.kill()
        self._process.wait()
        os.close(self._slave)
        os.close(self._master)
