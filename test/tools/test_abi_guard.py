"""A reload whose functions would be called otherwise than the firmware calls them is refused.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import re
from typing import Iterable, List

import pytest

from fake_device import FakeDevice
from hotreload.checks import abi_guard, noted
from hotreload.checks.abi_guard import AbiGuard
from hotreload.checks.debug_types import read_object
from hotreload.checks.interface import ObjectInterface
from hotreload.description import Description, load_description
from hotreload.errors import ToolError
from hotreload.module.elf import Elf
from hotreload.module.object_cache import ObjectCache
from project import Project

HEADER = """\
typedef unsigned long uint32_t;
typedef struct { int x; short y; } point_t;
struct node { struct node *next; point_t at; };
enum color { RED, GREEN };
"""

BEFORE = HEADER + """\
int area(point_t from, const point_t *to) { return from.x + to->y; }
int length(struct node *list) { return list ? list->at.x : 0; }
void paint(enum color color, void (*done)(int), ...) { done(color); }
uint32_t unchanged(char text[4]) { return text[0]; }
"""


def reload_after(project: Project, device: FakeDevice, old: str, new: str) -> str:
    """Builds everything, makes the change, reloads; returns what the tool said."""
    project.write("a.c", BEFORE)
    project.make()
    device.secret = bytes.fromhex((project.out / "secret.key").read_text().strip())
    assert old in BEFORE
    project.write("a.c", BEFORE.replace(old, new))
    result = project.run("reload", "--build", str(project.build), "--url", device.url)
    changed = "since the firmware was built" in result.stdout
    assert (result.returncode == 1) == changed, result.stdout
    assert bool(device.uploads) != changed
    return result.stdout


@pytest.mark.parametrize(
    "old, new, expected",
    [
        (
            "area(point_t from, const point_t *to)",
            "area(const point_t *to, point_t from)",
            ["area() has changed", "old: int area(point_t, const point_t *)",
             "new: int area(const point_t *, point_t)"],
        ),
        ("int area(", "long long area(", ["new: long long int area("]),
        ("color, void (*done)(int), ...)", "color, void (*done)(int))", ["..."]),
        ("void (*done)(int)", "void (*done)(long long)", ["paint() has changed"]),
        (
            "{ int x; short y; }",
            "{ int x; char z; short y; }",
            ["The layout of point_t has changed", "new: +4 char z"],
        ),
        ("{ int x; short y; }", "{ short y; int x; }", ["old: +0 int x", "new: +0 short"]),
        (
            "{ struct node *next; point_t at; }",
            "{ point_t at; struct node *next; }",
            ["The layout of struct node has changed"],
        ),
        ("{ RED, GREEN }", "{ GREEN, RED }", ["The layout of enum color", "new: GREEN = 0"]),
    ],
)  # fmt: skip
def test_change_that_would_corrupt_a_call_is_refused(
    riscv: Project, device: FakeDevice, old: str, new: str, expected: "list[str]"
) -> None:
    said = reload_after(riscv, device, old, new)
    for text in [*expected, "To use the new one, build 'firmware' again and flash it"]:
        assert text in said


@pytest.mark.parametrize(
    "old, new",
    [
        ("return from.x", "return 2 * from.x"),
        ("uint32_t unchanged", "unsigned unchanged"),
        ("const point_t *to)", "point_t *to)"),
        ("list ? list->at.x : 0", "list ? list->at.y : 0"),
    ],
)
def test_change_that_calls_do_not_notice_is_sent(
    riscv: Project, device: FakeDevice, old: str, new: str
) -> None:
    assert "Reloaded" in reload_after(riscv, device, old, new)


def test_whole_build_takes_the_new_interface(riscv: Project, device: FakeDevice) -> None:
    reload_after(riscv, device, "int area(", "char area(")
    riscv.make()
    result = riscv.run("reload", "--build", str(riscv.build), "--url", device.url)
    assert result.returncode == 0, result.stdout


# ---- symbols and object files ----


class Sources:
    """A project that is built, changed, and reloaded; what is refused is not sent."""

    def __init__(self, project: Project, device: FakeDevice, **sources: str) -> None:
        self.project, self.device = project, device
        self.write(**sources)

    def write(self, **sources: str) -> None:
        for name, text in sources.items():
            self.project.write(name.replace("_", "."), text)

    def build(self, *flags: str) -> "Sources":
        self.project.flags += [*flags, "-fno-exceptions"]
        self.project.make()
        key = self.project.out / "secret.key"
        self.device.secret = bytes.fromhex(key.read_text().strip())
        return self

    def reload(self, **sources: str) -> str:
        self.write(**sources)
        build = str(self.project.build)
        result = self.project.run("reload", "--build", build, "--url", self.device.url)
        assert "Traceback" not in result.stdout
        assert (result.returncode == 0) == bool(self.device.uploads), result.stdout
        return result.stdout


CPP = """\
namespace geometry {
struct point { int x, y; };
int area(const point &p) { return p.x * p.y; }
}
"""


def test_structure_in_a_namespace(riscv: Project, device: FakeDevice) -> None:
    sources = Sources(riscv, device, a_cpp=CPP).build()
    said = sources.reload(a_cpp=CPP.replace("int x", "char id; int x"))
    assert "The layout of struct geometry::point has changed" in said
    assert "new: +4 int x" in said


NAMED = """\
struct point { int x, y; };
int area(struct point *) __asm__("surface");
int area(struct point *p) { return p->x; }
int other(struct point *) __attribute__((alias("surface")));
"""


def test_symbol_with_another_name_than_the_source(riscv: Project, device: FakeDevice) -> None:
    said = Sources(riscv, device, a_c=NAMED).build().reload(a_c=NAMED.replace("x, y", "y, x"))
    assert said.count("The layout of struct point has changed") == 1


STATE = "struct state {{ int {0}; }};\nint {1}(struct state *s) {{ return s->{2}; }}\n"


def test_structures_of_one_name_in_two_sources(riscv: Project, device: FakeDevice) -> None:
    """Each source has its own."""
    sources = Sources(
        riscv, device, a_c=STATE.format("x, y", "a", "x"), b_c=STATE.format("u, v, w", "b", "u")
    ).build()
    assert "Reloaded" in sources.reload(a_c=STATE.format("x, y", "a", "y"))
    device.uploads.clear()
    assert "old: +0 int u" in sources.reload(b_c=STATE.format("v, u, w", "b", "u"))


OPAQUE = "struct state;\nint a(struct state *s) { return s != 0; }\n"
DEFINED = "struct state {{ {0} }} one;\nvoid *b(void) {{ return &one; }}\n"


def test_structure_that_another_source_defines(riscv: Project, device: FakeDevice) -> None:
    """What the old code made is still there when the new code gets it."""
    sources = Sources(riscv, device, a_c=OPAQUE, b_c=DEFINED.format("int x;")).build()
    assert "Reloaded" in sources.reload(b_c=DEFINED.format("int x;") + "int c;\n")
    device.uploads.clear()
    said = sources.reload(b_c=DEFINED.format("int id; int x;"))
    assert "The layout of struct state has changed" in said and "new: +4 int x" in said


def test_function_that_moves_to_another_source(riscv: Project, device: FakeDevice) -> None:
    functions = [STATE.format("x, y", name, "x") for name in ("a", "b")]
    other = "int b(void) { return 1; }\n"
    sources = Sources(riscv, device, a_c=functions[0], b_c=other).build()
    assert "Reloaded" in sources.reload(a_c="int c;\n", b_c=other + functions[0])
    device.uploads.clear()
    said = sources.reload(a_c="int c;\n", b_c=other + functions[0].replace("x, y", "y, x"))
    assert "The layout of struct state has changed" in said


def test_weak_definition_that_a_strong_one_replaces(riscv: Project, device: FakeDevice) -> None:
    weak = "__attribute__((weak)) int a({0} x) {{ return x != 0; }}\n"
    sources = Sources(riscv, device, a_c=weak.format("int"), b_c="int a(int x) { return x; }\n")
    assert "Reloaded" in sources.build().reload(a_c=weak.format("long long"))


HELPED = """\
int helper({0});
int tick(void) {{ return helper({1}); }}
"""
HELPER = "int helper({0}); int helper({0}) {{ return x; }}\n"
TAKEN = "int (*hook)({0}) = helper;\n"


@pytest.fixture
def helped(riscv: Project, device: FakeDevice) -> Sources:
    """The firmware calls tick() only."""
    riscv.calls_exports, riscv.firmware_options = False, ["-Wl,-u,tick"]
    return Sources(riscv, device, a_c=HELPED.format("int x", "1"), b_c=HELPER.format("int x"))


def test_function_that_only_the_module_calls(helped: Sources) -> None:
    new = "int x, int y"
    said = helped.build().reload(a_c=HELPED.format(new, "1, 2"), b_c=HELPER.format(new))
    assert "Reloaded" in said


def test_function_that_only_the_module_calls_becomes_a_variable(helped: Sources) -> None:
    new = "extern int helper; int tick(void) { return helper; }\n"
    assert "Reloaded" in helped.build().reload(a_c=new, b_c="int helper = 1;\n")


def test_function_whose_address_is_taken(helped: Sources) -> None:
    """The firmware may have got it, from the build on or since then."""
    new = "int x, int y"
    old, changed = HELPED.format("int x", "1"), HELPED.format(new, "1, 2")
    helped.write(a_c=old + TAKEN.format("int x"))
    said = helped.build().reload(a_c=changed + TAKEN.format(new), b_c=HELPER.format(new))
    assert "helper() has changed since the firmware was built" in said
    helped.write(a_c=old, b_c=HELPER.format("int x"))
    assert "Reloaded" in helped.build().reload(a_c=old + TAKEN.format("int x"))
    helped.device.uploads.clear()
    said = helped.reload(a_c=changed, b_c=HELPER.format(new))
    assert "helper() has changed since the firmware was built" in said


def test_static_function_whose_address_is_taken(riscv: Project, device: FakeDevice) -> None:
    """Under another name it is a new one, which no pointer of the firmware leads to."""
    source = "static int {0}({1}) {{ return x; }}\nint (*volatile hook)({1}) = {0};\n"
    sources = Sources(riscv, device, a_c=source.format("on", "int x")).build()
    said = sources.reload(a_c=source.format("on", "int x, int y"))
    assert "on() has changed since the firmware was built" in said
    assert "The firmware may have the address of on(), which is taken. With another name" in said
    assert "Reloaded" in sources.reload(a_c=source.format("on_two", "int x, int y"))


def check(description: Description, names: Iterable[str]) -> None:
    """What a reload does."""
    cache = ObjectCache()
    cache.refresh(description)
    AbiGuard().check(description, names, cache)
    cache.save()


def test_variables_are_compared_by_their_symbols(riscv: Project) -> None:
    """Those that live in the firmware, whoever defines them."""
    source = "struct {0} {{ int x; short y; }} level;\nint unshared;\n"
    riscv.write("a.c", source.format("level"))
    riscv.make()
    description = load_description(str(riscv.build))
    check(description, ["level"])
    riscv.write("a.c", source.format("level").replace("int x; short y;", "short y; int x;"))
    riscv.compile()
    with pytest.raises(ToolError, match="The layout of struct level has changed"):
        check(description, ["level"])
    check(description, ["unshared"])


def test_static_functions_are_compared_in_their_object_files(riscv: Project) -> None:
    """Callbacks, which the firmware calls through stubs; C++ may have colons in names, files not."""
    source = "static int on_timer({0} x) {{ return x != 0; }}\n"
    source += "int (*volatile {1})({0}) = on_timer;\n"
    riscv.write("a.c", source.format("int", "a"))
    riscv.write("b.c", source.format("short", "b"))
    riscv.make()
    description = load_description(str(riscv.build))
    names = ["a.c.o:on_timer", "b.c.o:on_timer", "c.c.o:on_timer", "a.c.o:none"]
    check(description, names)
    riscv.write("b.c", source.format("long long", "b"))
    riscv.compile()
    with pytest.raises(ToolError, match=r"on_timer\(\) has changed[^$]*old: int on_timer\(short"):
        check(description, names)
    check(description, [names[0]])


def test_only_new_object_files_are_read(riscv: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        riscv.write(f"{name}.c", STATE.format("x, y", name, "x"))
    riscv.make()
    read: List[str] = []

    def count(file: Elf, opaque: Iterable[str]) -> ObjectInterface:
        read.append(file.path)
        return read_object(file, opaque)

    monkeypatch.setattr(abi_guard, "read_object", count)
    description = load_description(str(riscv.build))
    check(description, ["a", "b"])
    assert read == []
    riscv.write("a.c", STATE.format("x, y", "a", "y"))
    riscv.compile()
    for _ in range(2):
        check(description, ["a", "b"])
    assert read == [str(riscv.build / "a.c.o")]


def test_only_what_changed_object_files_export_is_compared(
    riscv: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All include one header, and each knows a structure that another one defines."""
    names = ["a", "b", "c", "d"]
    for index, name in enumerate(names):
        other = names[index - 1]
        riscv.write(f"{name}.c", HEADER + f"struct {other}_t;\nstruct {name}_t {{ int x; }} {name}_v;"
                    f"\nint {name}(struct {other}_t *o, point_t p) {{ return o ? p.x : 1; }}\n")
    riscv.make()
    decoded: List[str] = []
    decode = noted._Decoder.object_of

    def count(decoder: noted._Decoder, path: str) -> ObjectInterface:
        decoded.append(path)
        return decode(decoder, path)

    monkeypatch.setattr(noted._Decoder, "object_of", count)
    description = load_description(str(riscv.build))
    check(description, names)
    assert decoded == []
    source = (riscv.sources / "b.c").read_text()
    riscv.write("b.c", source.replace("? p.x : 1", "? p.x : 2"))
    riscv.compile()
    check(description, names)
    assert set(decoded) == {"b.c.o"}
    riscv.write("b.c", source.replace("struct b_t { int x; }", "struct b_t { char c; int x; }"))
    riscv.compile()
    with pytest.raises(ToolError, match="The layout of struct b_t has changed"):
        check(description, ["a", "c", "d"])
    assert set(decoded) == {"b.c.o"}


# ---- what cannot be compared ----


def test_without_debug_data_nothing_is_compared(riscv: Project, device: FakeDevice) -> None:
    """One line says so, of however many object files."""
    sources = Sources(riscv, device, a_c=BEFORE, b_c="int more(int x) { return x; }\n").build("-g0")
    said = sources.reload(a_c=BEFORE.replace("int area(", "char area("))
    notes = [line for line in said.splitlines() if "is not compared" in line]
    assert len(notes) == 1 and "Reloaded" in said
    said = r"note: the interface of \S+/a\.c\.o is not compared: it has no debug data \(-g\)"
    assert re.match(said, notes[0])
    assert notes[0].endswith("; nor that of 1 more")


@pytest.mark.parametrize("flag", ["-g1", "-gsplit-dwarf"])
def test_debug_data_that_cannot_be_compared(riscv: Project, device: FakeDevice, flag: str) -> None:
    sources = Sources(riscv, device, a_c=BEFORE).build(flag)
    said = sources.reload(a_c=BEFORE.replace("int area(", "char area("))
    assert "Reloaded" in said and said.count(f"({flag})") == 1


@pytest.mark.parametrize("flag", ["-fdebug-types-section", "-gdwarf-4", "-gz"])
def test_debug_data_of_other_kinds(riscv: Project, device: FakeDevice, flag: str) -> None:
    sources = Sources(riscv, device, a_c=BEFORE).build(flag)
    assert "new: +4 char z" in sources.reload(a_c=BEFORE.replace("{ int x;", "{ int x; char z;"))


@pytest.mark.parametrize("content", ["", "{}", "hotreload records 1 00000000\n3\n{}"])
def test_notes_that_are_damaged(riscv: Project, device: FakeDevice, content: str) -> None:
    sources = Sources(riscv, device, a_c=BEFORE).build()
    (riscv.out / "abi.records").write_text(content)
    assert "Reloaded" in sources.reload(a_c=BEFORE)
