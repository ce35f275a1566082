"""The chips that QEMU emulates, as the tests use them: a row for each.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import shutil
import subprocess
from typing import List, NamedTuple, Optional, Tuple


class Machine(NamedTuple):
    """A row: an emulated chip, and what firmware for it is configured with."""

    name: str
    target: str  # IDF_TARGET, and QEMU's name of the machine
    program: str  # of QEMU
    options: Tuple[str, ...] = ()
    sdkconfig: str = ""  # beside the project's own defaults
    store_fault: str = ""  # what a panic says after a write to address 0
    debugger: Optional[str] = None  # one that knows the core's registers
    psram: str = ""  # what of a module can be there: data, or text and data

    def missing(self, targets: List[str]) -> Optional[str]:
        """Why it cannot be used where firmware for these targets can be built, or None."""
        if self.target not in targets:
            return f"{self.target} has no compiler, or is not among HOTRELOAD_TEST_TARGETS"
        if shutil.which(self.program) is None:
            package = self.program.replace("system-", "")
            return f"{self.program} is not on PATH (idf_tools.py install {package})"
        machines = subprocess.run(
            [self.program, "-M", "help"], stdout=subprocess.PIPE, encoding="utf-8", check=True
        ).stdout
        if f"\n{self.target} " not in machines:
            return f"{self.program} has no machine {self.target}"
        return None


_XTENSA = "qemu-system-xtensa"
_RISCV = "qemu-system-riscv32"
# Timers beside the processor's thread lose interrupts of the ESP32-C3 now and then: its tick stops.
# The ESP32-S3 does not get through its bootloader so.
COUNTED = ("-icount", "shift=3,align=off,sleep=on")
COUNTED_MHZ = 125  # an instruction takes 8 ns of the emulated time

MACHINES = (
    Machine(
        "esp32c3", "esp32c3", _RISCV, COUNTED,
        store_fault="Store access fault", debugger="gdb-multiarch",
    ),
    Machine(
        "esp32", "esp32", _XTENSA, ("-m", "4M"), store_fault="StoreProhibited", psram="data",
    ),
    Machine(
        "esp32-unicore", "esp32", _XTENSA, ("-m", "4M"), "CONFIG_FREERTOS_UNICORE=y\n",
        store_fault="StoreProhibited", psram="data",
    ),
    Machine(
        "esp32s3", "esp32s3", _XTENSA, ("-m", "8M"), store_fault="StoreProhibited",
        psram="text and data",
    ),
)  # fmt: skip
