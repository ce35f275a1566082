"""Names that firmware and module share: what is refused, what is noted, where pointers lead.

What is accepted is executed by test/board/test_board_halves.py.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import json
import re
import struct
from pathlib import Path
from typing import List

import pytest
from elftools.elf.elffile import ELFFile

import toolchains
from hotreload.module.exports import SPARE
from hotreload.module.link_options import find_wraps
from hotreload.module.module_format import SYM_DATA
from project import Project
from reference import Module

F = "int f(int x) { return x; }\n"
IRAM = '__attribute__((section(".iram1.0"), noinline)) '


@pytest.fixture(params=["riscv", "xtensa-windowed"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Project:
    return Project(tmp_path, toolchains.get(request.param))


def built(project: Project, source: str, firmware: str = "", used: str = "") -> Project:
    """A firmware, in which a name is used, and a module."""
    project.firmware_source += firmware
    project.firmware_options += [f"-Wl,-u,{used}"] if used else []
    project.write("a.c", source)
    project.make()
    return project


def refused(project: Project, source: str) -> str:
    """What is said to an edit that needs another firmware."""
    project.write("a.c", source)
    project.compile()
    return project.fail("link", str(project.build))


def relink(project: Project, source: str) -> Module:
    project.write("a.c", source)
    project.compile()
    return Module(project.link())


def test_size_of_a_variable_that_lives_in_the_firmware(target: Project) -> None:
    built(target, F + "int level = 3;\n", used="level")
    text = refused(target, F + "int level[2] = {3, 4};\n")
    assert re.search(r"'level'.* had 4 bytes .*\s.*now it has 8 .*aligned to 4: take "
                     "that back, or build 'firmware' again", text, re.S)


def test_the_first_constructor_may_run_while_nothing_else_does(target: Project) -> None:
    built(target, F + "int level = 3;\n", used="level")
    module = relink(target, F + "int level = 4;\n")
    assert module.notes[0x8000000A] == b""
    first = struct.unpack_from("<I", module.notes[3])[0]
    addends = [addend for place, _, _, addend in module.relocations if place == first]
    fill = target.symbol(str(target.out / "module.elf"), "hotreload_fill")
    assert addends == [fill - module.text.address]


def test_large_variables_are_filled_in_while_others_run(target: Project) -> None:
    source = F + "int level = %d; int many[300] = {1, 2};\n"
    target.firmware_options += ["-Wl,-u,many"]
    built(target, source % 3, used="level")
    module = relink(target, source % 4)
    first, count = struct.unpack_from("<II", module.notes[3])
    assert count == 2
    names = [target.symbol(str(target.out / "module.elf"), name) - module.text.address
             for name in ("hotreload_fill", "hotreload_fill_large")]  # fmt: skip
    called = {place: addend for place, _, _, addend in module.relocations}
    assert [called[first], called[first + 4]] == names


def test_removed_variable_that_the_firmware_uses(target: Project) -> None:
    built(target, F + "int level = 3; int other = 4;\n", used="level")
    assert (
        "'level' was removed since the firmware was built, but the firmware may use it: put it "
        "back, or build 'firmware' again and flash it (restart the emulated board)\n"
    ) in refused(target, F)
    relink(target, F + "int level = 3;\n")


def test_definition_that_the_firmware_has_too(target: Project) -> None:
    built(target, F, "int late(void) { return 1; }\n", used="late")
    text = refused(target, F + "int late(void) { return 2; }\n")
    assert re.search("'late' is new, but the firmware has a definition of it: one of the two ", text)


def test_strong_definition_of_what_is_weak_in_the_firmware(target: Project) -> None:
    weak = "__attribute__((weak)) int hook(void) { return 1; }\n"
    built(target, F, weak, used="hook")
    text = refused(target, F + "int hook(void) { return 2; }\n")
    weak = "'hook' is new, but the firmware has a weak definition of it: build 'firmware' again and"
    assert weak in text


def test_iram_attribute_needs_a_stub_in_iram(target: Project) -> None:
    built(target, F)
    text = refused(target, IRAM + F)
    assert re.search(r"f\(\) got IRAM_ATTR .* stub is in flash: take that back, or build ", text)


def test_exceptions_cannot_leave_a_module(riscv: Project) -> None:
    riscv.flags.append("-fexceptions")
    riscv.flags.append("-fasynchronous-unwind-tables")
    built(riscv, F)
    riscv.describe(exceptions=True)
    text = riscv.fail("link", str(riscv.build))
    assert "a.c.o: an exception cannot leave a function of a module" in text
    assert "-fno-exceptions" in text


# ---- static callbacks ----

TAKE = "typedef int (*callback)(int);\n"


def static(name: str, attribute: str = "") -> str:
    function = f"static {attribute}int {name}(int x) {{ return x + 1; }}\n"
    return function + f"callback take_{name}(void) {{ return {name}; }}\n"


def spares(project: Project) -> "dict[str, int]":
    content = json.loads((project.out / "callbacks.json").read_text())
    return {key.partition(":")[2]: index for key, index in content["spare"].items()}


def test_a_new_static_callback_gets_a_spare_stub_and_keeps_it(target: Project) -> None:
    built(target, TAKE + static("first"))
    assert not (target.out / "callbacks.json").exists(), "it has a stub of its own"
    relink(target, TAKE + static("first") + static("second"))
    assert spares(target) == {"second": 0}
    relink(target, TAKE + static("first") + static("new", IRAM) + static("third"))
    assert spares(target) == {"second": 0, "new": SPARE, "third": 1}, "nobody gets a used one"
    relink(target, TAKE + static("second") + static("first"))
    assert spares(target) == {"second": 0, "new": SPARE, "third": 1}


def test_slots_of_functions_that_are_gone_say_so(target: Project) -> None:
    built(target, TAKE + static("first") + static("second"))
    module = relink(target, TAKE + static("first") + "callback take_second(void) { return 0; }\n")
    gone = target.symbol(target.firmware, "hotreload_missing_gone")
    assert struct.pack("<I", gone) in module.data.content


def test_no_stub_is_left(target: Project) -> None:
    built(target, TAKE + F)
    names = [f"callback_{i}" for i in range(SPARE + 1)]
    target.write("a.c", TAKE + F + "".join(static(name) for name in names))
    target.compile()
    text = target.tool("link", str(target.build))
    assert text.count("no stub is left for callback_8(), whose") == 1
    assert len(spares(target)) == SPARE


def test_constructors_and_tables_of_jumps_take_no_stub(target: Project) -> None:
    cases = "".join(f"case {i}: return g({i * 7}) + {i};\n" for i in range(12))
    source = "int firmware_function(int); static int g(int x) { return firmware_function(x); }\n"
    source += f"int f(int x) {{ switch (x) {{ {cases} }} return 0; }}\n"
    source += "static __attribute__((constructor)) void first(void) { firmware_function(1); }\n"
    built(target, source)
    assert "callback" not in (target.out / "exports.txt").read_text()


def test_a_global_function_that_becomes_a_callback(target: Project) -> None:
    target.calls_exports = False
    built(target, TAKE + F)
    relink(target, TAKE + F + "int later(int x) { return x; } callback take_f(void) { return f; }\n"
           "callback take_later(void) { return later; }\n")  # fmt: skip
    assert spares(target) == {"f": 0, "later": 1}


def test_what_nobody_calls_may_need_what_nobody_has(target: Project) -> None:
    unused = "void nobody_has_it(void); int unused(void) { nobody_has_it(); return 1; }\n"
    target.calls_exports = False
    built(target, F + unused, used="f")
    text = target.tool("link", str(target.build))
    assert "note: the module needs" in text and "unused needs 'nobody_has_it'" in text
    assert "nobody_has_it" in refused(
        target, "int unused(void); int f(int x) { return unused() + x; }\n" + unused
    )


# ---- C++ ----

CXX = "struct Base { virtual int run(int x); int y; };\n"


def test_virtual_table_that_the_firmware_has_no_place_for(riscv: Project) -> None:
    riscv.flags += ["-x", "c++", "-fno-exceptions", "-fno-rtti"]
    built(riscv, CXX + "int Base::run(int x) { return x + y; }\n")
    other = "struct New : Base { virtual int more(); }; int New::more() { return 4; }\n"
    text = refused(riscv, CXX + "int Base::run(int x) { return x + y; }\n" + other)
    assert "a.c.o: vtable for New is new" in text
    assert (
        "must have a place for it: build 'firmware' again and flash it (restart the emulated "
        "board)\n"
    ) in text
    text = refused(
        riscv,
        CXX.replace("int y", "virtual int z(); int y")
        + "int Base::run(int x) { return x + y; } int Base::z() { return 1; }\n",
    )
    assert "'vtable for Base', which lives in the firmware, had 12 bytes" in text


LOCAL = """
int Base::run(int x) { return x + y; }
namespace { struct Local : Base { int run(int x) override { return x; } } object; }
Base *make() { return &object; }
"""


def test_what_lies_behind_a_local_virtual_table(riscv: Project) -> None:
    """It is not the table: a pointer to it stays in the module."""
    riscv.flags += ["-x", "c++", "-fno-exceptions", "-fno-rtti"]
    built(riscv, CXX.replace("int y", "int y = 3") + LOCAL)
    module = Module(riscv.link())
    with open(riscv.out / "module.elf", "rb") as file:
        symbols = {s.name: s for s in ELFFile(file).get_section_by_name(".symtab").iter_symbols()}
    table = symbols["_ZTVN12_GLOBAL__N_15LocalE"]
    behind = symbols["_ZN12_GLOBAL__N_16objectE"]["st_value"]
    assert behind == table["st_value"] + table["st_size"]
    offsets = [addend for _, _, base, addend in module.relocations if base == SYM_DATA]
    assert behind - module.data.address in offsets


# ---- the linker's options and words ----


def test_wrap_in_every_spelling(tmp_path: Path) -> None:
    (tmp_path / "build.ninja").write_text(
        "build other.elf: CXX_EXECUTABLE_LINKER__other a.o\n  LINK_FLAGS = -Wl,--wrap=not_here\n"
        "build dir/my$ firmware.elf | side: C_EXECUTABLE_LINKER__firmware a.o | b\n"
        "  FLAGS = -Wl,--wrap=nor_here\n"
        "  LINK_FLAGS = -Wl,--gc-sections,--wrap=one -Wl,--wrap,two -Xlinker --wrap=three\n"
        "  LINK_LIBRARIES = -Wl,-wrap=four -Xlinker --wrap -Xlinker five \"-Wl,--wrap=si$$x\" -lc\n"
        "build c: phony\n  LINK_FLAGS = -Wl,--wrap=nothing\n"
    )
    found = find_wraps(str(tmp_path), str(tmp_path / "dir/my firmware.elf"))
    assert found == {"one", "two", "three", "four", "five", "si$x"}


WORDS: List[str] = (
    "NEXT MAX MIN INFO SIZEOF ALIGN ADDR DEFINED CONSTANT ABSOLUTE LENGTH ORIGIN LOADADDR ASSERT "
    "KEEP PROVIDE SORT BYTE LONG FILL AT INSERT GROUP INPUT OUTPUT STARTUP ENTRY EXTERN SECTIONS "
    "MEMORY PHDRS VERSION TARGET SEARCH_DIR INCLUDE OVERLAY NOCROSSREFS SUBALIGN LOG2CEIL BLOCK "
    "ONLY_IF_RO HIDDEN COMMON o l org len sizeof_headers SIZEOF_HEADERS SEGMENT_START"
).split()


def test_words_of_the_linkers_language(target: Project) -> None:
    half = len(WORDS) // 2
    exported = "".join(f"int {word}(int x) {{ return x; }}\n" for word in WORDS[:half])
    needed = "".join(f"extern int {word}; r += {word}; " for word in WORDS[half:])
    firmware = "".join(f"int {word};\n" for word in WORDS[half:])
    built(target, exported + f"int f(int r) {{ {needed} return r; }}\n", firmware)
    for word in WORDS[half:]:
        assert target.symbol(str(target.out / "module.elf"), word) == target.symbol(
            target.firmware, word
        )


def test_label_is_a_function_only_where_it_is_called(riscv: Project) -> None:
    riscv.write("t.S", "    .text\n    .balign 4\n    .globl pulses\npulses: .word 11, 22, 33\n")
    riscv.write("a.c", "extern const int pulses[]; int f(int i) { return pulses[i]; }\n")
    module = Module(riscv.make())
    table = riscv.symbol(str(riscv.out / "module.elf"), "pulses")
    offset = table - module.text.address
    assert module.text.content[offset : offset + 12] == struct.pack("<3I", 11, 22, 33)
