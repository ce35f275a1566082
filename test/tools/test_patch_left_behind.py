"""Functions that move to another file, and static variables that do not.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from typing import List

from edits import Edits, kept
from hotreload.patch.make import Patch

COUNT = "static int n;\nint %s(int x) { return n += x; }\n"
MORE = COUNT + "int %s(int x) { return n -= x; }\n"
NOTE = (
    "note: n of b.c keeps what it holds, and n of d.c starts anew, though second() has moved there"
)


def notes_of(edits: Edits, new: int = 1, **sources: str) -> List[str]:
    patch = edits.edit(**sources)
    assert isinstance(patch, Patch) and len(kept(patch)) == new, patch
    return patch.notes


def test_a_name_that_is_used_again(edits: Edits) -> None:
    """b.c was renamed, and another b.c has a variable of the same name."""
    edits.build(b_c=COUNT % "second")
    assert notes_of(edits, d_c=COUNT % "second", b_c=COUNT % "third") == [NOTE]
    assert notes_of(edits, d_c=COUNT % "second" + "/* the same */\n") == []


def test_a_function_that_leaves_its_file(edits: Edits) -> None:
    """One note for a variable, though two functions use it."""
    edits.build(b_c=MORE % ("second", "third") + "int fourth(int x) { return n *= x; }\n")
    moved = "static int n;\nint fourth(int x) { return n *= x; }\n"
    assert notes_of(edits, d_c=MORE % ("second", "third"), b_c=moved) == [NOTE]


def test_a_variable_that_is_another(edits: Edits) -> None:
    """It has another type, or its file had it before the function came."""
    edits.build(a_c=COUNT % "first", b_c=MORE % ("second", "third"))
    moved = (COUNT % "second").replace("static int", "static short")
    assert notes_of(edits, d_c=moved, b_c=COUNT % "third") == []
    (edits.project.sources / "d.c").unlink()
    assert notes_of(edits, 0, a_c=MORE % ("first", "second")) == []


def test_a_variable_that_moves_with_its_function(edits: Edits) -> None:
    edits.build(b_c=COUNT % "second")
    other = "int third(int x) { return x; }\n"
    (note,) = notes_of(edits, 0, d_c=COUNT % "second", b_c=other)
    assert note.startswith("note: n was in b.c before, and keeps what it holds")
