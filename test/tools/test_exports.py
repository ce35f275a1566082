"""`exports`: what object files define and need.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import re
from typing import List

from project import Project

SOURCE = """\
int outside(int); extern int variable; extern int maybe(void) __attribute__((weak));
static int local(int x) { return x + variable; }
int zeta(int x) { return outside(x) + local(x) + (maybe ? maybe() : 0); }
__attribute__((weak)) int Alpha(void) { return 1; }
int data = 1; const int constant = 2; int common;
"""


def export(project: Project) -> str:
    project.compile()
    return project.tool(*project.export_arguments(), *project.objects())


def exports_txt(project: Project) -> str:
    return (project.out / "exports.txt").read_text()


def imports(project: Project) -> List[str]:
    """The names that are forced into the firmware, but for the spare stubs."""
    first, *names, last = (project.out / "imports.ld").read_text().splitlines()
    assert (first, last) == ("EXTERN(", ")")
    assert all(re.fullmatch('    "[^"]+"', name) for name in names)
    return [name.strip(' "') for name in names if "hotreload_spare." not in name]


def test_lists_global_functions_sorted_by_bytes(project: Project) -> None:
    project.write("a.c", SOURCE)
    export(project)
    assert exports_txt(project) .splitlines() == [
        "weak Alpha",
        "strong zeta",
        "variable-strong 4 4 common",
        "variable-strong 4 4 constant",
        "variable-strong 4 4 data",
    ]


def test_forces_imports_but_not_weak_references(project: Project) -> None:
    project.write("a.c", SOURCE)
    export(project)
    assert imports(project) == ["outside", "variable"]


def test_forces_stubs_that_the_module_points_to(riscv: Project) -> None:
    riscv.write("a.c", "int f(void) { return 1; } int g(void) { return 2; } int (*p)(void) = g;\n")
    export(riscv)
    assert imports(riscv) == ["hotreload_stub.g"]


def test_objects_satisfy_each_other_and_strong_beats_weak(riscv: Project) -> None:
    riscv.write("a.c", "int b(void); __attribute__((weak)) int f(void) { return b(); }\n")
    riscv.write("b.c", "int f(void) { return 2; } int b(void) { return 3; }\n")
    export(riscv)
    assert exports_txt(riscv) == "strong b\nstrong f\n"
    assert imports(riscv) == []


def test_assembly_without_symbol_types_and_inline_functions(riscv: Project) -> None:
    riscv.write(
        "a.S",
        "    .text\n    .globl plain\nplain: ret\n    .globl caller\ncaller: call called\n"
        "    .globl called\ncalled: ret\n"
        '    .section .text.inlined, "axG", @progbits, inlined, comdat\n'
        "    .weak inlined\n    .type inlined, @function\ninlined: ret\n"
        "    .data\n    .globl word\nword: .word 1\n",
    )
    export(riscv)
    assert exports_txt(riscv).splitlines() == [
        "strong called",
        "strong-label caller",
        "inline inlined",
        "strong-label plain",
        "variable-strong 4 1 word",
    ]
    assert imports(riscv) == []


def test_nothing_to_export(riscv: Project) -> None:
    riscv.write("a.c", "static int unused = 1;\n")
    export(riscv)
    assert exports_txt(riscv) == ""
    assert imports(riscv) == []


def test_files_are_touched_only_when_they_change(riscv: Project) -> None:
    riscv.write("a.c", "int f(void) { return 1; }\n")
    export(riscv)
    files = [riscv.out / "exports.txt", riscv.out / "imports.ld"]
    for file in files:
        os.utime(file, (1000, 1000))
    riscv.write("a.c", "int f(void) { return 2; }\n")
    export(riscv)
    assert [file.stat().st_mtime for file in files] == [1000, 1000]
    riscv.write("a.c", "int f(void) { return 2; }\nint g(void) { return 2; }\nint (*p)(void) = g;\n")
    export(riscv)
    assert all(file.stat().st_mtime > 1000 for file in files)
    assert sorted(os.listdir(riscv.out)) == ["exports.txt", "imports.ld", "wraps.txt"]


def test_list_of_objects_in_a_file(riscv: Project) -> None:
    riscv.write("a.c", "int f(void) { return 1; }\n")
    riscv.write("b.c", "int g(void) { return 1; }\n")
    riscv.compile()
    listing = riscv.root / "objects.txt"
    listing.write_text("\n".join(riscv.objects()) + "\n\n")
    arguments = riscv.export_arguments()
    arguments[-1] = str(riscv.root / "new/dir")
    riscv.tool(*arguments, f"@{listing}")
    text = (riscv.root / "new/dir/exports.txt").read_text()
    assert text == "strong f\nstrong g\n"


def test_unreadable_input(riscv: Project) -> None:
    arguments = riscv.export_arguments()
    assert "cannot read the list of objects" in riscv.fail(*arguments, "@none")
    assert "cannot read the object file" in riscv.fail(*arguments, "none.o")
    text = riscv.write("text.o", "not an object")
    assert "is not an ELF file" in riscv.fail(*arguments, str(text))
    wide = riscv.write("wide.o", "")
    wide.write_bytes(b"\x7fELF\x02\x01\x01" + bytes(200))
    assert "not a little-endian 32-bit" in riscv.fail(*arguments, str(wide))


def test_damaged_objects_give_an_error_at_every_length(riscv: Project) -> None:
    riscv.write("a.c", "int f(void) { return 1; }\n")
    riscv.flags = ["-Os"]
    riscv.compile()
    whole = open(riscv.objects()[0], "rb").read()
    from hotreload.errors import ToolError
    from hotreload.module.objects import read_objects

    cut = riscv.root / "cut.o"
    for length in range(len(whole)):
        cut.write_bytes(whole[:length])
        try:
            read_objects([str(cut)])
        except ToolError as error:
            assert str(cut) in str(error)
            continue
        raise AssertionError(f"{length} of {len(whole)} bytes were accepted")


def test_symbol_that_a_linker_script_cannot_name(riscv: Project) -> None:
    riscv.write(
        "a.S",
        '    .text\n    .globl "odd\\\\name"\n    .type "odd\\\\name", @function\n"odd\\\\name": ret\n',
    )
    riscv.compile()
    text = riscv.fail(*riscv.export_arguments(), *riscv.objects())
    assert "a.S.o: the symbol 'odd\\name'" in text


def test_numbers_with_a_name_are_no_imports(riscv: Project) -> None:
    riscv.write("a.S", "    .globl NUMBER\n    .equ NUMBER, 42\n")
    riscv.write("b.c", "extern char NUMBER[]; int f(void) { return (int)NUMBER; }\n")
    export(riscv)
    assert imports(riscv) == []
