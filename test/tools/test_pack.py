"""The packed module, loaded by an independent loader, against ld at the same addresses.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import hashlib
import re
import struct
import zlib
from pathlib import Path
from typing import Dict

import pytest
from elftools.elf.elffile import ELFFile

import toolchains
from project import FIRMWARE, MAIN, Project
from reference import Module
from toolchains import run

BASIC = Path(__file__).resolve().parents[2] / "examples/basic/components/reloadable"

DECLARATIONS = """\
extern int firmware_data[4];
int firmware_function(int);
const char *firmware_text(void);
"""

SOURCES: Dict[str, str] = {
    "data": """
static int count; int global = 7; static const char *texts[] = {"one", "two", "three"};
static int table[100]; int *inside = &table[42]; int *before = table - 97;
int next(int i) { table[i]++; return ++count + global; }
const char *name(int i) { return texts[i % 3]; }
void set(int i, int v) { table[i] = v; inside = &table[v]; }
""",
    "constants": """
int (*const calls[])(int) = {firmware_function}; int *const data = &firmware_data[2];
static const struct { char c; int *p; } __attribute__((packed)) odd = {1, &firmware_data[1]};
static int own; static struct { char c; int *p; } __attribute__((packed)) odd2 = {1, &own};
int call(int x) { return calls[0](x) + *data + *odd.p + *odd2.p + odd2.c++; }
""",
    "pointers": """
static int a(int x) { return x + 1; }
static int b(int x) { return x + 2; }
static int (*functions[2])(int) = {a, b};
int call(int i) { return functions[i & 1](i) + firmware_function(i); }
void swap(void) { int (*f)(int) = functions[0]; functions[0] = functions[1]; functions[1] = f; }
""",
    "switch": """
int classify(int x) {
    switch (x) {
    case 0: return firmware_function(x); case 1: return firmware_data[1]; case 2: return 9;
    case 3: return firmware_data[3]; case 4: return 81; case 5: return firmware_function(7);
    case 6: return firmware_function(-1) * 3; default: return -1; } }
""",
    "weak": """
__attribute__((weak)) int hook(int x) { return x; }
extern int absent(int) __attribute__((weak));
extern int absent_data __attribute__((weak));
int *absent_pointer = &absent_data;
int run(int x) { return hook(x) + (absent ? absent(x) : 3) + (&absent_data ? absent_data : 1); }
""",
    "arithmetic": """
long long divide(long long a, long long b) { return a / b + a % b; }
int shifts(unsigned long long x) { return __builtin_clzll(x) + __builtin_ctz((unsigned)x); }
double scale(double x, float y) { return x * y + 1.5; }
""",
    "only_text": "int twice(int x) { return 2 * x; }\n",
    "no_bss": "int value = 3; int get(void) { return value; }\n",
    "only_bss": "static int value; int get(void) { return value++; }\n",
    "aligned": """
static int small = 1; static char big[64] __attribute__((aligned(64))) = {1};
int sum(int i) { return small++ + big[i]++; }
""",
    "long_text": """
static int total;
#define F(n) int f##n(int x) { total += n * x; return firmware_function(total) + f_other(x); }
int f_other(int x) { return x ^ total; }
"""
    + "".join(f"F({n})\n" for n in range(300)),
    "constructors": """
static int order;
__attribute__((constructor)) static void last(void) { order = order * 10 + 2; }
__attribute__((constructor(101))) static void first(void) { order = order * 10 + 1; }
__attribute__((destructor)) static void end(void) { order = 0; }
int get(void) { return order; }
""",
}

# The text stays in the firmware's quarter of the address space, as windowed calls demand.
ADDRESSES = [(0x31000000, 0x20000000), (0x20380A80, 0x3FC917C0), (0x08000040, 0x4FF3FFC0)]


def link_at(project: Project, text: int, data: int) -> Dict[str, bytes]:
    """What ld makes of the same objects at two addresses."""
    script = (project.out / "module.ld").read_text()
    script = re.sub(r"= 0x[13]0000000;", f"= {text:#x};", script).replace("0x18000000", hex(data))
    other = project.build / "other.ld"
    other.write_text(script)
    output = project.build / "other.elf"
    chain = project.toolchain
    command = [chain.linker, *chain.linker_flags, "-z", "max-page-size=4", "-T", str(other)]
    objects = [*project.objects(), *map(str, project.out.glob("veneers*.o"))]
    run([*command, "-o", str(output), *objects, *chain.libraries])
    segments = {}
    with open(output, "rb") as file:
        for section in ELFFile(file).iter_sections():
            loaded = section["sh_flags"] & 2 and section["sh_type"] != "SHT_NOBITS"
            if loaded and section["sh_size"]:
                start, key = (text, "text") if section.name == ".text" else (data, "data")
                offset = section["sh_addr"] - start
                segments[key] = segments.get(key, b"").ljust(offset, b"\0") + section.data()
    return {"text": segments.get("text", b""), "data": segments.get("data", b"")}


# -mlongcalls needs the linker's relaxation; libgcc of xtensa-lx106 has no such arithmetic.
CASES = [
    (chain, flag, name)
    for chain, flag in [("riscv", "-mrelax"), ("riscv", "-mno-relax"), ("xtensa-call0", "-Os"),
                        ("xtensa-windowed", "-Os")]
    for name in SOURCES
    if (chain, name) != ("xtensa-call0", "arithmetic")
]  # fmt: skip


@pytest.mark.parametrize("chain, flag, name", CASES)
def test_loads_like_ld_links(tmp_path: Path, chain: str, flag: str, name: str) -> None:
    project = Project(tmp_path, toolchains.get(chain))
    project.flags.append(flag)
    project.write("code.c", DECLARATIONS + SOURCES[name])
    project.callbacks = False
    module = Module(project.make())
    for text, data in ADDRESSES:
        expected = link_at(project, text, data)
        loaded_text, loaded_data = module.load(text, data)
        assert loaded_text == expected["text"].ljust(len(loaded_text), b"\0")
        assert loaded_data == expected["data"]


def simple(project: Project, source: str = "int f(int x) { return x; }\n") -> Module:
    project.write("a.c", source)
    return Module(project.make())


def test_basic_example_fits_in_700_bytes(riscv: Project) -> None:
    riscv.firmware_source = (
        FIRMWARE
        + MAIN
        + (
            "int printf(const char *format, ...) { return *format; }\n"
            'const char *esp_get_idf_version(void) { return "v"; }\n'
        )
    )
    port = BASIC.parents[3] / "port/emulator/include"
    riscv.flags += ["--specs=picolibc.specs", f"-I{BASIC / 'include'}", f"-I{port}"]
    riscv.write("reloadable.c", (BASIC / "reloadable.c").read_text())
    packed = riscv.make()
    module = Module(packed)
    assert set(module.exports) == {"reloadable_hello", "reloadable_init"}
    assert len(packed) < 700


def test_module_note(riscv: Project) -> None:
    module = simple(riscv)
    assert list(module.notes) == [1, 2]
    with open(riscv.firmware, "rb") as file:
        build_id = ELFFile(file).get_section_by_name(".note.gnu.build-id").data()[16:]
    assert module.notes[1] == struct.pack("<HHHH", 2, 0xFF00, 1, len(build_id)) + build_id


def test_exports_note(project: Project) -> None:
    module = simple(project, "int zz(void) { return 1; } int Az(void) { return 2; }\n")
    elf = str(project.out / "module.elf")
    assert list(module.exports) == ["Az", "zz"]
    assert module.exports == {name: project.symbol(elf, name) for name in ("Az", "zz")}


def test_constructors_note(project: Project) -> None:
    function = "__attribute__((constructor)) static void b(void) { second = 1; }\n"
    project.write("b.c", "int second;\n" + function)
    module = simple(project, SOURCES["constructors"])
    init, init_count, fini, fini_count = struct.unpack("<4I", module.notes[3])
    assert (init_count, fini_count) == (3, 1)
    text, data = module.load(0x31000000, 0x20000000)
    pointers = struct.unpack_from("<3I", data, init - module.data.address)
    elf = str(project.out / "module.elf")
    offsets = [pointer - 0x31000000 + module.text.address for pointer in pointers]
    names = [project.symbol(elf, name) for name in ("first", "last", "b")]
    assert offsets[0] == names[0] and sorted(offsets[1:]) == sorted(names[1:])
    assert data[fini - module.data.address :][:4] != bytes(4)


def test_no_data_at_all(riscv: Project) -> None:
    module = simple(riscv)
    assert (len(module.data.content), module.data.memory_size, module.relocations) == (0, 0, [])


def test_only_zeros_take_no_room_in_the_file(riscv: Project) -> None:
    module = simple(riscv, "static int big[1000]; int *f(int i) { return &big[i]; }\n")
    assert (len(module.data.content), module.data.memory_size) == (0, 4000)


def test_no_functions(riscv: Project) -> None:
    module = simple(riscv, "int value = 5;\n")
    assert (module.exports, module.text.memory_size, len(module.data.content)) == ({}, 0, 4)


def test_object_without_bytes(riscv: Project) -> None:
    """A pointer to an empty object needs a data segment to point into."""
    module = simple(riscv, "struct { } empty; void *f(void) { return &empty; }\n")
    assert [relocation[1:] for relocation in module.relocations] == [(26, 2, 0), (27, 2, 0)]
    assert (len(module.data.content), module.data.memory_size) == (0, 4)


def test_flags_of_the_abi_are_kept(riscv: Project) -> None:
    riscv.flags.append("-march=rv32imafc")
    riscv.toolchain = riscv.toolchain._replace(flags=["-march=rv32imafc", "-mabi=ilp32f"])
    riscv.toolchain = riscv.toolchain._replace(libraries=[])
    riscv.write("a.c", "float f(float x) { return x * 2; }\n")
    assert Module(riscv.make()).flags & 6 == 2, "EF_RISCV_FLOAT_ABI_SINGLE"


def test_alignment_is_kept_up_to_a_limit(riscv: Project) -> None:
    source = "char f_data[4096] __attribute__((aligned(4096))); char *f(void) { return f_data; }\n"
    assert simple(riscv, source).data.alignment == 4096
    riscv.write("a.c", source.replace("4096", "8192"))
    riscv.compile()
    text = riscv.fail("link", str(riscv.build))
    assert "aligned to 8192 bytes; a module can have at most 4096" in text


def test_partition_image(riscv: Project) -> None:
    riscv.write("a.c", "int f(void) { return 1; }\n")
    module = riscv.make(partition_size=8192)
    image = (riscv.out / "partition.bin").read_bytes()
    magic, format_, offset, sequence, length = struct.unpack_from("<IHHII", image)
    assert (image[:4], magic, format_, offset) == (b"HRR1", 0x31525248, 1, 128)
    assert (sequence, length) == (1, len(module))
    assert image[16:48] == hashlib.sha256(module).digest()
    assert image[48:60] == b"\xff" * 12
    assert struct.unpack_from("<I", image, 60)[0] == zlib.crc32(image[:60])
    assert image[64:128] == b"\xff" * 16 + b"hotreload: good." + b"\xff" * 32
    assert image[128 : 128 + length] == module
    assert image[128 + length :] == b"\xff" * (8192 - 128 - length), "no older record survives"


def test_partition_too_small(riscv: Project) -> None:
    riscv.write("a.c", "int f(void) { return 1; }\nint all[2048] = {1};\n")
    size = len(riscv.make()) + 128
    riscv.describe(partition_size=size)
    riscv.link()
    riscv.describe(partition_size=size - 1)
    text = riscv.fail("link", str(riscv.build))
    assert f"does not fit the partition of {size - 1} bytes; enlarge the partition" in text
    riscv.write("a.c", "int f(void) { return 1; }\n")
    riscv.make()
    riscv.describe(partition_size=4096)
    text = riscv.fail("link", str(riscv.build))
    assert "the partition for modules has 4096 bytes: make it at least 8192" in text


def test_numbers_are_those_of_the_headers() -> None:
    """module_format.py repeats what the C headers say."""
    from hotreload.module import module_format as fmt

    source = BASIC.parents[3] / "src"
    headers = (source / "image/module_format.h").read_text()
    headers += (source / "store/record.h").read_text()
    names = {
        "HOTRELOAD_FORMAT_VERSION": fmt.FORMAT_VERSION,
        "HOTRELOAD_PT_RELA": fmt.PT_RELA,
        "HOTRELOAD_SYM_NONE": fmt.SYM_NONE,
        "HOTRELOAD_SYM_TEXT": fmt.SYM_TEXT,
        "HOTRELOAD_SYM_DATA": fmt.SYM_DATA,
        "HOTRELOAD_NOTE_MODULE": fmt.NOTE_MODULE,
        "HOTRELOAD_NOTE_EXPORTS": fmt.NOTE_EXPORTS,
        "HOTRELOAD_NOTE_INIT": fmt.NOTE_INIT,
        "HOTRELOAD_NOTE_INTERNAL": fmt.NOTE_INTERNAL,
        "HOTRELOAD_CHIP_EMULATOR": fmt.CHIP_EMULATOR,
        "HOTRELOAD_RECORD_MAGIC": fmt.RECORD_MAGIC,
        "HOTRELOAD_RECORD_FORMAT": fmt.RECORD_FORMAT,
        "HOTRELOAD_RECORD_DATA": fmt.RECORD_DATA,
    }
    for name, value in names.items():
        match = re.search(rf"{name}\s*=?\s*(0x[0-9a-f]+|\d+)", headers)
        assert match is not None and int(match.group(1), 0) == value, name
