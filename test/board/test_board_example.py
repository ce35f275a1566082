"""The example as a user meets it: its console, and an edit that a cold `reload` brings over."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from board_build import ROOT, Build
from emulated_board import Board

EXAMPLES = os.path.join(ROOT, "examples")


def test_edit_of_the_example(arch: str, tmp_path: Path) -> None:
    build = Build(
        str(tmp_path),
        arch,
        os.path.join(EXAMPLES, "emulator"),
        os.path.join(EXAMPLES, "basic", "components", "reloadable"),
    )
    flash = build.generated("partition.bin")
    board = Board([build.qemu, build.firmware, "--flash", flash, "--port", "0", "--poll", "20"])
    try:
        board.wait_for("^uptime 0: Hello, World, from the emulated board! 0$")
        board.wait_for("^uptime 1: Hello, World, from the emulated board! 1$")
        build.edit("reloadable.c", '"Hello"', '"Goodbye"')
        result = subprocess.run(
            [sys.executable, "-m", "hotreload", "reload", "--build", build.dir,
             "--url", f"http://127.0.0.1:{board.port}"],
            env={**os.environ, "PYTHONPATH": os.path.join(ROOT, "tools")},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True,
        )  # fmt: skip
        assert result.returncode == 0, result.stdout
        board.wait_for(r"^uptime \d+: Goodbye, World, from the emulated board! 0$")
        assert sum(line.startswith("uptime 0:") for line in board.lines) == 1
    finally:
        board.kill()
