"""The compilers that the golden test can use, and how to find them.

SPDX-License-Identifier: MIT
"""
from __future__ import annotations

import os
import shutil
import subprocess
from typing import List, NamedTuple, Optional


class Toolchain(NamedTuple):
    """A cross compiler for modules."""

    name: str
    arch: str
    abi: int
    prefix: str
    compile_flags: List[str]
    link_flags: List[str]
    firmware_address: int
    has_threads: bool
    """Whether it has a thread pointer, for thread-local variables."""

    def tool(self, name: str) -> Optional[str]:
        """Path of one of its programs, or None."""
        return find_program(self.prefix + name)


RISCV = Toolchain("riscv64-unknown-elf", "riscv", 1, "riscv64-unknown-elf-",
                  ["-march=rv32imac", "-mabi=ilp32", "-ftls-model=local-exec"],
                  ["-m", "elf32lriscv"], 0x00200000, True)
XTENSA_WINDOWED = Toolchain("xtensa-dc233c-elf", "xtensa", 3, "xtensa-dc233c-elf-",
                            ["-mlongcalls"], [], 0x00200000, False)
XTENSA_CALL0 = Toolchain("xtensa-lx106-elf", "xtensa", 4, "xtensa-lx106-elf-",
                         ["-mlongcalls"], [], 0x00200000, False)


def find_program(name: str) -> Optional[str]:
    """A program on PATH or among the toolchains of HOTRELOAD_TOOLCHAINS."""
    folders = [os.path.join(folder, "bin") for folder in toolchain_folders()]
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *folders]))


def toolchain_folders() -> List[str]:
    """Unpacked toolchains: the folders in the one that HOTRELOAD_TOOLCHAINS names."""
    parent = os.environ.get("HOTRELOAD_TOOLCHAINS", "")
    return [entry.path for entry in os.scandir(parent) if entry.is_dir()] if parent else []


def libgcc(toolchain: Toolchain) -> str:
    """The compiler's library for the flags that modules are compiled with."""
    command = [toolchain.tool("gcc") or "", *toolchain.compile_flags, "-print-libgcc-file-name"]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
