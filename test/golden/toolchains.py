"""The compilers that the golden test can use.

SPDX-License-Identifier: MIT
"""
from __future__ import annotations

import shutil
import subprocess
from typing import List, NamedTuple, Optional, Tuple


class Toolchain(NamedTuple):
    """A cross compiler for modules."""

    prefix: str
    arch: str
    abi: int
    compile_flags: List[str]
    link_flags: List[str]
    firmware_address: int
    text_range: Tuple[int, int]
    """Where modules' text may go: not so near to the firmware that ld shortens calls of it, and
    where windowed calls can return to the firmware, within its gigabyte."""
    thread_local: Optional[str]
    """The module with a thread-local variable; None without a thread pointer."""
    has_stubs: bool
    """Whether it assembles our stubs: they need the windowed ABI on Xtensa."""
    firmware_files: List[str] = []
    """What the firmware has besides firmware.c."""

    def tool(self, name: str) -> Optional[str]:
        """Path of one of its programs, or None; conftest.py has put what there is on PATH."""
        return shutil.which(f"{self.prefix}-{name}")


EVERYWHERE = (0x01000000, 0xfff00000)

RISCV = Toolchain("riscv64-unknown-elf", "riscv", 1,
                  ["-march=rv32imac", "-mabi=ilp32", "-ftls-model=local-exec"],
                  ["-m", "elf32lriscv"], 0x00200000, EVERYWHERE,
                  "modules/thread_local.c", True)
XTENSA_WINDOWED = Toolchain("xtensa-dc233c-elf", "xtensa", 3,
                            ["-mlongcalls", "-ftls-model=local-exec"], [], 0x400d0000,
                            (0x40200000, 0x7ff00000), "thread_local_xtensa.S", True)
ESP32 = Toolchain("xtensa-esp32-elf", "xtensa", 3,
                  ["-mlongcalls", "-ftls-model=local-exec"], [], 0x400d0000,
                  (0x40200000, 0x7ff00000), "modules/thread_local.c", True)
XTENSA_CALL0 = Toolchain("xtensa-lx106-elf", "xtensa", 4, ["-mlongcalls"], [], 0x00200000,
                         EVERYWHERE, None, False, ["lx106_rom.ld"])


def libgcc(toolchain: Toolchain) -> str:
    """The compiler's library for the flags that modules are compiled with."""
    command = [toolchain.tool("gcc") or "", *toolchain.compile_flags, "-print-libgcc-file-name"]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
