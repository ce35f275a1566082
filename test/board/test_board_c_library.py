"""Functions of the toolchain's own C library, which the firmware lacks, used after a reload."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Iterator

import pytest
from board_build import ROOT, Build
from emulated_board import Board

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


def reload(build: Build, url: str, code: str) -> "subprocess.CompletedProcess[str]":
    """Reloads the marker with these functions before it; then the source is as it was."""
    path = os.path.join(build.component, "marker.c")
    original = build.read(path)
    build.edit("marker.c", "int exercise_marker", code)
    call = 'static char text[] = "AbC";\n    return exercise_libc(text);'
    build.edit("marker.c", "return 1;", call)
    command = [sys.executable, "-m", "hotreload", "reload", "--build", build.dir, "--url", url]
    environment = {**os.environ, "PYTHONPATH": os.path.join(ROOT, "tools")}
    try:
        return subprocess.run(
            command,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            universal_newlines=True,
        )
    finally:
        with open(path, "wb") as output:
            output.write(original)


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


def test_function_with_state_is_refused(board: Board, build: Build, url: str) -> None:
    result = reload(build, url, ARGUMENTS)
    assert result.returncode == 1
    assert "marker.c:" in result.stdout and "needs 'getopt'" in result.stdout
    assert "has it, but " in result.stdout
    board.wait_for_round(1, board.now())
