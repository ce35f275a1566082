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


# A firmware variable keeps a place in the code. That of a function would be one of a stub.
KEEPS = """void *volatile place = &&here;
    if (firmware_value == 12345) {
        goto *place;
    }
    firmware_value = (int)(intptr_t)place;
here:
    return 7;"""
# The constructor calls it once, when the old module is still there.
CALLS = """static int calls;
    return calls++ == 0 ? 7 : ((int (*)(void))(intptr_t)firmware_value)();"""


@pytest.fixture()
def marker(build: Build) -> Iterator[str]:
    """The source of the marker, as it was again after the test."""
    path = os.path.join(build.component, "marker.c")
    original = build.read(path)
    yield path
    with open(path, "wb") as output:
        output.write(original)
    build.ninja()


@pytest.fixture()
def crashing(build: Build, marker: str) -> bytes:
    """A module whose marker writes to address 4."""
    build.edit("marker.c", "return 1;", FAULT)
    build.ninja()
    return build.read(build.generated("module.bin"))


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


def test_call_of_freed_code(board: Board, build: Build, marker: str) -> None:
    build.edit("marker.c", "#include", "#include <stdint.h>\n#include")
    build.edit("marker.c", "return 1;", KEEPS)
    build.ninja()
    start = board.now()
    assert board.upload(build.read(build.generated("module.bin")), build.secret).status == 200
    board.wait_for_round(7, start)
    build.edit("marker.c", KEEPS, CALLS)
    build.ninja()
    assert board.upload(build.read(build.generated("module.bin")), build.secret).status == 200
    assert board.wait_for_exit() in (-signal.SIGILL, -signal.SIGSEGV)
    freed = ", which was freed: a task, timer or callback still used it after a reload"
    place = r"0x[0-9a-f]{8}: offset 0x[0-9a-f]+ of the code of module 2"
    board.wait_for(rf"^PC {place}{freed}$", start)
