"""The board of `make watch` restarts like a chip: after a crash, and when it hangs.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Optional

import pytest
from board_build import ROOT

sys.path.insert(0, os.path.join(ROOT, "scripts"))

import emulated_project  # noqa: E402
from emulated_project import Console, EmulatedProject, reset_reason  # noqa: E402

GREETING = 'reloadable_greeting = "Hello"'
PRINT = "    printf("


def reload(project: EmulatedProject, console: Console, old: str, new: str) -> int:
    """Edits and reloads; returns the number of the console's next line before."""
    start = console.count()
    project.edit(old, new)
    assert project.tool("reload", "--url", console.url) == 0
    return start


@pytest.mark.parametrize(
    "code, reason",
    [(0, None), (2, None), (134, "panic"), (-signal.SIGSEGV, "panic"), (-signal.SIGILL, "panic"),
     (-signal.SIGINT, None), (-signal.SIGKILL, None)],
)  # fmt: skip
def test_reason(code: int, reason: Optional[str]) -> None:
    assert reset_reason(code) == reason


def test_restarts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emulated_project, "_WATCHDOG_SECONDS", 5.0)
    project = EmulatedProject("riscv", tmp_path)
    project.build()
    with project.boot(restart=True) as console:
        console.wait_for("uptime 1: Hello, World")
        crash = PRINT + '"%d", *(int *volatile){0}); printf('
        start = reload(project, console, PRINT, crash)
        console.wait_for("the board restarts after a panic", start)
        console.wait_for("module 2 crashed on trial, module 1 runs", start)
        console.wait_for("uptime 0: Hello, World", start)

        start = reload(project, console, crash, "    for (volatile int i = 0;; i++) {}\n" + PRINT)
        console.wait_for("the board restarts after a watchdog", start)
        console.wait_for("module 3 crashed on trial, module 1 runs", start)
        console.wait_for("uptime 0: Hello, World", start)

        project.edit("    for (volatile int i = 0;; i++) {}\n", "")
        start = reload(project, console, GREETING, GREETING.replace("Hello", "Goodbye"))
        console.wait_for("uptime [0-9]+: Goodbye, World", start)
