"""Running the programs that check the tree. SPDX-License-Identifier: MIT"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import List

ROOT = Path(__file__).resolve().parents[2]


def run(*command: str, cwd: Path = ROOT) -> "subprocess.CompletedProcess[str]":
    """Runs a program; its output is one text."""
    return subprocess.run(
        command,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )


def passes(*command: str, cwd: Path = ROOT) -> str:
    """Runs a program that must succeed; returns its output."""
    result = run(*command, cwd=cwd)
    assert result.returncode == 0, f"{' '.join(command)}\n{result.stdout}"
    return result.stdout


def list_files(*patterns: str) -> List[str]:
    """The committed files that match patterns of git."""
    return passes("git", "ls-files", *patterns).split()
