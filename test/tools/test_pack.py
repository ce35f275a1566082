"""The packed module, loaded by an independent loader, against ld at the same addresses."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Dict

import pytest
from elftools.elf.elffile import ELFFile

from project import Project
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
    switch (x) { case 0: return firmware_function(x); case 1: return firmware_data[1]; case 2: return 9;
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
    run([*command, "-o", str(output), *project.objects(), *chain.libraries])
    segments = {}
    with open(output, "rb") as file:
        for section in ELFFile(file).iter_sections():
            if section["sh_flags"] & 2 and section["sh_type"] != "SHT_NOBITS" and section["sh_size"]:
                start, key = (text, "text") if section.name == ".text" else (data, "data")
                offset = section["sh_addr"] - start
                segments[key] = segments.get(key, b"").ljust(offset, b"\0") + section.data()
    return {"text": segments.get("text", b""), "data": segments.get("data", b"")}


@pytest.mark.parametrize("relax", [True, False], ids=["relax", "no-relax"])
@pytest.mark.parametrize("name", SOURCES)
def test_loads_like_ld_links(project: Project, name: str, relax: bool) -> None:
    if project.toolchain.arch == "xtensa" and not relax:
        pytest.skip("-mlongcalls needs the linker's relaxation on Xtensa")
    if not project.toolchain.stubs and name == "arithmetic":
        pytest.skip("libgcc of xtensa-lx106 lacks these functions")
    if not relax:
        project.flags.append("-mno-relax")
    project.write("code.c", DECLARATIONS + SOURCES[name])
    module = Module(project.make())
    for text, data in ADDRESSES:
        expected = link_at(project, text, data)
        loaded_text, loaded_data = module.load(text, data)
        assert loaded_text == expected["text"].ljust(len(loaded_text), b"\0")
        assert loaded_data == expected["data"]
