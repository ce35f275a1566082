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
