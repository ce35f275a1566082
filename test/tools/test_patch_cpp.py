"""Edits of C++, and of structures without a name.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import pytest

from edits import Edits, kept, patched, refused
from hotreload.patch.make import Patch, Whole


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


LAYOUTS = ["{ int a; }", "{ int a; int c; }", "{ short a; }", "{ char a; }"]


@pytest.mark.parametrize("layout", LAYOUTS)
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
    ("int one(", "static struct { long n; } *q; int more(void) { return q->n; }\nint one("),
    ("return p->a;", "return p->a + 1;"),
])
def test_other_edits_beside_unnamed_structures(edits: Edits, before: str, now: str) -> None:
    assert before in HEAP
    patched(edits, HEAP, HEAP.replace(before, now, 1))


def test_an_unnamed_structure_of_a_patch(edits: Edits) -> None:
    more = "{ int a; } *p = mem; struct { long n; } *q = mem; q->n++; p"
    new = HEAP.replace("{ int a; } *p", more)
    patched(edits, HEAP, new)
    result = edits.edit(a_c=new.replace("{ long n; }", "{ int k; long n; }"))
    assert isinstance(result, Whole) and "unnamed structure of one()" in result.reason


RENAMED = HEAP + """\
static __attribute__((noinline)) int inner(void) { struct { int k; } *p = mem; return p->k; }
int outer(void) { return inner() * 2; }
"""


def test_an_unnamed_structure_of_a_renamed_function(edits: Edits) -> None:
    same = RENAMED.replace("inner", "within")
    other = same.replace("{ int k; }", "{ int new, k; }")
    words = "an unnamed structure of {}() may be an unnamed structure of inner() with another layout"
    assert refused(edits, RENAMED, other) == words.format("within")
    assert isinstance(edits.edit(a_c=same), Patch)
    result = edits.edit(a_c=other.replace("within", "inside"))
    assert isinstance(result, Whole) and result.reason == words.format("inside")


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


INNER = """\
extern "C" int firmware_function(int);
struct list { struct node { int a; } *first; };
extern "C" int use(list *p) { return p->first->a; }
"""
MORE_NODES = 'count(tree *p) { return p->root->b; }\nextern "C" int use(list *p) {'


def test_a_class_with_an_inner_one_before_another(cpp: Edits) -> None:
    more = "struct tree { struct node { short a, b; } *root; };"
    both = [("struct list", f"{more}\nstruct list"), ("use(list *p) {", MORE_NODES)]
    result = edit(cpp, INNER, *both)
    assert isinstance(result, Patch), result
    result = change(cpp, INNER, *both, ("node { int a", "node { int b, a"))
    assert isinstance(result, Whole) and "node has another layout" in result.reason


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
    ([("turn(int x);", "turn(int x) const;"), ("turn(int x) {", "turn(int x) const {")], ""),
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


# ---- variables of lambdas ----

LAMBDA = """\
extern "C" int firmware_function(int);
extern "C" int use(int x) {
    auto a = [](int y) { static int n = 100; return n += y; };
    return a(x);
}
"""
BEFORE = ("auto a =", "auto b = [](int y) { static int n = 7; return n += y; }; auto a =")
MORE = ("auto a =", "auto c = [](int y) { return y + 1; }; auto a =")
USED = ("return a(x);", "return a(x) + b(x);")


def test_a_variable_of_a_lambda_before_another(cpp: Edits) -> None:
    """It would have the number of the other one, and so its value."""
    result = edit(cpp, LAMBDA, BEFORE, USED)
    assert isinstance(result, Whole), result
    assert result.reason == "use() has another number of variables 'n'"


def test_a_lambda_before_others_with_variables(cpp: Edits) -> None:
    both = LAMBDA.replace(*BEFORE).replace(*USED)
    result = edit(cpp, both, ("auto b =", "auto c = [](int y) { return y + 1; }; auto b ="))
    assert isinstance(result, Whole), result
    assert result.reason == "variables 'n' of use() have other numbers"


def test_a_lambda_before_one_with_a_variable(cpp: Edits) -> None:
    result = edit(cpp, LAMBDA, MORE, ("return a(x);", "return a(c(x));"))
    assert isinstance(result, Patch) and not kept(result) and not result.notes, result


def test_one_more_variable_of_the_same_name_in_cpp(cpp: Edits) -> None:
    text = 'extern "C" int firmware_function(int);\n' + (
        'extern "C" int use(int x) { { static int n; n += x; x = n; } return x; }\n')
    result = edit(cpp, text, ("{ { static", "{ { static int n; x += n++; } { static"))
    assert isinstance(result, Whole), result
    assert result.reason == "use() has another number of variables 'n'"


def test_a_variable_of_a_new_overload(cpp: Edits) -> None:
    text = ('extern "C" int firmware_function(int);\n'
            "static int more(int x) { static int n; return n += x; }\n"
            'extern "C" int use(int x) { return more(x); }\n')  # fmt: skip
    result = edit(cpp, text, ("static int more(", "static int more(char x) { static int n; "
                              "return n -= x; }\nstatic int more("),
                  ("return more(x)", "return more(x) + more('a')"))  # fmt: skip
    assert isinstance(result, Patch) and len(kept(result)) == 1 and not result.notes, result


# ---- guards ----

GUARD = """\
extern "C" int firmware_function(int);
static int seed(int x) { return firmware_function(x) * 1000; }
static int made(int x) { static int last %s; return last += x; }
extern "C" int use(int x) { return made(x) + seed(x); }
"""


@pytest.mark.parametrize("initial", ["", "= 5"])
def test_a_variable_gets_an_initialiser(cpp: Edits, initial: str) -> None:
    old, now = GUARD % initial, ("int last " + initial, "int last = seed(x)")
    result = edit(cpp, old, now)
    assert isinstance(result, Patch) and len(kept(result)) == 1, result
    assert result.notes == ["note: made(): last starts anew: its initial value is computed now, "
                            "when it is first reached"]  # fmt: skip
    result = change(cpp, old, now, ("last += x", "last += 2 * x"))
    assert isinstance(result, Patch) and not result.notes, result


def test_a_variable_loses_its_initialiser(cpp: Edits) -> None:
    result = edit(cpp, GUARD % "= seed(x)", ("last = seed(x)", "last = 5"))
    assert isinstance(result, Patch) and len(result.notes) == 1, result
    assert "made(): last has another initial value; it keeps what it holds" in result.notes[0]


def test_a_guard_goes_with_its_variable(cpp: Edits) -> None:
    result = edit(cpp, GUARD % "= seed(x)", ("made", "done"))
    assert isinstance(result, Patch) and not kept(result), result
    assert len(result.notes) == 1 and "last was in made() before, and keeps" in result.notes[0]


def test_a_guard_of_a_variable_that_is_new(cpp: Edits) -> None:
    """With the guard of the old one, nothing would initialise it."""
    result = edit(cpp, GUARD % "= seed(x)", ("made", "done"), ("int last", "short last"))
    assert isinstance(result, Patch) and len(kept(result)) == 2, result
    assert len(result.notes) == 1 and "done(): last starts anew" in result.notes[0]


# ---- lambdas that others may call ----

CALLBACK = """\
extern "C" int firmware_function(int);
typedef int (*call_t)(int);
volatile call_t stored;
extern "C" int use(int x) {
    stored = [](int y) { return firmware_function(y) + 1; };
    return stored(x);
}
"""
OTHER = "stored = [](int y) { return firmware_function(y) * 7; };"


def test_a_lambda_before_one_whose_address_was_stored(cpp: Edits) -> None:
    result = edit(cpp, CALLBACK, ("stored = [", f"{OTHER} stored = ["))
    assert isinstance(result, Patch), result
    assert result.notes == ["note: pointers to a lambda of use() that were stored before may lead "
                            "to another one: lambdas are told apart by their order"]  # fmt: skip


@pytest.mark.parametrize("before, now", [
    ("return stored", f"{OTHER} return stored"), ("(y) + 1", "(y) + 2"),
])
def test_other_edits_beside_a_stored_lambda(cpp: Edits, before: str, now: str) -> None:
    result = edit(cpp, CALLBACK, (before, now))
    assert isinstance(result, Patch) and not result.notes, result
