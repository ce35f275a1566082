"""ESP-IDF's check of the firmware's size does not count the partition for modules.

SPDX-License-Identifier: MIT
"""
from __future__ import annotations

import hashlib
import struct
import subprocess
import sys
from pathlib import Path

from hotreload import firmware_size_check

CHECK = """\
import sys
print(sys.argv[1:-2], [list(open(sys.argv[-2], "rb").read()[i + 2:i + 4]) for i in (0, 32, 64)])
sys.exit(int(sys.argv[-1] == "too-large.bin"))
"""


def entry(kind: int, subtype: int) -> bytes:
    return struct.pack("<2sBBII16sI", b"\xaa\x50", kind, subtype, 0x10000, 0x80000, b"name", 0)


def table() -> bytes:
    entries = entry(1, 2) + entry(0, 0x40) + entry(0, 0)
    checksum = b"\xeb\xeb" + b"\xff" * 14 + hashlib.md5(entries).digest()
    return (entries + checksum).ljust(0xC00, b"\xff")


def test_modules_and_checksum_are_left_out() -> None:
    filtered = firmware_size_check.leave_out_modules(table())
    assert filtered == (entry(1, 2) + entry(0, 0)).ljust(0xC00, b"\xff")


def test_the_tool_of_esp_idf_runs_with_the_other_arguments(tmp_path: Path) -> None:
    (tmp_path / "check.py").write_text(CHECK)
    (tmp_path / "table.bin").write_bytes(table())
    for firmware, status in (("firmware.bin", 0), ("too-large.bin", 1)):
        result = subprocess.run(
            [sys.executable, firmware_size_check.__file__, str(tmp_path / "check.py"), "--offset",
             "0x8000", str(tmp_path / "table.bin"), firmware], stdout=subprocess.PIPE, text=True)
        assert result.stdout == "['--offset', '0x8000'] [[1, 2], [0, 0], [255, 255]]\n"
        assert result.returncode == status
