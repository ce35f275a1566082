"""The image of a partition that holds one module, for flashing by cable.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import hashlib
import struct
import zlib

from hotreload.errors import ToolError
from hotreload.module import module_format as fmt

_HEADER = struct.Struct("<IHHII32s12s")
_NOT_TRIED = b"\xff" * 16  # marks as in src/store/record.h
_GOOD = b"hotreload: good."
_SMALLEST = 2 * 4096  # sectors of flash, as the device wants


def make_partition_image(module: bytes, size: int) -> bytes:
    """A record with the module, marked as good, then erased bytes to the end of the partition.

    The whole partition is written: an older record left in it could have a higher sequence. A
    module that was flashed by cable can be flashed again, so it is not on trial.
    """
    if fmt.RECORD_DATA + len(module) > size:
        raise ToolError(
            f"the module ({len(module)} bytes and {fmt.RECORD_DATA} of header) does not fit the "
            f"partition of {size} bytes; enlarge the partition in the partition table"
        )
    if size < _SMALLEST:
        raise ToolError(
            f"the partition for modules has {size} bytes: make it at least {_SMALLEST} in the "
            "partition table, better with room for three modules"
        )
    digest = hashlib.sha256(module).digest()
    header = _HEADER.pack(
        fmt.RECORD_MAGIC, fmt.RECORD_FORMAT, fmt.RECORD_DATA, 1, len(module), digest, b"\xff" * 12
    )
    header += struct.pack("<I", zlib.crc32(header))
    head = header + _NOT_TRIED + _GOOD
    return (head.ljust(fmt.RECORD_DATA, b"\xff") + module).ljust(size, b"\xff")
