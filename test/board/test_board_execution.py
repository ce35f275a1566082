"""Calls between firmware and module, executed."""

from __future__ import annotations

import struct
from typing import Dict

import pytest
from cross_toolchain import CORES
from emulated_board import PANIC, Board, StartBoard

pytestmark = pytest.mark.parametrize("core", list(CORES), indirect=True)

WEIGHTED_SUM = -1 + 2 * -2e12 + 3 * 1.5 + 5 * 2.25 + 7 * 65535
WEIGHTED_SUM += 11 * 4e9 + 13 * 5 + 17 * -0.5 + 19 * 9 + 23 * -10



def bits(number: int) -> str:
    """An integer as the firmware prints 64 bits."""
    return f"{number & 0xFFFFFFFFFFFFFFFF:016x}"


def double(number: float) -> str:
    """A floating-point number as the firmware prints its bits."""
    return struct.pack(">d", number).hex()


def weigh(count: int) -> str:
    """What the function with so many arguments, from 1, returns."""
    total = count
    for argument in range(1, count + 1):
        total = (total * 31 + argument) & 0xFFFFFFFF
    return str(total)


VARIADIC = [1, len("two"), 3333333333333, 4, 5, len("six six"), -77, 8, 10**10, 10]

EXPECTED = {
    **{f"{count} arguments": weigh(count) for count in range(13)},
    "mixed arguments": double(WEIGHTED_SUM),
    "small struct": "-20 15",
    "large struct": "-3 -21 -36, ours 12",
    "large struct, scale": double(0.25),
    "large struct, our scale": double(0.5),
    "variadic": bits(1 + 20 + 300 + 4000 + 50000000000 - 6),
    "calls variadic": bits(sum(place * value for place, value in enumerate(VARIADIC, 1))),
    "callback": str(2**5 + 5**2 * 1000),
    "function without stub": "42",
    "function with stub": "-1",
    "same addresses": "1 1 1",
    "recursion": str(sum(range(1001))),
    "room on the stack": str(sum(depth * 24 + 8 + 1 for depth in range(61))),
    "jump in the firmware": "6231 6451",
    "jump in the module": "7231 7451",
    "jump to the module": "90453",
    "function table": "17 -1",
    "64 bit, quotient": bits(-(9000000000000000000 // 7000000001)),
    "64 bit, remainder": bits((2**64 - 1) % 1000000007),
    "double": double((1e6 + 0.125) * (1e6 - 0.125) / 7),
    "float": double(-5.5),
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
