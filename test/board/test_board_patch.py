"""Patches under a loop that never leaves the reloadable code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Iterator, List, Sequence

import pytest
from emulated_project import LOOP, Console, EmulatedProject

STEP = "blink_step.c"


class Loop:
    """An example on a running board."""

    def __init__(self, project: EmulatedProject, console: Console, source: str = STEP) -> None:
        self.project, self.console, self.source = project, console, source

    def edit(self, *changes: List[str], wait: int = 60, options: Sequence[str] = ()) -> str:
        """Changes texts in the source and reloads; returns what the tool said."""
        for old, new in changes:
            self.project.edit(old, new, self.source)
        command = [sys.executable, "-m", "hotreload", "reload", "--wait", str(wait), *options]
        result = subprocess.run(
            [*command, "--build", str(self.project.build_dir), "--url", self.console.url],
            env=self.project.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            encoding="utf-8",
        )  # fmt: skip
        return result.stdout

    def wait_for(self, pattern: str) -> "tuple[int, int]":
        """The next line with round and counter that has a pattern in between."""
        line = self.console.wait_for(rf"uptime (\d+): {pattern}, lit (\d+) times", self.console.count())
        return int(line.group(1)), int(line.group(2))


@pytest.fixture()
def loop(core: str, tmp_path: Path) -> Iterator[Loop]:
    project = EmulatedProject(core, tmp_path / "project", LOOP)
    project.build()
    with project.boot(show=False, poll_ms=20) as console:
        console.wait_for(r"uptime 2: blink")
        yield Loop(project, console)


def test_state_outlives_patches(loop: Loop) -> None:
    """The loop's own counter, the component's, and that of a variable that came with a patch."""
    said = loop.edit(['"uptime %u: blink', '"uptime %u: flash'])
    assert "Patched: 1 function" in said, said
    uptime, lit = loop.wait_for("flash")
    assert lit == (uptime + 1) // 2

    said = loop.edit(
        ["static unsigned lit;", "static unsigned lit;\nstatic unsigned patched;"],
        ['flash, lit %u times\\n", round', 'glow %u, lit %u times\\n", round, ++patched'],
    )
    assert "Patched: 1 function" in said, said
    loop.wait_for(r"glow \d+")
    said = loop.edit(["glow %u", "shine %u"])
    assert "Patched: 1 function" in said, said
    line = loop.console.wait_for(r"uptime (\d+): shine (\d+), lit (\d+) times")
    uptime, patched, lit = (int(number) for number in line.groups())
    assert patched > 3 and lit == (uptime + 1) // 2


def test_a_function_with_other_arguments(loop: Loop) -> None:
    """The old loop, which passes the old ones, goes on with the old function."""
    loop.project.edit("unsigned round)", "unsigned round, unsigned step)", "include/blink.h")
    loop.project.edit("blink_step(round)", "blink_step(round, 7)", "blink_run.c")
    said = loop.edit(["unsigned round)", "unsigned round, unsigned step)"],
                     ['blink, lit %u times\\n", round', 'step %u, lit %u times\\n", round, step'])
    assert "Patched: 2 functions" in said, said
    uptime, lit = loop.wait_for("blink")
    assert lit == (uptime + 1) // 2


def test_new_callbacks_and_constants(loop: Loop) -> None:
    """A function whose address is taken for the first time gets a spare stub, which lasts."""
    said = loop.edit(
        ["void blink_step", "static const char names[2][8] = {\"off\", \"on\"};\n"
         "static const char *name(unsigned round) { return names[round % 2]; }\n"
         "static const char *(*volatile naming)(unsigned);\n\nvoid blink_step"],
        ['    printf("uptime %u: blink', '    naming = naming ? naming : name;\n'
         '    printf("uptime %u: %s'],
        ["times\\n\", round,", "times\\n\", round, naming(round),"],
    )
    assert "Patched" in said, said
    loop.wait_for("on")
    said = loop.edit(["names[round % 2]", "names[(round + 1) % 2]"])
    assert "Patched" in said, said
    line = loop.console.wait_for(r"uptime \d*[02468]: on,", loop.console.count())
    assert line


def test_tables_that_change_from_patch_to_patch(loop: Loop) -> None:
    """What the next patch finds of the one before must be what it means."""
    said = loop.edit(
        ["void blink_step", "static const char off[] = \"off\", on[] = \"on\";\n"
         "static const char *const names[] = {off, on};\n"
         "static const char *name(unsigned x)\n"
         "{\n    static const void *const to[] = {&&zero, &&one};\n    goto *to[x];\n"
         "zero:\n    return names[0];\none:\n    return names[1];\n}\n\nvoid blink_step"],
        ['"uptime %u: blink', '"uptime %u: %s'],
        ["times\\n\", round,", "times\\n\", round, name(round % 2),"],
    )
    assert "Patched" in said, said
    loop.wait_for("on")
    said = loop.edit(['on[] = "on"', 'on[] = "lit up"'])
    assert "Patched" in said, said
    loop.wait_for("lit up")
    said = loop.edit(
        ["{off, on}", '{off, on, "bright"}'], ["round % 2)", "round % 4)"],
        ["&&one}", "&&one, &&two, &&zero}"],
        ["return names[1];", "return names[1];\ntwo:\n    return names[2];"],
    )  # fmt: skip
    assert "Patched" in said, said
    uptime, lit = loop.wait_for("bright")
    assert lit == (uptime + 1) // 2


def test_a_function_of_the_c_library_that_is_new(loop: Loop) -> None:
    """The firmware lacks both: they travel with the patch, and the loop goes on."""
    said = loop.edit(
        ["void blink_step", '#include <string.h>\nstatic char dots[8] = "..xy.";\n\nvoid blink_step'],
        ['"uptime %u: blink', '"uptime %u: %s'],
        ['times\\n", round,', 'times\\n", round, strpbrk(dots + round % 2, "x,"),'],
    )
    assert "the firmware lacks strpbrk()" in said and "Patched" in said, said
    uptime, lit = loop.wait_for(r"xy\.")
    assert lit == (uptime + 1) // 2
    said = loop.edit(['strpbrk(dots + round % 2, "x,")', 'strstr(dots + round % 2, dots + 3)'])
    assert "the firmware lacks strstr()" in said and "Patched" in said, said
    uptime, lit = loop.wait_for(r"y\.")
    assert lit == (uptime + 1) // 2


def test_a_large_edit_under_the_loop(loop: Loop) -> None:
    """The whole module would cost less, but the loop keeps it out."""
    work = "".join(f"    x = x * {i * 77 + 5} + (x >> {i % 5 + 1});\n" for i in range(500))
    said = loop.edit(
        ["void blink_step", f"static unsigned large(unsigned x)\n{{\n{work}    return x | 1;\n}}\n\nvoid blink_step"],
        ['"uptime %u: blink', '"uptime %u: large'],
        ["lit += round % 2;", "lit += large(round) ? round % 2 : 7;"],
        wait=5,
    )
    assert "Patched: " in said, said
    uptime, lit = loop.wait_for("large")
    assert lit == (uptime + 1) // 2


def test_a_whole_module_waits_for_the_loop(loop: Loop) -> None:
    said = loop.edit(["static unsigned lit;", "static unsigned long long lit;"],
                     ["lit %u times", "lit %llu times"], wait=1)  # fmt: skip
    assert "task main is inside the module" in said, said
    uptime, lit = loop.wait_for("blink")
    assert lit == (uptime + 1) // 2


def write_filler(folder: Path, **sizes: int) -> Path:
    """A component with text of these sizes in KB."""
    folder.mkdir()
    for name, size in sizes.items():
        (folder / f"{name}.S").write_text(
            f'    .section .text.{name}, "ax"\n    .globl {name}\n    .balign 4\n'
            f"    .type {name}, @object\n{name}:\n    .fill {size * 256}, 4, 0\n"
        )
    sources = " ".join(f"{name}.S" for name in sizes)
    (folder / "CMakeLists.txt").write_text(f"idf_component_register(RELOADABLE SRCS {sources})\n")
    return folder


def test_a_patch_far_from_its_base(core: str, tmp_path: Path) -> None:
    """200 KB lie in between, and the `j` of Xtensa reaches 128 KB."""
    filler = write_filler(tmp_path / "filler", near=40, far=160)
    project = EmulatedProject(core, tmp_path / "project", LOOP)
    project.build(filler, options=[f"-DEMULATOR_PARTITION_SIZE={1 << 20}"])
    memory = ["--ram", str(1 << 20), "--max-upload", str(1 << 19)]
    with project.boot(show=False, poll_ms=20, options=memory) as console:
        console.wait_for(r"uptime 2: blink")
        loop = Loop(project, console)
        for old, new in (("blink,", "flash,"), ("flash,", "glow,")):
            said = loop.edit([f'"uptime %u: {old}', f'"uptime %u: {new}'])
            assert "Patched: 1 function" in said, said
            uptime, lit = loop.wait_for(new.rstrip(","))
            assert lit == (uptime + 1) // 2


def test_a_patch_out_of_reach(tmp_path: Path) -> None:
    """1.2 MB lie in between, and the `jal` of RISC-V reaches 1 MB."""
    filler = write_filler(tmp_path / "filler", far=1200)
    project = EmulatedProject("riscv", tmp_path / "project")
    project.build(filler, options=[f"-DEMULATOR_PARTITION_SIZE={4 << 20}"])
    memory = ["--ram", str(4 << 20), "--max-upload", str(2 << 20)]
    with project.boot(show=False, poll_ms=20, options=memory) as console:
        console.wait_for("uptime 2: Hello")
        loop = Loop(project, console, "reloadable.c")
        said = loop.edit(['"Hello"', '"Howdy"'])
        assert "Reloaded whole (the device does not take the patch): " in said, said
        console.wait_for("Howdy, ")


KEPT = """
#include "hotreload.h"

static int laps HOTRELOAD_KEEP = 3;
static short calls HOTRELOAD_KEEP;
static int count_of[26] HOTRELOAD_KEEP;

int tally(int c)
{
    count_of[c - 'a']++;
    int sum = ++laps + ++calls;
    for (const int *one = count_of; one != count_of + 26; one++) {
        sum += *one;
    }
    return sum;
}
"""


def test_kept_variables_outlive_whole_modules(core: str, tmp_path: Path) -> None:
    project = EmulatedProject(core, tmp_path / "project")
    project.build(more_source=KEPT)
    with project.boot(show=False, poll_ms=20) as console:
        console.wait_for("uptime 2: Hello")
        loop = Loop(project, console, "reloadable.c")
        said = loop.edit(["#include <stdio.h>", "#include <stdio.h>\nint tally(int);"],
                         ["reloadable_hello_count++)", "tally('c'))"])  # fmt: skip
        assert "Patched" in said, said
        console.wait_for("! 6$")
        for greeting in ("Howdy", "Hey"):
            before = console.count()
            said = loop.edit([f'greeting = "{"Hello" if greeting == "Howdy" else "Howdy"}"',
                              f'greeting = "{greeting}"'], options=["--whole"])  # fmt: skip
            assert "Reloaded whole (--whole)" in said, said
            last = int(console.wait_for(r"! (\d+)$", before).group(1))
            line = console.wait_for(rf"{greeting}, .*! (\d+)$", before)
            assert int(line.group(1)) >= last and int(line.group(1)) % 3 == 0
            console.wait_for(rf"! {int(line.group(1)) + 3}$", before)
