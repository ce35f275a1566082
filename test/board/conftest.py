"""Fixtures: a firmware built once, and boards that run it."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import sys
from pathlib import Path
from typing import Iterator, List

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "..", "scripts")]

from board_build import Build  # noqa: E402
import cross_toolchain  # noqa: E402
from emulated_board import Board, StartBoard  # noqa: E402


@pytest.fixture(scope="session", autouse=True)
def taken_default_port() -> Iterator[None]:
    """A board on it would fail when two runs of the tests meet: so it always fails."""
    with socket.socket() as taken:
        with contextlib.suppress(OSError):  # Another run has it.
            taken.bind(("127.0.0.1", 8080))
            taken.listen()
        yield


@pytest.fixture(scope="session", params=["riscv", "xtensa"])
def core(request: pytest.FixtureRequest) -> str:
    """Every test runs on both boards; those of the compiled code run on other cores as well."""
    missing = cross_toolchain.missing(request.param)
    if missing:
        pytest.skip(missing)
    return str(request.param)


@pytest.fixture(scope="session")
def build(core: str, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """The firmware that all boards run; its sources are as in the repository."""
    return Build(str(tmp_path_factory.mktemp("shared")), core).prepare(2, 3)


@pytest.fixture()
def example(core: str, tmp_path: Path) -> Build:
    """The basic example on the emulated board."""
    examples = os.path.join(HERE, "..", "..", "examples")
    component = os.path.join(examples, "basic", "components", "reloadable")
    return Build(str(tmp_path), core, os.path.join(examples, "emulator"), component)


@pytest.fixture()
def own_build(core: str, tmp_path: Path) -> Build:
    """A build of the test's own, for tests that look at what is built again."""
    return Build(str(tmp_path), core)


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
        place = ["--flash", flash, "--port", "0", "--poll", "20"]
        boards.append(Board([*build.qemu, build.firmware, *place, *options]))
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
