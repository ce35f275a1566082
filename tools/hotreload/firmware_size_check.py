"""Runs ESP-IDF's check_sizes.py on a partition table without the partition for modules.

Called by cmake/esp_idf_size_check.cmake with the name of check_sizes.py and its arguments.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import List

_ENTRY = 32
_MODULES = b"\xaa\x50\x00\x40"  # magic number, type app, subtype 0x40
_CHECKSUM = b"\xeb\xeb"  # of all entries, so it goes too: it may be missing


def leave_out_modules(table: bytes) -> bytes:
    """A binary partition table of the same size without the entries for modules."""
    entries = [table[at : at + _ENTRY] for at in range(0, len(table), _ENTRY)]
    kept = [one for one in entries if not one.startswith((_MODULES, _CHECKSUM))]
    return b"".join(kept).ljust(len(table), b"\xff")


def main(arguments: List[str]) -> int:
    """Runs the tool; the last two arguments are the table and the firmware."""
    *command, table, firmware = arguments
    with tempfile.TemporaryDirectory() as directory:
        filtered = Path(directory) / "partition-table.bin"
        filtered.write_bytes(leave_out_modules(Path(table).read_bytes()))
        return subprocess.call([sys.executable, *command, str(filtered), firmware])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
