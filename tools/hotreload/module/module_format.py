"""Numbers of the packed module and of the store: src/image/module_format.h, src/store/record.h.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

FORMAT_VERSION = 2

PT_LOAD = 1
PT_NOTE = 4
PT_RELA = 0x68720001

SYM_NONE = 0
SYM_TEXT = 1
SYM_DATA = 2
SYM_BASE_TEXT = 3
SYM_BASE_DATA = 4
SYM_KEPT = 16
"""Kept variable 0; variable i has SYM_KEPT + i."""

NOTE_NAME = b"HRL\0"
NOTE_MODULE = 1
NOTE_EXPORTS = 2
NOTE_INIT = 3
NOTE_INTERNAL = 4
NOTE_BASE = 5
NOTE_JUMPS = 6
NOTE_SWAPS = 7
NOTE_KEPT = 8
NOTE_VENEERS = 0x80000009
NOTE_FILL = 0x8000000A

NO_VENEER = 0xFFFFFFFF
"""Of a jump without a veneer."""

KEPT_LIMIT = 65536
KEPT_ALIGNMENT = 8

CHIP_EMULATOR = 0xFF00

RECORD_MAGIC = 0x31525248
RECORD_FORMAT = 1
RECORD_DATA = 128
