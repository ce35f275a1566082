"""What C and C++ promise about calls and names holds on each chip: the exercises of the emulated
board, by the same sources.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import re
import sys
from typing import Callable, Dict, List, Tuple

import cross_toolchain
import pytest
from idf_project import ROOT, IdfProject
from qemu import Qemu

sys.path.append(str(ROOT / "test" / "board"))

from board_build import Build  # noqa: E402
from exercise_results import EXPECTED  # noqa: E402
import test_board_halves as halves  # noqa: E402

HALF_IN_IRAM = '__attribute__((section(".iram1.0"), noinline))'
HALF = "../../board/halves/half/half.c"


def results(chip: Qemu, start: int = 0) -> Tuple[Dict[str, str], int]:
    """What the exercises printed, by name, and where that ends."""
    end = chip.wait_for(r"^exercises done$", start).start()
    lines = chip.console()[start:end].splitlines()
    return dict(line.split(": ", 1) for line in lines if ": " in line), end


@pytest.fixture(scope="module")
def as_one(tmp_path_factory: pytest.TempPathFactory) -> List[str]:
    """What the program of two halves prints when it is linked as one, on the emulated board."""
    missing = cross_toolchain.missing("riscv")
    if missing:
        pytest.skip(missing)
    directory = tmp_path_factory.mktemp("whole")
    build = Build(str(directory), "riscv", halves.SOURCE, halves.COMPONENT, ["-DHALVES_STATIC=ON"])
    board = halves.start(build, directory)
    lines = halves.shown(board)
    board.kill()
    return lines


@pytest.fixture()
def chip(program: IdfProject, start_chip: Callable[[IdfProject], Qemu]) -> Qemu:
    program.run("build")
    return start_chip(program)


def test_calls_and_names(chip: Qemu, as_one: List[str]) -> None:
    shown, end = results(chip)
    assert {name: shown.get(name) for name in EXPECTED} == EXPECTED
    names_end = chip.wait_for(r"^shown$", end).start()
    names = chip.console()[end:names_end].splitlines()
    assert [line for line in names[1:] if "hotreload:" not in line] == as_one
    chip.wait_for(r"^ready, version 1$")
    assert chip.boots() == 1


def test_module_in_psram(chip: Qemu, program: IdfProject) -> None:
    """Code and constants, on the ESP32 constants alone; a module with code in IRAM stays inside."""
    if not chip.machine.psram:
        pytest.skip(f"{chip.machine.name} has no PSRAM")
    expected = [chip.machine.psram == "text and data", True]
    placed = r"module loaded: \d+ bytes of text at (0x\w+), \d+ bytes of data at (0x\w+)"
    assert not [at for at in chip.wait_for(placed).groups() if is_psram(at)]
    chip.wait_for(r"^ready, version 1$")
    start = chip.position()
    with program.changed(HALF, HALF_IN_IRAM, "__attribute__((noinline))"):
        program.run("reload", "--whole", "--url", chip.url)
        assert [is_psram(at) for at in chip.wait_for(placed, start).groups()] == expected
        shown, _ = results(chip, start)
        assert {name: shown.get(name) for name in EXPECTED} == EXPECTED
    assert chip.boots() == 1


def is_psram(address: str) -> bool:
    """ESP32-S3: on both buses, behind what is mapped of the flash. ESP32: on the data bus."""
    number = int(address, 16)
    places = (0x3C000000, 0x3E000000), (0x42000000, 0x44000000), (0x3F800000, 0x3FC00000)
    return any(start <= number < end for start, end in places)


def test_interrupts_call_functions_that_use_floating_point(
    chip: Qemu, program: IdfProject
) -> None:
    """As one of the firmware: for the interrupted task too, before and after a reload. ESP-IDF 5.1
    gives it boolean registers back, and no floating-point ones."""
    if chip.machine.target != "esp32":
        pytest.skip(f"interrupts of the {chip.machine.target} may not use floating point")
    chip.wait_for(r"^ready")
    for _ in range(2):
        start = chip.position()
        chip.type("f")
        chip.wait_for(r"^function of the module", start)
        shown = chip.console()[start:]
        line = r"^function of the (\w+): (\d+ right, changed \d+ and 0)$"
        seen = dict(re.findall(line, shown, re.M))
        assert seen["module"] == seen["firmware"] and seen["module"].startswith("100 right"), seen
        program.run("reload", "--whole", "--url", chip.url)
        chip.wait_for(r"^reload: ESP_OK", start)


# ---- many reloads ----


def memory(chip: Qemu, when: str) -> int:
    return int(chip.wait_for(rf"^memory after {when}: (\d+)$", seconds=3000).group(1))


def test_reloads_leave_the_memory_alone(chip: Qemu) -> None:
    chip.wait_for(r"^ready")
    chip.type("r")
    lost = memory(chip, "the first reload") - memory(chip, "the last reload")
    assert lost < 200  # bytes in 199 reloads; what the network holds comes and goes
    assert chip.boots() == 1


def test_reloads_while_every_core_calls(chip: Qemu) -> None:
    chip.wait_for(r"^ready")
    chip.type("c")
    chip.wait_for(r"^200 reloads beside calls$", seconds=3000)
    cores = re.findall(r"^core (\d): (\d+) calls, (\d+) wrong$", chip.console(), re.M)
    expected = 2 if chip.machine.name in ("esp32", "esp32s3") else 1
    assert [int(core) for core, _, _ in cores] == list(range(expected))
    assert all(int(calls) >= 200 and wrong == "0" for _, calls, wrong in cores), cores
    assert chip.boots() == 1
