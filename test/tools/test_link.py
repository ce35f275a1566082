"""`link`: imports, what is refused and how, and files left behind.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import hashlib
import os
import struct
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

import toolchains
from project import FIRMWARE, MAIN, THREAD_LOCAL, Project
from reference import Module
from toolchains import run

USE = "int firmware_function(int); int f(int x) { return firmware_function(x); }\n"


def section_of(path: str, name: str) -> str:
    """The section that a symbol of an ELF file is in."""
    with open(path, "rb") as file:
        elf = ELFFile(file)
        symbol = elf.get_section_by_name(".symtab").get_symbol_by_name(name)[0]
        return str(elf.get_section(symbol["st_shndx"]).name)


def symbol(project: Project, name: str) -> int:
    return project.symbol(str(project.out / "module.elf"), name)


def firmware_symbol(project: Project, name: str) -> int:
    return project.symbol(project.firmware, name)


def test_imports_have_the_firmwares_addresses(project: Project) -> None:
    project.write("a.c", "extern int firmware_data[]; int *p = &firmware_data[1];\n" + USE)
    project.make()
    for name in ("firmware_function", "firmware_data"):
        assert symbol(project, name) == firmware_symbol(project, name)


def test_the_firmwares_helper_is_used_instead_of_libgccs(riscv: Project) -> None:
    riscv.firmware_source = FIRMWARE + "int __clzsi2(unsigned x) { return (int)x; }\n" + MAIN
    riscv.write("a.c", "int f(unsigned x) { return __builtin_clz(x); }\n")
    riscv.make()
    assert symbol(riscv, "__clzsi2") == firmware_symbol(riscv, "__clzsi2")


def test_libgcc_fills_what_the_firmware_lacks(riscv: Project) -> None:
    riscv.write("a.c", "int f(int x) { return x; }\n")
    riscv.make()
    riscv.write("a.c", "int f(unsigned x) { return __builtin_clz(x); }\n")
    riscv.compile()
    module = Module(riscv.link())
    start = module.text.address
    assert start <= symbol(riscv, "__clzsi2") < start + module.text.memory_size


def test_imports_of_library_members(riscv: Project) -> None:
    """Only the linker knows that a member is taken and what it needs."""
    chain = riscv.toolchain
    source = riscv.root / "member.c"
    source.write_text(USE.replace(" f(", " member("))
    member = str(riscv.root / "member.o")
    run([chain.compiler, *chain.flags, "-g", "-c", str(source), "-o", member])
    archive = str(riscv.root / "libextra.a")
    run([chain.compiler.replace("gcc", "ar"), "rc", archive, member])
    riscv.write("a.c", USE)
    riscv.make()
    riscv.write("a.c", "int member(int); int f(int x) { return member(x); }\n")
    riscv.compile()
    riscv.describe(libraries=[archive, *chain.libraries])
    riscv.link()
    assert symbol(riscv, "firmware_function") == firmware_symbol(riscv, "firmware_function")


READ_THREAD_LOCAL = "extern _Thread_local int thread_error; int f(void) { return thread_error; }\n"


@pytest.fixture
def threaded(riscv: Project) -> Project:
    """A project whose firmware has thread-local variables."""
    riscv.firmware_source = FIRMWARE + THREAD_LOCAL + MAIN
    riscv.flags.append("-ftls-model=local-exec")
    riscv.write("a.c", READ_THREAD_LOCAL)
    return riscv


def test_thread_local_variables_of_the_firmware(threaded: Project) -> None:
    module = Module(threaded.make())
    assert symbol(threaded, "thread_error") == firmware_symbol(threaded, "thread_error") == 4
    code = module.text.content[module.exports["f"] - module.text.address :]
    assert code[:4] == b"\x03\x25\x42\x00", "lw a0, 4(tp)"
    assert module.relocations == [] and module.data.memory_size == 0


def test_two_thread_local_variables(threaded: Project) -> None:
    variable = "extern _Thread_local int first_thread_local;\n"
    threaded.write("b.c", variable + "int *g(void) { return &first_thread_local; }\n")
    assert Module(threaded.make()).relocations == []
    offsets = [symbol(threaded, name) for name in ("first_thread_local", "thread_error")]
    assert offsets == [0, 4]


def test_thread_local_variables_on_xtensa(tmp_path: Path) -> None:
    project = Project(tmp_path, toolchains.xtensa_windowed())
    project.firmware_source = FIRMWARE + THREAD_LOCAL + MAIN
    project.write(
        "a.S",
        "    .text\n    .literal offset, thread_error@TPOFF\n    .align 4\n    .globl f\n"
        "    .type f, @function\nf:\n    entry a1, 32\n    l32r a2, offset\n    retw\n",
    )
    module = Module(project.make())
    assert module.text.content[:4] == struct.pack("<I", 8 + 4), "after the thread's own 8 bytes"
    assert module.relocations == []


def test_thread_local_object_is_made_once(threaded: Project) -> None:
    threaded.make()
    made = threaded.out / "thread_local.o"
    os.utime(made, (1000, 1000))
    threaded.link()
    assert made.stat().st_mtime == 1000


def test_thread_local_variables_need_a_compiler(threaded: Project) -> None:
    threaded.make()
    threaded.describe(compiler=None)
    text = threaded.fail("link", str(threaded.build))
    assert "thread-local variables of the firmware (thread_error)" in text
    threaded.describe(compiler="/nonexistent/gcc")
    (threaded.out / "thread_local.o").unlink()
    assert "cannot compile" in threaded.fail("link", str(threaded.build))


def test_own_thread_local_variable_is_refused(riscv: Project) -> None:
    riscv.write("a.c", "static _Thread_local int mine; int *f(void) { return &mine; }\n")
    riscv.compile()
    riscv.link_firmware()
    riscv.describe()
    text = riscv.fail("link", str(riscv.build))
    assert "a.c.o: 'mine' is a thread-local variable, which a module cannot define" in text


@pytest.mark.parametrize("debug", [True, False], ids=["debug", "no-debug"])
def test_undefined_function(project: Project, debug: bool) -> None:
    if not debug:
        project.flags.remove("-g")
    project.write("a.c", USE)
    project.make()
    project.write("a.c", USE + "int nowhere(int);\nint g(void)\n{\n    return nowhere(1) + 2;\n}\n")
    project.compile()
    text = project.fail("link", str(project.build))
    place = "a.c:5: g needs 'nowhere'" if debug else "g needs 'nowhere'"
    assert place in text and f"(object {project.objects()[0]})" in text
    assert "REQUIRES; then build 'firmware' again and flash it" in text


def test_undefined_data_and_several_names(riscv: Project) -> None:
    riscv.write("a.c", USE)
    riscv.make()
    more = "extern int lost, gone; int *p = &lost; int *g(void) { return &gone; }\n"
    riscv.write("a.c", USE + more)
    riscv.compile()
    text = riscv.fail("link", str(riscv.build))
    assert text.count("needs 'lost'") == 1 and text.count("needs 'gone'") == 1


def test_local_symbols_of_the_firmware_are_not_imports(riscv: Project) -> None:
    riscv.firmware_source = (
        FIRMWARE
        + "static int hidden_in_firmware(void) { return 1; }\n"
        + ("int (*volatile keep)(void) = hidden_in_firmware;\n" + MAIN)
    )
    riscv.write("a.c", USE)
    riscv.make()
    declaration = "int hidden_in_firmware(void);\n"
    riscv.write("a.c", declaration + "int f(int x) { return hidden_in_firmware() + x; }\n")
    riscv.compile()
    assert "f needs 'hidden_in_firmware'" in riscv.fail("link", str(riscv.build))


def test_removed_export(riscv: Project) -> None:
    riscv.write("a.c", "int f(void) { return 1; } int g(void) { return 2; }\n")
    riscv.make()
    riscv.write("a.c", "int f(void) { return 1; } static int g(void) { return 2; }\n")
    riscv.compile()
    text = riscv.fail("link", str(riscv.build))
    assert "g() was removed since the firmware was built" in text
    assert "build 'firmware' again" in text


def test_export_that_the_firmware_does_not_use_becomes_a_variable(riscv: Project) -> None:
    """Its slot still needs an address in the text."""
    riscv.calls_exports = False
    riscv.write("a.c", "int f(void) { return 1; } int g(void) { return 2; }\n")
    riscv.make()
    riscv.write("a.c", "int f(void) { return 1; } int g = 2;\n")
    riscv.compile()
    module = Module(riscv.link())
    inside = range(module.text.address, module.text.address + module.text.memory_size)
    assert set(module.exports) == {"f", "g"} and module.exports["g"] in inside


@pytest.mark.parametrize("chain", ["riscv", "xtensa-windowed"])
def test_strong_function_in_the_firmware_replaces_a_weak_export(tmp_path: Path, chain: str) -> None:
    project = Project(tmp_path, toolchains.get(chain))
    project.firmware_source = FIRMWARE + "int hook(void) { return 5; }\n" + MAIN
    hook = "__attribute__((weak)) int hook(void) { return 1; }\n"
    project.write("a.c", hook + "int f(void) { return hook(); }\n")
    module = Module(project.make())
    assert symbol(project, "hook") == firmware_symbol(project, "hook")
    inside = range(module.text.address, module.text.address + module.text.memory_size)
    assert set(module.exports) == {"f", "hook"} and module.exports["hook"] in inside


def test_linkers_own_words(riscv: Project) -> None:
    riscv.write("a.c", "int twice(void) { return 1; }\n")
    riscv.make()
    riscv.write("b.c", "int twice(void) { return 2; }\n")
    riscv.compile()
    riscv.describe()
    text = riscv.fail("link", str(riscv.build))
    assert "the linker says:" in text and "multiple definition of `twice'" in text


def test_windowed_call_without_longcalls(tmp_path: Path) -> None:
    project = Project(tmp_path, toolchains.xtensa_call0())
    project.write("a.c", USE)
    project.make()
    project.toolchain = project.toolchain._replace(flags=[])
    project.compile()
    assert "-mlongcalls" in project.fail("link", str(project.build))


def test_text_beyond_the_reach_of_l32r(xtensa: Project) -> None:
    xtensa.write(
        "a.S",
        "    .text\n    .literal value, 0x12345678\n    .space 300000\n    .align 4\n"
        "    .globl f\n    .type f, @function\nf:\n    l32r a2, value\n    ret\n",
    )
    xtensa.compile()
    xtensa.link_firmware()
    xtensa.describe()
    text = xtensa.fail("link", str(xtensa.build))
    assert "l32r instruction reaches literals at most 256 KB" in text


@pytest.mark.parametrize(
    "section, attribute",
    [
        (".rtc.data.0", "RTC_DATA_ATTR"),
        (".noinit.1", "__NOINIT_ATTR"),
        (".ext_ram.bss.2", "EXT_RAM_BSS_ATTR"),
        (".ext_ram_noinit.3", "EXT_RAM_NOINIT_ATTR"),
        (".rtc_noinit.4", "RTC_NOINIT_ATTR"),
    ],
)
def test_section_without_a_place(riscv: Project, section: str, attribute: str) -> None:
    variable = f'static __attribute__((section("{section}"))) int slow;\n'
    riscv.write("a.c", variable + "int f(void) { return slow++; }\n")
    riscv.compile()
    riscv.link_firmware()
    riscv.describe()
    text = riscv.fail("link", str(riscv.build))
    assert f"section {section} (slow) has no place in a module" in text
    assert f"remove the attribute {attribute} that" in text


def test_attributes_of_esp_idf(riscv: Project) -> None:
    riscv.write(
        "a.c",
        "#define AT(name) __attribute__((section(name)))\n"
        'static AT(".dram1.0") int fast = 3;\nAT(".iram1.2") int f(void) { return fast++; }\n',
    )
    module = Module(riscv.make())
    assert module.data.content == (3).to_bytes(4, "little")
    assert module.notes[4] == b"", "the module needs internal memory"
    assert "strong-iram f\n" in (riscv.out / "exports.txt").read_text()
    assert section_of(riscv.firmware, "f").startswith(".iram1")


def test_identity_by_hash(riscv: Project) -> None:
    riscv.write("a.c", USE)
    module = Module(riscv.make(identity="sha256"))
    digest = hashlib.sha256(open(riscv.firmware, "rb").read()).digest()
    assert module.notes[1][8:] == digest


def test_firmware_problems(riscv: Project) -> None:
    riscv.write("a.c", USE)
    riscv.make()
    link = ["link", str(riscv.build)]
    binary = open(riscv.firmware, "rb").read()
    prefix = riscv.toolchain.compiler[: -len("gcc")]

    run([prefix + "objcopy", "--remove-section=.note.gnu.build-id", riscv.firmware])
    assert "has no GNU build-id" in riscv.fail(*link)
    run([prefix + "strip", riscv.firmware])
    assert "has no symbols" in riscv.fail(*link)
    open(riscv.firmware, "wb").write(binary[:18] + b"\x28\x00" + binary[20:])
    assert "is for ELF machine 40, not for riscv (243)" in riscv.fail(*link)
    open(riscv.firmware, "wb").write(b"")
    assert "is not an ELF file" in riscv.fail(*link)
    os.remove(riscv.firmware)
    text = riscv.fail(*link)
    assert "there is no firmware" in text and "build 'firmware' again and flash it" in text
    riscv.describe(chip=5)
    text = riscv.fail(*link)
    assert "there is no firmware" in text and "firmware.elf: run: idf.py build flash" in text


def test_no_linker(riscv: Project) -> None:
    riscv.write("a.c", USE)
    riscv.make()
    riscv.describe(linker="/nonexistent/ld")
    text = riscv.fail("link", str(riscv.build))
    assert "cannot run the linker /nonexistent/ld: No such file" in text


def test_firmware_is_read_again_when_it_changes(riscv: Project) -> None:
    from hotreload.description import load_description
    from hotreload.module.firmware_reader import FirmwareReader

    riscv.write("a.c", USE)
    riscv.make()
    reader, description = FirmwareReader(), load_description(str(riscv.build))
    first = reader.read(description)
    assert reader.read(description) is first
    riscv.firmware_source = FIRMWARE.replace("x + 1", "x + 2") + MAIN
    riscv.link_firmware()
    second = reader.read(description)
    assert second.identity != first.identity and reader.identity(description) == second.identity


def test_unchanged_outputs_are_not_touched(riscv: Project) -> None:
    riscv.write("a.c", USE)
    riscv.make()
    files = [riscv.out / name for name in ("module.bin", "partition.bin", "module.ld")]
    for file in files:
        os.utime(file, (1000, 1000))
    riscv.link()
    assert [file.stat().st_mtime for file in files] == [1000] * 3
