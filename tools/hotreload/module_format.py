"""Numbers of the packed module and of the store: src/image/module_format.h, src/store/record.h."""

from __future__ import annotations

FORMAT_VERSION = 1

PT_LOAD = 1
PT_NOTE = 4
PT_RELA = 0x68720001

SYM_NONE = 0
SYM_TEXT = 1
SYM_DATA = 2

NOTE_NAME = b"HRL\0"
NOTE_MODULE = 1
NOTE_EXPORTS = 2
NOTE_INIT = 3

RECORD_MAGIC = 0x31525248
RECORD_FORMAT = 1
RECORD_DATA = 128
RECORD_HEADER_SIZE = 64

# Link addresses of the two segments. Whatever lies inside them is moved at load time, everything
# else is an address of the firmware, so no chip may have anything there: Espressif's chips use
# nothing below 0x20000000 (peripherals of the CPU on some RISC-V chips; RAM, ROM and flash lie
# above 0x30000000), and the emulated board's firmware ends below 0x01000000. Each segment is more
# than 100 MB away from both and from the other one: no relaxation makes a call to the firmware
# short, and no address in the firmware fits an instruction that was meant for the module. Far from
# 0, too: the RISC-V linker shortens addresses near it to forms that cannot be relocated.
TEXT_ADDRESS = 0x10000000
DATA_ADDRESS = 0x18000000
SEGMENT_LIMIT = 0x08000000
