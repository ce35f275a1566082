"""The example as a user meets it: its console, and an edit that a cold `reload` brings over."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from announce import announce_board
from board_build import ROOT, Build
from emulated_board import Board

EXAMPLES = os.path.join(ROOT, "examples")


def reload(build: Build, *options: str) -> str:
    """A cold `reload`, which must succeed."""
    environment = {key: value for key, value in os.environ.items() if key != "HOTRELOAD_URL"}
    environment["PYTHONPATH"] = os.path.join(ROOT, "tools")
    result = subprocess.run(
        [sys.executable, "-m", "hotreload", "reload", "--build", build.dir, *options],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout
    return result.stdout


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
        reload(build, "--url", f"http://127.0.0.1:{board.port}")
        board.wait_for(r"^uptime \d+: Goodbye, World, from the emulated board! 0$")
        assert sum(line.startswith("uptime 0:") for line in board.lines) == 1
    finally:
        board.kill()


def test_the_board_is_found(arch: str, tmp_path: Path) -> None:
    """Without a URL, by what it announces. Its path makes this firmware unlike all others."""
    pytest.importorskip("zeroconf", reason="python3-zeroconf is not installed")
    build = Build(str(tmp_path), arch, options=["-DHOTRELOAD_URL="])
    flash = build.generated("partition.bin")
    board = Board([build.qemu, build.firmware, "--flash", flash, "--port", "0", "--poll", "20"])
    try:
        url = f"http://127.0.0.1:{board.port}"
        build.edit("marker.c", "return 1;", "return 2;")
        with announce_board(url, "exercises"):
            assert f"to {url} in" in reload(build)
        board.wait_for_round(2)
    finally:
        board.kill()
