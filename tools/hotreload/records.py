"""Files of records that the tools keep in the build directory: JSON, one record a line.

A record is decoded only when it is needed. A file that is damaged, or was written with another
key, counts as missing.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from functools import lru_cache
from typing import Any, Iterable, List, NamedTuple, Optional

from hotreload.files import find_stamp, write_if_changed

_TOOLS = os.path.dirname(os.path.abspath(__file__))
_MAGIC = b"hotreload records 1 "


class Records(NamedTuple):
    """The contents of a file."""

    index: Any
    """What tells the meaning of the lines."""
    lines: List[bytes]


def encode(value: Any) -> bytes:
    """A value as one line of JSON."""
    return json.dumps(value, separators=(",", ":")).encode("ascii")


def write_records(path: str, key: Any, index: Any, lines: Iterable[bytes]) -> None:
    """Replaces the file in one step, unless it has this content already."""
    body = b"\n".join([encode(key), encode(index), *lines])
    write_if_changed(path, b"%s%08x\n%s" % (_MAGIC, zlib.crc32(body), body))


def read_records(path: str, key: Any) -> Optional[Records]:
    """The contents of the file; None if there is none with this key."""
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError:
        return None
    head, _, body = content.partition(b"\n")
    if head != b"%s%08x" % (_MAGIC, zlib.crc32(body)):
        return None
    lines = body.split(b"\n")
    if lines[0] != encode(key):
        return None
    return Records(json.loads(lines[1]), lines[2:])


@lru_cache(maxsize=None)
def tools_key() -> str:
    """Tells these tools from any other version of them, also from one that is being written."""
    files = sorted(
        os.path.join(root, name)
        for root, _, names in os.walk(_TOOLS)
        for name in names
        if name.endswith(".py")
    )
    stamps = encode([[path, find_stamp(path)] for path in files])
    return hashlib.blake2b(stamps, digest_size=16).hexdigest()
