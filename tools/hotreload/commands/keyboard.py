"""Single keys typed on the terminal, while a command runs that is left running.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import re
import select
import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import Any, Callable, Dict, List, Optional, Type

try:
    import termios
    import tty
except ImportError:  # Windows
    termios = None  # type: ignore[assignment]

_ENDING = ("SIGTERM", "SIGHUP")
_BACKGROUND_SECONDS = 0.5  # until it may be in the foreground again
# Of arrows and the like.
_SEQUENCE = re.compile(r"\x1b(?:\[[0-9;]*[A-Za-z~]|O[A-Za-z])?")


class Keyboard:
    """Inside `with`, each key calls `press` from a thread of its own.

    The terminal is put back however the block ends, also by a signal. Ctrl+C and Ctrl+Z work as
    ever. Without a terminal, and in the background of a shell, nothing happens.
    """

    def __init__(self, press: Callable[[str], None]) -> None:
        self._press = press
        self._saved: Optional[List[Any]] = None
        self._handlers: Dict[int, Any] = {}
        self._ended, self._end = -1, -1
        self._thread = threading.Thread(target=self._read, daemon=True)

    @property
    def is_there(self) -> bool:
        """Whether keys are read."""
        return self._saved is not None

    @property
    def is_unknown(self) -> bool:
        """Whether this system's Python cannot read single keys of its terminal."""
        return termios is None and sys.stdin.isatty()

    def __enter__(self) -> "Keyboard":
        if termios is None or not sys.stdin.isatty() or not _is_in_foreground():
            return self
        self._saved = termios.tcgetattr(sys.stdin.fileno())
        for name in _ENDING:
            self._handle(name, self._end_by_signal)
        self._handle("SIGCONT", self._continue)
        _read_single_keys()
        self._ended, self._end = os.pipe()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        if self._saved is None:
            return
        os.write(self._end, b"\0")
        self._thread.join()
        self._restore()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        os.close(self._ended)
        os.close(self._end)
        self._saved = None

    def _handle(self, name: str, handler: Callable[[int, Optional[FrameType]], None]) -> None:
        number = getattr(signal, name)
        self._handlers[number] = signal.signal(number, handler)

    def _restore(self) -> None:
        if _is_in_foreground():  # Else the system would stop this process for it.
            assert self._saved is not None
            termios.tcsetattr(sys.stdin.fileno(), termios.TCSADRAIN, self._saved)

    def _end_by_signal(self, number: int, frame: Optional[FrameType]) -> None:
        self._restore()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    def _continue(self, number: int, frame: Optional[FrameType]) -> None:
        """After Ctrl+Z the shell has put the terminal back."""
        if _is_in_foreground():
            _read_single_keys()

    def _read(self) -> None:
        terminal = sys.stdin.fileno()
        while True:
            ready, _, _ = select.select([terminal, self._ended], [], [])
            if self._ended in ready:
                return
            if not _is_in_foreground():  # Else the system would stop this process for it.
                select.select([self._ended], [], [], _BACKGROUND_SECONDS)
                continue
            try:
                typed = os.read(terminal, 32)
            except OSError:
                typed = b""
            if not typed:  # The terminal has gone.
                return
            for key in _SEQUENCE.sub("", typed.decode("ascii", "replace")):
                self._press(key)


def _read_single_keys() -> None:
    tty.setcbreak(sys.stdin.fileno(), termios.TCSADRAIN)


def _is_in_foreground() -> bool:
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except OSError:
        return False
