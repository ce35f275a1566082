"""idf.py on a terminal of its own: the monitor of ESP-IDF wants one.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import signal
import subprocess
import time

from idf_project import IdfProject, environment, idf_version
from qemu import PATIENCE


class Terminal:
    """A running idf.py in a project's build directory. Used in `with`, it ends with the block."""

    def __init__(self, project: IdfProject, *arguments: str) -> None:
        self._master, child = pty.openpty()
        self._process = subprocess.Popen(
            ["idf.py", "-B", str(project.build), *arguments],
            cwd=project.directory,
            env=environment(),
            stdin=child,
            stdout=child,
            stderr=child,
            start_new_session=True,
        )
        os.close(child)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(ProcessLookupError):  # All have ended.
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._master)

    def read_to(self, pattern: str) -> str:
        """Reads until a pattern comes; returns the text."""
        text = ""
        deadline = time.monotonic() + PATIENCE
        while not re.search(pattern, text, re.MULTILINE):
            more = self._read(deadline)
            assert more, f"no {pattern!r} on the terminal:\n{text[-3000:]}"
            text += more.decode(errors="replace").replace("\r", "")
        return text

    def read_to_both(self, first: str, second: str) -> str:
        """Reads until both patterns have come, in whichever order."""
        return self.read_to(rf"{first}(.|\n)*{second}|{second}(.|\n)*{first}")

    def leave_monitor(self) -> None:
        """By Ctrl+]: idf.py must end well."""
        if idf_version().startswith("5.0."):
            return  # Its monitor cannot leave a socket.
        os.write(self._master, b"\x1d")
        deadline = time.monotonic() + PATIENCE
        while self._read(deadline):  # What is not read would keep it.
            pass
        assert self._process.wait(timeout=PATIENCE) == 0

    def _read(self, deadline: float) -> bytes:
        """What comes next; nothing: nobody writes any more, or nothing came in time."""
        ready, _, _ = select.select([self._master], [], [], max(0, deadline - time.monotonic()))
        try:
            return os.read(self._master, 4096) if ready else b""
        except OSError:
            return b""
