"""What the user sees of a reload: a progress bar and a last line with the times.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from typing import Dict, Iterator, Sequence, TextIO

import click

_BAR_WIDTH = 30
_MOST_NAMES = 8


def show_any_text() -> None:
    """Has characters escaped that the terminal does not know, and bytes replaced that are no text,
    instead of failing."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace" if stream is sys.stdin else "backslashreplace")


def printable(text: str) -> str:
    """Makes text from a device or the network safe for a terminal."""
    return "".join(character if character.isprintable() else "?" for character in text)


def say(text: str, colour: str, err: bool = False) -> None:
    """A coloured line on a terminal, unless NO_COLOR is set; a plain one anywhere else."""
    click.secho(text, fg=None if os.environ.get("NO_COLOR") else colour, err=err)


def shorten(names: Sequence[str]) -> str:
    """A list of names, cut short."""
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


class Steps:
    """How long each step took, and which one is under way."""

    def __init__(self) -> None:
        self.current = ""
        self._seconds: Dict[str, float] = {}
        self._start = time.monotonic()

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Times a step; `current` keeps its name if it fails."""
        self.current = name
        start = time.monotonic()
        yield
        self._seconds[name] = time.monotonic() - start

    def total(self) -> float:
        """Seconds since the first step could begin."""
        return time.monotonic() - self._start

    def summary(self) -> str:
        """For example `0.31 s (compile 0.12, link 0.03, pack 0.02, upload 0.05)`."""
        parts = ", ".join(f"{name} {seconds:.2f}" for name, seconds in self._seconds.items())
        return f"{self.total():.2f} s" + (f" ({parts})" if parts else "")


class Progress:
    """A bar on a terminal; silent anywhere else."""

    def __init__(self, label: str, stream: TextIO = sys.stderr) -> None:
        self._label = label
        self._stream = stream
        self._visible = stream.isatty()

    def show(self, done: int, total: int) -> None:
        """Draws the bar in place of the last one."""
        if not self._visible:
            return
        filled = _BAR_WIDTH * done // max(total, 1)
        bar = "#" * filled + "." * (_BAR_WIDTH - filled)
        self._stream.write(f"\r{self._label} [{bar}] {done}/{total} bytes")
        self._stream.flush()

    def clear(self) -> None:
        """Removes the bar."""
        if self._visible:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
