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

from hotreload.description import Description, load_description
from hotreload.exports import write_exports
from hotreload.firmware import load_firmware
from hotreload.link import link_module
from hotreload.module_format import DATA_ADDRESS, TEXT_ADDRESS
from hotreload.objects import read_objects
from hotreload.pack import pack_module
from hotreload.stubs import write_stubs
from toolchains import RISCV, XTENSA_CALL0, XTENSA_WINDOWED, Toolchain, libgcc

HERE = Path(__file__).resolve().parent
MODULES = sorted(HERE.glob("modules/*.c"))
PAIRS = 12
# Placed here a call to the firmware could be linked in a shorter form than the module's.
NEAR_FIRMWARE = 0x01000000

VARIANTS = {
    "riscv": [["-Os"], ["-O0"], ["-O2", "-mno-relax"], ["-Os", "-ffunction-sections",
                                                        "-fdata-sections"]],
    "xtensa": [["-Os"], ["-O0"], ["-O2", "-mtext-section-literals"],
               ["-Os", "-ffunction-sections", "-fdata-sections"]],
}


class Case(NamedTuple):
    """One module, compiled in one way."""

    toolchain: Toolchain
    source: Path
    flags: List[str]


def cases() -> List[object]:
    """All modules with all variants for every architecture; for Xtensa with the best compiler."""
    xtensa = XTENSA_WINDOWED if XTENSA_WINDOWED.tool("gcc") else XTENSA_CALL0
    found = []
    for toolchain in (RISCV, xtensa):
        for source in [*MODULES, HERE / "large.c"]:
            for flags in VARIANTS[toolchain.arch][:1 if source.stem == "large" else None]:
                name = f"{toolchain.name} {source.stem} {' '.join(flags)}"
                found.append(pytest.param(Case(toolchain, source, flags), id=name))
    return found


def run(*command: object) -> None:
    """Runs a command, which must succeed."""
    subprocess.run([str(part) for part in command], check=True)


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


def build_firmware(case: Case, module: Path, folder: Path) -> Path:
    """Links a firmware with the stubs of the module's exports."""
    toolchain = case.toolchain
    write_exports([str(module)], str(folder))
    write_stubs(toolchain.arch, str(folder / "exports.txt"), str(folder / "stubs.S"))
    threads = "-DHAS_THREADS=1" if toolchain.has_threads else "-DHAS_THREADS=0"
    elf = folder / "firmware.elf"
    run(toolchain.tool("gcc"), *toolchain.compile_flags, "-Os", threads, "-nostdlib", "-nostartfiles",
        f"-Wl,-Ttext-segment={toolchain.firmware_address:#x}" if toolchain.arch == "riscv"
        else f"-Wl,-Ttext={toolchain.firmware_address:#x}",
        "-Wl,--build-id", "-Wl,-e,0", "-Wl,--no-gc-sections", HERE / "firmware.c",
        folder / "stubs.S", "-lgcc", "-o", elf)
    return elf


def describe(case: Case, module: Path, folder: Path) -> Description:
    """The build description that CMake would write."""
    toolchain = case.toolchain
    (folder / "hotreload").mkdir(exist_ok=True)
    path = folder / "hotreload" / "hotreload.json"
    path.write_text(json.dumps({
        "format": 1, "project": "golden", "arch": toolchain.arch, "chip": 0xff00,
        "abi": toolchain.abi, "identity": "build-id", "build_dir": str(folder),
        "source_dir": str(folder), "ninja": "ninja", "objects_target": "none",
        "objects": [str(module)], "firmware_elf": str(folder / "firmware.elf"),
        "firmware_target": "firmware", "exports": str(folder / "exports.txt"),
        "compiler": toolchain.tool("gcc"), "compiler_flags": toolchain.compile_flags,
        "linker": toolchain.tool("ld"), "linker_flags": toolchain.link_flags,
        "libraries": [libgcc(toolchain)], "text_readable": True,
        "module_elf": str(folder / "module.elf"), "module": str(folder / "module.bin"),
        "partition_image": str(folder / "partition.bin"), "partition_size": 512 * 1024,
        "secret": str(folder / "secret.key"), "watch_dirs": [], "url": None}))
    return load_description(str(path))


def link_and_pack(description: Description) -> None:
    """Makes the packed module with the product's tools."""
    objects = read_objects(description.objects)
    firmware = load_firmware(description)
    link_module(description, objects, firmware)
    Path(description.module).write_bytes(pack_module(description, objects, firmware))


def choose_pairs(seed: str, large: bool) -> List[Tuple[int, int]]:
    """Run addresses of text and data: corners, then random ones, all 64-byte aligned."""
    corners = [(TEXT_ADDRESS, DATA_ADDRESS), (0x40380000, 0x3fc98000), (0x40380040, 0x3fc987c0),
               (0x7ff7f800, 0x80000800), (0xf0000000, 0x02000000), (0x02000000, 0xfff00000)]
    rng = random.Random(seed)
    count = 4 if large else PAIRS
    pairs = corners[:count]
    while len(pairs) < count:
        text = rng.randrange(NEAR_FIRMWARE, 0xfff00000, 64)
        data = rng.randrange(NEAR_FIRMWARE, 0xfff00000, 64)
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


def link_reference(case: Case, objects: List[Path], folder: Path, text: int, data: int) -> bytes:
    """What ld makes of the objects at these addresses: the text, then the data."""
    script = (folder / "module.ld").read_text()
    for link, run_address in ((TEXT_ADDRESS, text), (DATA_ADDRESS, data)):
        assert script.count(f" {link:#x} :") == 1
        script = script.replace(f" {link:#x} :", f" {run_address:#x} :")
    stubs = "".join(f"{name} = {address:#x};\n"
                    for name, address in stub_symbols(folder / "firmware.elf").items())
    (folder / "reference.ld").write_text(stubs + script)
    output = folder / "reference.elf"
    run(case.toolchain.tool("ld"), *case.toolchain.link_flags, "-nostdlib", "-z", "max-page-size=4",
        "-T", folder / "reference.ld", "-o", output, *objects, libgcc(case.toolchain))
    loaded = segments(output)
    return loaded.get(text, b"") + loaded.get(data, b"")


@pytest.mark.parametrize("case", cases())
def test_loader_equals_linker(case: Case, tmp_path: Path, place: Path) -> None:
    if not case.toolchain.tool("gcc"):
        pytest.skip(f"{case.toolchain.name}-gcc is not installed")
    if case.source.stem == "thread_local" and not case.toolchain.has_threads:
        pytest.skip(f"{case.toolchain.name} has no thread pointer")
    if case.source.stem == "large":
        generate_large_source(tmp_path / "large.c")
        case = case._replace(source=tmp_path / "large.c")
    include = f"-I{HERE}"
    module = compile_source(case, tmp_path / "module.o", include)
    reference = compile_source(case, tmp_path / "reference.o", include, "-DGOLDEN_REFERENCE")
    build_firmware(case, module, tmp_path)
    description = describe(case, module, tmp_path)
    link_and_pack(description)

    extra = list(tmp_path.glob("hotreload/thread_local*.o")) + list(tmp_path.glob("thread_local*.o"))
    pairs = choose_pairs(case.source.stem, case.source.stem == "large")
    expected = [link_reference(case, [reference, *extra], tmp_path, *pair) for pair in pairs]
    lines = "".join(f"{text:x} {data:x}\n" for text, data in pairs)
    placed = subprocess.run([place, description.module, case.toolchain.arch, str(case.toolchain.abi)],
                            input=lines.encode(), stdout=subprocess.PIPE, check=True).stdout
    size = len(expected[0])
    assert len(placed) == size * len(pairs)
    for index, (pair, reference_bytes) in enumerate(zip(pairs, expected)):
        assert placed[index * size:(index + 1) * size] == reference_bytes, \
            f"text at {pair[0]:#x}, data at {pair[1]:#x}"


def test_there_are_enough_combinations() -> None:
    combinations = sum(4 if "large" in parameter.id else PAIRS for parameter in cases())
    print(f"{combinations} combinations of module, compilation and addresses")
    assert combinations >= 600
