"""Stubs for RISC-V: three instructions, no stack, only t1, which no caller expects to survive.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from typing import List

from hotreload.module.arch import StubWriter


def _stub(slot: str) -> List[str]:
    return [f"lui t1, %hi({slot})", f"lw t1, %lo({slot})(t1)", "jr t1"]


def _missing(index: int) -> List[str]:
    return [f"li a0, {index}", "tail hotreload_missing"]


WRITER = StubWriter(alignment=2, prologue=[], stub=_stub, missing=_missing)
