"""Cross toolchains for the tests; a missing one skips the tests that need it, with a reason.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import List, NamedTuple, Optional, Sequence

import pytest


class Toolchain(NamedTuple):
    arch: str
    abi: int
    compiler: str
    flags: List[str]
    linker: str
    linker_flags: List[str]
    libraries: List[str]
    text_readable: bool
    stubs: bool
    """Whether it assembles our stubs: they need the windowed ABI on Xtensa."""

    @property
    def cxx(self) -> str:
        """The compiler for C++; skips the test if there is none."""
        return _find(f"{os.path.basename(self.compiler)[:-len('gcc')]}g++")


def _library(compiler: str, flags: Sequence[str]) -> str:
    command = [compiler, *flags, "-print-libgcc-file-name"]
    return run(command).strip()


def _find(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"no {name} on PATH")
    return path


def riscv() -> Toolchain:
    compiler = _find("riscv64-unknown-elf-gcc")
    flags = ["-march=rv32imac", "-mabi=ilp32"]
    return Toolchain(
        "riscv", 1, compiler, flags, _find("riscv64-unknown-elf-ld"), ["-m", "elf32lriscv"],
        [_library(compiler, flags)], True, True,
    )  # fmt: skip


def _xtensa(prefix: str, abi: int, stubs: bool) -> Toolchain:
    compiler = _find(f"{prefix}-gcc")
    flags = ["-mlongcalls"]
    linker = _find(f"{prefix}-ld")
    return Toolchain(
        "xtensa", abi, compiler, flags, linker, [], [_library(compiler, flags)], False, stubs
    )


def xtensa_call0() -> Toolchain:
    return _xtensa("xtensa-lx106-elf", 4, False)


def xtensa_windowed() -> Toolchain:
    return _xtensa("xtensa-dc233c-elf", 3, True)


def xtensa_esp32() -> Toolchain:
    return _xtensa("xtensa-esp32-elf", 3, True)


BY_NAME = {
    "riscv": riscv, "xtensa-call0": xtensa_call0, "xtensa-windowed": xtensa_windowed,
    "xtensa-esp32": xtensa_esp32,
}  # fmt: skip


def get(name: str) -> Toolchain:
    return BY_NAME[name]()


def run(command: Sequence[str], cwd: Optional[str] = None) -> str:
    """Runs a command that must succeed and returns its output."""
    result = subprocess.run(
        command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8"
    )
    assert result.returncode == 0, f"{' '.join(command)}\n{result.stdout}"
    return result.stdout
