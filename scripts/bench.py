"""make bench: figures beside their bounds. Asserts nothing.

SPDX-License-Identifier: MIT
"""
from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Callable, Dict, List

from elftools.elf.elffile import ELFFile

import bench_esp_idf
import bench_edits
import bench_stop
import cross_toolchain
from emulated_project import ROOT, Console, EmulatedProject
from figures import POLL_MS, Figure, emulated_loop, linked_sections, median_loop, run, watching
from serial_board import TimedConsole

RISCV = ["riscv64-unknown-elf-gcc", "-march=rv32imac", "-mabi=ilp32"]


def measure_loop(build: Path) -> List[Figure]:
    """The loop on the emulated board with the basic example, and the sizes of its module."""
    project = EmulatedProject("riscv", build / "loop")
    figures = measure_example(project)
    patch, whole = (next(figure.value for figure in figures if text in figure.name)
                    for text in ("patch, watch", "build of everything"))
    print(f"A full build and upload takes {whole / patch:.1f} times as long as watch")
    return figures + measure_sizes(project)


def measure_example(project: EmulatedProject) -> List[Figure]:
    """One changed line of the basic example."""
    name = f"basic example, {project.arch}"
    return bench_edits.measure_edits(project, name, bench_edits.PATCH_SMALL)


def measure_serial_loop(build: Path) -> List[Figure]:
    """The loop by `watch` over the board's console, after measure_loop() has built the project."""
    project = EmulatedProject("riscv", build / "loop")
    environment = {**project.environment, "PYTHONUNBUFFERED": "1"}
    with closing(TimedConsole([*project.flash(POLL_MS), "--port", "0"])) as console:
        console.wait_for_time("uptime 1:", 0)
        command = [sys.executable, "-m", "hotreload", "watch", "--build", str(project.build_dir)]
        with watching([*command, "--port", console.port], env=environment) as last_line:
            return median_loop("watch, serial line", emulated_loop(project, console), 0.25, 400,
                               last_line)


def measure_sizes(project: EmulatedProject) -> List[Figure]:
    """Size of the module's file, and of what it takes in RAM beyond its sections."""
    with (project.build_dir / "hotreload" / "module.elf").open("rb") as file:
        sections = sum(section["sh_size"] for section in ELFFile(file).iter_sections()
                       if section["sh_flags"] & 2)
    with project.boot(show=False) as console:
        status = json.loads(run(["curl", "-s", f"{console.url}/status"]))
    regions = status["text"]["size"] + status["data"]["size"]
    return [Figure("module file, basic example", len(project.module()), "bytes", 700),
            Figure("RAM of the module beyond its sections", regions - sections, "bytes", 256)]


def measure_stub(build: Path, arch: str) -> List[Figure]:
    """Instructions that a call through a stub takes more than a direct call, by executing both."""
    directory = build / f"stub-{arch}"
    core = cross_toolchain.CORES[arch]
    run(["cmake", "-S", str(ROOT / "bench" / "stub_cost"), "-B", str(directory), "-G", "Ninja",
         f"-DCMAKE_TOOLCHAIN_FILE={core.toolchain_file}"])
    run(["cmake", "--build", str(directory)])
    shutil.copyfile(directory / "hotreload" / "partition.bin", directory / "flash.bin")

    def executed(way: str, count: int) -> int:
        log = directory / "trace.log"
        run([*core.qemu, "-singlestep", "-d", "exec,nochain", "-D", str(log),
             str(directory / "firmware.elf"), "--flash", str(directory / "flash.bin"),
             f"{way}:{count}"])
        with log.open() as lines:
            return sum(line.startswith("Trace") for line in lines)

    few, many = 1000, 11000
    direct = executed("direct", many) - executed("direct", few)
    stub = executed("stub", many) - executed("stub", few)
    return [Figure(f"stub call, {arch}: instructions beyond a direct call",
                   round((stub - direct) / (many - few), 1), "", 3)]


def generate_source(kilobytes: int) -> str:
    """A component of about this much text, with data, strings and calls to the firmware."""
    lines = ["#include <stdio.h>", "static int values[64];"]
    functions = kilobytes * 1024 // 96
    for i in range(functions):
        lines.append(
            f"static __attribute__((noinline)) int step_{i}(int x)\n{{\n"
            f"    values[x & 63] += {i * 7919} ^ x;\n"
            f'    if (x == {i}) {{ printf("step %d\\n", x); }}\n'
            f"    return x * {2 * i + 3} + values[(x >> 3) & 63];\n}}")
    lines.append("int large_run(int x)\n{")
    lines += [f"    x = step_{i}(x);" for i in range(functions)]
    lines.append("    return x;\n}")
    return "\n".join(lines)


def add_large_component(project: EmulatedProject, kilobytes: int) -> Path:
    """Writes a component beside the example's; returns its directory."""
    large = project.folder / "components" / "large"
    large.mkdir(parents=True, exist_ok=True)
    (large / "CMakeLists.txt").write_text("idf_component_register(RELOADABLE SRCS large.c)\n")
    (large / "large.c").write_text(generate_source(kilobytes))
    return large


def settled_position(console: Console) -> int:
    """The position of the output, after an upload in RAM has been stored."""
    time.sleep(1)
    return console.count()


def measure_ram_first(build: Path) -> List[Figure]:
    """The loop with a flash as slow as a chip's: stored first, and run from RAM first."""
    project = EmulatedProject("riscv", build / "ram-first")
    tool = [sys.executable, "-m", "hotreload", "watch", "--build", str(project.build_dir)]
    environment = {**project.environment, "PYTHONUNBUFFERED": "1"}
    figures: List[Figure] = []
    for kilobytes in (0, 16):
        added = [add_large_component(project, kilobytes)] if kilobytes else []
        project.build(*added)
        totals = []
        ways: Dict[str, List[str]] = {"stored first": [], "RAM first": ["--ram-first"]}
        for way, options in ways.items():
            with project.boot(show=False, poll_ms=POLL_MS,
                              options=["--slow-flash", *options]) as console, \
                    watching(tool + ["--url", console.url], env=environment) as last_line:
                loop = emulated_loop(project, console)._replace(
                    position=lambda: settled_position(console))
                name = f"slow flash, {len(project.module())} bytes, {way}"
                measured = median_loop(name, loop, None, 400 + len(figures), last_line)
            totals.append(measured[0].value)
            figures += [figure for figure in measured if "upload" in figure.name or
                        figure is measured[0]]
        print(f"Run from RAM first, {len(project.module())} bytes take {totals[1] / totals[0]:.2f} "
              "of the time that they take stored first", flush=True)
    return figures


def measure_load_time(build: Path) -> List[Figure]:
    """Time of the loader on the host for modules of growing size."""
    native = build / "native"
    run(["cmake", "-S", str(ROOT / "test" / "golden"), "-B", str(native), "-G", "Ninja"])
    run(["cmake", "--build", str(native), "--target", "load_time"])
    project = EmulatedProject("riscv", build / "load")
    figures = []
    for kilobytes in (1, 4, 16, 64, 256):
        project.build(add_large_component(project, kilobytes))
        size, relocations, nanoseconds = map(int, run(
            [str(native / "load_time"), str(project.module_path), "riscv", "1"]).split())
        figures.append(Figure(f"load, {kilobytes} KB of text, {size} bytes, {relocations} "
                              "relocations", nanoseconds / 1000, "us"))
        figures.append(Figure("    per relocation", nanoseconds / relocations, "ns"))
    return figures


def link_core(build: Path) -> str:
    """Compiles and links the core for RV32 as ESP-IDF does at -Os; returns the linker's map.

    Calls of what is not of the core are long, as those of functions in ROM and RAM.
    """
    options = ["-Os", "-msave-restore", "-mtune=size", "-ffunction-sections", "-fno-jump-tables",
               "-fno-tree-switch-conversion", "-std=c11", f"-I{ROOT}/src", f"-I{ROOT}/include",
               f"-I{ROOT}/port/emulator/include"]
    build.mkdir(parents=True, exist_ok=True)
    objects = []
    for source in sorted([*ROOT.glob("src/*.c"), *ROOT.glob("src/*/*.c")]):
        if not source.stem.endswith("_xtensa"):
            objects.append(str(build / f"{source.parent.name}-{source.stem}.o"))
            run(RISCV + ["--specs=picolibc.specs", *options, "-c", str(source), "-o", objects[-1]])
    link_map = build / "core.map"
    run(RISCV + ["-nostdlib", "-Wl,--entry=0", "-Wl,--unresolved-symbols=ignore-all",
                 "-Wl,-Ttext=0x42000000", "-Wl,--section-start=.rodata=0x3c000000",
                 f"-Wl,-Map={link_map}", *objects, "-o", str(build / "core.elf")])
    return link_map.read_text()


def measure_core(build: Path) -> List[Figure]:
    """Size of the core for RV32 at -Os, by folder."""
    code: Dict[str, int] = {}
    constants: Dict[str, int] = {}
    for section, file, size in linked_sections(link_core(build / "core")):
        folder = Path(file).name.split("-")[0]
        if section.startswith(".text"):
            code[folder] = code.get(folder, 0) + size
        elif section.startswith((".rodata", ".srodata")):
            constants[folder] = constants.get(folder, 0) + size
    needed = ("image", "loader", "store")
    return [Figure("image, loader and store: text for RV32, -Os, linked",
                   sum(code[folder] for folder in needed), "bytes", 15 * 1024),
            Figure("    their constants, mostly messages",
                   sum(constants[folder] for folder in needed), "bytes"),
            Figure("the core with all its functions, text", sum(code.values()), "bytes"),
            *(Figure(f"    {folder}, text", size, "bytes") for folder, size in code.items())]


def structure_size(elf: ELFFile, name: str) -> int:
    """sizeof a structure or typedef, from the debug data."""
    for unit in elf.get_dwarf_info().iter_CUs():
        for die in unit.iter_DIEs():
            if "DW_AT_name" in die.attributes and \
                    die.attributes["DW_AT_name"].value == name.encode():
                if die.tag == "DW_TAG_typedef":
                    die = die.get_DIE_from_attribute("DW_AT_type")
                if "DW_AT_byte_size" in die.attributes:
                    return int(die.attributes["DW_AT_byte_size"].value)
    raise SystemExit(f"no structure {name} in the firmware's debug data")


def measure_upload_ram(build: Path) -> List[Figure]:
    """RAM while an upload arrives: static data of the core and the server, the server's block with
    all its connections, and the two running hashes."""
    total = 0
    with (build / "loop" / "build" / "firmware.elf").open("rb") as file:
        elf = ELFFile(file)
        wanted = re.compile(r"(server|connection|parser|upload|state|requests|sha256)\.c$")
        unit = ""
        for symbol in elf.get_section_by_name(".symtab").iter_symbols():
            if symbol["st_info"]["type"] == "STT_FILE":
                unit = symbol.name
            elif symbol["st_info"]["type"] == "STT_OBJECT" and wanted.search(unit):
                section = symbol["st_shndx"]
                if isinstance(section, int) and elf.get_section(section)["sh_flags"] & 1:
                    total += symbol["st_size"]
        total += structure_size(elf, "http_server_t") + 2 * structure_size(elf, "hotreload_hash")
    return [Figure("RAM while receiving, four connections (emulated board)", total, "bytes", 8192)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, required=True)
    build = parser.parse_args().build.resolve()
    build.mkdir(parents=True, exist_ok=True)
    os.environ["PYTHONPATH"] = str(ROOT / "tools")
    # A user's Python does not compile the tools each time.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

    measures: List[Callable[[Path], List[Figure]]] = [
        measure_loop, measure_serial_loop, measure_ram_first,
        lambda b: bench_edits.measure_curve(b, "riscv"), bench_edits.measure_lvgl,
        lambda b: measure_stub(b, "riscv"), measure_load_time,
        measure_core, measure_upload_ram]
    missing = cross_toolchain.missing("xtensa", build.parent)
    if missing:
        print(f"SKIPPED, stub call and large component on Xtensa: {missing}", flush=True)
    else:
        measures += [lambda b: measure_stub(b, "xtensa"),
                     lambda b: measure_example(EmulatedProject("xtensa", b / "loop-xtensa")),
                     lambda b: bench_edits.measure_large(b, "xtensa")]
    if not bench_edits.lvgl_checkout():
        print("SKIPPED, LVGL: HOTRELOAD_BENCH_LVGL does not name a checkout of it", flush=True)
    if bench_esp_idf.missing():
        print(f"SKIPPED, loop, stops, stacks and flash with ESP-IDF: {bench_esp_idf.missing()}",
              flush=True)
    else:
        measures[2:2] = [bench_esp_idf.measure_esp_idf, bench_stop.measure_stop,
                         bench_esp_idf.measure_stacks, bench_esp_idf.measure_flash]
    figures: List[Figure] = []
    for measure in measures:
        for figure in measure(build):
            print(figure, flush=True)
            figures.append(figure)
    (build / "figures.json").write_text(json.dumps([f._asdict() for f in figures], indent=2))


if __name__ == "__main__":
    main()
