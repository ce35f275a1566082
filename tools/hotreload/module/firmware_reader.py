"""Reads the firmware's ELF file once for everything that needs it.

Imports little, like ninja_compile.py.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Optional, Tuple

from hotreload.description import Description
from hotreload.errors import FlashNeeded

if TYPE_CHECKING:
    from hotreload.module.elf import Elf
    from hotreload.module.firmware import Firmware


class FirmwareReader:
    """Knows a build's firmware, and reads it again only when it has changed. Any thread may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stamp: Optional[Tuple[str, int, int]] = None
        self._file: Optional[Elf] = None
        self._firmware: Optional[Firmware] = None

    def read(self, description: Description) -> Firmware:
        """What a module needs to know of the firmware."""
        from hotreload.module.firmware import read_firmware

        with self._lock:
            self._refresh(description)
            if self._firmware is None:
                self._firmware = read_firmware(self._open(description), description)
                self._file = None  # It is large, and everything in it is known now.
            return self._firmware

    def identity(self, description: Description) -> bytes:
        """The identity that a device with this firmware reports."""
        from hotreload.module.firmware import firmware_identity

        with self._lock:
            self._refresh(description)
            if self._firmware is not None:
                return self._firmware.identity
            return firmware_identity(self._open(description), description.identity)

    def _refresh(self, description: Description) -> None:
        """Forgets the firmware if its file has changed."""
        path = description.firmware_elf
        try:
            status = os.stat(path)
        except OSError as error:
            raise FlashNeeded(
                f"there is no firmware {path}: {description.whole_build}"
            ) from error
        stamp = (path, status.st_mtime_ns, status.st_size)
        if stamp != self._stamp:
            self._stamp, self._file, self._firmware = stamp, None, None

    def _open(self, description: Description) -> Elf:
        from hotreload.module.elf import Elf

        if self._file is None:
            self._file = Elf(description.firmware_elf, "the firmware", description.arch)
        return self._file
