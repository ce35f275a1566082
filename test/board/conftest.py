"""Fixtures: a firmware built once, and boards that run it."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Iterator, List

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from board_build import Build  # noqa: E402
from emulated_board import QEMU, Board, StartBoard  # noqa: E402

@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """The firmware that all boards run; its sources are as in the repository."""
    return Build(str(tmp_path_factory.mktemp("shared"))).prepare(2, 3)


@pytest.fixture()
def own_build(tmp_path: Path) -> Build:
    """A build of the test's own, for tests that look at what is built again."""
    return Build(str(tmp_path))


@pytest.fixture()
def flash(build: Build, tmp_path: Path) -> str:
    """A flash file as after flashing: the module's first version is in it."""
    path = str(tmp_path / "flash.bin")
    shutil.copy(build.generated("partition.bin"), path)
    return path


@pytest.fixture()
def start_board(build: Build, flash: str) -> Iterator[StartBoard]:
    """Starts boards with further options; they all have the same flash."""
    boards: List[Board] = []

    def start(*options: str) -> Board:
        command = [QEMU, build.firmware, "--flash", flash, "--port", "0", "--poll", "20", *options]
        boards.append(Board(command))
        return boards[-1]

    yield start
    for board in boards:
        board.kill()


@pytest.fixture()
def board(start_board: StartBoard) -> Board:
    """A board that runs the first version."""
    running = start_board()
    running.wait_for_round(1)
    return running
