"""Figures of make bench, and how a loop from save to new output is measured.

SPDX-License-Identifier: MIT
"""
from __future__ import annotations

import re
import statistics
import subprocess
import time
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple

from emulated_project import EmulatedProject
from timed_lines import TimedLines

RUNS = 5
POLL_MS = 2  # the application's own polling is to count for little
REST = 0.3  # seconds between edits, in which watch does what need not be done before the upload


def run(command: List[str], **options: Any) -> str:
    """Runs a command that must succeed; returns its output."""
    return str(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True,
                              **options).stdout)


class Figure(NamedTuple):
    """One line of the table."""

    name: str
    value: float
    unit: str
    bound: Optional[float] = None

    def __str__(self) -> str:
        text = f"{self.name:58} {self.value:9.3f} {self.unit:6}" if self.unit == "s" else \
            f"{self.name:58} {self.value:9.0f} {self.unit:6}"
        if self.bound is None:
            return text
        verdict = "met" if self.value <= self.bound else "MISSED"
        return f"{text} bound {self.bound:g}, ratio {self.value / self.bound:.2f}, {verdict}"


def linked_sections(link_map: str) -> Iterator[Tuple[str, str, int]]:
    """Name, object file and size in bytes of each section that a linker's map has in memory."""
    section = re.compile(r"^ (\.\S+)\s+0x([0-9a-f]{8,16})\s+0x([0-9a-f]+) (\S+)$", re.MULTILINE)
    for name, address, size, file in section.findall(link_map):
        if int(address, 16) != 0:
            yield name, file, int(size, 16)


class Loop(NamedTuple):
    """A board that runs, and a source to edit."""

    save: Callable[[int], str]  # changes the source; returns the output to wait for
    position: Callable[[], int]  # where the output is now
    printed: Callable[[str, int], float]  # waits for an output after a position; when it came


def emulated_loop(project: EmulatedProject, console: TimedLines) -> Loop:
    """Edits the greeting of the example on the emulated board."""
    def save(number: int) -> str:
        text = project.source.read_text()
        word = f"Greeting{number}"
        project.source.write_text(re.sub(r'greeting = "\w+"', f'greeting = "{word}"', text))
        return f": {word}, World"

    return Loop(save, console.count, lambda output, seen: console.wait_for_time(output, seen)[0])


def _steps_of(line: str) -> Dict[str, float]:
    """The steps that the tool's last line names, in its last parentheses."""
    *_, steps = re.findall(r"\(([^()]*)\)", line)
    return {step: float(seconds) for step, seconds in map(str.split, steps.split(", "))}


def median_loop(name: str, loop: Loop, bound: Optional[float], first: int,
                send: Callable[[], str]) -> List[Figure]:
    """Save to new output, several times; `send` returns the tool's last line."""
    totals: List[float] = []
    steps: Dict[str, List[float]] = {}
    for number in range(first, first + RUNS):
        time.sleep(REST)
        seen = loop.position()
        saved = time.monotonic()
        output = loop.save(number)
        parts = _steps_of(send())
        totals.append(loop.printed(output, seen) - saved)
        for step, seconds in parts.items():
            steps.setdefault(step, []).append(seconds)
        rest = totals[-1] - sum(parts.values())
        steps.setdefault("start, detection, reload", []).append(rest)
    figures = [Figure(f"{name}: save to new output, median of {RUNS}", statistics.median(totals),
                      "s", bound)]
    return figures + [Figure(f"    {step}", statistics.median(seconds), "s")
                      for step, seconds in steps.items()]


@contextmanager
def watching(command: List[str], **options: Any) -> Iterator[Callable[..., str]]:
    """Runs a watch; gives what waits for its next last line, or a line that begins otherwise."""
    with subprocess.Popen(command, text=True, stdout=subprocess.PIPE, **options) as watch:
        assert watch.stdout is not None

        def wait_for(*starts: str) -> str:
            starts = starts or ("Patched", "Reloaded")
            for line in watch.stdout or []:
                if line.startswith(starts):
                    return str(line)
                if line.startswith("Not reloaded"):
                    raise SystemExit(line)
            raise SystemExit(f"the watch ended before it said any of {starts}")

        wait_for("Ctrl+C")
        wait_for("No change", "Patched", "Reloaded", "Not ")  # What it does at its start.
        yield wait_for
        watch.terminate()
