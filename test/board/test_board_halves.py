"""A program of two halves behaves as the same program linked as one.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import List

import pytest
from board_build import HERE, Build
from cross_toolchain import CORES
from emulated_board import PANIC, Board
from example_board import reload

SOURCE = os.path.join(HERE, "halves", "firmware")
COMPONENT = os.path.join(HERE, "halves", "half")
pytestmark = pytest.mark.parametrize("core", list(CORES), indirect=True)


@pytest.fixture(scope="module")
def halves(core: str, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """The program with a reloadable half."""
    return Build(str(tmp_path_factory.mktemp("halves")), core, SOURCE, COMPONENT)


@pytest.fixture(scope="module")
def whole(core: str, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """The same, linked as one."""
    directory = str(tmp_path_factory.mktemp("whole"))
    return Build(directory, core, SOURCE, COMPONENT, ["-DHALVES_STATIC=ON"])


def start(build: Build, directory: Path, *arguments: str) -> Board:
    flash = str(directory / "flash.bin")
    shutil.copy(build.generated("partition.bin"), flash)
    options = ["--flash", flash, "--port", "0", "--poll", "20", *arguments]
    return Board([*build.qemu, build.firmware, *options])


def shown(board: Board) -> List[str]:
    """What the program says of its names."""
    board.wait_for("^shown$")
    return [line for line in board.lines[: board.lines.index("shown")] if "hotreload:" not in line]


def test_names_of_both_halves_are_resolved_as_the_linker_does(
    halves: Build, whole: Build, tmp_path: Path
) -> None:
    expected = start(whole, tmp_path)
    lines = shown(expected)
    board = start(halves, tmp_path)
    try:
        assert shown(board) == lines
    finally:
        board.kill()
        expected.kill()
    assert len(lines) >= 35


def test_callbacks_and_objects_outlive_their_module(halves: Build, tmp_path: Path) -> None:
    board = start(halves, tmp_path)
    try:
        board.wait_for("^kept callback: 2$")
        halves.edit("half.c", "return x + 1; /* version */", "return x + 7; /* version */")
        if halves.core.cxx:
            board.wait_for("^kept objects: 1003 4 42 502 32$")
            halves.edit("half.cpp", "return 1000 + size; }", "return 2000 + size; }")
            halves.edit("half.cpp", "return x + 500;", "return x + 600;")
            halves.edit("half.cpp", "inline int offset(int x)", "int offset(int x)")
        reload(halves, "--whole", "--url", f"http://127.0.0.1:{board.port}")
        board.wait_for("^kept callback: 8$")
        if halves.core.cxx:
            board.wait_for("^kept objects: 2003 4 42 602 32$")
    finally:
        board.kill()


def test_an_inline_function_of_an_unloaded_module_says_so(halves: Build, tmp_path: Path) -> None:
    if not halves.core.cxx:
        pytest.skip("there is no C++ compiler for this core")
    halves.ninja()
    board = start(halves, tmp_path, "unload")
    assert board.wait_for_exit() == PANIC
    board.wait_for(r"^E .*a static function\(\) was called, but no loaded module has it")
