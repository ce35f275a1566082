"""Compilers and options for the test of patches.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import cross_toolchain

cross_toolchain.find_all()

import toolchains as chains  # noqa: E402

_SECTIONS = ["-ffunction-sections", "-fdata-sections"]
BASES = {
    "riscv": [
        ["-Os", "-g", *_SECTIONS],
        ["-O2", "-g", *_SECTIONS],
        ["-O0", "-g", *_SECTIONS],
        ["-Os", "-g", "-fno-inline", *_SECTIONS],
        ["-O2", "-g", "-mno-relax", *_SECTIONS],
        ["-Os", "-g"],
        ["-O1", "-g", "-fcommon", *_SECTIONS],
        ["-O3", "-gdwarf-4", *_SECTIONS],
        ["-Os", "-g", "-msave-restore", *_SECTIONS],
    ],
    "xtensa": [
        ["-Os", "-g", *_SECTIONS],
        ["-O2", "-g", *_SECTIONS],
        ["-O0", "-g", *_SECTIONS],
        ["-Os", "-g", "-fno-inline", *_SECTIONS],
        ["-O2", "-g", "-mtext-section-literals", *_SECTIONS],
        ["-Os", "-g"],
        ["-O1", "-g", "-fcommon", *_SECTIONS],
        ["-O3", "-gdwarf-4", *_SECTIONS],
    ],
}


def toolchain(arch: str) -> chains.Toolchain:
    """The one whose programs QEMU runs."""
    return chains.riscv() if arch == "riscv" else chains.xtensa_windowed()
