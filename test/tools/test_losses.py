"""What a whole module does not keep of the one before, and what is said of it. C++ as well: there a
function has another symbol when it becomes static.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from typing import List

import pytest

from edits import Edits, notes
from hotreload.patch.losses import find_losses
from hotreload.patch.make import Patch

KEEP = '__attribute__((section(".data.hotreload_keep")))'
LAPS = f"static int laps {KEEP} = 3;\nint %s(int x) {{ return laps += x; }}\n"
REST = "int %s(int x) { return x; }\n"
REGISTERED = """\
static int (*saved)(int);
%s on_a(int x) { return x + %d; }
%s void init(void) { saved = on_a; }
%s int first(int x) { return saved ? saved(x) : 0; }
"""
SLOTS = 7
"""The number of the note with the slots that a patch fills."""


def losses(edits: Edits, **sources: str) -> List[str]:
    """What a whole module of these sources loses of the base."""
    edits.edit(**sources)
    return find_losses(edits.base, edits.inputs())


def registered(kind: str, number: int = 1, linkage: str = "") -> str:
    return REGISTERED % (kind, number, linkage, linkage)


def test_kept_variables_that_have_moved(edits: Edits) -> None:
    edits.build(a_c=LAPS % "first", b_c=REST % "second")
    assert losses(edits, a_c=LAPS % "first" + "/* the same */\n") == []
    (note,) = losses(edits, a_c=REST % "first", b_c=LAPS % "second")
    assert note.startswith("note: laps starts anew: a whole module finds it by its file")
    assert losses(edits, a_c=REST % "first", b_c=REST % "second") == [], "it is wanted no more"
    (note,) = losses(edits, a_c=(LAPS % "first").replace("static int", "static short"))
    assert note.startswith("note: laps has another type")


def test_callbacks_that_are_gone(edits: Edits) -> None:
    edits.build(a_c=registered("static int"))
    assert losses(edits, a_c=registered("int", 2)) == []
    (note,) = losses(edits, a_c=registered("static int").replace("on_a", "on_b"))
    assert note.startswith("note: on_a() is gone; a call by a pointer to it")


@pytest.mark.parametrize("is_new", [False, True], ids=["of the base", "of a patch"])
def test_callbacks_of_cpp_that_are_static_no_more(cpp: Edits, is_new: bool) -> None:
    """They keep their stubs."""
    old, new = (registered(kind, 1, 'extern "C"') for kind in ("static int", "int"))
    none = 'extern "C" int first(int x) { return x; }\nextern "C" void init(void) {}\n'
    cpp.build(a_cpp=none if is_new else old)
    if is_new:
        assert isinstance(cpp.edit(a_cpp=old), Patch)
    patch = cpp.edit(a_cpp=new)
    assert isinstance(patch, Patch) and SLOTS in notes(patch)
    assert not [note for note in patch.notes if "gone" in note]
    assert find_losses(cpp.base, cpp.inputs()) == []


def test_inline_callbacks_of_cpp_that_are_gone(cpp: Edits) -> None:
    cpp.build(a_cpp=registered("inline int", 1, 'extern "C"'))
    patch = cpp.edit(a_cpp=registered("static int", 2, 'extern "C"'))
    assert isinstance(patch, Patch)
    assert any("is gone; pointers to it that were stored before" in note for note in patch.notes)
    (note,) = find_losses(cpp.base, cpp.inputs())
    assert "is gone; a call by a pointer to it" in note
