"""Stubs for Xtensa with the windowed ABI.

A stub runs in its caller's window, without `entry`. After `call8`, the only call that GCC emits,
a9 is the callee's a1, which its `entry` sets: free until then. Arguments start at a10.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from typing import List

from hotreload.module.arch import StubWriter


def _stub(slot: str) -> List[str]:
    return [f"movi a9, {slot}", "l32i a9, a9, 0", "jx a9"]


def _missing(index: int) -> List[str]:
    return ["entry a1, 32", f"movi a10, {index}", "movi a8, hotreload_missing", "callx8 a8"]


WRITER = StubWriter(alignment=4, prologue=["    .literal_position"], stub=_stub, missing=_missing)
