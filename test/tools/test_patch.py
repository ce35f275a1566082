"""What is a patch, what needs the whole module, and why; each edit against a base of two files.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest

from edits import A, B, Edits, jumps, kept, kept_note, notes, part
from hotreload.module.module_format import SYM_KEPT
from hotreload.module.veneers import CodeFile, assign_veneers, with_veneers
from hotreload.patch.first_instruction import busy_size
from hotreload.patch.make import Patch, Whole


def test_same_program_is_an_empty_patch(edits: Edits) -> None:
    edits.build()
    patch = edits.patch("typedef", "\n\ntypedef")
    assert patch.is_empty and patch.functions == [] and jumps(patch) == []
    assert notes(patch)[5].hex() == edits.base.sha256


def test_body(edits: Edits) -> None:
    edits.build()
    patch = edits.patch("x * 5", "x * 7")
    assert patch.functions == ["other"] and not patch.is_empty
    assert len(jumps(patch)) == 1 and len(patch.content) < 1024
    base = edits.base.file.symbols()
    other = next(s.value for s in base if s.name == "other")
    start, _, busy = jumps(patch)[0]
    assert start == other - edits.base.text.address and busy in (3, 4)


def test_string_that_the_base_has_is_not_sent(edits: Edits) -> None:
    edits.build()
    patch = edits.patch('? "yes"', '> 3 ? "yes"')
    assert patch.functions == ["name"] and 8 not in notes(patch)


def test_new_string_outlives_the_patch(edits: Edits) -> None:
    edits.build()
    patch = edits.patch('"yes"', '"perhaps"')
    assert len(notes(patch)[8]) == 4 + 16


def test_constant_changes_in_place(edits: Edits) -> None:
    edits.build()
    patch = edits.patch("{1, 2, 3, 4}", "{1, 2, 3, 5}")
    (swap,) = struct.iter_unpack("<IIII", notes(patch)[7][4:])
    assert swap[0] == 4 and swap[3] == 16 and patch.functions == []


def test_new_variable(edits: Edits) -> None:
    edits.build()
    patch = edits.patch("count++;", "static int fresh = 7; fresh++; count++;")
    first = struct.unpack_from("<QII", notes(patch)[8], 4)
    assert first[1] != 0 and first[2] == 4
    again = edits.patch("count++;", "static int fresh = 7; fresh += 2; count++;")
    assert struct.unpack_from("<QII", notes(again)[8], 4)[0] == first[0], "found again"
    assert again.notes == []
    other = edits.patch("count++;", "static unsigned short fresh = 8; fresh += 2; count++;")
    assert "fresh has another type" in other.notes[0]
    assert struct.unpack_from("<QII", notes(other)[8], 4)[0] != first[0], "another type"


def test_type_that_comes_back(edits: Edits) -> None:
    """The device still has the variable of the first patch."""
    edits.build()
    source = "static {0} fresh = 7; fresh++; count++;"
    key, *_ = struct.unpack_from("<Q", notes(edits.patch("count++;", source.format("int")))[8], 4)
    other = edits.patch("count++;", source.format("short"))
    assert other.notes == ["note: first(): fresh has another type than before; it starts anew"]
    again = edits.patch("count++;", source.format("int"))
    assert struct.unpack_from("<Q", notes(again)[8], 4) == (key,)
    assert "first(): fresh has a type again that it had before" in again.notes[0]
    assert len(again.notes) == 1 and "starts anew" not in again.notes[0]


def test_other_initial_value_is_told_once(edits: Edits) -> None:
    edits.build()
    source = "static int fresh = {0}; fresh += {1}; count++;"
    edits.patch("count++;", source.format(7, 1))
    for first in (8, 9):
        patch = edits.patch("count++;", source.format(first, 1))
        assert [note.partition(";")[0] for note in patch.notes] == [
            "note: first(): fresh has another initial value"
        ]
        assert edits.patch("count++;", source.format(first, 2)).notes == []
    for shared in (6, 7, 5, 6):
        new = A.replace("shared = 5", f"shared = {shared}")
        told = [edits.edit(a_c=text) for text in (new, new.replace("x * 5", "x * 6"))]
        assert isinstance(told[0], Patch) and isinstance(told[1], Patch)
        assert len(told[0].notes) == (shared != 5) and told[1].notes == []


def test_initial_value_is_kept(edits: Edits) -> None:
    edits.build()
    patch = edits.patch("int shared = 5", "int shared = 6")
    assert patch.is_empty and len(patch.notes) == 1
    assert "shared" in patch.notes[0] and "keeps what it holds" in patch.notes[0]


def test_numbered_variables_are_told_apart_by_their_functions(edits: Edits) -> None:
    """A new `calls` before the others takes their numbers."""
    edits.build()
    patch = edits.patch("count++;", "static int calls; calls++; count++;")
    assert patch.functions == ["first"], "second() still uses its own"
    assert len(notes(patch)[8]) == 4 + 16


def test_several_numbered_variables_without_debug_data(edits: Edits) -> None:
    edits.project.flags.append("-g0")
    one, two = "static int calls; calls++; count++;", "static int calls; calls += 2; count++;"
    edits.build(a_c=A.replace("count++;", one), b_c=B)
    result = edits.edit(a_c=A.replace("count++;", two))
    assert isinstance(result, Whole) and "calls" in result.reason and "debug data" in result.reason


@pytest.mark.parametrize("flag", ["-g0", "-g1"])
def test_variables_of_unknown_types(edits: Edits, flag: str) -> None:
    """Both layouts of motor_t have one size."""
    edits.project.flags.append(flag)
    edits.build()
    words = edits.whole("int speed; short turns;", "short turns; int speed;")
    assert "a.c" in words and f"({flag if flag == '-g1' else '-g'})" in words


def test_function_with_another_signature_replaces_nothing(edits: Edits) -> None:
    """Code that still runs in the old caller passes the old arguments."""
    old = "static __attribute__((noipa)) int twice(int x) { return x * 2; }\n"
    call = "int fourth(int x) { return twice(x) + 1; }\n"
    edits.build(b_c=old + call)
    new = old.replace("int x", "int *x").replace("x * 2", "*x * 2")
    patch = edits.edit(b_c=new + call.replace("(x)", "(&x)"))
    assert isinstance(patch, Patch), patch
    assert patch.functions == ["twice", "fourth"] and len(jumps(patch)) == 1


def test_function_that_only_the_module_calls_with_another_signature(edits: Edits) -> None:
    """The firmware has no stub of it, so nothing of the firmware leads to the old one."""
    edits.project.calls_exports, edits.project.firmware_options = False, ["-Wl,-u,first"]
    call = "int twice(int{0}); int first(int x) {{ return twice(x{0}) + 1; }}\n"
    twice = "__attribute__((noipa)) int twice(int x{0}) {{ return x * 2 {1}; }}\n"
    edits.build(a_c=call.format(""), b_c=twice.format("", ""))
    patch = edits.edit(
        a_c=call.format(", int").replace("x, int)", "x, 5)"), b_c=twice.format(", int y", "+ y")
    )
    assert isinstance(patch, Patch), patch
    assert sorted(patch.functions) == ["first", "twice"] and len(jumps(patch)) == 1


def test_two_names_of_one_new_constant(edits: Edits) -> None:
    edits.build()
    new = "const int one[2] = {7, 8};\nextern const int two[2] __attribute__((alias(\"one\")));\n"
    both = "extern const int one[2], two[2]; int first(int x); extern int shared;\n"
    text = B.replace(B.splitlines()[0], both).replace("+ shared", "+ shared + one[x] + two[x]")
    result = edits.edit(a_c=new + A, b_c=text)
    assert isinstance(result, Whole) and "one" in result.reason and "two" in result.reason


@pytest.mark.parametrize(
    "old, new, words",
    [
        ("int speed;", "int speed; int power;", "motor_t has another layout"),
        ("int speed; short turns;", "short turns; int speed;", "motor_t has another layout"),
        ("static int count;", "static long long count;", "count has another layout"),
        ("int shared = 5;", "int shared __attribute__((aligned(64))) = 5;", "shared has another"),
        ("int shared", "__attribute__((constructor)) void begin(void) { count = 3; }\nint shared",
         "constructors"),
        ("int shared = 5;", "int shared = 5; int go(void) { static void *at; void *to = at ? at : "
         "&&one; at = &&two; goto *to; one: return 1; two: return 2; }", "address of a label"),
        ("static int count;", "static int count; static int fresh __attribute__((aligned(32)));"
         "int *use(void) { return &fresh; }", "alignment above 8"),
    ],
)  # fmt: skip
def test_whole(edits: Edits, old: str, new: str, words: str) -> None:
    edits.build()
    assert words in edits.whole(old, new)


TABLE = "static const int table[4] = {1, 2, 3, 4};"
LONGER = "static const int table[5] = {1, 2, 3, 4, 5};"


def test_longer_table_is_in_another_place(edits: Edits) -> None:
    edits.build()
    patch = edits.patch(TABLE, LONGER)
    assert patch.functions == ["first"], "its code is the same, but not where it reads"
    assert len(kept(patch)) == 1 and 7 not in notes(patch)
    assert patch.notes[0].startswith("note: table has another size")


def test_table_that_may_be_written_is_in_another_place(edits: Edits) -> None:
    edits.build()
    patch = edits.patch(TABLE, f"{TABLE.replace('const ', '')} void set(int x) {{ table[0] = x; }}")
    assert sorted(patch.functions) == ["first", "set"] and len(kept(patch)) == 1
    assert patch.notes[0].startswith("note: table is no constant any more")


def test_longer_table_of_zeros(edits: Edits) -> None:
    edits.build(a_c=A.replace("{1, 2, 3, 4}", "{0}"), b_c=B)
    assert edits.patch(TABLE, "static const int table[8] = {0};").functions == ["first"]


@pytest.mark.parametrize("word", ["static const", ""])
def test_what_leads_to_a_longer_table(edits: Edits, word: str) -> None:
    """A constant gets the new address in place; a variable keeps what it holds."""
    source = A + f"struct list {{ const int *from; int count; }};\n{word} struct list list = " \
        "{table, 4};\nint sum(int x) { const volatile struct list *l = &list; return l->from[x]; }"
    edits.build(a_c=source, b_c=B)
    result = edits.edit(a_c=source.replace(TABLE, LONGER))
    if word:
        assert isinstance(result, Patch) and len(notes(result)[7][4:]) == 16
    else:
        assert isinstance(result, Whole) and "list holds the address" in result.reason


def test_constant_that_leads_to_another_value(edits: Edits) -> None:
    """The next patch must not take the one for the other."""
    new = "static const int k = %d, *const keys[2] = {&k, 0};\n" \
          "static int *const place[2] = {&count, 0};\n"  # fmt: skip
    edits.build()
    found = []
    for value in (5, 6):
        text = A.replace("int shared", f"{new % value}int shared")
        text = text.replace("count++;", "count += *keys[x & 1] + *place[x & 1];")
        result = edits.edit(a_c=text)
        assert isinstance(result, Patch)
        found.append(set(kept(result)))
    assert len(found[0]) == 3 and len(found[0] & found[1]) == 1, "place is what it was"


def test_equal_constants_are_one(edits: Edits) -> None:
    """A pointer to either may be stored."""
    edits.build()
    new = 'const char *%s(void) { return "a new text"; }\n'
    lists = "const int *const %s[] = {(const int[]){77, 88}, (const int[]){77, 88}};\n"
    result = edits.edit(a_c=A + new % "a" + lists % "one", b_c=B + new % "b" + lists % "two"
                        + "const int *get(int x) { extern const int *const one[]; "
                          "return x & 1 ? one[x & 1] : two[x & 1]; }\n")  # fmt: skip
    assert isinstance(result, Patch)
    assert result.content.count(b"a new text\0") == 1
    assert result.content.count(struct.pack("<II", 77, 88)) == 1


LABELS = """
__attribute__((noinline)) int go(int x)
{ static const void *const to[] = {&&one, &&two}; goto *to[x & 1]; one: x += 5; two: return x; }
"""


@pytest.mark.parametrize("base", [A, A + LABELS])
def test_table_of_labels_goes_with_its_code(edits: Edits, base: str) -> None:
    """Another constant may lead to the same labels, but old code never to those of new code."""
    edits.build(a_c=base, b_c=B)
    result = edits.edit(a_c=A + LABELS.replace("x += 5", "x += 6"))
    assert isinstance(result, Patch) and result.functions == ["go"]
    assert not kept(result) and 7 not in notes(result)


def test_compound_literal_outlives_its_patch(edits: Edits) -> None:
    """A pointer to it may be stored."""
    use = "int fourth(int x) { extern int keep(const int *); return keep(lists[x & 1]); }\n" \
          "const int *kept; int keep(const int *list) { kept = list; return *list; }\n"
    lists = "static const int *const lists[] = {(const int[]){1, 2}, (const int[]){3, 4}};\n"
    edits.build()
    result = edits.edit(a_c=A + lists + use)
    assert isinstance(result, Patch) and len(kept(result)) == 4  # with the variable


OBJECTS = """
struct object { int speed; %s };
int use(const void *argument) { const struct object *used = argument; return used->speed + %s; }
"""


def test_objects_that_no_variable_leads_to(edits: Edits) -> None:
    """A callback gets its object as `void *`."""
    edits.build(a_c=A + OBJECTS % ("", "1"), b_c=B)
    assert isinstance(edits.edit(a_c=A + OBJECTS % ("", "2")), Patch)
    result = edits.edit(a_c=A + OBJECTS % ("int turns;", "used->turns"))
    assert isinstance(result, Whole) and result.reason == "object has another layout"


def test_objects_of_an_earlier_patch(edits: Edits) -> None:
    edits.build()
    assert isinstance(edits.edit(a_c=A + OBJECTS % ("", "1")), Patch)
    assert isinstance(edits.edit(a_c=A + OBJECTS % ("", "2")), Patch)
    result = edits.edit(a_c=A + OBJECTS % ("int turns;", "used->turns"))
    assert isinstance(result, Whole), result
    assert result.reason == "object has another layout than in a patch"


@pytest.mark.parametrize(
    "states, is_patch", [("IDLE, RUN, STOP", True), ("IDLE, STOP, RUN", False)]
)
def test_enumeration_that_grows(edits: Edits, states: str, is_patch: bool) -> None:
    """RUN must mean what it meant."""
    text = A + "enum state { %s }; enum state now;\n" \
               "void to(enum state next) { now = next; } int is(void) { return now == RUN; }\n"
    edits.build(a_c=text % "IDLE, RUN", b_c=B)
    result = edits.edit(a_c=(text % states).replace("now = next", "now = next + (next > RUN)"))
    assert isinstance(result, Patch) == is_patch, result
    if isinstance(result, Whole):
        assert result.reason == "state has another layout"


def test_large_patch_is_whole(edits: Edits) -> None:
    edits.build()
    body = "".join(f"x = x * {i * 77 + 5} + (x >> {i % 5 + 1});" for i in range(600))
    assert "more than a quarter" in edits.whole("count++;", f"count++; {body}")


def test_names_that_share_their_code_cannot_part(edits: Edits) -> None:
    alias = "int same(int x) __attribute__((alias(\"third\")));\n"
    edits.build(a_c=A, b_c=B + alias)
    result = edits.edit(b_c=B.replace("- x", "- x - 1") + "int same(int x) { return x; }\n")
    assert isinstance(result, Whole) and "were one" in result.reason


def test_function_that_moves_to_another_object(edits: Edits) -> None:
    edits.build(a_c=A, b_c=B)
    moved = "int second(int x) { static int calls; calls += x; return calls + motor.turns; }\n"
    b_c = B + "int second(int x) { static int calls; calls += 2 * x; return calls; }\n"
    result = edits.edit(a_c=A.replace(moved, "int turns(void) { return motor.turns; }\n"), b_c=b_c)
    assert isinstance(result, Patch) and "second" in result.functions
    assert len(jumps(result)) >= 1


def test_weak_function_loses_to_a_new_strong_one(edits: Edits) -> None:
    weak = "__attribute__((weak)) int chosen(int x) { return x; }\n"
    use = "int chosen(int x); int fourth(int x) { return chosen(x); }\n"
    edits.build(a_c=A + weak, b_c=B + use)
    result = edits.edit(b_c=B + use + "int chosen(int x) { return x * 9; }\n")
    assert isinstance(result, Patch) and "chosen" in result.functions


def test_clone_takes_its_callers_along(edits: Edits) -> None:
    """Nobody can jump from an old clone into a new one: the constant in it may be another."""
    source = A + """
static __attribute__((noinline)) int scale(int x, int by, int more)
{ for (int i = 0; i < by; i++) x += more + firmware_function(x); return x; }
int one(int x) { return scale(x, 7, 2); }
int two(int x) { return scale(x + 1, 7, 2) + 1; }
"""
    edits.project.flags += ["-O2"]
    edits.build(a_c=source, b_c=B)
    result = edits.edit(a_c=source.replace("x += more", "x += 3 * more"))
    assert isinstance(result, Patch)
    clones = [name for name in result.functions if "constprop" in name or "isra" in name]
    assert clones, "the compiler makes them"
    assert {"one", "two"} <= set(result.functions) and len(jumps(result)) == 2


def test_new_callback_gets_a_stub_and_its_slot(edits: Edits) -> None:
    use = "int call(int (*f)(int)) { return f(3); }\nint with(void) { return call(%s); }\n"
    edits.build(a_c=A + use % "helper", b_c=B)
    result = edits.edit(a_c=A + use % "other")
    assert isinstance(result, Patch)
    (swap,) = struct.iter_unpack("<IIII", notes(result)[7][4:])
    assert swap[0] == 0 and swap[1] < 64 and swap[3] == 4  # the number of a slot


def test_another_file_is_added_and_one_removed(edits: Edits) -> None:
    edits.build()
    edits.project.write("c.c", "int fifth(int x) { static int n; return n += x; }\n")
    result = edits.replace("count++;", "extern int fifth(int); count += fifth(1);")
    assert isinstance(result, Patch) and {"fifth", "first"} <= set(result.functions)
    (edits.project.sources / "c.c").unlink()
    assert edits.patch("count++;", "count++;").is_empty


def test_removed_function_that_is_still_used(edits: Edits) -> None:
    edits.build()
    gone = "int first(int x) { count++; motor.speed += x; return other(x) + table[x & 3]; }\n"
    with pytest.raises(Exception, match="first"):
        edits.replace(gone, "")


def test_busy_range() -> None:
    """A loop that leads to the first instruction, or between its halves."""
    loop = bytes.fromhex("0505 fd13".replace(" ", ""))
    assert busy_size("riscv", bytes.fromhex("13051500" "e31ec5fe" "82800000")) == 12
    assert busy_size("riscv", bytes.fromhex("13051500" "8280")) == 4
    assert busy_size("riscv", loop + bytes(4)) == 4
    assert busy_size("xtensa", bytes.fromhex("364100" "1df0")) == 3


def test_a_veneer_for_each_jump(edits: Edits) -> None:
    """As far as there are some; on RISC-V there are none."""
    edits.build()
    note = notes(edits.patch("x * 5", "x * 7")).get(0x80000009)
    if edits.base.veneers:
        start = edits.base.text.address
        assert note is not None and struct.unpack("<II", note) == (1, edits.base.veneers[0] - start)
    else:
        assert note is None and edits.inputs().description.arch == "riscv"


def test_veneers_within_the_reach_of_their_jumps() -> None:
    reach = 1 << 17
    assert assign_veneers([100, 112], [0, 4, 8]) == {0: 100, 4: 112}
    assert assign_veneers([0, 12], [12 + reach, 16 + reach]) == {12 + reach: 12}
    assert assign_veneers([reach - 4, reach], [0, 4]) == {0: reach - 4, 4: reach}
    assert assign_veneers([reach], [0]) == {}


def test_veneers_in_each_part_of_a_large_module(edits: Edits) -> None:
    description = edits.build().inputs().description
    sizes = {"a": 2500, "b": 2500, "c": 9000, "d": 4, "e": 0}
    paths = with_veneers(description, [CodeFile(name, size) for name, size in sizes.items()])
    is_xtensa = description.arch == "xtensa"
    expected = ["a", "b", "veneers8.o", "c", "veneers16.o", "d", "e", "veneers4.o"]
    assert [Path(path).name for path in paths] == (expected if is_xtensa else list(sizes))
    assert len(edits.base.veneers) == (4 if is_xtensa else 0)


def test_veneers_lie_between_the_parts(edits: Edits) -> None:
    """In the linked module, not only in the list of its files."""
    source = "int {0}(int x) {{ __asm__ volatile(\".space {1}\"); return x + 0x12{0}5678; }}\n"
    edits.build(a_c=source.format("a", 33000), b_c=source.format("b", 20000))
    if edits.inputs().description.arch == "riscv":
        assert not edits.base.veneers
        return
    linked = edits.base.file
    starts = sorted(symbol.value for symbol in linked.symbols() if symbol.name in ("a", "b"))
    veneers = edits.base.veneers
    assert starts[0] < veneers[0] and veneers[63] < starts[1] < veneers[64]
    assert len(veneers) == 64 + 32, "one for each KB"


HEADER = Path(__file__).resolve().parents[2] / "include" / "hotreload.h"
MACRO = "\n".join(re.findall(r"^#define HOTRELOAD_KEEP.*$", HEADER.read_text(), re.M)) + "\n"


def test_kept_variables_of_a_whole_module(edits: Edits) -> None:
    edits.project.flags.append("-fno-section-anchors")
    source = MACRO + "static int laps HOTRELOAD_KEEP = 3; static short zero HOTRELOAD_KEEP;\n" + A
    source += "int use(void) { return laps++ + zero++; }\n"
    edits.build(a_c=source, b_c=B)
    before = kept_note(edits.module)
    assert sorted(size for _, _, size in before) == [2, 4]
    assert [initial == 0 for _, initial, size in before if size == 2] == [True]
    result = edits.edit(a_c=source.replace("laps++", "laps += 2"))
    assert isinstance(result, Patch)
    assert {key for key, _, _ in kept_note(result.content)} == {key for key, _, _ in before}


SEVERAL = """\
static int laps HOTRELOAD_KEEP = 3;
static short zero HOTRELOAD_KEEP;
static int count_of[26] HOTRELOAD_KEEP;
void note(int c) { count_of[c - 'a']++; zero++; }
int all(void) { int n = laps++; for (int *p = count_of; p != count_of + 26; p++) n += *p; return n; }
"""


def test_kept_variables_are_told_apart(edits: Edits) -> None:
    """On Xtensa, code knows a static variable by its section and an offset."""
    edits.build(a_c=MACRO + SEVERAL, b_c="int third(int x) { return x; }\n")
    sizes = [size for _, _, size in kept_note(edits.module)]
    found = {
        (sizes[(about >> 8) - SYM_KEPT], addend)
        for _, about, addend in struct.iter_unpack("<IIi", part(edits.module, 3))
        if about >> 8 >= SYM_KEPT
    }
    before_the_first = -4 * ord("a")
    assert {(4, 0), (2, 0), (104, 0)} <= found
    assert found <= {(4, 0), (2, 0), (104, 0), (104, before_the_first), (104, 104)}


def test_kept_variables_found_by_the_address_of_another(edits: Edits) -> None:
    """By section anchors, or on Xtensa by the start of the section."""
    edits.project.flags = ["-Os", "-g"]
    if edits.project.toolchain.arch == "riscv":
        edits.project.flags.append("-fsection-anchors")
    kept = '__attribute__((section(".data.hotreload_keep")))'
    source = f"static {kept} int laps = 3; static {kept} int zero;\n" + A
    edits.project.write("a.c", source + "int use(void) { laps++; zero++; return laps; }\n")
    edits.project.compile()
    edits.project.link_firmware()
    edits.project.describe()
    assert "-fno-section-anchors" in edits.project.fail("link", str(edits.project.build))


CPP = """\
extern "C" int firmware_function(int);
template <typename T> struct box
{ T value; T get() const { return value + firmware_function(1); } };
struct shape { virtual int area(int x) const { return x; } int n = 1; };
struct square : shape { int area(int x) const override { return x * x + n; } };
namespace { square one; }
inline int twice(int x) { static int calls; calls++; return x * 2 + calls; }
"""
USE = """\
extern "C" int cpp_{0}(int x)
{{ box<int> b{{x}}; const shape &s = one; return b.get() + s.area(x) + twice(x); }}
"""


def test_inline_functions_of_cpp(cpp: Edits) -> None:
    """Both object files have a copy; the first one's counts."""
    sources = {"a_cpp": CPP + USE.format("a"), "b_cpp": CPP + USE.format("b")}
    cpp.build(**sources)
    new = {name: text.replace("x * 2", "x * 3") for name, text in sources.items()}
    result = cpp.edit(**new)
    assert isinstance(result, Patch), result
    assert any("cpp_a" in name or "twice" in name for name in result.functions)
