"""Calls between firmware and module, executed."""

from __future__ import annotations

from typing import Dict

import pytest
from cross_toolchain import CORES
from emulated_board import PANIC, Board, StartBoard
from exercise_results import EXPECTED

pytestmark = pytest.mark.parametrize("core", list(CORES), indirect=True)


@pytest.fixture(scope="module")
def results(build, tmp_path_factory) -> Dict[str, str]:
    """What the firmware printed, line by line."""
    flash = tmp_path_factory.mktemp("execution") / "flash.bin"
    flash.write_bytes(build.read(build.generated("partition.bin")))
    board = Board([*build.qemu, build.firmware, "--flash", str(flash), "--port", "0"])
    board.wait_for("^exercises done")
    board.kill()
    return dict(line.split(": ", 1) for line in board.lines if ": " in line)


@pytest.mark.parametrize("name", EXPECTED)
def test_exercise(results: Dict[str, str], name: str) -> None:
    assert results[name] == EXPECTED[name]


def test_call_after_unload_names_the_function(start_board: StartBoard) -> None:
    board = start_board("unload")
    assert board.wait_for_exit() == PANIC
    board.wait_for("^before: 1$")
    board.wait_for(r"^destructor after 0 calls$")
    board.wait_for(r"^E .*exercise_marker\(\) was called, but no loaded module has it")


def test_call_before_load_names_the_function(start_board: StartBoard) -> None:
    board = start_board("too-early")
    assert board.wait_for_exit() == PANIC
    board.wait_for(r"^E .*exercise_marker\(\) was called, but no loaded module has it")


def test_thousand_reloads_leave_the_heap_alone(start_board: StartBoard) -> None:
    board = start_board("repeat")
    early = board.wait_for(r"^heap in use after reload 1: (\d+)").group(1)
    late = board.wait_for(r"^heap in use after reload 999: (\d+)").group(1)
    assert early == late
