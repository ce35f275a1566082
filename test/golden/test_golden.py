"""What the loader writes equals, byte for byte, what ld links at the same addresses.

Every module of modules/ is compiled in several ways, linked and packed by the tools, placed by the
loader (place.c) at pairs of run addresses, and compared with a plain link of the same objects at
these addresses.

SPDX-License-Identifier: MIT
"""
from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path
from typing import Dict, List, NamedTuple, Tuple

import pytest
from elftools.elf.elffile import ELFFile

from hotreload.cli import main as hotreload
from hotreload.module.layout import DATA_ADDRESS
from toolchains import ESP32, RISCV, XTENSA_CALL0, XTENSA_WINDOWED, Toolchain, libgcc

HERE = Path(__file__).resolve().parent
MODULES = sorted(HERE.glob("modules/*.c"))
PAIRS = 12
LARGE_PAIRS = 4

VARIANTS = {
    "riscv": [["-Os"], ["-O0"], ["-O2", "-mno-relax"], ["-Os", "-ffunction-sections",
                                                        "-fdata-sections"]],
    "xtensa": [["-Os"], ["-O0"], ["-O2", "-mtext-section-literals"],
               ["-Os", "-ffunction-sections", "-fdata-sections"], ["-O3", "-mauto-litpools"],
               ["-O2", "-Wl,--no-relax"],
               ["-Og", "-mtext-section-literals", "-ffunction-sections", "-fdata-sections"]],
}


class Case(NamedTuple):
    """One module, compiled in one way."""

    toolchain: Toolchain
    source: Path
    flags: List[str]

    @property
    def link_flags(self) -> List[str]:
        """For ld: the toolchain's, and what the compiler would pass on."""
        passed = [flag[4:] for flag in self.flags if flag.startswith("-Wl,")]
        return [*self.toolchain.link_flags, *passed]


def cases() -> List[object]:
    """All modules with all variants for every toolchain; only one variant without windows, where a
    windowed compiler is there."""
    windowed = (XTENSA_WINDOWED, ESP32)
    some_windowed = any(toolchain.tool("gcc") for toolchain in windowed)
    found = []
    for toolchain in (RISCV, *windowed, XTENSA_CALL0):
        few = toolchain is XTENSA_CALL0 and some_windowed
        for source in [*MODULES, HERE / "large.c"]:
            if source.stem == "thread_local" and toolchain.thread_local is None:
                continue
            for flags in VARIANTS[toolchain.arch][:1 if few or source.stem == "large" else None]:
                name = f"{toolchain.prefix} {source.stem} {' '.join(flags)}"
                found.append(pytest.param(Case(toolchain, source, flags), id=name))
    return found


def run(*command: object) -> None:
    """Runs a command, which must succeed."""
    subprocess.run([str(part) for part in command], check=True)


def tool(*arguments: object) -> None:
    """Runs a command of the host tools, which must succeed."""
    hotreload([str(part) for part in arguments], standalone_mode=False)


def compile_source(case: Case, output: Path, *flags: str) -> Path:
    """Compiles the case's source."""
    run(case.toolchain.tool("gcc"), *case.toolchain.compile_flags, *case.flags, *flags, "-std=c11",
        "-fno-common", "-ffreestanding", "-g", "-c", case.source, "-o", output)
    return output


def generate_large_source(path: Path) -> None:
    """A module with 200 KB of text: many functions that use data, strings and the firmware."""
    lines = ['#include "firmware.h"', "static int values[64];", "int large_sum(int x);"]
    for i in range(1900):
        lines.append(
            f"static __attribute__((noinline)) int step_{i}(int x)\n{{\n"
            f"    values[x & 63] += {i * 7919} ^ x;\n"
            f'    if (x == {i}) {{\n        firmware_log("step %d of %s", x, firmware_name);\n    }}\n'
            f"    x = x * {i * 2 + 3} + values[(x >> 3) & 63];\n"
            f"    return x % {i + 2} == 0 ? firmware_add(x, {i}) : x ^ {i * 65537};\n}}")
    calls = "\n".join(f"    x += step_{i}(x);" for i in range(1900))
    lines.append(f"int large_sum(int x)\n{{\n{calls}\n    return x;\n}}\n")
    path.write_text("\n".join(lines))


def write_firmware_stubs(toolchain: Toolchain, folder: Path) -> None:
    """The stubs, or something with an address in their place where they cannot be assembled."""
    exports, stubs = folder / "exports.txt", folder / "stubs.S"
    if toolchain.has_stubs:
        tool("stubs", "--arch", toolchain.arch, "--exports", exports, "--output-dir", folder)
        stubs.write_text(stubs.read_text().replace("hotreload_spare", "unused_spare"))
        return
    names = [line.split()[1] for line in exports.read_text().splitlines()]
    stubs.write_text("".join(
        f".align 4\n.global {name}, hotreload_stub.{name}\n{name}: hotreload_stub.{name}: ret\n"
        for name in names))


def build_firmware(case: Case, module: Path, folder: Path) -> Path:
    """Links a firmware with the stubs of the module's exports."""
    toolchain = case.toolchain
    (folder / "wraps.txt").write_text("")
    tool("exports", "--build-dir", folder, "--wraps", folder / "wraps.txt",
         "--output-dir", folder, module)
    # Neither stubs for static functions nor homes for variables: ld alone knows nothing of them.
    exports = folder / "exports.txt"
    lines = exports.read_text().splitlines(keepends=True)
    exports.write_text("".join(x for x in lines if not x.startswith(("callback", "variable"))))
    write_firmware_stubs(toolchain, folder)
    elf = folder / "firmware.elf"
    run(toolchain.tool("gcc"), *toolchain.compile_flags, "-Os", "-nostdlib", "-nostartfiles",
        f"-Wl,-Ttext-segment={toolchain.firmware_address:#x}" if toolchain.arch == "riscv"
        else f"-Wl,-Ttext={toolchain.firmware_address:#x}",
        "-Wl,--build-id", "-Wl,-e,firmware_add", "-Wl,--no-gc-sections", HERE / "firmware.c",
        HERE / "firmware_threads.S", *[HERE / name for name in toolchain.firmware_files],
        folder / "stubs.S", "-lgcc", "-o", elf)
    return elf


def describe(case: Case, module: Path, folder: Path) -> Path:
    """The build description that CMake would write."""
    toolchain = case.toolchain
    (folder / "hotreload").mkdir(exist_ok=True)
    path = folder / "hotreload" / "hotreload.json"
    path.write_text(json.dumps({
        "format": 1, "project": "golden", "arch": toolchain.arch, "chip": 0xff00,
        "abi": toolchain.abi, "identity": "build-id", "build_dir": str(folder),
        "source_dir": str(folder), "ninja": "ninja", "objects_target": "none",
        "objects": [str(module)], "firmware_elf": str(folder / "firmware.elf"),
        "firmware_target": "firmware", "exceptions": False, "exports": str(folder / "exports.txt"),
        "compiler": toolchain.tool("gcc"), "compiler_flags": toolchain.compile_flags,
        "linker": toolchain.tool("ld"), "linker_flags": case.link_flags,
        "libraries": [libgcc(toolchain)], "text_readable": toolchain.arch == "riscv",
        "module_elf": str(folder / "module.elf"), "module": str(folder / "module.bin"),
        "partition_image": str(folder / "partition.bin"), "partition_size": 512 * 1024,
        "secret": str(folder / "secret.key"), "watch_dirs": [], "url": None}))
    return path


def link_address_of_text(module: Path) -> int:
    """Link address of the first segment of a packed module."""
    with module.open("rb") as file:
        return int(ELFFile(file).get_segment(0)["p_vaddr"])


def choose_pairs(case: Case, link_address: int) -> List[Tuple[int, int]]:
    """Run addresses of text and data: corners, then random ones, all 64-byte aligned."""
    low, high = case.toolchain.text_range
    corners = [(link_address, DATA_ADDRESS), (0x40380000, 0x3fc98000), (0x40380040, 0x3fc987c0),
               (0x7feff800, 0x80000800), (0xf0000000, 0x02000000), (0x02000000, 0xfff00000)]
    rng = random.Random(case.source.stem)
    count = LARGE_PAIRS if case.source.stem == "large" else PAIRS
    pairs = [pair for pair in corners if low <= pair[0] < high][:count]
    while len(pairs) < count:
        text = rng.randrange(low, high, 64)
        data = rng.randrange(0x01000000, 0xfff00000, 64)
        if abs(text - data) > 0x100000:
            pairs.append((text, data))
    return pairs


def stub_symbols(firmware: Path) -> Dict[str, int]:
    """The names by which a reference object knows the stubs."""
    with firmware.open("rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        return {f"{symbol.name}_stub": symbol["st_value"] for symbol in table.iter_symbols()
                if symbol.name.startswith("export_values")}


def segments(path: Path) -> Dict[int, bytes]:
    """Content of the loaded segments of an ELF file, by address, with zeros for .bss."""
    with path.open("rb") as file:
        return {segment["p_vaddr"]: segment.data().ljust(segment["p_memsz"], b"\0")
                for segment in ELFFile(file).iter_segments() if segment["p_type"] == "PT_LOAD"}


def link_reference(case: Case, objects: List[Path], folder: Path, link_address: int, text: int,
                   data: int) -> bytes:
    """What ld makes of the objects at these addresses: the text, then the data."""
    script = (folder / "module.ld").read_text()
    for link, run_address in ((link_address, text), (DATA_ADDRESS, data)):
        assert script.count(f" . = {link:#x};") == 1
        script = script.replace(f" . = {link:#x};", f" . = {run_address:#x};")
    stubs = "".join(f"{name} = {address:#x};\n"
                    for name, address in stub_symbols(folder / "firmware.elf").items())
    (folder / "reference.ld").write_text(stubs + script)
    output = folder / "reference.elf"
    run(case.toolchain.tool("ld"), *case.link_flags, "-nostdlib", "-z", "max-page-size=4",
        "-T", folder / "reference.ld", "-o", output, *objects, libgcc(case.toolchain))
    loaded = segments(output)
    return loaded.get(text, b"") + loaded.get(data, b"")


@pytest.mark.parametrize("case", cases())
def test_loader_equals_linker(case: Case, tmp_path: Path, place: Path) -> None:
    if not case.toolchain.tool("gcc"):
        pytest.skip(f"{case.toolchain.prefix}-gcc is not installed")
    if case.source.stem == "thread_local":
        case = case._replace(source=HERE / case.toolchain.thread_local)
    if case.source.stem == "large":
        generate_large_source(tmp_path / "large.c")
        case = case._replace(source=tmp_path / "large.c")
    include = f"-I{HERE}"
    module = compile_source(case, tmp_path / "module.o", include)
    reference = compile_source(case, tmp_path / "reference.o", include, "-DGOLDEN_REFERENCE")
    build_firmware(case, module, tmp_path)
    tool("link", describe(case, module, tmp_path))
    link_address = link_address_of_text(tmp_path / "module.bin")

    extra = [*tmp_path.glob("veneers*.o"), *tmp_path.glob("thread_local*.o")]
    pairs = choose_pairs(case, link_address)
    expected = [link_reference(case, [reference, *extra], tmp_path, link_address, *pair)
                for pair in pairs]
    lines = "".join(f"{text:x} {data:x}\n" for text, data in pairs)
    placed = subprocess.run([place, tmp_path / "module.bin", case.toolchain.arch,
                             str(case.toolchain.abi)],
                            input=lines.encode(), stdout=subprocess.PIPE, check=True).stdout
    size = len(expected[0])
    assert len(placed) == size * len(pairs)
    for index, (pair, reference_bytes) in enumerate(zip(pairs, expected)):
        assert placed[index * size:(index + 1) * size] == reference_bytes, \
            f"text at {pair[0]:#x}, data at {pair[1]:#x}"


def test_there_are_enough_combinations() -> None:
    combinations = sum(LARGE_PAIRS if "large" in parameter.id else PAIRS for parameter in cases()
                       if parameter.values[0].toolchain.tool("gcc"))
    print(f"{combinations} combinations of module, compilation and addresses")
    assert combinations >= 600
