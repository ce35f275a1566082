"""Calls between firmware and module, executed."""

from __future__ import annotations

import struct
from typing import Dict

import pytest
from emulated_board import PANIC, QEMU, Board, StartBoard

WEIGHTED_SUM = -1 + 2 * -2e12 + 3 * 1.5 + 5 * 2.25 + 7 * 65535
WEIGHTED_SUM += 11 * 4e9 + 13 * 5 + 17 * -0.5 + 19 * 9 + 23 * -10

EXPECTED = {
    "ten arguments": "1234567890",
    "mixed arguments": f"{WEIGHTED_SUM:.2f}",
    "small struct": "-20 15",
    "large struct": "-3 -21 -36 0.25, ours 12 0.50",
    "variadic": str(1 + 20 + 300 + 4000 + 50000000000 - 6),
    "calls variadic": "1 two 3333333333333 4.250 5 6666 7 8 9 10",
    "callback": str(2**5 + 5**2 * 1000),
    "function without stub": "42",
    "function with stub": "-1",
    "same addresses": "1 1 1",
    "recursion": str(sum(range(1001))),
    "function table": "17 -1",
    "64 bit": f"{-(9000000000000000000 // 7000000001)} {(2**64 - 1) % 1000000007}",
    "floating point": f"{struct.pack('>d', (1e6 + 0.125) * (1e6 - 0.125) / 7).hex()} -5.500",
    "string 0": "[zero]",
    "string 1": "[one]",
    "string 2": "[]",
    "string 3": "[three with\ta tab]",
    # firmware_value is -5, and case 3 adds 33 to it
    "switch": "-5 16 66 28 44 -55 67 -1",
    "firmware value": "128",
    "errno": "17 23 1",
    "weak": "3",
    "constructed": "12",
    "count": "1100 2101",
}


@pytest.fixture(scope="module")
def results(build, tmp_path_factory) -> Dict[str, str]:
    """What the firmware printed, line by line."""
    flash = tmp_path_factory.mktemp("execution") / "flash.bin"
    flash.write_bytes(build.read(build.generated("partition.bin")))
    board = Board([QEMU, build.firmware, "--flash", str(flash), "--port", "0"])
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
    board.wait_for(r"^E .*exercise_marker\(\) was called, but no module is loaded")


def test_call_before_load_names_the_function(start_board: StartBoard) -> None:
    board = start_board("too-early")
    assert board.wait_for_exit() == PANIC
    board.wait_for(r"^E .*exercise_marker\(\) was called, but no module is loaded")


def test_thousand_reloads_leave_the_heap_alone(start_board: StartBoard) -> None:
    board = start_board("repeat")
    early = board.wait_for(r"^heap in use after reload 1: (\d+)").group(1)
    late = board.wait_for(r"^heap in use after reload 999: (\d+)").group(1)
    assert early == late
