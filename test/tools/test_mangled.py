"""Names of C++ in messages, and what tells two symbols apart by a number only.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import pytest

from hotreload.mangled import guard_of, guarded, plain

NAMES = [
    ("count", "count", ""),
    ("_ZL5count", "count", ""),
    ("_ZN12_GLOBAL__N_15countE", "count", ""),
    ("_ZN2ns5motor4madeE", "ns::motor::made", ""),
    ("_ZN3boxIiLb1EE5valueE", "box<int, true>::value", ""),
    ("_ZZNK5motor4turnEPKcRiE5turns", "turns", "motor::turn"),
    ("_ZZ3sumIlEivE5total", "total", "sum<long>"),
    ("_ZZ1fSt6vectorIiSaIiEEE1n_0", "n", "f"),
    ("_ZZZ1fvENKUliE0_clEiE1n", "n", "f"),
    ("_ZZZ1fvEN5local1mEvE1n", "n", "f()::local::m"),
    ("_Z3runIXadL_ZL4stepvEEEvi", "run<&step>", ""),
    ("_ZN5motorD2Ev", "motor::~motor", ""),
    ("_ZN5motorplERKS_", "motor::operator+", ""),
    ("_ZTV5motor", "_ZTV5motor", ""),
    ("_ZN5mo", "_ZN5mo", ""),
    ("_Z", "_Z", ""),
]


@pytest.mark.parametrize("symbol, shown, function", NAMES)
def test_plain_names(symbol: str, shown: str, function: str) -> None:
    found = plain(symbol)
    assert (found.qualified, found.function) == (shown, function)


def test_symbols_that_differ_by_numbers() -> None:
    assert plain("_ZZZ1fvENKUliE_clEiE1n").stem == plain("_ZZZ1fvENKUliE3_clEiE1n").stem
    assert plain("_ZZ1fvE1n").stem == plain("_ZZ1fvE1n_0").stem == plain("_ZZ1fvE1n__12_").stem
    assert plain("_ZZ1fvE1n").stem != plain("_ZZ1fiE1n").stem


def test_guards() -> None:
    assert guarded("_ZGVZ1fvE1n") == "_ZZ1fvE1n" and guard_of("_ZZ1fvE1n") == "_ZGVZ1fvE1n"
    assert guarded("_ZZ1fvE1n") is None


def test_what_is_static_becomes_global() -> None:
    assert plain("_ZZNL3box3runEvENKUlvE_clEv").as_global == "_ZZN3box3runEvENKUlvE_clEv"
    assert plain("_Z3runIXadL_ZL4stepvEEEvi").as_global == "_Z3runIXadL_Z4stepvEEEvi"
    assert plain("_ZL5BALL2i").as_global == "_Z5BALL2i", "its own L is part of its name"
    assert plain("on_a").as_global == ""
