"""Names that share a place in memory, also of functions, and edits that part or join them.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from typing import Dict

import pytest

from edits import Edits, jumps, kept
from hotreload.patch.make import Patch, Whole

USE = "extern int x, y;\nint first(int n) { x += n; return x + y; }\n"
GET = "int get(void) { return x; }\n"
ALIAS = 'extern int y __attribute__((%salias("x")));\n'
ONE = "int x = 1;\n" + ALIAS % "" + GET
WEAK = "int x = 1;\n" + ALIAS % "weak, " + GET
TWO = "int x = 1;\nint y = 50;\n" + GET
BY_SYMBOL = 'int x = 1;\n__asm__(".globl y\\n.set y, x");\n' + GET
KEEP = '__attribute__((section(".data.hotreload_keep")))'
STATIC = 'static int x = 1;\nstatic int y %s;\nint first(int n) { x += n; y -= n; return x; }\n'
STATIC_ONE = STATIC % '__attribute__((alias("x")))'


def keeping(source: str) -> str:
    return source.replace("int x =", f"int x {KEEP} =").replace("int y =", f"int y {KEEP} =")


@pytest.mark.parametrize("old, new", [
    ({"a_c": USE, "b_c": WEAK}, {"c_c": "int y = 7;\n"}),
    ({"a_c": USE, "b_c": ONE}, {"b_c": TWO}),
    ({"a_c": USE, "b_c": BY_SYMBOL}, {"b_c": TWO}),
    ({"a_c": USE, "b_c": keeping(ONE)}, {"b_c": keeping(TWO)}),
    ({"a_c": STATIC_ONE}, {"a_c": STATIC % "= 50"}),
    ({"a_c": STATIC_ONE}, {"a_c": (STATIC % "= 50").replace("static ", "")}),
], ids=["weak", "alias", "symbol", "kept", "static", "static no longer"])  # fmt: skip
def test_variables_that_were_one(edits: Edits, old: Dict[str, str], new: Dict[str, str]) -> None:
    """Old code would use one place for both."""
    result = edits.build(**old).edit(**new)
    assert isinstance(result, Whole) and result.reason == "x and y were one", result


@pytest.mark.parametrize("old, new, options", [
    (TWO, ONE, ""),
    (TWO, BY_SYMBOL, ""),
    (keeping(TWO), keeping(ONE), ""),
    ("int x, y;\n" + GET, ONE, "-fcommon"),
], ids=["alias", "symbol", "kept", "common"])  # fmt: skip
def test_variables_that_are_one_now(edits: Edits, old: str, new: str, options: str) -> None:
    edits.project.flags.extend(options.split())
    result = edits.build(a_c=USE, b_c=old).edit(b_c=new)
    assert isinstance(result, Whole) and result.reason == "x and y are one now", result


@pytest.mark.parametrize("old, new", [
    (ONE, {"b_c": ONE.replace("return x", "return -x")}),
    (keeping(ONE), {"b_c": keeping(ONE).replace("return x", "return -x")}),
    (ONE, {"b_c": GET.replace("x", "2"), "c_c": ONE.replace(GET, "")}),
    ("int x, y;\n" + GET, {"b_c": "int x, y = 3;\n" + GET}),
], ids=["edited", "kept", "moved", "common"])  # fmt: skip
def test_variables_that_stay_together(edits: Edits, old: str, new: Dict[str, str]) -> None:
    edits.project.flags.append("-fcommon")
    patch = edits.build(a_c=USE, b_c=old).edit(**new)
    assert isinstance(patch, Patch) and set(kept(patch)) <= {v.key for v in edits.base.kept}, patch


def test_a_variable_that_another_file_has(edits: Edits) -> None:
    """The weak y never was x."""
    edits.build(a_c=USE, b_c=WEAK, c_c="int y = 7;\n")
    patch = edits.edit(b_c=WEAK.replace("return x", "return -x"), c_c="int y = 8;\n")
    assert isinstance(patch, Patch) and patch.functions == ["get"], patch


HANDLERS = """\
int dflt(void) { return 1; }
int h1(void) __attribute__((weak, alias("dflt")));
int h2(void) __attribute__((weak, alias("dflt")));
"""
CALLS = "int dflt(void), h1(void), h2(void);\nint first(int x) { return x + dflt() + h1() + h2(); }\n"
OWN = "int %s(void) { return 11; }\n"


def test_a_default_handler_that_another_file_overrides(edits: Edits) -> None:
    """The weak h1 never was dflt."""
    edits.build(a_c=CALLS, b_c=HANDLERS, c_c=OWN % "h1")
    patch = edits.edit(b_c=HANDLERS.replace("return 1", "return 2"))
    assert isinstance(patch, Patch) and sorted(patch.functions) == ["dflt", "h2"], patch
    assert len(jumps(patch)) == 1
    patch = edits.edit(c_c=(OWN % "h1").replace("11", "12"))
    assert isinstance(patch, Patch) and sorted(patch.functions) == ["dflt", "h1", "h2"], patch
    assert len({to for _, to, _ in jumps(patch)}) == 2


def test_a_default_handler_that_another_file_overrides_now(edits: Edits) -> None:
    edits.build(a_c=CALLS, b_c=HANDLERS, c_c=OWN % "h1")
    result = edits.edit(c_c=OWN % "h1" + OWN % "h2")
    assert isinstance(result, Whole) and result.reason == "h2() and dflt() were one", result


PACES = """\
const int dflt[2] = {1, %d};
extern const int h1[2] __attribute__((weak, alias("dflt")));
int get(int x) { return dflt[x & 1] + h1[x & 1]; }
"""


def test_a_constant_that_another_file_overrides(edits: Edits) -> None:
    edits.build(a_c=PACES % 2, c_c="const int h1[2] = {3, 4};\n")
    patch = edits.edit(a_c=PACES % 5)
    assert isinstance(patch, Patch) and not kept(patch) and not patch.notes, patch
