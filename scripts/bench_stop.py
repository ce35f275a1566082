"""With a real ESP-IDF on an emulated chip: how long a reload stops all else.

The emulator counts instructions, and its clock follows them. What a chip needs for one is an
assumption: one cycle, as of code in RAM or in the cache.

SPDX-License-Identifier: MIT
"""
from __future__ import annotations

import re
from pathlib import Path
from typing import List

from bench_esp_idf import ROOT, chip_loop, copy_example, machines
from figures import Figure
from idf_project import IdfProject, idf_version
from machines import COUNTED, COUNTED_MHZ, Machine
from qemu import Qemu

_CHIP_MHZ = 160  # as ESP-IDF sets it
_FUNCTION = "hotreload_stop_others"


def _prepare(build: Path, machine: Machine) -> IdfProject:
    """Builds the basic example with stop_time.c in the linker's way."""
    project = copy_example(build, machine)
    cmake = project.directory / "main" / "CMakeLists.txt"
    port = ROOT / "port" / "esp_idf"
    added = f"""
target_sources(${{COMPONENT_LIB}} PRIVATE "{ROOT / "bench" / "stop_time.c"}")
target_include_directories(${{COMPONENT_LIB}} PRIVATE "{port}" "{ROOT / "src"}")
target_link_libraries(${{COMPONENT_LIB}} INTERFACE
    "-Wl,--wrap={_FUNCTION}" "-u __wrap_{_FUNCTION}")
"""
    cmake.write_text(cmake.read_text() + added)
    project.run("build")
    return project


def _longest(output: str) -> float:
    """Instructions."""
    stops = re.findall(r"^stopped for (\d+) cycles at (\d+) MHz", output, re.MULTILINE)
    return max(int(cycles) / int(mhz) for cycles, mhz in stops) * COUNTED_MHZ


def _measure(project: IdfProject, chip: Qemu, name: str) -> List[Figure]:
    loop = chip_loop(project, chip)
    figures = []
    # A first patch is cheap: there is none before it that a task may still execute.
    for number, what in enumerate(("first patch", "patch", "whole module")):
        expected = loop.save(number)
        start = chip.position()
        project.run("reload", "--url", chip.url, *(["--whole"] if what == "whole module" else []))
        chip.wait_for(expected, start)
        count = _longest(chip.console()[start:])
        figures += [
            Figure(f"{name}, {what}: all else stands still", count / _CHIP_MHZ, "us", 100),
            Figure("    instructions", count, ""),
        ]
    return figures


def measure_stop(build: Path) -> List[Figure]:
    """For patches and a whole module, on chips with one core: those can be counted."""
    figures: List[Figure] = []
    for machine in machines():
        if machine.name not in ("esp32c3", "esp32-unicore"):
            continue
        project = _prepare(build / "stop" / machine.name, machine)
        counted = () if COUNTED[0] in machine.options else COUNTED
        chip = Qemu(machine, project, build / "stop" / machine.name, *counted)
        try:
            chip.wait_for(r"^\w+, World")
            figures += _measure(project, chip, f"ESP-IDF {idf_version()}, {machine.name}")
        finally:
            chip.stop()
    return figures
