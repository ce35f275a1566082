"""Edits of sources whose object files have no debug data, or nothing at all.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from edits import Edits, patched, refused
from hotreload.patch.make import Whole

EMPTY = """\
#if %d
struct object { int speed;%s };
int use(const void *p) { const struct object *o = p; return o->speed; }
#endif
"""


def test_a_file_that_was_empty(edits: Edits) -> None:
    patch = patched(edits, EMPTY % (0, ""), EMPTY % (1, ""))
    assert patch.functions == ["use"] and not patch.notes
    result = edits.edit(a_c=EMPTY % (1, " int turns;"))
    assert isinstance(result, Whole) and "object has another layout than in a" in result.reason


def test_a_file_that_had_a_common_variable_alone(edits: Edits) -> None:
    old = "struct { int speed; } o;\n"
    words = refused(edits, old, old + "int use(void) { return 1; }\n", "-Og -g0 -fcommon")
    assert "may have another layout" in words


CALLS = "int first(int x) { static int calls; calls += x; return calls; }\n"


def test_a_variable_whose_function_is_not_known(edits: Edits) -> None:
    words = refused(edits, CALLS, CALLS.replace("return calls", "return -calls"), "-g0")
    assert words.startswith("calls may have another layout")


LITERAL = """\
struct item { int a; int *p; };
static struct item one = {1, (int[]){1, 2}};
int first(int x) { one.a += x; return one.p[x] + x; }
"""


def test_compound_literals_have_no_name(edits: Edits) -> None:
    (note,) = patched(edits, LITERAL, LITERAL.replace("1, 2", "1, 3")).notes
    assert note.startswith("note: a compound literal has another initial value; it keeps")
    result = edits.edit(a_c=LITERAL.replace("1, 2", "1, 2, 3"))
    assert isinstance(result, Whole) and result.reason == "a compound literal has another size"
