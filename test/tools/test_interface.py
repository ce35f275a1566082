"""Which changes of a source change its interface, as the debug data of its object file has it.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import List, NamedTuple

import pytest

import toolchains
from hotreload.checks.debug_types import read_object
from hotreload.checks.interface import Interface, ObjectInterface, Summary, find_changes
from hotreload.module.elf import Elf


class Change(NamedTuple):
    """A source in which OLD becomes NEW, and words that must be said to it; none: it is harmless."""

    name: str
    source: str
    old: str
    new: str
    said: List[str]


C = [
    Change("variadic", "int f(int a, ...) { return a; }", ", ...", "", ["f() has", "old: int f(int, ...)"]),
    Change("prototype", "float f(x) float x; { return x; }", "f(x) float x;", "f(float x)",
           ["f() has", "old: float f(float) without a prototype"]),
    Change("empty list", "int f() { return 1; }", "f()", "f(void)", []),
    Change("noreturn", "_Noreturn void f(void) { for (;;) { } }", "_Noreturn ", "",
           ["old: noreturn void f(void)"]),
    Change("endless", "int x; void f(void) { for (;;) { } }", "for (;;) { }", "x++;", []),
    Change("const", "int f(const char *const *a) { return **a; }", "const *", "*", []),
    Change("volatile", "int f(volatile int *a) { return *a; }", "volatile ", "", []),
    Change("bit-field", "struct s { int a : 3; int b : 5; }; int f(struct s *s) { return s->b; }",
           "a : 3", "a : 4", ["The layout of struct s", "old: +0 int a : 3", "new: +0 int a : 4"]),
    Change("packed", "struct s { char a; int b; }; int f(struct s *s) { return s->b; }",
           "};", "} __attribute__((packed));", ["The layout of struct s", "new: +1 int b"]),
    Change("aligned", "struct s { int b; } x; int f(struct s *s) { return s->b; }",
           "} x", "} __attribute__((aligned(16))) x", ["new: size 16 aligned 16"]),
    Change("union", "union u { int a; float b; }; int f(union u *u) { return u->a; }",
           "float b", "double b", ["The layout of union u", "new: +0 double b"]),
    Change("flexible array", "struct s { int n; char d[]; }; int f(struct s *s) { return s->n; }",
           "char d[]", "short d[]", ["old: +4 char[] d"]),
    Change("long double", "long double f(long double a) { return a; }", "long double f", "double f",
           ["old: long double f(long double)"]),
    Change("complex", "float _Complex f(int a) { return a; }", "float _C", "double _C", ["complex"]),
    Change("vector", "typedef int v __attribute__((vector_size(16))); v f(v a) { return a; }",
           "(16)", "(8)", ["f() has changed"]),
    Change("vector or array", "typedef int v __attribute__((vector_size(16))); int f(v *a) { return 0; }",
           "typedef int v __attribute__((vector_size(16)))", "typedef int v[4]", ["f() has changed"]),
    Change("nameless inside", "struct s { union { int a; char b; }; struct { int c; } d; };"
           "int f(struct s *s) { return s->d.c; }", "int c", "short c",
           ["old: +4 struct {size 4; +0 int c} d"]),
    Change("typedef", "typedef int number; number f(number a) { return a; }", "typedef int",
           "typedef long", []),
    Change("typedef of another size", "typedef int number; number f(number a) { return a; }",
           "typedef int", "typedef short", ["f() has", "number f(number)"]),
    Change("name for a nameless structure", "typedef struct { int x; } s; int f(s *a) { return a->x; }",
           "struct {", "struct tag {", []),
    Change("pointer to pointer", "struct s { int x; }; int f(struct s ***a) { return (**a)->x; }",
           "int x", "char x", ["The layout of struct s"]),
    Change("array", "int f(int a[2][3]) { return a[1][2]; }", "[3]", "[4]", ["int[4] *"]),
    Change("run-time array", "int f(int n, int a[n][n]) { return a[1][n - 1]; }", "- 1", "- 2", []),
    Change("callback", "struct s { int x; }; int f(int (*g)(struct s)) { struct s s = {1}; return g(s); }",
           "int x", "int y, x", ["The layout of struct s"]),
    Change("recursion", "struct b; struct a { struct b *b; }; struct b { struct a *a; int x; };"
           "int f(struct a *a) { return a->b->x; }", "int x", "char x", ["The layout of struct b"]),
    Change("enumerator", "enum e { A, B }; int f(enum e e) { return e; }", "A, B", "B, A",
           ["The layout of enum e", "new: B = 0"]),
    Change("opaque", "struct s; struct t; int f(struct s *s) { return s != 0; }", "f(struct s", "f(struct t",
           ["old: struct s", "new: struct t"]),
    Change("parameter of an inner type", "struct s { struct { int a; } in; }; int f(struct s s) { return s.in.a; }",
           "int a", "long long a", ["The layout of struct s"]),
    Change("variable", "struct s { int x; } f;", "int x", "int x, y", ["The layout of struct s"]),
    Change("type of a variable", "int f = 1;", "int f", "short f", ["f has changed", "old: int f", "new: short int f"]),
    Change("length of a variable", "extern int f[]; int f[4];", "f[4]", "f[5]", ["new: int[5] f"]),
    Change("alignment of a variable", "char f[4];", "f[4]", "f[4] __attribute__((aligned(8)))", ["f has"]),
    Change("function for a variable", "int f(void) { return 1; }", "f(void) { return 1; }", "f = 1;",
           ["old: int f(void)", "new: int f"]),
    Change("symbol", 'typedef int t; int g(t a) __asm__("f"); int g(t a) { return a; }', "typedef int",
           "typedef long long", ["f() has changed", "new: int g(t)"]),
    Change("alias", 'int g(int a) { return a; } int f(int) __attribute__((alias("g")));', "int a",
           "short a", ["f() has changed"]),
    Change("split function", "void stop(int) __attribute__((cold)); int other(int a) { if (a) stop(a); return a; }"
           "int f(int a) { if (a > 5) { stop(a); stop(1); } return a; }", "f(int a)", "f(long long a)",
           ["f() has changed"]),
    Change("inlined", "static inline int help(int a) { return a; } int f(int a) { return help(a); }"
           "int user(void) { return f(1); }", "f(int a)", "f(short a)", ["f() has changed"]),
    Change("local structure", "int f(int a) { struct s { int x; } s = {a}; return s.x; }", "int x", "char x", []),
]  # fmt: skip

SHAPES = """
namespace geometry {
struct base { int id; virtual int area(int); virtual void draw(); };
struct point : base { short x, y; static int made; int length() const; };
template <class T> struct box { T value; T get() const; };
int base::area(int k) { return id * k; }
void base::draw() { }
point kept;
int f(const point &p) { return p.x; }
}
"""
CPP = [
    Change("namespace", SHAPES, "short x, y", "int x, y", ["The layout of struct geometry::point", "new: +8 int x"]),
    Change("base class", SHAPES, "int id", "long long id", ["struct geometry::base", "new: +8 long long int id"]),
    Change("base classes", SHAPES, ": base", ": virtual base", ["struct geometry::point"]),
    Change("virtual", SHAPES, "virtual int area(int); virtual void draw();",
           "virtual void draw(); virtual int area(int);", ["struct geometry::base", "virtual area at 0"]),
    Change("static member", SHAPES, "static int made", "static long made", []),
    Change("method", SHAPES, "int length() const", "int length() const; int size()", []),
    Change("reference", SHAPES + 'extern "C" int g(int &a) { return a; }', "int &a", "int a", ["old: int g(int &)"]),
    Change("copy constructor", SHAPES + "struct s { int x; }; int g(s a) { return a.x; }",
           "struct s { int x; }", "struct s { int x; s(const s &); }", ["The layout of struct s"]),
    Change("destructor", SHAPES + "struct s { int x; }; int g(s a) { return a.x; }",
           "struct s { int x; }", "struct s { int x; ~s(); }", ["new: ~s()"]),
    Change("other constructor", SHAPES + "struct s { int x; }; int g(s a) { return a.x; }",
           "struct s { int x; }", "struct s { int x; s(int); }", []),
    Change("pointer to member", SHAPES + "int g(geometry::point *p, short geometry::point::*m) { return p->*m; }",
           "short x, y", "short y, x", ["struct geometry::point"]),
    Change("template", SHAPES + "int g(geometry::box<int> *b) { return b->value; }",
           "T value", "char tag; T value", ["struct geometry::box<int>", "new: +4 int value"]),
    Change("template argument", SHAPES + "int g(geometry::box<geometry::point> *b) { return b->value.x; }",
           "short x, y", "short y, x", ["struct geometry::point"]),
    Change("enumeration class", "enum class e : short { a }; int g(e x) { return int(x); }",
           ": short", ": unsigned short", ["The layout of enum e"]),
    Change("nested class", "struct s { struct in { int x, y; } i; }; int g(s *a) { return a->i.x; }",
           "int x, y", "int y, x", ["The layout of struct s::in"]),
    Change("nameless namespace", "namespace { struct s { int x; }; } int g(void *a) { return ((s *)a)->x; }"
           "s kept;", "int x", "char x", []),
    Change("inline variable", "struct s { int x; }; inline s g; s *user() { return &g; }", "int x",
           "char x", ["The layout of struct s"]),
    Change("static of an inline function", "struct s { int x; }; inline s &g() { static s one; return one; }"
           "s *user() { return &g(); }", "int x", "char x", ["The layout of struct s"]),
    Change("class", "class c { int x; public: int get(); }; int c::get() { return x; }", "int x",
           "int y, x", ["The layout of class c"]),
]  # fmt: skip

FLAGS = {
    "DWARF 5": ["-gdwarf-5"],
    "DWARF 4": ["-gdwarf-4"],
    "DWARF 2": ["-gdwarf-2", "-gstrict-dwarf"],
    "type units": ["-fdebug-types-section"],
    "old type units": ["-fdebug-types-section", "-gdwarf-4"],
    "compressed": ["-gz"],
    "compressed as once": ["-gz=zlib-gnu"],
}
CLANG = ["clang", "--target=riscv32-unknown-elf", "-march=rv32imac"]


def commands() -> "dict[str, List[str]]":
    """Compilers and ways to write debug data."""
    riscv = ["riscv64-unknown-elf-gcc", "-march=rv32imac", "-mabi=ilp32"]
    found = {name: [*riscv, *flags] for name, flags in FLAGS.items()}
    found["Xtensa"] = ["xtensa-lx106-elf-gcc", "-mlongcalls"]
    found["clang"] = CLANG
    found["clang, DWARF 4"] = [*CLANG, "-gdwarf-4"]
    return found


def read(command: List[str], path: Path, source: str) -> ObjectInterface:
    if shutil.which(command[0]) is None:
        pytest.skip(f"no {command[0]} on PATH")
    path.write_text(source)
    output = path.with_suffix(".o")
    language = ["-std=c++17", "-fno-exceptions"] if path.suffix == ".cpp" else []
    options = ["-g", "-O2", "-w", "-ffunction-sections", "-fdata-sections", *language]
    # `command` comes last: of two options, the last one counts.
    command = [command[0], *options, *command[1:], "-c", str(path), "-o", str(output)]
    toolchains.run(command)
    return read_object(Elf(str(output), "the object file"), [])


def changes(command: List[str], path: Path, change: Change) -> List[str]:
    assert change.old in change.source
    old = read(command, path, change.source)
    new = read(command, path, change.source.replace(change.old, change.new, 1))
    assert not old.unread and not new.unread
    noted = Interface({"a.o": old}.__getitem__, {"a.o": Summary.of(old)}, {})
    return find_changes(noted, {"a.o": new}, ["a.o"], [*old.symbols])


def check(said: List[str], change: Change) -> None:
    assert bool(said) == bool(change.said), said
    for words in change.said:
        assert words in "\n".join(said)


@pytest.mark.parametrize("change", C, ids=[change.name for change in C])
def test_c(tmp_path: Path, change: Change) -> None:
    check(changes(commands()["DWARF 5"], tmp_path / "a.c", change), change)


@pytest.mark.parametrize("change", CPP, ids=[change.name for change in CPP])
def test_cpp(tmp_path: Path, change: Change) -> None:
    check(changes(commands()["DWARF 5"], tmp_path / "a.cpp", change), change)


ANY = "struct s { int x; short y : 4; }; int f(struct s *s, char a[3]) { return s->x; } struct s v[2];"


@pytest.mark.parametrize("name", list(commands()))
def test_debug_data_of_every_kind(tmp_path: Path, name: str) -> None:
    """Signatures, variables and layouts are found, and a change of a layout is."""
    command, path = commands()[name], tmp_path / "a.c"
    found = read(command, path, ANY)
    assert found.symbols["f"].text.source == "int f(struct s *, char *)"
    assert found.symbols["v"].text.source == "struct s[2] v"
    assert [text.source for text in found.layouts["struct s"]][:2] == ["size 8", "+0 int x"]
    change = Change("", ANY, "int x", "long long x", ["The layout of struct s"])
    check(changes(command, path, change), change)


@pytest.mark.parametrize("name", [n for n in commands() if n not in ("Xtensa", "DWARF 2")])
def test_debug_data_of_cpp_of_every_kind(tmp_path: Path, name: str) -> None:
    command, path = commands()[name], tmp_path / "a.cpp"
    for change in CPP[:1] + [change for change in CPP if change.name in ("template", "nested class")]:
        check(changes(command, path, change), change)


@pytest.mark.parametrize(
    "flags, reason",
    [
        (["-g0"], "has no debug data (-g)"),
        (["-g1"], "has no types in its debug data (-g1)"),
        (["-gsplit-dwarf"], "has its debug data in another file (-gsplit-dwarf)"),
        (["-gsplit-dwarf", "-gdwarf-4"], "has its debug data in another file (-gsplit-dwarf)"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path: Path, flags: List[str], reason: str) -> None:
    command = commands()["DWARF 5"][:3] + flags
    assert read(command, tmp_path / "a.c", ANY).unread == reason


def test_line_tables_of_clang_are_no_interface(tmp_path: Path) -> None:
    found = read([*CLANG, "-gline-tables-only"], tmp_path / "a.c", ANY)
    assert found.unread == "has no types in its debug data (-g1)"


@pytest.mark.parametrize("flags", [["-g"], ["-g0"]])
def test_assembly_has_no_interface(tmp_path: Path, flags: List[str]) -> None:
    source = ".globl f\n.type f, @function\nf: ret\n.size f, . - f\n"
    found = read(commands()["DWARF 5"][:3] + flags, tmp_path / "a.S", source)
    assert found == ObjectInterface({}, {}, [], "")


def test_damaged_debug_data_is_said(tmp_path: Path) -> None:
    """Whatever is in it, there is a reason and no traceback."""
    path = tmp_path / "a.c"
    read(commands()["DWARF 5"], path, ANY)
    whole = path.with_suffix(".o").read_bytes()
    damaged = tmp_path / "damaged.o"
    listing = subprocess.run(
        ["riscv64-unknown-elf-readelf", "-SW", str(path.with_suffix(".o"))],
        stdout=subprocess.PIPE, encoding="utf-8", check=True,
    ).stdout  # fmt: skip
    line = next(x for x in listing.splitlines() if " .debug_abbrev" in x).split("]")[1].split()
    start, size = int(line[3], 16), int(line[4], 16)
    unread = 0
    for place in range(start, start + size):
        for byte in (0x00, 0x7F, 0xFF):
            damaged.write_bytes(whole[:place] + bytes([byte]) + whole[place + 1 :])
            unread += bool(read_object(Elf(str(damaged), "the object file"), []).unread)
    assert unread > 0
