"""Data flows one way, so includes do; ports use only what is made for them.

SPDX-License-Identifier: MIT
"""
from __future__ import annotations

import re
from pathlib import Path
from typing import Dict, List

from checked import ROOT, list_files

MAY_INCLUDE: Dict[str, List[str]] = {
    "src": ["port.h", "reason.h", "message_number.h", "hash.h", "crc32.h",
            "image/module_format.h", "loader/arch.h"],
    "src/image": ["port.h", "reason.h", "image/"],
    "src/loader": ["port.h", "reason.h", "image/", "loader/"],
    "src/store": ["port.h", "reason.h", "crc32.h", "hash.h", "store/"],
    "src/run": ["port.h", "reason.h", "lifecycle.h", "image/image.h", "loader/", "store/store.h",
                "run/"],
    "src/receive": ["port.h", "reason.h", "crc32.h", "hash.h", "loader/", "store/store.h", "run/",
                    "receive/"],
    "port": ["port.h", "lifecycle.h", "receive/requests.h", "receive/serial_link.h"],
}
"""Headers of src/ that the files of a folder may include; src/hotreload.c may include all."""


def _folder(name: str) -> str:
    return "port" if name.startswith("port/") else str(Path(name).parent)


def test_includes_go_one_way() -> None:
    names = list_files("src", "port")
    headers = {name[len("src/"):] for name in names if re.match(r"src/.*\.h$", name)}
    assert "receive/requests.h" in headers
    wrong = []
    for name in names:
        if name == "src/hotreload.c" or not name.endswith((".c", ".h")):
            continue
        allowed = tuple(MAY_INCLUDE[_folder(name)])
        for header in re.findall(r'#include "([^"]+)"', (ROOT / name).read_text()):
            if header in headers and not header.startswith(allowed):
                wrong.append(f"{name} must not include {header}")
    assert not wrong, "\n".join(wrong)
