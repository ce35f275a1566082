"""A patch that calls a function of the C library for the first time.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import List

import pytest

from edits import Edits, jumps, notes
from project import Project
from hotreload.patch.make import Patch, Whole
from test_c_library import add_library

A = """\
int firmware_function(int); int pure(int); int helper(int); int table_of(int); int later(int);
int first(int x) { static int count; count += x; return firmware_function(count); }
"""
MEMBERS = {
    "pure": "int helper(int); int firmware_function(int);\n"
    "int pure(int x) { return helper(x) * firmware_function(x); }\n",
    "helper": "int helper(int x) { return x * 3; }\n",
    "table": "const short numbers[] = {1, 2, 3, 4}; int helper(int);\n"
    "int table_of(int x) { return numbers[x & 3] + helper(x); }\n",
    "state": "static int last; int later(int x) { return last += x; }\n",
    "chooser": "int helper(int); int (*const steps[])(int) = {helper};\n"
    "int choose(int x) { return steps[0](x); }\n",
    "sorter": "static int step(int x) { return x + 7; }\n"
    "int apply(int (*f)(int)); int sort(int x) { return apply(step) + x; }\n",
    "apply": "int apply(int (*f)(int)) { return f(3); }\n",
}


@pytest.fixture(params=["riscv", "xtensa-windowed"])
def edits(request: pytest.FixtureRequest, tmp_path: Path) -> Edits:
    import toolchains

    project = Project(tmp_path, toolchains.get(request.param))
    project.fields["c_library"] = add_library(project, MEMBERS, "-msmall-data-limit=0"
                                              if request.param == "riscv" else "-Os")  # fmt: skip
    return Edits(project)


def use(call: str, before: str = "count += x;") -> str:
    """The source with a call more."""
    assert before in A
    return A.replace(before, f"{before} count += {call};")


def patch(edits: Edits, source: str) -> Patch:
    result = edits.edit(a_c=source)
    assert isinstance(result, Patch), result
    return result


def functions_of(result: Patch) -> List[str]:
    return sorted(result.functions)


def test_function_with_what_it_needs(edits: Edits) -> None:
    edits.build(a_c=A)
    result = patch(edits, use("pure(x)"))
    assert functions_of(result) == ["first", "helper", "pure"]
    assert len(jumps(result)) == 1, "only first() was there before"
    assert "the firmware lacks pure()" in result.notes[0] and "libc.a(pure.o)" in result.notes[0]
    again = patch(edits, use("pure(x + 1)"))
    assert functions_of(again) == functions_of(result), "a patch is made against the base"


def test_what_the_base_has_is_used(edits: Edits) -> None:
    edits.build(a_c=use("helper(x)"))
    result = patch(edits, use("helper(x) + pure(x)"))
    assert functions_of(result) == ["first", "pure"]
    result = patch(edits, use("helper(x) + 5"))
    assert functions_of(result) == ["first"] and result.notes == []


def test_constants_outlive_the_patch(edits: Edits) -> None:
    edits.build(a_c=A)
    result = patch(edits, use("table_of(x)"))
    (kept,) = struct.iter_unpack("<QII", notes(result)[8][4:])
    assert kept[2] == 8 and functions_of(result) == ["first", "helper", "table_of"]


def test_function_that_keeps_state_is_not_copied(edits: Edits) -> None:
    edits.build(a_c=A)
    result = edits.edit(a_c=use("later(x)"))
    assert isinstance(result, Whole) and "it needs later" in result.reason


@pytest.mark.parametrize(
    "call, why",
    [
        ("(int)(long)helper", "the address of helper(), which is new from the C library, is taken"),
        ("choose(x)", "the address of helper(), which is new from the C library, is taken"),
        ("sort(x)", "libc.a(sorter.o), which is new, holds addresses of its functions"),
    ],
)
def test_addresses_would_not_outlive_the_patch(edits: Edits, call: str, why: str) -> None:
    head = "int choose(int); int sort(int);\n"
    edits.build(a_c=head + A)
    result = edits.edit(a_c=head + use(call))
    assert isinstance(result, Whole) and why in result.reason, result


def test_a_global_constant_that_moves_beside_it(edits: Edits) -> None:
    table = "const int table[] = {1, 2};\n"
    edits.build(a_c=table + A)
    result = patch(edits, table.replace("2}", "2, 3}") + use("pure(x) + table[x & 1]"))
    assert functions_of(result) == ["first", "helper", "pure"]
    assert "table has another size: it is in another place" in "".join(result.notes)
