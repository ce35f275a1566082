"""Which relocations are kept, replaced, dropped, refused.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import re
import struct

import pytest

from project import FIRMWARE, MAIN, THREAD_LOCAL, Project
from reference import Module

FUNCTIONS = "int f(int x) { return x + 1; }\nint g(int x) { return x + 2; }\n"


def word_at(module: Module, address: int) -> int:
    segment = module.text if address < module.data.address else module.data
    return struct.unpack_from("<I", segment.content, address - segment.address)[0]


def refuse(project: Project, source: str, flags: str = "", name: str = "a.c") -> str:
    """Links a firmware that has what `source` imports, then the module with it."""
    project.firmware_source = FIRMWARE + THREAD_LOCAL + MAIN
    project.write("a.S", "    .data\n    .word firmware_data, firmware_function, thread_error\n")
    project.compile()
    project.link_firmware()
    (project.sources / "a.S").unlink()
    project.write(name, source)
    project.flags += flags.split()
    project.compile()
    project.describe()
    return project.fail("link", str(project.build))


# ---- addresses of exports ----


def test_export_in_a_table_is_its_stub(project: Project) -> None:
    project.write("a.c", FUNCTIONS + "int (*table[2])(int) = {f, g};\n")
    module = Module(project.make())
    for index, name in enumerate(("f", "g")):
        stub = project.symbol(project.firmware, name)
        assert word_at(module, module.data.address + 4 * index) == stub
    assert module.relocations == []


def test_export_in_code_is_its_stub(riscv: Project) -> None:
    riscv.write("a.c", FUNCTIONS + "typedef int (*F)(int); F get(void) { return f; }\n")
    module = Module(riscv.make())
    start = module.exports["get"]
    lui, addi = word_at(module, start), word_at(module, start + 4)
    low = (addi >> 20) - (addi >> 31 << 12)
    assert (lui & 0xFFFFF000) + low == riscv.symbol(riscv.firmware, "f")
    assert module.relocations == []


def test_export_stored_through_code(riscv: Project) -> None:
    """The low half may belong to a load or store, not only to an addition."""
    riscv.write(
        "a.S",
        "    .text\n    .globl f\n    .type f, @function\nf:\n    lui a0, %hi(f)\n"
        "    sw a1, %lo(f)(a0)\n    lw a1, %lo(f)(a0)\n    ret\n",
    )
    module = Module(riscv.make())
    stub = riscv.symbol(riscv.firmware, "f")
    start = module.exports["f"]
    store, load = word_at(module, start + 4), word_at(module, start + 8)
    assert (store >> 25 << 5 | store >> 7 & 0x1F) == stub & 0xFFF
    assert load >> 20 == stub & 0xFFF
    assert module.relocations == []


def test_direct_calls_inside_the_module_stay_direct(project: Project) -> None:
    project.write(
        "a.c",
        "__attribute__((noinline)) int f(int x) { return x + 1; }\n"
        "int g(int x) { return f(x) + 1; }\n",
    )
    assert Module(project.make()).relocations == []


def test_export_that_the_firmware_does_not_know(project: Project) -> None:
    project.write("a.c", FUNCTIONS)
    project.callbacks = False
    project.make()
    project.write("a.c", FUNCTIONS + "int h(int x) { return x; } int (*table[2])(int) = {f, h};\n")
    project.compile()
    module = Module(project.link())
    assert set(module.exports) == {"f", "g", "h"}
    offset = module.exports["h"] - module.text.address
    assert module.relocations == [(module.data.address + 4, 1, 1, offset)]


def test_static_function_with_the_name_of_an_export(project: Project) -> None:
    project.write("a.c", FUNCTIONS)
    project.write("b.c", "static int f(int x) { return x; } int (*own)(int) = f;\n")
    project.callbacks = False
    module = Module(project.make())
    assert [r[:3] for r in module.relocations] == [(module.data.address, 1, 1)]


@pytest.mark.parametrize("chain", ["riscv", "xtensa"])
def test_inside_an_exported_function(chain: str, request: pytest.FixtureRequest) -> None:
    project = request.getfixturevalue(chain)
    project.write("a.c", FUNCTIONS + "const char *inside = (const char *)f + 4;\n")
    project.compile()
    project.link_firmware()
    project.describe()
    text = project.fail("link", str(project.build))
    assert "refers to 'f'" in text and "4 bytes into a function's stub" in text


# ---- dropped ----


def test_addresses_of_the_firmware_are_final(project: Project) -> None:
    project.write(
        "a.c",
        "extern int firmware_data[]; extern char firmware_size[];\n"
        "extern volatile int firmware_register;\n"
        "extern int absent(void) __attribute__((weak));\n"
        "int *p = &firmware_data[1]; int size = (int)firmware_size;\n"
        "int f(void) { return firmware_data[2] + (int)firmware_size + firmware_register; }\n"
        "int g(void) { return absent ? absent() : 3; }\n",
    )
    module = Module(project.make())
    assert module.relocations == []
    expected = [project.symbol(project.firmware, "firmware_data") + 4, 0x123]
    found = [word_at(module, module.data.address + 4 * i) for i in range(2)]
    assert sorted(found) == sorted(expected)


def test_label_differences_inside_a_segment(riscv: Project) -> None:
    riscv.write(
        "a.S",
        "    .text\n    .globl f\n    .type f, @function\n"
        "f:  call firmware_function\n1:  ret\n2:\n"
        "    .data\n    .word 1b - f\n    .half 2b - 1b\n    .byte 2b - f\n",
    )
    module = Module(riscv.make())
    assert len(module.relocations) == 1
    assert module.data.content[:4] == struct.pack("<I", 8)


def test_calls_to_the_firmware_are_kept(riscv: Project) -> None:
    declaration = "int firmware_function(int);\n"
    riscv.write("a.c", declaration + "int f(int x) { return firmware_function(x) + 1; }\n")
    module = Module(riscv.make())
    target = riscv.symbol(riscv.firmware, "firmware_function")
    assert [r[1:] for r in module.relocations] == [(19, 0, target)]


# ---- refused ----


DISTANCE = "    .text\n    .globl f\nf:  ret\n    .data\nlabel: .word 0\n    .word "
THREAD = "extern _Thread_local int thread_error; int *f(void) { return &thread_error; }\n"
READER = "extern int firmware_data[]; int f(void) { return firmware_data[0]; }\n"


@pytest.mark.parametrize(
    "source, flags, said",
    [
        ("int own;\nint f(void)\n{\n    return own;\n}\n", "-mcmodel=medany",
         r"a.c:\d+: f\+0x0: relocation R_RISCV_PCREL_HI20 refers to 'own'.*-mcmodel=medlow"),
        (READER, "-mcmodel=medany", "'firmware_data' in the firmware.*-mcmodel=medlow"),
        ("int own; int *f(void) { return &own; }\n", "-fPIC", "R_RISCV_GOT_HI20.*without -fPIC"),
        (THREAD, "-ftls-model=initial-exec", "R_RISCV_TLS_GOT_HI20.*-ftls-model=local-exec"),
    ],
    ids=["medany", "medany-firmware", "pic", "dynamic-thread-local"],
)  # fmt: skip
def test_refused_code_model(riscv: Project, source: str, flags: str, said: str) -> None:
    assert re.search(said, refuse(riscv, source, flags), re.DOTALL)


@pytest.mark.parametrize(
    "source, said",
    [
        (DISTANCE + "label - f\n", "ADD/SUB.*distance between the two segments"),
        (DISTANCE + "firmware_function - label\n", "ADD/SUB|R_RISCV_32_PCREL"),
        ("    .globl f\nf:  call value\n    .data\nvalue: .word 0\n",
         "R_RISCV_CALL_PLT refers to 'value' in the data"),
        ("    .globl f\nf:  jal firmware_function\n",
         "the linker says:.*relocation truncated to fit: R_RISCV_JAL"),
    ],
    ids=["across-segments", "to-firmware", "call-of-data", "short-jump"],
)  # fmt: skip
def test_refused_assembly(riscv: Project, source: str, said: str) -> None:
    assert re.search(said, refuse(riscv, source, name="b.S"), re.DOTALL)


NESTED = """\
int apply(int (*step)(int)) { return step(1); }
int f(int x)
{
    int step(int y) { return x + y; }
    return apply(step);
}
"""


def test_pattern_of_a_trampoline_is_code_among_the_constants(project: Project) -> None:
    project.write("a.c", NESTED)
    assert set(Module(project.make()).exports) == {"apply", "f"}


def test_literal_in_the_data_segment(xtensa: Project) -> None:
    source = (
        "    .data\n    .align 4\nliteral: .word 5\n    .text\n    .align 4\n"
        "    .globl f\n    .type f, @function\nf:\n    l32r a2, literal\n    ret\n"
    )
    text = refuse(xtensa, source, name="b.S")
    assert "b.S:9" in text and "can only reach literals in the text" in text


def test_instruction_across_segments(xtensa: Project) -> None:
    """ld refuses it while the segments are far apart; here they are near."""
    import toolchains
    from hotreload.module.arch.xtensa_relocations import select_relocations
    from hotreload.errors import ToolError
    from hotreload.module.linked import LinkedModule

    xtensa.write(
        "b.S",
        "    .data\n    .align 4\nliteral: .word 5\n"
        "    .text\n    .align 4\nf:  l32r a2, literal\n    ret\n",
    )
    xtensa.compile()
    script = xtensa.root / "near.ld"
    sections = ".data 0x30000000 : { *(.data) } .text 0x30001000 : { *(.text) }"
    script.write_text(f"SECTIONS {{ {sections} }}\n")
    output = str(xtensa.root / "near.elf")
    objects = xtensa.objects()
    toolchains.run([xtensa.toolchain.linker, "-q", "-T", str(script), "-o", output, *objects])
    module = LinkedModule(output, "xtensa", 0x30001000, None, 0x30000000)
    with pytest.raises(ToolError, match="outside the text segment; compile with -mlongcalls"):
        select_relocations(module, {})
