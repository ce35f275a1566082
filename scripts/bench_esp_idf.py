"""With a real ESP-IDF on an emulated chip: the loop, beside idf.py build and an upload, and stacks.

SPDX-License-Identifier: MIT
"""
from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Dict, List, Optional

from figures import Figure, Loop, linked_sections, median_loop, watching

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "test" / "esp_idf"))
sys.path.insert(0, str(ROOT / "bench"))

import qemu  # noqa: E402
import stack_use  # noqa: E402
from idf_project import DEFAULTS, IdfProject, copy_repository  # noqa: E402
from idf_project import environment, idf_version, list_targets  # noqa: E402
from large_component import write_large_component  # noqa: E402
from machines import MACHINES, Machine  # noqa: E402

POLL_MS = 10  # the application's own polling is to count for little: one tick of FreeRTOS
LARGE = 64  # files of a component whose module the RAM of a chip holds twice
LARGE_MACHINE = "esp32c3"


def missing() -> Optional[str]:
    """Why this cannot be measured here, or None."""
    if not os.environ.get("IDF_PATH") or shutil.which("idf.py") is None:
        return "no ESP-IDF: IDF_PATH is not set (run its export.sh first)"
    if not machines():
        reasons = [str(row.missing(list_targets())) for row in MACHINES]
        return "no emulated chip: " + "; ".join(reasons)
    return None


def machines() -> List[Machine]:
    """The emulated chips that are there."""
    targets = list_targets()
    return [machine for machine in MACHINES if machine.missing(targets) is None]


def copy_example(directory: Path, machine: Machine) -> IdfProject:
    """The basic example, to be changed."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    basic = copy_repository(directory) / "examples" / "basic"
    (basic / "sdkconfig.machine").write_text(machine.sdkconfig)
    return IdfProject(basic, machine.target, "bench", f"{DEFAULTS};sdkconfig.machine")


_START = "ESP_ERROR_CHECK(hotreload_start(&config));"
_TIMED_LOAD = f"""\
const hotreload_config_t load = HOTRELOAD_CONFIG_DEFAULT();
    const uint32_t before = esp_log_early_timestamp();
    ESP_ERROR_CHECK(hotreload_load(&load));
    printf("loaded in %u ms\\n", (unsigned)(esp_log_early_timestamp() - before));
    {_START}"""


def add_large_component(project: IdfProject) -> None:
    """Beside the component of the example, which calls a function of it."""
    components = project.directory / "components"
    write_large_component(components / "parts", LARGE)
    cmake = components / "reloadable" / "CMakeLists.txt"
    cmake.write_text(cmake.read_text().replace("esp_system", "esp_system parts"))
    last = LARGE - 1
    with (components / "reloadable" / "reloadable.c").open("a") as source:
        source.write(f"""
#include "part{last}.h"
int32_t large_use(part_{last}_t *part) {{ return part{last}_run_0(part, 1); }}
""")


def prepare(build: Path, machine: Machine, is_large: bool = False) -> IdfProject:
    """Builds the basic example, with an application that polls often, and times a load."""
    project = copy_example(build, machine)
    if is_large:
        add_large_component(project)
    main = project.directory / "main" / "hotreload.c"
    text, count = re.subn(r"pdMS_TO_TICKS\(\d+\)", f"pdMS_TO_TICKS({POLL_MS})", main.read_text())
    if count != 1 or _START not in text:
        raise SystemExit(f"{main} is not as it was")
    main.write_text("#include <stdio.h>\n" + text.replace(_START, _TIMED_LOAD))
    project.run("build")
    return project


def chip_loop(project: IdfProject, chip: qemu.Qemu) -> Loop:
    """Edits the greeting of the example on the chip."""
    source = project.directory / "components" / "reloadable" / "reloadable.c"

    def save(number: int) -> str:
        word = f"Greeting{number}"
        source.write_text(re.sub(r'greeting = "\w+"', f'greeting = "{word}"', source.read_text()))
        return f"^{word}, World"

    def printed(output: str, seen: int) -> float:
        chip.wait_for(output, seen, every=0.005)
        return time.monotonic()

    return Loop(save, chip.position, printed)


def measure_esp_idf(build: Path) -> List[Figure]:
    """The loop on each emulated chip, and on one with a large component."""
    figures: List[Figure] = []
    for machine in machines():
        figures += measure_machine(build / machine.name, machine)
        if machine.name == LARGE_MACHINE:
            figures += measure_large(build / f"{machine.name}-large", machine)
    return figures


def measure_machine(build: Path, machine: Machine) -> List[Figure]:
    """A patch and the whole module by idf.py watch and reload; idf.py build and an upload."""
    project = prepare(build, machine)
    name = f"ESP-IDF {idf_version()}, {machine.name}"
    chip = qemu.Qemu(machine, project, build)
    try:
        milliseconds = int(chip.wait_for(r"loaded in (\d+) ms").group(1))
        figures = measure_ways(project, chip, name, 0.2)

        def build_all() -> str:
            project.run("build")
            return upload(project, chip.url)

        loop = chip_loop(project, chip)
        whole = median_loop(f"{name}, idf.py build and upload", loop, None, 900, build_all)[0]
    finally:
        chip.stop()
    print(f"{name}: idf.py build and an upload take {whole.value / figures[0].value:.1f} times as "
          "long as watch")
    return [Figure(f"{name}, hotreload_load() at boot with a partition of 512 KB",
                   milliseconds / 1000, "s", 0.05), *figures, whole]


def measure_large(build: Path, machine: Machine) -> List[Figure]:
    """The same line, in a module of many files."""
    project = prepare(build, machine, is_large=True)
    size = len(project.path("module.bin").read_bytes())
    chip = qemu.Qemu(machine, project, build)
    try:
        chip.wait_for(r"loaded in (\d+) ms")
        name = f"ESP-IDF {idf_version()}, {machine.name}, {LARGE} files more, {size} bytes"
        return measure_ways(project, chip, name, 0.4)
    finally:
        chip.stop()


def measure_ways(project: IdfProject, chip: qemu.Qemu, name: str, bound: float) -> List[Figure]:
    """One line by idf.py watch and by idf.py reload, as a patch and as the whole module."""
    figures: List[Figure] = []
    loop = chip_loop(project, chip)
    ways: Dict[str, List[str]] = {"patch": [], "whole": ["--whole"]}
    for first, (way, options) in enumerate(ways.items(), 1):
        patch_bound = bound if way == "patch" else None
        command = ["idf.py", "-B", str(project.build), "watch", "--url", chip.url, *options]
        # Without a terminal, Python would buffer the lines.
        with watching(command, cwd=project.directory,
                      env=environment(PYTHONUNBUFFERED="1")) as last_line:
            figures += median_loop(f"{name}, {way}, idf.py watch", loop, patch_bound, 200 * first,
                                   last_line)

        def reload(options: List[str] = options) -> str:
            return project.run("reload", "--url", chip.url, *options).splitlines()[-1]

        figures += median_loop(f"{name}, {way}, idf.py reload", loop,
                               patch_bound and patch_bound + 0.3, 200 * first + 100, reload)
    return figures


def measure_stacks(build: Path) -> List[Figure]:
    """Stack use of the task that reloads, of the server's task and of the console's."""
    machine = machines()[0]
    project = copy_example(build / "stacks", machine)
    stack_use.prepare(project)
    chip = qemu.Qemu(machine, project, build / "stacks")
    try:
        used = stack_use.measure(project, chip)
    finally:
        chip.stop()
    where = f"ESP-IDF {idf_version()}, {project.target}"
    return [Figure(f"{where}, stack of {task}", size, "bytes") for task, size in used.items()]


def measure_flash(build: Path) -> List[Figure]:
    """What the component takes of the flash in the basic example, by the map file of the link."""
    figures = []
    for machine in machines():
        project = copy_example(build / "flash" / machine.name, machine)
        project.run("build")
        (map_file,) = project.build.glob("*.map")
        size = linked_size(map_file.read_text(), "libhotreload.a")
        where = f"ESP-IDF {idf_version()}, {machine.name}"
        figures.append(Figure(f"{where}, flash of the component", size, "bytes", 28 * 1024))
    return figures


def linked_size(link_map: str, library: str) -> int:
    """Bytes of code, constants and initialised data of a library that are in the firmware."""
    taken = (".text", ".literal", ".rodata", ".srodata", ".iram1", ".data", ".sdata")
    return sum(size for name, file, size in linked_sections(link_map)
               if f"/{library}(" in file and name.startswith(taken))


def upload(project: IdfProject, url: str) -> str:
    """Sends the module as it is; returns the tool's last line."""
    command = [sys.executable, "-m", "hotreload", "reload", "--skip-build"]
    command += ["--build", str(project.build), "--url", url]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True,
                          env=environment(PYTHONPATH=str(ROOT / "tools"))).stdout.splitlines()[-1]
