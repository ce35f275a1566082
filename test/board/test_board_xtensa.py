"""What only Xtensa has: calls from assembly that move the register window by four registers, and
thread-local variables as the chips' compilers translate them.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Dict

import pytest
from board_build import HERE, Build
from emulated_board import PANIC, Board

pytestmark = pytest.mark.parametrize("core", ["xtensa", "esp32"], indirect=True)


@pytest.fixture(scope="module")
def windowed(core: str, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """The firmware with calls in assembly."""
    source = os.path.join(HERE, "xtensa")
    component = os.path.join(HERE, "components", "windowed")
    return Build(str(tmp_path_factory.mktemp("windowed")), core, source, component)


def run(windowed: Build, directory: Path, *options: str) -> Board:
    """Starts the firmware, which ends by itself."""
    flash = directory / "flash.bin"
    shutil.copy(windowed.generated("partition.bin"), str(flash))
    return Board([*windowed.qemu, windowed.firmware, "--flash", str(flash), *options])


@pytest.fixture(scope="module")
def results(windowed: Build, tmp_path_factory: pytest.TempPathFactory) -> Dict[str, str]:
    """What the firmware printed, line by line."""
    board = run(windowed, tmp_path_factory.mktemp("flash"))
    assert board.wait_for_exit() == 0, board.lines
    return dict(line.split(": ", 1) for line in board.lines if ": " in line)


def test_call4_by_name(results: Dict[str, str]) -> None:
    assert results["by name"] == "7000 7001 7021 7321"


def test_call4_by_address(results: Dict[str, str]) -> None:
    assert results["by address"] == "7654"


def test_call4_keeps_the_callers_registers(results: Dict[str, str]) -> None:
    assert results["kept registers"] == "1200"


def test_thread_local_variable_of_the_firmware(results: Dict[str, str]) -> None:
    assert results["thread local"] == "22 33 44"


def test_stub_changes_no_other_register(core: str, results: Dict[str, str]) -> None:
    assert results["registers"] == ("the same" if core == "esp32" else "not in this core")


def test_call4_without_a_module_names_the_function(windowed: Build, tmp_path: Path) -> None:
    board = run(windowed, tmp_path, "too-early")
    assert board.wait_for_exit() == PANIC
    board.wait_for(r"^E .*windowed_2\(\) was called, but no loaded module has it")
