"""Requests and answers on a line that carries a log as well: src/receive/serial_frame.h.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from typing import List, NamedTuple, Optional, Tuple

STATUS, PENDING, NONCE, BEGIN, WRITE, FINISH, CANCEL = range(1, 8)
ANSWER = 0x80
"""Beside the type of the request."""
PIECE = 512
"""Bytes of a module in one request."""

_MARK = b"\x02hr:"
_DIGITS = re.compile(rb"[A-Za-z0-9+/]*")
_LONGEST = 2048


class Frame(NamedTuple):
    """A request or an answer."""

    type: int
    number: int
    payload: bytes

    def encode(self) -> bytes:
        """The line that carries it."""
        body = bytes([self.type]) + self.number.to_bytes(4, "little") + self.payload
        body += zlib.crc32(body).to_bytes(4, "little")
        return _MARK + base64.b64encode(body).rstrip(b"=") + b"\n"


def _decode(digits: bytes) -> Optional[Frame]:
    try:
        body = base64.b64decode(digits + b"=" * (-len(digits) % 4))
    except binascii.Error:
        return None
    if len(body) < 9 or zlib.crc32(body[:-4]).to_bytes(4, "little") != body[-4:]:
        return None
    return Frame(body[0], int.from_bytes(body[1:5], "little"), body[5:-4])


class Splitter:
    """Separates the frames in the received bytes from the log."""

    def __init__(self) -> None:
        self._held = b""
        self._drops_newline = False

    def feed(self, data: bytes) -> Tuple[bytes, List[Frame]]:
        """Returns the text outside frames, and the intact frames. Damaged frames are dropped."""
        text, frames = b"", []
        data = self._held + data
        while data:
            if self._drops_newline:  # Of a line end that was converted to CR LF.
                self._drops_newline = False
                data = data[1:] if data[:1] == b"\n" else data
            start = data.find(_MARK)
            if start < 0:
                start = len(data) - _held_back(data)
                text, data = text + data[:start], data[start:]
                break
            text, data = text + data[:start], data[start:]
            match = _DIGITS.match(data, len(_MARK))
            end = match.end() if match else 0
            if end == len(data) and end < _LONGEST:
                break
            if data[end : end + 1] in (b"\r", b"\n"):
                frame = _decode(data[len(_MARK) : end])
                frames += [frame] if frame else []
                self._drops_newline = data[end : end + 1] == b"\r"
                end += 1
            data = data[end:]
        self._held = data
        return text, frames


def _held_back(data: bytes) -> int:
    """How many of the last bytes may be the beginning of a mark."""
    return next((n for n in range(len(_MARK) - 1, 0, -1) if data.endswith(_MARK[:n])), 0)
