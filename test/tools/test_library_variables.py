"""Variables of the C library that nobody writes: a copy of them does no harm.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from pathlib import Path
from typing import Dict

import pytest

import toolchains
from project import Project
from test_c_library import USE, add_library, inside, link_use, refusal


@pytest.fixture(params=["riscv", "xtensa-windowed", "xtensa-esp32"])
def executed(request: pytest.FixtureRequest, tmp_path: Path) -> Project:
    """A project for each architecture whose instructions are understood."""
    return Project(tmp_path, toolchains.get(request.param))


LAST = "static volatile int last = 1;\n"
LARGE = "static volatile struct { int a, b, c, d; } last = {1, 2, 3, 4};\n"

ONLY_READ = {
    "once": LAST + "int pure(int x) { return x + last; }\n",
    "zero": "static volatile int zero; int pure(int x) { return x + zero; }\n",
    "a double": "static volatile double last = 1;\nint pure(int x) { return x + (int)last; }\n",
    "a float": "static volatile float last = 1;\n"
    "int pure(int x) { float f = last; return f < x ? (int)(f * 2.5f) : x; }\n",
    "by its address": LARGE
    + "int pure(int x) { return last.a + last.b * x + last.c + (x ? last.d : 4); }\n",
}

AGAIN = (
    LARGE
    + """\
int firmware_function(int);
int pure(int x)
{
    int sum = 0;
    while (x-- > 0) {
        sum += firmware_function(last.a) + last.c * last.d;
    }
    return sum;
}
"""
)

WRITTEN = {
    "always": LAST + "int pure(int x) { return last += x; }\n",
    "sometimes": LARGE
    + "int pure(int x) { int a = last.a + last.b; if (a > x) last.c = a; return a + last.d; }\n",
    "a float": "static volatile struct { float a, b, c; } last = {1, 2, 3};\n"
    "int pure(int x) { float f = last.a; if (f > x) last.b = f; return f + last.c; }\n",
    "by another function": LARGE
    + "int pure(int x) { return last.a + x; } void other(int x) { last.b = x; }\n",
    "by what is called": LARGE + "int firmware_function(volatile void *);\n"
    "int pure(int x) { return last.a + x + firmware_function(&last); }\n",
    "by whom it is returned to": LAST + "volatile int *pure(int x) { return x ? &last : 0; }\n",
    "by who finds its address": LAST + "volatile int *volatile const table[] = {&last};\n"
    "int pure(int x) { return *table[0] + x; }\n",
    "by who finds its stored address": LAST
    + "int pure(int x) { *(volatile int **)x = &last; return last; }\n",
    "by a constructor": "static int count; int pure(int x) { return count + x; }\n"
    "__attribute__((constructor)) static void begin(void) { count++; }\n",
}


@pytest.mark.parametrize("how", ONLY_READ)
def test_variable_that_is_only_read_is_no_state(executed: Project, how: str) -> None:
    module = link_use(executed, add_library(executed, {"pure": ONLY_READ[how]}))
    assert inside(executed, module, "pure")


@pytest.mark.parametrize("how", WRITTEN)
def test_variable_that_may_be_written_is_state(executed: Project, how: str) -> None:
    text = refusal(executed, add_library(executed, {"pure": WRITTEN[how]}))
    assert "libc.a(pure.o) has it, but keeps state (." in text


SHARED = {
    "pure": "extern volatile int shared; int pure(int x) { return shared + x; }\n",
    "shared": "volatile int shared = 1;\n",
}
WRITER = "extern volatile int shared; void set(int x) { shared = x; }\n"


@pytest.mark.parametrize(
    "more, source, is_state",
    [
        ({"reader": SHARED["pure"].replace("pure", "other")}, USE, False),
        ({"writer": WRITER}, USE, True),
        ({}, USE + "extern volatile int shared; void g(void) { shared = 1; }\n", True),
    ],
    ids=["only read", "written by another member", "written by the module"],
)
def test_global_variable(
    executed: Project, more: Dict[str, str], source: str, is_state: bool
) -> None:
    library = add_library(executed, {**SHARED, **more}, "-fno-common")
    if is_state:
        text = refusal(executed, library, source)
        assert "libc.a(shared.o) has it, but keeps state (." in text
    else:
        assert inside(executed, link_use(executed, library, source), "pure")


def test_address_that_is_kept_over_calls(riscv: Project) -> None:
    module = link_use(riscv, add_library(riscv, {"pure": AGAIN}))
    assert inside(riscv, module, "pure")


def test_other_calling_conventions_are_not_understood(xtensa: Project) -> None:
    text = refusal(xtensa, add_library(xtensa, {"pure": AGAIN}))
    assert "libc.a(pure.o) has it, but keeps state (." in text
