"""Functions of the toolchain's own C library, which the firmware lacks, used after a reload."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from contextlib import contextmanager
from typing import Iterator

import pytest
from board_build import ROOT, Build
from cross_toolchain import CORES
from emulated_board import Board

pytestmark = pytest.mark.parametrize("core", list(CORES), indirect=True)

SORTED = """\
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int compare(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static int exercise_libc(const char *text)
{
    int values[] = {400, 7, 30, 2000};
    qsort(values, 4, sizeof values[0], compare);
    int position = (int)(strpbrk(text, "Cx") - text);
    return values[1] + values[2] + (strcasecmp(text, "aBC") == 0) + position;
}

int exercise_marker"""

ARGUMENTS = """\
int getopt(int count, char *const *arguments, const char *options);

static int exercise_libc(char *text)
{
    return getopt(1, &text, " ");
}

int exercise_marker"""


MATHEMATICS = """\
#include <math.h>

static int exercise_libc(const char *text)
{
    volatile double two = text[1] == 'b' ? 2 : 0;
    double sum = sqrt(8 * two) + pow(two, 5) + ilogb(512 * two) + fmod(7 * two, 8) + tanh(40 * two);
    return (int)(1000 * sum + ilogbl(sqrtl(two)));
}

int exercise_marker"""


@pytest.fixture(scope="module")
def build(core: str, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """One of its own: a static callback that is gone stays in the list of all later modules."""
    return Build(str(tmp_path_factory.mktemp("c_library")), core)


@contextmanager
def marker(build: Build, before: str, statements: str) -> Iterator[None]:
    """The marker with definitions before it and another body; then the source is as it was."""
    path = os.path.join(build.component, "marker.c")
    original = build.read(path)
    build.edit("marker.c", "int exercise_marker", before)
    build.edit("marker.c", "return 1;", statements)
    try:
        yield
    finally:
        with open(path, "wb") as output:
            output.write(original)


def tool(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Runs one of our commands."""
    return subprocess.run(
        [sys.executable, "-m", "hotreload", *arguments],
        env={**os.environ, "PYTHONPATH": os.path.join(ROOT, "tools")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
    )


def reload(build: Build, url: str, code: str) -> "subprocess.CompletedProcess[str]":
    """Reloads the marker with these functions before it."""
    call = 'static char text[] = "AbC";\n    return exercise_libc(text);'
    with marker(build, code, call):
        return tool("reload", "--build", build.dir, "--url", url)


@pytest.fixture()
def url(board: Board, build: Build) -> Iterator[str]:
    """The board's; and the module is built again as it was, when the test has ended."""
    yield f"http://127.0.0.1:{board.port}"
    build.ninja()


def test_copied_functions_run(board: Board, build: Build, url: str) -> None:
    before = board.now()
    result = reload(build, url, SORTED)
    assert result.returncode == 0, result.stdout
    for name in ("qsort", "strpbrk"):
        assert f"note: the firmware lacks {name}(), linked into the module from" in result.stdout
    board.wait_for_round(30 + 400 + 1 + 2, before)


def test_mathematics_run(board: Board, build: Build, url: str) -> None:
    before = board.now()
    result = reload(build, url, MATHEMATICS)
    assert result.returncode == 0, result.stdout
    board.wait_for_round(1000 * (4 + 32 + 10 + 6 + 1), before)


def names_of_libm(build: Build) -> "list[str]":
    """The global functions and variables of the C library's mathematics."""
    with open(build.generated("hotreload.json"), encoding="utf-8") as file:
        description = json.load(file)
    libc = description["c_library"]
    libm = os.path.join(os.path.dirname(libc), "libm.a")
    nm = description["compiler"][: -len("gcc")] + "nm"
    command = [nm, "--extern-only", "--defined-only", "--print-file-name", libc, libm]
    listed = subprocess.run(command, stdout=subprocess.PIPE, universal_newlines=True, check=True)
    of_libm = re.compile(r".*(?:/libm\.a:|:libm_)[^:]*:\S* [A-Z] ([a-z]\w*)")
    found = [of_libm.match(line) for line in listed.stdout.splitlines()]
    return sorted({match.group(1) for match in found if match})


def link(build: Build, names: "list[str]") -> "subprocess.CompletedProcess[str]":
    """Links a module that has the addresses of all these."""
    lines = [f'extern const char f{i}[] __asm__("{name}");\n' for i, name in enumerate(names)]
    table = ", ".join(f"f{i}" for i in range(len(names)))
    code = f"{''.join(lines)}static const char *const table[] = {{{table}}};\nint exercise_marker"
    with marker(build, code, "return *table[*table[0]];"):
        build.ninja("hotreload_objects")
        return tool("link", build.generated("hotreload.json"))


WITH_STATE = {
    "riscv": {
        "signgam",  # a variable by definition
        "e_expl",  # it gives the address of a table that is not constant to another function
        "e_tgammal",  # what should be its local variables are global
    },
    "xtensa": set(),
}
"""Object files of libm with variables that are written, or may be."""


def test_all_of_libm(core: str, build: Build, url: str) -> None:
    names = names_of_libm(build)
    assert {"sqrt", "pow", "ilogb", "lgamma"} < set(names) and len(names) > 200
    output = link(build, names).stdout
    refused = set(re.findall(r"needs '(\w+)'", output))
    members = set(re.findall(r"(?:libm_[a-z]+_|lib_a-)(\w+)(?:\.c)?\.o\) has it, but", output))
    assert members == WITH_STATE[build.core.arch], output
    result = link(build, [name for name in names if name not in refused])
    assert result.returncode == 0, result.stdout


def test_function_with_state_is_refused(board: Board, build: Build, url: str) -> None:
    result = reload(build, url, ARGUMENTS)
    assert result.returncode == 1
    assert "marker.c:" in result.stdout and "needs 'getopt'" in result.stdout
    assert "has it, but " in result.stdout
    board.wait_for_round(1, board.now())
