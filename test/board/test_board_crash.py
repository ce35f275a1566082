"""What the board says of a fault: the module and the place in it; and what `decode` adds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Iterator

import pytest
from board_build import ROOT, Build
from emulated_board import Board

FAULT = "*(volatile int *)4 = 1;\n    return 1;"


@pytest.fixture()
def crashing(build: Build) -> Iterator[bytes]:
    """A module whose marker writes to address 4; `build` has it for the time of the test."""
    path = os.path.join(build.component, "marker.c")
    original = build.read(path)
    build.edit("marker.c", "return 1;", FAULT)
    build.ninja()
    yield build.read(build.generated("module.bin"))
    with open(path, "wb") as output:
        output.write(original)
    build.ninja()


def test_fault_in_the_module(board: Board, build: Build, crashing: bytes) -> None:
    start = board.now()
    assert board.upload(crashing, build.secret).status == 200
    assert board.wait_for_exit() == -signal.SIGSEGV
    board.wait_for(r"^panic: the program faulted", start)
    board.wait_for(r"^PC 0x[0-9a-f]{8}: offset 0x[0-9a-f]+ of the code of module 2$", start)
    log = "\n".join(board.lines) + "\n"
    result = subprocess.run(
        [sys.executable, "-m", "hotreload", "decode", "--build", build.dir],
        input=log,
        env={**os.environ, "PYTHONPATH": os.path.join(ROOT, "tools"), "HOTRELOAD_URL": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
    )
    lines = result.stdout.splitlines()
    place = next(i for i, line in enumerate(lines) if line.startswith("PC 0x"))
    assert "exercise_marker at " in lines[place + 1], result.stdout
    assert lines[place + 1].endswith("marker.c:6"), result.stdout
