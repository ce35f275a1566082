"""Constants that change: in their places, or in other ones.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import List, Tuple

import pytest

import toolchains
from edits import OTHER, Edits, kept, notes, patched, refused, symbols
from hotreload.patch.make import Patch
from project import Project


def test_one_more_constant_of_the_same_name(edits: Edits) -> None:
    old = "int work(int x) {\n{ static const int t[] = {1, 2, 3}; x += t[x & 1]; } return x; }\n"
    new = old.replace("{\n", "{ { static const int t[] = {7, 8}; x += t[x & 1]; }\n", 1)
    assert patched(edits, old, new).functions == ["work"]


TABLES = """\
static const char before[3] = "abc";
static const unsigned char t[8]%s = {1, 2, 3, 4, 5, 6, 7, 8};
static const char behind[3] = "xbc";
int first(int x) { return %s + before[x] + behind[x]; }
"""


def test_a_constant_with_a_stricter_alignment(edits: Edits) -> None:
    old = TABLES % ("", "t[x]")
    new = TABLES % (" __attribute__((aligned(8)))", "*(const int *)&t[4 * x] + ((int)t & 7)")
    patch = patched(edits, old, new, "-Os")
    addresses = [int(word, 16) for word in symbols(edits, r"(?m)^(\w+) \w t$")]
    assert len(addresses) == 1 and addresses[0] % 8 == 0
    assert any("t has another alignment" in note for note in patch.notes) or not kept(patch)


LIMIT = """\
{0}const struct limit {{ int low, high; }} limit = {{1, {1}}};
const struct limit *used = &limit;
int first(int x) {{ return x + used->high + limit.low; }}
"""


def test_a_constant_that_is_static_no_longer(edits: Edits) -> None:
    """Pointers to it were stored."""
    patch = patched(edits, LIMIT.format("static ", 2), LIMIT.format("", 3), "-Os")
    assert not kept(patch) and 7 in notes(patch) and not patch.notes


def test_a_constant_that_moves(edits: Edits) -> None:
    edits.build(a_c=LIMIT.format("static ", 2), b_c=OTHER)
    (edits.project.sources / "a.c").unlink()
    patch = edits.edit(c_c=LIMIT.format("static ", 3))
    assert isinstance(patch, Patch), patch
    assert not kept(patch) and 7 in notes(patch)


def test_a_constant_of_a_patch_that_changes(edits: Edits) -> None:
    """Its old place stays, for pointers that were stored."""
    none = "const void *used;\nint first(int x) { return x; }\n"
    some = none.replace("const void *used;", "static const int pace[2] = {1, 2};\nconst int *used;")
    some = some.replace("return x;", "used = pace; return x;")
    edits.build(a_c=none.replace("void", "int"), b_c=OTHER)
    assert not edits.edit(a_c=some).notes
    patch = edits.edit(a_c=some.replace("{1, 2}", "{1, 3}"))
    assert isinstance(patch, Patch)
    assert [note for note in patch.notes if "pace has another value than in a patch" in note]
    assert not edits.edit(a_c=some.replace("{1, 2}", "{1, 3}").replace("return x", "return x + 1")).notes


def test_constants_that_the_linker_merges(edits: Edits) -> None:
    """A swap would change both."""
    old = """\
static const char one[] = "alpha", two[] = "alpha";
const char *first(int x) { return x ? one : two; }
"""
    patch = patched(edits, old, old.replace('two[] = "alpha"', 'two[] = "gamma"'),
                    "-Os -fmerge-all-constants")  # fmt: skip
    assert 7 not in notes(patch)


EQUAL = """\
static const int one[3] = {{{}}}, two[3] = {{{}}};
static const int *volatile stored;
int first(int x) {{ if (!stored) stored = one; return two[x] + stored[x]; }}
"""


def swaps(patch: Patch) -> List[Tuple[int, ...]]:
    """Symbol, addend, source and size of each."""
    return list(struct.iter_unpack("<IIII", notes(patch)[7][4:]))


@pytest.mark.parametrize("options", ("-Os", "-O2"))
def test_constants_of_one_place_are_swapped_once(edits: Edits, options: str) -> None:
    """The compiler gives equal ones one place: swapped twice, it would hold the old bytes."""
    values, others = ("1, 2, 3",) * 2, ("1, 7, 3",) * 2
    patch = patched(edits, EQUAL.format(*values), EQUAL.format(*others), options)
    assert [size for _, _, _, size in swaps(patch)] == [12]
    assert not patch.functions and not patch.notes


ALIASES = """\
const int b_all[] = {{{}}};
extern const int a_part __attribute__((alias("b_all"))), c_part __attribute__((alias("b_all")));
int first(int x) {{ return x; }}
"""


def test_a_constant_with_aliases_of_a_part(edits: Edits) -> None:
    """In both orders of their names."""
    patch = patched(edits, ALIASES.format("1, 2"), ALIASES.format("3, 4"), "-Os")
    assert [size for _, _, _, size in swaps(patch)] == [8]


def test_constants_that_overlap(edits: Edits) -> None:
    """Only assembler can do so."""
    old = """\
asm(".section .rodata.one,\\"a\\"\\n.balign 4\\n.global one, two\\none: .word {0}\\n"
    "two: .word {1}, 3\\n.size one, 8\\n.size two, 8\\n.type one, %object\\n"
    ".type two, %object\\n.text");
int first(int x) {{ return x; }}
"""
    reason = refused(edits, old.format(1, 2), old.format(1, 4), "-Os")
    assert reason == "one and two overlap"


def test_strings_of_clang(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It gives them names, but the linker merges them all the same."""
    project = Project(tmp_path, toolchains.riscv())
    write_ninja = project.write_ninja

    def write_ninja_for_clang() -> None:
        write_ninja()
        path = project.build / "build.ninja"
        clang = "clang --target=riscv32-unknown-elf"
        path.write_text(path.read_text().replace(project.toolchain.compiler, clang))

    monkeypatch.setattr(project, "write_ninja", write_ninja_for_clang)
    old = 'const char *first(int x) { return x ? "aaaa" : "ccccc"; }\n'
    longer = 'const char *third(void) { return "long aaaa"; }\n'
    patch = patched(Edits(project), old, old.replace("aaaa", "AAAA"), "-Os", longer)
    assert patch.functions == ["first"] and 10 not in notes(patch) and len(kept(patch)) == 1


def test_a_constant_whose_function_gets_another_name(edits: Edits) -> None:
    old = """\
static __attribute__((noinline)) const int *tab(void)
{
    static const int pace[2] = {1, 2};
    return pace;
}
const int *used;
int first(int x) { used = tab(); return x; }
"""
    patch = patched(edits, old, old.replace("tab(", "table(").replace("{1, 2}", "{3, 2}"), "-Os")
    assert not kept(patch) and 7 in notes(patch)
