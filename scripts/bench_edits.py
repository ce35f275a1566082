"""One changed line on the emulated board: its cost in a small component and in hundreds of files.

SPDX-License-Identifier: MIT
"""
from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional

from emulated_project import ROOT, EmulatedProject
from figures import POLL_MS, REST, RUNS, Figure, Loop, emulated_loop, median_loop, run, watching

sys.path.insert(0, str(ROOT / "bench"))

from large_component import write_large_component  # noqa: E402

LARGE = 370
CURVE = (10, 40, 160, LARGE, 640)
PATCH_SMALL, PATCH_LARGE = 0.12, 0.24  # bounds of DESIGN.md, for watch
RELOAD_MORE = 0.3  # for reload
SECTOR = 4096
MEMORY = 2 * 1024 * 1024
BOARD = ["--ram", str(MEMORY), "--max-upload", str(MEMORY // 2)]
TOOL = [sys.executable, "-m", "hotreload"]


def lvgl_checkout() -> Optional[Path]:
    """A checkout of LVGL to measure with, if there is one."""
    path = os.environ.get("HOTRELOAD_BENCH_LVGL")
    return Path(path).resolve() if path and Path(path, "lvgl.h").exists() else None


def write_lvgl_component(directory: Path, checkout: Path) -> None:
    """All sources of LVGL as a component, with LVGL's own defaults."""
    directory.mkdir(parents=True, exist_ok=True)
    sources = sorted(str(path) for path in (checkout / "src").rglob("*.c"))
    lines = [f"idf_component_register(RELOADABLE INCLUDE_DIRS {checkout} SRCS", *sources, ")",
             "target_compile_definitions(${COMPONENT_LIB} PUBLIC LV_CONF_SKIP)", ""]
    text = "\n".join(lines)
    path = directory / "CMakeLists.txt"
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def measure_curve(build: Path, arch: str) -> List[Figure]:
    """The generated component as it grows. One build directory: the files stay the same."""
    figures: List[Figure] = []
    for files in CURVE:
        figures += _measure_generated(build, arch, files)
    return figures


def measure_large(build: Path, arch: str) -> List[Figure]:
    """The generated component at the size of LVGL."""
    return _measure_generated(build, arch, LARGE)


def _measure_generated(build: Path, arch: str, files: int) -> List[Figure]:
    project = EmulatedProject(arch, build / f"large-{arch}")
    directory = project.folder / "components" / "parts"
    write_large_component(directory, files)
    source = f"""
#include "{directory}/include/part{files - 1}.h"
int32_t large_use(part_{(files - 1) % 120}_t *part) {{ return part{files - 1}_run_0(part, 1); }}
"""
    name = f"large component, {arch}, {files} files"
    return measure_edits(project, name, PATCH_LARGE, directory, source, files == LARGE)


def measure_lvgl(build: Path) -> List[Figure]:
    """LVGL itself, if the environment names a checkout."""
    checkout = lvgl_checkout()
    if checkout is None:
        return []
    project = EmulatedProject("riscv", build / "lvgl")
    directory = project.folder / "components" / "lvgl"
    write_lvgl_component(directory, checkout)
    source = f"""
#define LV_CONF_SKIP
#include "{checkout}/lvgl.h"
lv_obj_t *large_use(lv_obj_t *parent) {{ return lv_button_create(parent); }}
"""
    return measure_edits(project, "LVGL, riscv", PATCH_LARGE, directory, source)


def measure_edits(project: EmulatedProject, name: str, patch_bound: float,
                  component: Optional[Path] = None, more_source: str = "",
                  has_details: bool = True) -> List[Figure]:
    """One changed line of the example, with another component beside it or without: sent as a patch
    and as the whole module, by `watch` and by `reload`; and what there is to compare with."""
    project.build(*filter(None, [component]), more_source=more_source,
                  options=[f"-DEMULATOR_PARTITION_SIZE={MEMORY}"])
    environment = {**project.environment, "PYTHONUNBUFFERED": "1"}
    name = f"{name}, {len(project.module())} bytes"
    figures: List[Figure] = []
    with project.boot(show=False, poll_ms=POLL_MS, options=BOARD) as console:
        loop = emulated_loop(project, console)
        place = ["--build", str(project.build_dir), "--url", console.url]
        ways: Dict[str, List[str]] = {"patch": [], "whole": ["--whole"]}
        for first, (way, options) in enumerate(ways.items(), 1):
            bound = patch_bound if way == "patch" else None
            with watching([*TOOL, "watch", *options, *place], env=environment) as last_line:
                figures += median_loop(f"{name}, {way}, watch", loop, bound, 100 * first, last_line)
                if way == "patch":
                    figures.append(_measure_no_change(name, project.source, last_line))
                    figures += _measure_cost(name, project, console.url, loop, last_line)
            command = [*TOOL, "reload", *options, *place]
            figures += median_loop(f"{name}, {way}, reload", loop,
                                   None if bound is None else bound + RELOAD_MORE, 100 * first + 50,
                                   lambda: run(command, env=environment).splitlines()[-1])
        if has_details:
            figures += median_loop(
                f"{name}, build of everything, then upload", loop, None, 300,
                lambda: _build_all(project, place, environment))[:1]
    if not has_details:
        figures = [figure for figure in figures if not figure.name.startswith(" ")]
    run(["cmake", "--build", str(project.build_dir)], env=environment)
    return [*figures,
            Figure("    beside it: ninja, nothing to do", _time_of_ninja(project), "s"),
            Figure("    beside it: ld of everything", _time_of_ld(project), "s")]


def _measure_no_change(name: str, source: Path, last_line: Callable[..., str]) -> Figure:
    seconds = []
    for _ in range(RUNS):
        time.sleep(REST)
        begun = time.monotonic()
        os.utime(source)
        last_line("No change")
        seconds.append(time.monotonic() - begun)
    return Figure(f"{name}, watch, saved without a change", statistics.median(seconds), "s", 0.1)


def _measure_cost(name: str, project: EmulatedProject, url: str, loop: Loop,
                  last_line: Callable[..., str]) -> List[Figure]:
    """What one patch sends, writes and takes; the board has had others before."""
    flash = project.build_dir / "flash.bin"
    before, seen = flash.read_bytes(), loop.position()
    output = loop.save(199)
    (sent,) = re.findall(r" (\d+) bytes to ", last_line("Patched"))
    loop.printed(output, seen)
    after = flash.read_bytes()
    sectors = sum(before[at:at + SECTOR] != after[at:at + SECTOR]
                  for at in range(0, len(after), SECTOR))
    patch = json.loads(run(["curl", "-s", f"{url}/status"]))["patch"]
    return [Figure(f"{name}, patch, sent", int(sent), "bytes", 1024),
            Figure(f"{name}, patch, sectors of the flash that change", sectors, "", 1),
            Figure(f"{name}, patch, RAM", patch["text"]["size"] + patch["data"]["size"], "bytes")]


def _build_all(project: EmulatedProject, place: List[str], environment: Dict[str, str]) -> str:
    run(["cmake", "--build", str(project.build_dir)], env=environment)
    return run([*TOOL, "reload", "--skip-build", *place], env=environment).splitlines()[-1]


def _median_time(command: List[str], **options: Any) -> float:
    seconds = []
    for _ in range(RUNS):
        begun = time.monotonic()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **options)
        seconds.append(time.monotonic() - begun)
    return statistics.median(seconds)


def _time_of_ninja(project: EmulatedProject) -> float:
    return _median_time(["ninja", "-C", str(project.build_dir)])


def _time_of_ld(project: EmulatedProject) -> float:
    """The module's objects and script, by the linker alone."""
    files = project.build_dir / "hotreload"
    about = json.loads((files / "hotreload.json").read_text())
    return _median_time([
        about["linker"], *about["linker_flags"], "--emit-relocs", "-nostdlib", "-z",
        "max-page-size=4", "-T", str(files / "module.ld"), "-o", str(files / "bench.elf"),
        *about["objects"], *(str(path) for path in files.glob("*.o") if path.stem != "patch"),
        "--start-group", *about["libraries"], "--end-group"])
