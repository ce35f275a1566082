"""Edits outside the module that do not change the firmware's code: they need no flash.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import pytest

from hotreload.checks.causes import find_causes
from hotreload.checks.same_code import command_aside
from hotreload.checks.outside import check_outside
from hotreload.description import Description, load_description
from hotreload.errors import FlashNeeded
from project import Project
from toolchains import run

HEADER = """\
#define LIMIT 7
typedef struct { int x, y; } point_t;
int twice(int x);
"""
MAIN = """\
#include "shared.h"
static const int table[] = {1, 2, LIMIT};
point_t point = {3, 4};
static int callback(int x) { return x + table[x & 1]; }
int (*stored)(int) = callback;
int f(int x)
{
    switch (x) {
    case 0: return twice(7);
    case 1: return point.x;
    case 2: return stored(x);
    case 3: return twice(table[1]);
    case 4: return x * LIMIT;
    default: return point.y;
    }
}
"""


class Firmware:
    """An object file that is not the module's, built from main.c and shared.h."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self.directory = project.build
        self.count = project.root / "compiled"
        project.write("a.c", "int a;\n")
        self.write("shared.h", HEADER)
        self.write("main.c", MAIN)
        self.describe(1)
        self.build()

    def write(self, name: str, text: str) -> None:
        (self._project.root / name).write_text(text)

    def describe(self, objects: int, more: str = "") -> None:
        """Writes build.ninja, in which each object is made from main.c; counts the compilations."""
        project = self._project
        project.write_ninja()
        ninja = project.build / "build.ninja"
        rules = ninja.read_text().replace(": phony hotreload_objects", ": phony hotreload_objects " +
                                          " ".join(f"main{n}.o" for n in range(objects)))
        command = f"echo . >> {self.count} && {project.toolchain.compiler}"
        rules = rules.replace(project.toolchain.compiler, command)
        rules = rules.replace(" -c $in", f" -MT $out{more} -c $in")
        for n in range(objects):
            rules += f"build main{n}.o: cc {project.root}/main.c\n"
        ninja.write_text(rules)

    def build(self) -> None:
        run(["ninja", "firmware"], cwd=str(self.directory))

    def check(self) -> int:
        """Returns how often the compiler ran for it."""
        description = self.description()
        before = self.compilations()
        found = find_causes(description, "firmware")
        assert found is not None
        check_outside(found.causes, description)
        return self.compilations() - before

    def refused(self) -> str:
        with pytest.raises(FlashNeeded) as error:
            self.check()
        return str(error.value)

    def description(self) -> Description:
        return load_description(str(self._project.describe()))

    def compilations(self) -> int:
        return len(self.count.read_text().splitlines())


@pytest.fixture
def firmware(project: Project) -> Firmware:
    return Firmware(project)


SAME = {
    "taken back": ("shared.h", HEADER),
    "a comment": ("shared.h", "/* new */\n\n" + HEADER),
    "a prototype": ("shared.h", HEADER + "int three(int x, int y);\n"),
    "a structure": ("shared.h", HEADER + "struct other { char *name; };\n"),
    "an inline function": ("shared.h", HEADER + "static inline int g(void) { return LIMIT; }\n"),
    "a macro": ("shared.h", "#define OTHER 9\n" + HEADER),
    "a line of the source": ("main.c", MAIN.replace("int f(", "\n\nint f(")),
    "another name": ("main.c", MAIN.replace("int x)\n", "int y)\n").replace("(x) {\n", "(y) {\n")
                     .replace("stored(x)", "stored(y)").replace("x * LIMIT", "y * LIMIT")),
}


@pytest.mark.parametrize("name, text", SAME.values(), ids=list(SAME))
def test_the_code_stays_the_same(
    firmware: Firmware, name: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    firmware.write(name, text)
    assert firmware.check() == 1
    assert capsys.readouterr().out == f"{name}: the firmware's code stays the same\n"
    assert not list(firmware.directory.glob("*.hotreload*"))


OTHER = {
    "a constant": ("shared.h", HEADER.replace("LIMIT 7", "LIMIT 8")),
    "an initial value": ("main.c", MAIN.replace("{3, 4}", "{3, 5}")),
    "an instruction": ("main.c", MAIN.replace("twice(7)", "twice(8)")),
    "a call": ("main.c", MAIN.replace("twice(7)", "half(7)").replace("int f", "int half(int);\nint f")),
    "a size": ("shared.h", HEADER.replace("int x, y;", "int x, y, z;")),
    "a name": ("main.c", MAIN.replace("point_t point", "point_t place").replace("point.", "place.")),
    "another order": ("shared.h", HEADER.replace("int x, y;", "int y, x;")),
    "an address": ("main.c", MAIN.replace("stored)(int) = callback", "stored)(int) = twice")),
    "a weak function": ("main.c", MAIN.replace("int f(", "__attribute__((weak)) int f(")),
    "a section": ("main.c", MAIN.replace("point_t point", "__attribute__((section(\".d\"))) point_t point")),
    "a mistake": ("main.c", MAIN.replace("switch", "swich")),
}


@pytest.mark.parametrize("name, text", OTHER.values(), ids=list(OTHER))
def test_the_code_changes(firmware: Firmware, name: str, text: str) -> None:
    firmware.write(name, text)
    assert f"{name} has changed, which main0.o is made from" in firmware.refused()
    assert not list(firmware.directory.glob("*.hotreload*"))


def test_it_is_compiled_once(firmware: Firmware) -> None:
    firmware.write("shared.h", HEADER + "/* 1 */\n")
    assert [firmware.check(), firmware.check()] == [1, 0]
    firmware.write("shared.h", HEADER + "/* 2 */\n")
    assert [firmware.check(), firmware.check()] == [1, 0]
    firmware.write("shared.h", HEADER.replace("7", "9"))
    firmware.refused()
    before = firmware.compilations()
    firmware.refused()
    assert firmware.compilations() == before


def test_a_header_that_is_new(firmware: Firmware) -> None:
    """What the firmware was made from first is not all that counts."""
    firmware.write("new.h", "/* nothing */\n")
    firmware.write("shared.h", HEADER + '#include "new.h"\n')
    assert firmware.check() == 1
    firmware.write("new.h", "#undef LIMIT\n#define LIMIT 3\n")
    firmware.refused()


def test_other_options(firmware: Firmware) -> None:
    firmware.describe(1, " -DUNUSED=1")
    assert firmware.check() == 1
    firmware.describe(1, " -DUNUSED=1 -Dpoint=place")
    assert "main0.o is made in another way now" in firmware.refused()


def test_only_what_changes_is_named(firmware: Firmware) -> None:
    firmware.write("other.c", "int other;\n")
    ninja = firmware.directory / "build.ninja"
    rules = ninja.read_text().replace("main0.o\n", "main0.o other.o\n", 1)
    ninja.write_text(f"{rules}build other.o: cc {firmware.directory.parent}/other.c\n")
    firmware.build()
    firmware.write("shared.h", HEADER + "/* new */\n")
    firmware.write("other.c", "int other = 1;\n")
    text = firmware.refused()
    assert "other.c has changed" in text and "shared.h" not in text


NAME = "esp-idf/a b/main.c.obj"
WINDOWS = NAME.replace("/", "\\")


@pytest.mark.parametrize("command", [
    'gcc -MD -MT "{0}" -MF "{0}.d" -o "{0}" -c C:/a/main.c',
    'gcc.exe -MD -MT "{0}" -MF "{1}.d" -o "{0}" -c C:/a/main.c',
    'gcc.exe -MD -MT "{1}" -MF "{1}.d" -o "{1}" -c C:/a/main.c',
    "gcc -MD -MT '{0}' -MF '{0}.d' -o '{0}' -c /a/main.c",
])
def test_how_a_command_is_written(command: str) -> None:
    """With quotes, and as CMake and ninja write it on Windows."""
    found = command_aside(command.format(NAME, WINDOWS), NAME)
    assert found is not None and found.count(".hotreload") == 2
    assert found.replace(".hotreload", "") == command.format(NAME, WINDOWS)


def test_too_many_objects(firmware: Firmware) -> None:
    firmware.describe(17)
    firmware.build()
    firmware.write("shared.h", HEADER + "/* new */\n")
    before = firmware.compilations()
    assert "shared.h has changed" in firmware.refused()
    assert firmware.compilations() == before
