"""Edits of C++, and of structures without a name.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import pytest

from hotreload.patch.make import Patch, Whole
from test_patch import Edits, cpp, edits, kept
from test_patch_edits import patched, refused

__all__ = ["cpp", "edits"]  # Fixtures.


def edit(cpp: Edits, old: str, *pairs: "tuple[str, str]") -> "Patch | Whole":
    """What becomes of an edit of a.cpp."""
    cpp.project.flags.append("-std=gnu++20")
    cpp.build(a_cpp=old)
    return change(cpp, old, *pairs)


def change(cpp: Edits, old: str, *pairs: "tuple[str, str]") -> "Patch | Whole":
    """A further edit, of the same text."""
    for before, now in pairs:
        assert before in old
        old = old.replace(before, now)
    return cpp.edit(a_cpp=old)


# ---- structures without a name ----

HEAP = """\
extern int firmware_function(int);
void *mem;
int one(void) { struct { int a; } *p = mem; return p->a; }
int two(int x) { return ((struct { int a; int c; } *)mem)->c + x; }
int three(void) { struct { short a; } *p[2] = {mem, mem}; return p[1]->a; }
typedef struct { char a; } *handle_t;
static struct { int z; } *known;
int four(void) { handle_t p = mem; return p->a; }
"""


@pytest.mark.parametrize("layout", ["{ int a; }", "{ int a; int c; }", "{ short a; }", "{ char a; }"])
def test_an_unnamed_structure_that_only_pointers_lead_to(edits: Edits, layout: str) -> None:
    words = refused(edits, HEAP, HEAP.replace(layout, layout.replace("{", "{ int new;")))
    assert "an unnamed structure" in words and "has another layout" in words


@pytest.mark.parametrize("type_", ["struct item", "item_t"])
def test_a_structure_that_only_a_cast_names(edits: Edits, type_: str) -> None:
    old = HEAP + "typedef struct { int k; } item_t; struct item { int k; };\n"
    old += f"int five(void) {{ return (({type_} *)mem)->k; }}\n"
    words = refused(edits, old, old.replace("{ int k; }", "{ int new, k; }"))
    assert f"{type_.split()[-1]} has another layout" in words


@pytest.mark.parametrize("before, now", [
    ("int one(void) {", "int one(void) { struct { long n; } *q = mem; q->n++;"),
    ("struct { int a; } *p = mem; return p->a;", "return 1;"),
    ("int one(", "static struct { long n; } *other; int more(void) { return other->n; }\nint one("),
    ("return p->a;", "return p->a + 1;"),
])
def test_other_edits_beside_unnamed_structures(edits: Edits, before: str, now: str) -> None:
    assert before in HEAP
    patched(edits, HEAP, HEAP.replace(before, now, 1))


def test_an_unnamed_structure_of_a_patch(edits: Edits) -> None:
    new = HEAP.replace("{ int a; } *p", "{ int a; } *p = mem; struct { long n; } *q = mem; q->n++; p")
    patched(edits, HEAP, new)
    result = edits.edit(a_c=new.replace("{ long n; }", "{ int k; long n; }"))
    assert isinstance(result, Whole) and "unnamed structure of one()" in result.reason


CLOSURE = """\
extern "C" int firmware_function(int);
using size_type = decltype(sizeof 0);
inline void *operator new(size_type, void *p) noexcept { return p; }
alignas(8) static char room[24];
static int (*run)(void *, int);
template <class F> static int call(void *p, int x) { return (*(F *)p)(x); }
template <class F> static void set(F f) { new (room) F(f); run = call<F>; }
extern "C" int use(int a) {
    int b = a + 2;
    set([a](int x) { return a * x; });
    return run(room, b);
}
"""


def test_a_lambda_captures_something_else(cpp: Edits) -> None:
    result = edit(cpp, CLOSURE, ("[a](int x) { return a", "[b, a](int x) { return b + a"))
    assert isinstance(result, Whole) and "a lambda of use() has another layout" in result.reason


def test_a_lambda_before_another(cpp: Edits) -> None:
    """They are told apart by their order: the old one would be called with what this captures."""
    result = edit(cpp, CLOSURE, ("set([a]", "set([a, b](int x) { return b - a - x; }); set([a]"))
    assert isinstance(result, Whole) and "a lambda of use() has another layout" in result.reason


@pytest.mark.parametrize("before, now", [
    ("return a * x;", "return a * x + 1;"),
    ("return run(", "set([a, b](int x) { return b - a - x; }); return run("),
    ("set([a]", "set([a, b](char x) { return b - a - x; }); set([a]"),
])
def test_other_edits_beside_a_lambda(cpp: Edits, before: str, now: str) -> None:
    result = edit(cpp, CLOSURE, (before, now))
    assert isinstance(result, Patch), result


def test_a_lambda_of_a_patch(cpp: Edits) -> None:
    more = ("return run(", "set([b](char x) { return b - x; }); return run(")
    result = edit(cpp, CLOSURE, more)
    assert isinstance(result, Patch), result
    result = change(cpp, CLOSURE, more, ("[b](char x) { return b", "[b, a](char x) { return b + a"))
    assert isinstance(result, Whole) and "has another layout than in a patch" in result.reason


# ---- variables whose symbols get another name ----

STATE = """\
extern "C" int firmware_function(int);
static int count;
int limit = 5;
namespace {
struct motor { static int made; int turn(int x); };
int motor::made = 3;
int motor::turn(int x) { static int turns = 50; return turns += x; }
}
template <class T> int sum(int x) { static int total; return total += x + sizeof(T); }
extern "C" int use(int x)
{ motor m; return ++count + limit++ + motor::made++ + m.turn(x) + sum<char>(x); }
"""
KEPT = [
    ([("static int count;", "int count;")], ""),
    ([("static int count;", "namespace { int count; }")], ""),
    ([("int limit = 5", "static int limit = 5")], ""),
    ([("int turn(int x);", "int turn(int x) const;"), ("turn(int x) {", "turn(int x) const {")], ""),
    ([(" turn(", " spin("), ("::turn(", "::spin("), ("m.turn", "m.spin")],
     "motor::spin(): turns was in motor::turn() before, and keeps"),
    ([("sum<char>", "sum<long>")], "sum<long>(): total was in sum<char>() before, and keeps"),
    ([("motor", "engine")], "engine::made was in motor before, and keeps"),
]  # fmt: skip


@pytest.mark.parametrize("pairs, words", KEPT)
def test_a_variable_goes_on_under_another_symbol(
    cpp: Edits, pairs: "list[tuple[str, str]]", words: str
) -> None:
    result = edit(cpp, STATE, *pairs)
    assert isinstance(result, Patch) and not kept(result), result
    text = "\n".join(result.notes)
    assert (words in text) if words else not text


def test_variables_of_one_name_that_get_other_symbols_at_once(cpp: Edits) -> None:
    more = "int more(int x) { static int turns; return turns += x; }\nint motor::made"
    old = STATE.replace("int motor::made", more).replace("m.turn(x)", "m.turn(x) + more(x)")
    result = edit(cpp, old, (" turn(", " spin("), ("::turn(", "::spin("), ("m.turn", "m.spin"),
                  ("more(", "again("))  # fmt: skip
    assert isinstance(result, Patch) and len(kept(result)) == 2
    assert any("motor::spin(): turns starts anew" in note for note in result.notes)
