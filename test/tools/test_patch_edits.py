"""Edits that look like small ones, and what a patch must not do with them.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import re

import pytest

from edits import OTHER, A, Edits, jumps, kept, notes, patched, refused, symbols
from hotreload.patch.make import Patch

IRAM = '__attribute__((section(".iram1.0")))'


STATE = """\
static char str_state[8] = "idle";
const char *where;
void take(const char *p) { where = p; }
void set(int x) { str_state[0] = (char)x; }
int first(int x) { return x; }
"""


def test_a_variable_is_no_string(edits: Edits) -> None:
    """Its section is called .data.str_state."""
    patch = patched(edits, STATE, STATE.replace("{ return x; }", '{ take("idle"); return x; }'))
    assert len(kept(patch)) == 1, "the string is new"
    assert not symbols(edits, r"hotreload\.string")


def test_a_string_of_the_base_is_used_again(edits: Edits) -> None:
    old = STATE.replace("{ return x; }", '{ take("idle"); return x; }')
    patch = patched(edits, old, old.replace("return x;", "return x + 1;"))
    assert not kept(patch) and symbols(edits, r"hotreload\.string")


@pytest.mark.parametrize("options", ["-O0", "-Og"])
def test_a_string_outlives_its_patch(edits: Edits, options: str) -> None:
    """GCC puts it into .rodata itself, without optimisation."""
    text = 'const char *mode = "idle";\nint q(int x) { if (x) mode = "busy"; return x; }\n'
    assert len(kept(patched(edits, text, text.replace('"busy"', '"very busy"'), options))) == 1


GOTO = """\
int go(int x)
{
    static const void *to[] = {&&one, &&two};
    if (x == 99) { const void *t = to[0]; to[0] = to[1]; to[1] = t; }
    goto *to[x & 1];
one: x += 5;
two: return x;
}
"""


@pytest.mark.parametrize("options", ["-O0", "-Og", "-O2"])
def test_a_table_of_labels_that_is_written(edits: Edits, options: str) -> None:
    words = refused(edits, GOTO, GOTO.replace("x += 5", "x += 6"), options)
    assert "to holds addresses of labels" in words


ITEM = """\
extern int firmware_send(const void *), firmware_receive(void *);
typedef struct { int id; %s int value; } item_t;
void producer(int x) { item_t it = {.id = x, .value = x + 1}; firmware_send(&it); }
int consumer(void) { item_t it; firmware_receive(&it); return it.value; }
"""


@pytest.mark.parametrize("options", ["-Og", "-O2"])
def test_a_structure_that_travels_by_value(edits: Edits, options: str) -> None:
    """Through a queue, for example: there is no pointer to its type."""
    edits.project.firmware_source += """\
int firmware_send(const void *p) { return p != 0; }
int firmware_receive(void *p) { return p != 0; }
"""
    words = refused(edits, ITEM % "", ITEM % "int flags;", options)
    assert "item_t has another layout" in words


TWO = """\
extern int firmware_function(int);
int work(int x) {
    if (%s) { static int n; n += x; x = firmware_function(n); }
    else { static short n; n -= x; x = firmware_function(-n); }
    return x;
}
"""


@pytest.mark.parametrize("condition", ["__builtin_expect(x > 3, 0)", "__builtin_expect(x > 3, 1)"])
@pytest.mark.parametrize("options", ["-Og", "-Os", "-O2"])
def test_two_variables_of_one_name(edits: Edits, options: str, condition: str) -> None:
    """The order of their symbols follows that of the code. Mixed up, they would have other types."""
    patch = patched(edits, TWO % "x > 3", TWO % condition, options)
    assert not kept(patch) and not patch.notes


def test_one_more_variable_of_the_same_name(edits: Edits) -> None:
    new = (TWO % "x > 3").replace("int work(int x) {", "int work(int x) { { static int n; n++; }")
    assert "work() has another number of variables 'n'" in refused(edits, TWO % "x > 3", new)


ALIAS = """\
void foo_default(int x);
extern volatile int sink; volatile int sink;
void foo_default(int x) { sink = x + 1; }
void foo(int x) __attribute__((weak, alias("foo_default")));
void user(int x) { foo_default(x); foo(x); }
"""


def test_a_function_with_an_alias_that_the_firmware_overrides(edits: Edits) -> None:
    edits.project.firmware_source += "void foo(int x) { (void)x; }\n"
    edits.project.firmware_options.append("-Wl,-u,foo")
    patch = patched(edits, ALIAS, ALIAS.replace("x + 1", "x + 100"))
    assert "foo_default" in patch.functions and len(jumps(patch)) >= 1


def test_a_name_with_a_dot_is_no_clone(edits: Edits) -> None:
    declared = 'int api(int x) __asm__("lib.api");\n'
    text = declared + "int api(int x) { return x + 1; }\n"
    used = declared + "int third(int x) { return api(x); }\n"
    patch = patched(edits, text, text.replace("x + 1", "x + 100"), b=used)
    assert patch.functions == ["lib.api"] and len(jumps(patch)) == 1


NESTED = """\
static int (*registered)(int);
void setup(void) { int cb(int x) { return x + 1; } registered = cb; }
int run(int x) { return registered(x); }
"""


def test_a_nested_function_that_is_a_callback(edits: Edits) -> None:
    assert len(jumps(patched(edits, NESTED, NESTED.replace("x + 1", "x + 100")))) == 1


LOOP = """\
static __attribute__((noinline)) int helper(int x) { return x + 1; }
int loop(int x) { for (;;) { x = helper(x); if (x > 1000000) return x; } }
"""


def test_a_static_function_becomes_global(edits: Edits) -> None:
    """A task may loop in the old loop()."""
    new = LOOP.replace("static ", "").replace("x + 1", "x + 100")
    patch = patched(edits, LOOP, new)
    assert set(patch.functions) == {"helper", "loop"} and len(jumps(patch)) == 2


CALLBACK = """\
static int cb(int x) { return x + 1; }
static int (*volatile registered)(int);
void setup(void) { registered = cb; }
int run(int x) { return registered(x); }
"""


def test_a_callback_becomes_global(edits: Edits) -> None:
    new = CALLBACK.replace("static int cb", "int cb").replace("x + 1", "x + 100")
    assert len(jumps(patched(edits, CALLBACK, new))) == 2


def test_a_callback_moves_to_iram(edits: Edits) -> None:
    """It gets another stub, whose slot must be written."""
    edits.project.flags.append("-Og")
    isr = f"{IRAM} int isr(int x) {{ return x; }}\n"
    edits.build(a_c=CALLBACK + isr, b_c=OTHER)
    new = CALLBACK.replace("static int cb", f"static {IRAM} int cb")
    patch = edits.edit(a_c=new.replace("= cb;", '= cb; __asm__ volatile("nop");') + isr)
    assert isinstance(patch, Patch), patch
    assert notes(patch).get(7), "no slot is written"


def test_the_first_code_inside_the_chip(edits: Edits) -> None:
    """The variables of the module may be in PSRAM."""
    words = refused(edits, A, A + f"{IRAM} int isr(int x) {{ return count += x; }}\n")
    assert "is to be inside the chip" in words


@pytest.mark.parametrize("section", [".rtc.data.0", ".noinit.0", ".ext_ram.bss.0", ".mine"])
def test_a_new_variable_with_a_section(edits: Edits, section: str) -> None:
    variable = f'static int fresh __attribute__((section("{section}")));\n'
    words = refused(edits, A, variable + A.replace("count++;", "count++; fresh++;"))
    assert f"fresh is new in section {section}" in words


@pytest.mark.parametrize("section", [".dram1.0", ".data.hotreload_keep"])
def test_a_variable_gets_an_attribute(edits: Edits, section: str) -> None:
    old = A + f"{IRAM} int isr(int x) {{ return x; }}\n"
    attribute = f'__attribute__((section("{section}")))'
    new = old.replace("static int count;", f"static int count {attribute};")
    assert "count has another attribute" in refused(edits, old, new)


def test_an_absolute_symbol(edits: Edits) -> None:
    text = '__asm__(".globl board_rev\\n.set board_rev, 3");\nint q(int x) { return x; }\n'
    used = "extern char board_rev; int third(int x) { return x + (int)&board_rev; }\n"
    words = refused(edits, text, text.replace("board_rev, 3", "board_rev, 4"), b=used)
    assert "absolute symbols of a.c.o have changed" in words


def test_a_number_of_the_firmware_that_looks_like_an_address(edits: Edits) -> None:
    edits.project.firmware_options.append("-Wl,--defsym=app_version=0x10203040")
    text = "extern char app_version;\nint q(int x) { return x + (int)&app_version; }\n"
    patch = patched(edits, text, text.replace("x + (int)", "x - (int)"))
    start = int.from_bytes(patch.content[52 + 3 * 32 + 4 :][:4], "little")
    size = int.from_bytes(patch.content[52 + 3 * 32 + 16 :][:4], "little")
    addends = [int.from_bytes(patch.content[n + 8 : n + 12], "little")
               for n in range(start, start + size, 12)]  # fmt: skip
    assert 0x203040 not in addends


@pytest.mark.parametrize("flag", ["-g0", "-g1"])
def test_structures_without_types(edits: Edits, flag: str) -> None:
    text = "struct object { %s int speed; };\nint use(const void *p)\n"
    text += "{ const struct object *o = p; return o->speed; }\n"
    assert "structures may have" in refused(edits, text % "", text % "int turns;", f"-Og {flag}")


SETUP = """\
int state;
static __attribute__((noinline)) void setup(void) { state = 1; }
__attribute__((constructor)) void begin(void) { setup(); }
int f(int x) { return x + state; }
"""


def test_what_a_constructor_calls(edits: Edits) -> None:
    words = refused(edits, SETUP, SETUP.replace("state = 1", "state = 2"))
    assert "the constructors or destructors of a.c.o have changed" in words


def test_the_initial_value_of_a_variable_that_a_patch_added(edits: Edits) -> None:
    edits.build()
    for value, is_noted in (("5", False), ("5", False), ("50", True), ("5", False)):
        new = f"static int limit = {value}; count += limit++;"
        result = edits.replace("count++;", new)
        assert isinstance(result, Patch), result
        assert any("limit has another initial value" in note for note in result.notes) == is_noted


REGISTERED = """\
static int (*saved)(int);
static int on_a(int x) { return x; }
void init(void) { saved = on_a; }
int first(int x) { return saved ? saved(x) : 0; }
"""


@pytest.mark.parametrize("new", [
    REGISTERED.replace("on_a", "on_b").replace("return x;", "return x + 1;"),
    "static int (*saved)(int);\nvoid init(void) { saved = 0; }\n" + REGISTERED.splitlines()[-1] + "\n",
], ids=["renamed", "removed"])  # fmt: skip
def test_a_callback_that_is_gone(edits: Edits, new: str) -> None:
    patch = patched(edits, REGISTERED, new)
    assert [note for note in patch.notes if note.startswith("note: on_a() is gone")]
    back = "note: on_b() is gone; a call by a pointer to it that was stored before stops" if "on_b" in new else ""
    assert "".join(edits.edit(a_c=REGISTERED).notes).startswith(back)
    assert not edits.edit(a_c=REGISTERED).notes


ARRAY = """\
static int level[4] = {1, 2, 3, 4};
int first(int x) { %sreturn level[x]; }
int second(int x) { return level[x] * 2; }
"""


@pytest.mark.parametrize("options", ["-Og", "-Os"])
@pytest.mark.parametrize("old, new", [("level[x] += x; ", ""), ("", "level[x] += x; ")],
                         ids=["less", "more"])  # fmt: skip
def test_the_only_write_to_an_array(edits: Edits, old: str, new: str, options: str) -> None:
    """Without it, the compiler makes the array a constant."""
    patch = patched(edits, ARRAY % old, ARRAY % new, options)
    assert sorted(patch.functions) == ["first", "second"] and len(kept(patch)) == 1
    assert len(patch.notes) == 1 and "stored before lead to the old one" in patch.notes[0]


LITERALS = """\
struct item { int a; int *p; };
static struct item one = {1, (int[]){1, 2}}, two = {2, (int[]){3}};
int first(int x) { one.a += x; two.a -= x; return one.p[0] + two.p[0] + x; }
"""


def test_compound_literals_that_stay(edits: Edits) -> None:
    patch = patched(edits, LITERALS, LITERALS.replace("+ x;", "+ 5 * x;"))
    assert patch.functions == ["first"] and not patch.notes and not kept(patch)


def test_compound_literals_that_change(edits: Edits) -> None:
    words = refused(edits, LITERALS, LITERALS.replace("{3}", "{4}"))
    assert words == "compound literals of variables in a.c.o have changed"


WORK = """\
static int count = 3;
static __attribute__((noinline)) int work(int x) { static int calls; calls += x; return calls; }
int first(int x) { count += x; return work(count); }
"""
ELSEWHERE = "int second(int x) { return x; }\n"


@pytest.mark.parametrize("new", [
    {"a_c": WORK.replace("work", "do_work") + ELSEWHERE},
    {"a_c": ELSEWHERE, "b_c": WORK + OTHER},
    {"a_c": None, "c_c": WORK + ELSEWHERE},
], ids=["the function has another name", "to another file", "the file has another name"])
def test_variables_that_move(edits: Edits, new: "dict[str, str | None]") -> None:
    edits.build(a_c=WORK + ELSEWHERE, b_c=OTHER)
    if new["a_c"] is None:
        (edits.project.sources / "a.c").unlink()
    patch = edits.edit(**{name: text for name, text in new.items() if text is not None})
    assert isinstance(patch, Patch), patch
    assert not kept(patch) and patch.notes
    for note in patch.notes:
        assert re.match(r"note: .* was in (a\.c|work\(\)) before, and keeps what it holds", note)


@pytest.mark.parametrize("new", [
    WORK.replace("static int count", "static long long count"),
    "static int other(int x) { static int count; return count += x; }\n"
    + WORK.replace("static int count = 3;", "static int count = 4;\nint third_one(int x) "
                   "{ static int count; return other(count += x); }"),
], ids=["another type", "two of one name"])  # fmt: skip
def test_a_variable_that_moves_and_is_another(edits: Edits, new: str) -> None:
    edits.build(a_c=WORK, b_c=OTHER)
    patch = edits.edit(a_c=ELSEWHERE, b_c=new + OTHER)
    assert isinstance(patch, Patch), patch
    assert len(kept(patch)) >= 1


def test_a_variable_that_a_patch_added_does_not_move(edits: Edits) -> None:
    """Its address stays when the one of the same name goes."""
    edits.build(a_c=WORK + ELSEWHERE, b_c=OTHER)
    counting = "static int count; int third(int x) { return count += x; }\n"
    first = edits.edit(b_c=counting)
    second = edits.edit(a_c=ELSEWHERE + "int first(int x) { return x; }\n")
    assert isinstance(first, Patch) and isinstance(second, Patch)
    assert kept(first) == kept(second) and len(kept(first)) == 1


ONE_EACH = "static int count; int {0}(int x) {{ return count += x; }}\n"


def test_variables_of_one_name_that_move_at_once(edits: Edits) -> None:
    """Their functions keep their names."""
    one = "int {0}(int x) {{ static int n; return n += x; }}\n"
    two = one.format("first") + one.format("second")
    edits.build(a_c=two, b_c=OTHER)
    patch = edits.edit(a_c="", b_c=two + OTHER)
    assert isinstance(patch, Patch) and not kept(patch) and len(patch.notes) == 2


def test_functions_that_get_other_names_at_once(edits: Edits) -> None:
    one = "static __attribute__((noinline)) int {0}(int x) {{ static int n; return n += x; }}\n"
    use = "int first(int x) {{ return {0}(x) + {1}(x); }}\n"
    both = one + one.replace("0", "1") + use
    edits.build(a_c=both.format("red", "green"), b_c=OTHER)
    patch = edits.edit(a_c=both.format("one", "two"))
    assert isinstance(patch, Patch) and len(kept(patch)) == 2
    assert sorted(patch.notes) == [
        f"note: {name}(): n starts anew: it is new here, and a variable of its name is gone elsewhere"
        for name in ("one", "two")
    ]


def test_a_variable_of_a_patch_that_moves(edits: Edits) -> None:
    edits.build(a_c=WORK.replace("static int count = 3;", "").replace("count += x", "x")
                .replace("count", "x"), b_c=OTHER)  # fmt: skip
    edits.edit(b_c=ONE_EACH.format("third"))
    patch = edits.edit(a_c=WORK, b_c=OTHER)
    assert isinstance(patch, Patch)
    assert [note for note in patch.notes if "count starts anew" in note]


SPEED = """\
static int speed = 10;
static struct {{ int low, high; }} range = {{1, 2}};
int first(int x) {{ static int calls = 3; {0} return x + speed + range.high + calls; }}
"""


def test_the_only_write_to_a_variable(edits: Edits) -> None:
    """The compiler uses the initial values then, not what the variables hold."""
    writes = "speed++; range.high++; calls++;"
    patch = patched(edits, SPEED.format(writes), SPEED.format(""), "-Os")
    assert sorted(note.split(" is not used now")[0] for note in patch.notes) == [
        "note: what first(): calls holds", "note: what range holds", "note: what speed holds",
    ]  # fmt: skip
    gone = SPEED.replace("static int speed = 10;", "").replace(" + speed", "").format("")
    again = edits.edit(a_c=gone)
    assert isinstance(again, Patch) and not any("speed" in note for note in again.notes)


def test_a_callback_of_a_patch_that_is_registered_no_longer(edits: Edits) -> None:
    """Who has its address goes on calling it, or the global function that it has become."""
    on_a = "static int on_a(int x) { return x; }\n"
    none = REGISTERED.replace(on_a, "").replace("on_a", "0")
    called = on_a.replace("static", "static __attribute__((noinline))")
    called += "int third_one(int x) { return on_a(x) + 1; }\n"
    edits.build(a_c=none, b_c=OTHER)
    first = edits.edit(a_c=REGISTERED)
    here = edits.edit(a_c=called + none)
    there = edits.edit(a_c=none, b_c=on_a.replace("static ", "") + OTHER)
    for patch in (first, here, there):
        assert isinstance(patch, Patch) and 7 in notes(patch), "its slot"
        assert not [note for note in patch.notes if "is gone" in note]
    last = edits.edit(a_c=none, b_c=OTHER)
    assert isinstance(last, Patch) and "on_a() is gone; a call by a pointer" in "".join(last.notes)
