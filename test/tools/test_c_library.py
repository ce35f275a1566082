"""C library functions that the firmware lacks: which are copied into the module, which refused.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import re

import pytest

from project import FIRMWARE, MAIN, Project
from reference import Module
from toolchains import run

CALL = "int firmware_function(int); int f(int x) { return firmware_function(x); }\n"
USE = "int pure(int); int f(int x) { return pure(x); }\n"


def add_library(project: Project, members: "dict[str, str]", *options: str) -> str:
    """Compiles a library for the project's toolchain; returns its path."""
    directory = project.root / "lib"
    directory.mkdir(exist_ok=True)
    chain = project.toolchain
    objects = []
    for name, source in members.items():
        (directory / f"{name}.c").write_text(source)
        objects.append(str(directory / f"{name}.o"))
        command = [chain.compiler, *chain.flags, "-Os", "-ffunction-sections", *options, "-c"]
        run([*command, str(directory / f"{name}.c"), "-o", objects[-1]])
    archive = str(directory / "libc.a")
    run([chain.compiler[: -len("gcc")] + "ar", "rc", archive, *objects])
    return archive


def link_use(project: Project, library: str, source: str = USE, **changes: object) -> Module:
    """Builds with a firmware that lacks the library, then a module that uses it."""
    prepare(project, library, source, **changes)
    return Module(project.link())


def refusal(project: Project, library: str, source: str = USE, **changes: object) -> str:
    prepare(project, library, source, **changes)
    return project.fail("link", str(project.build))


def prepare(project: Project, library: str, source: str, **changes: object) -> None:
    project.write("a.c", CALL)
    project.make()
    project.write("a.c", source)
    project.compile()
    project.describe(c_library=library, **changes)


def inside(project: Project, module: Module, name: str) -> bool:
    start = module.text.address
    value = project.symbol(str(project.out / "module.elf"), name)
    return start <= value < start + module.text.memory_size


def test_stateless_functions_are_copied_with_what_they_need(project: Project) -> None:
    library = add_library(
        project,
        {
            "pure": "int helper(int); int firmware_function(int);\n"
            "int pure(int x) { return helper(x) + firmware_function(x); }\n",
            "helper": "static const short table[] = {1, 2, 3, 4};\n"
            "int helper(int x) { return table[x & 3]; }\n",
            "unused": "int counter; int unused(void) { return counter++; }\n",
        },
    )
    module = link_use(project, library)
    assert inside(project, module, "pure") and inside(project, module, "helper")
    elf = str(project.out / "module.elf")
    wanted = project.symbol(project.firmware, "firmware_function")
    assert project.symbol(elf, "firmware_function") == wanted
    assert set(module.exports) == {"f"}
    note = project.tool("link", str(project.build))
    assert re.search(r"note: .*lacks pure\(\).* from libc\.a\(pure\.o\)", note)
    assert "helper()" not in note


def test_the_mathematics_are_part_of_it(riscv: Project) -> None:
    maths = add_library(riscv, {"pure": "int near(int); int pure(int x) { return near(x); }\n"})
    os.rename(maths, maths.replace("libc.a", "libm.a"))
    library = add_library(riscv, {"near": "int near(int x) { return x + 1; }\n"})
    module = link_use(riscv, library)
    assert inside(riscv, module, "pure") and inside(riscv, module, "near")


def test_long_member_names(riscv: Project) -> None:
    name = "a_name_that_the_header_of_a_member_cannot_hold"
    library = add_library(riscv, {name: "int pure(int x) { return x + 1; }\n"})
    assert inside(riscv, link_use(riscv, library), "pure")


def test_thin_library(riscv: Project) -> None:
    library = add_library(riscv, {"pure": "int pure(int x) { return x + 1; }\n"})
    tool = riscv.toolchain.compiler[: -len("gcc")] + "ar"
    (riscv.root / "lib" / "libc.a").unlink()
    run([tool, "rcT", library, str(riscv.root / "lib" / "pure.o")])
    assert inside(riscv, link_use(riscv, library), "pure")


@pytest.mark.parametrize(
    "source, why",
    [
        ("int counter; int pure(int x) { return counter += x; }\n", "keeps state (.bss)"),
        ("static int last = 1; int pure(int x) { return last += x; }\n", "keeps state (.data)"),
        ("__attribute__((section(\".tbss\"))) _Thread_local int own;\n"
         "int pure(int x) { return own += x; }\n", "keeps state (.tbss)"),
        ("int nowhere(int); int pure(int x) { return nowhere(x); }\n",
         "it needs 'nowhere', which neither the firmware nor the C library has"),
    ],
)  # fmt: skip
def test_what_cannot_be_copied(riscv: Project, source: str, why: str) -> None:
    riscv.flags.append("-msmall-data-limit=0")
    library = add_library(riscv, {"pure": source}, "-msmall-data-limit=0")
    text = refusal(riscv, library)
    assert "f needs 'pure'" in text and why in text
    assert "The next firmware will contain it: build 'firmware' again" in text


def test_state_of_a_member_that_is_needed_in_turn(project: Project) -> None:
    members = {
        "pure": "int step(int); int pure(int x) { return step(x); }\n",
        "step": "static int count; int step(int x) { return count += x; }\n",
    }
    assert "libc.a(step.o) has it, but keeps state" in refusal(
        project, add_library(project, members)
    )


def test_common_variable_is_state(riscv: Project) -> None:
    source = "int shared; int pure(int x) { return shared += x; }\n"
    text = refusal(riscv, add_library(riscv, {"pure": source}, "-fcommon"))
    assert "keeps state (shared)" in text


TABLE = {
    "pure": "extern const int numbers[]; int pure(int x) { return numbers[x & 3]; }\n",
    "numbers": "const int numbers[] = {1, 2, 3, 4};\n",
}


def test_pc_relative_constants_lie_in_readable_text(riscv: Project) -> None:
    library = add_library(riscv, TABLE, "-mcmodel=medany")
    module = link_use(riscv, library)
    assert inside(riscv, module, "numbers") and module.data.memory_size == 0


def test_pc_relative_constants_are_refused_elsewhere(riscv: Project) -> None:
    library = add_library(riscv, TABLE, "-mcmodel=medany")
    text = refusal(riscv, library, text_readable=False)
    assert "libc.a(pure.o) has it, but was compiled to reach its constants by their " in text
    assert "f needs 'pure'" in text


def test_absolute_constants_need_no_readable_text(riscv: Project) -> None:
    module = link_use(riscv, add_library(riscv, TABLE), text_readable=False)
    assert len(module.data.content) == 16


def test_pc_relative_constants_of_the_firmware_are_copied(riscv: Project) -> None:
    """The firmware's own are too far away, and its distance is not known."""
    own = "const int numbers[4] = {5, 6, 7, 8}; const int *volatile used;\n"
    main = MAIN.replace("used_table = hot", "used = numbers; used_table = hot")
    riscv.firmware_source = FIRMWARE + own + main
    module = link_use(riscv, add_library(riscv, TABLE, "-mcmodel=medany"))
    assert riscv.symbol(riscv.firmware, "numbers") and inside(riscv, module, "numbers")


def test_nothing_is_copied_that_the_firmware_has(riscv: Project) -> None:
    library = add_library(riscv, {"pure": "int firmware_function(int x) { return x; }\n"})
    link_use(riscv, library, CALL)
    assert not list(riscv.out.glob("c_library.*"))


def test_damaged_library(riscv: Project) -> None:
    library = add_library(riscv, {"pure": "int pure(int x) { return x; }\n"})
    content = open(library, "rb").read()
    for length in (30, content.rindex(b"`\n") - 20):  # in the index, and in a member's header
        open(library, "wb").write(content[:length])
        assert "libc.a is damaged" in refusal(riscv, library)
    open(library, "wb").write(b"INPUT(-lc)\n")
    assert "is not a library that ar has made" in riscv.fail("link", str(riscv.build))


def test_build_without_a_c_library(riscv: Project) -> None:
    text = refusal(riscv, "/nonexistent/libc.a")
    assert "No library of the build or the toolchain has it" in text
