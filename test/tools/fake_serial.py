"""A device on a serial port for the tests: a pseudo-terminal with a log, and a bad line on request.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import pty
import select
import threading
import time
import tty
from typing import Any, Dict, List, Optional, Tuple

from hotreload.device import serial_frames
from hotreload.device.serial_frames import ANSWER, Frame, Splitter

NONCE = "00112233445566778899aabbccddeeff"


class FakeSerial:
    """Does what src/receive/serial_link.c does; `faults` has what happens to the next requests."""

    def __init__(self, secret: bytes) -> None:
        self.secret = secret
        self.faults: List[str] = []
        """lose the request; drop, damage, cut, delay or mix the answer; restart; log before it."""
        self.silent = False
        self.uploads: List[bytes] = []
        self.served: List[int] = []
        """Types of the requests that had an effect."""
        self.received = b""
        """What came and was no request."""
        self.refuse: Optional[Tuple[int, str]] = None
        self._upload: Optional[bytearray] = None
        self._head = b""
        self._last: Tuple[int, bytes] = (-1, b"")
        self._answer = b""
        self._master, slave = pty.openpty()
        tty.setraw(slave)
        self.port = os.ttyname(slave)
        self._slave = slave  # Held, so that the master does not fail while nobody has it open.
        self._splitter = Splitter()
        self._ended = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        if self._ended:
            return
        self._ended = True
        self._thread.join()
        os.close(self._master)
        os.close(self._slave)

    def log(self, text: str) -> None:
        self.send(text.encode())

    def send(self, data: bytes) -> None:
        os.write(self._master, data)

    def _run(self) -> None:
        while not self._ended:
            if not select.select([self._master], [], [], 0.05)[0]:
                continue
            rest, frames = self._splitter.feed(os.read(self._master, 4096))
            self.received += rest
            for frame in frames:
                fault = self.faults.pop(0) if self.faults else ""
                if not self.silent and fault != "lose":
                    self._reply(frame, fault)

    def _reply(self, frame: Frame, fault: str) -> None:
        if fault == "restart":
            self._upload, self._last = None, (-1, b"")
            self.log("\r\nESP-ROM:esp32c3-api1\r\nrst:0x1 (POWERON),boot:0xc\r\n")
        if (frame.number, frame.payload) != self._last:
            self._last = (frame.number, frame.payload)
            self.served.append(frame.type)
            status, body = self._serve(frame)
            payload = status.to_bytes(2, "little") + json.dumps(body).encode()
            self._answer = Frame(frame.type | ANSWER, frame.number, payload).encode()
        line = self._answer.replace(b"\n", b"\r\n")  # As ESP-IDF's console converts it.
        if fault == "damage":
            line = line[:20] + bytes([line[20] ^ 1]) + line[21:]
        if fault == "cut":
            line = line[: len(line) // 2]
        if fault == "mix":
            line = line[:9] + b"\x1b[0;32mI (7) main: in between\x1b[0m\r\n" + line[9:]
        if fault == "delay":
            time.sleep(1.0)
        if fault == "log":
            line = b"half a li" + line + b"ne of the log\r\n"
        if fault != "drop":
            self.send(line)

    def _serve(self, frame: Frame) -> Tuple[int, Dict[str, Any]]:
        if self.refuse:
            return self.refuse[0], {"status": "error", "error": self.refuse[1]}
        if frame.type == serial_frames.STATUS:
            status = {"status": "ok", "firmware": "0011", "loaded": False, "last_error": None}
            return 200, {**status, "sequence": len(self.uploads), "newest": self.newest()}
        if frame.type == serial_frames.PENDING:
            return 200, {"pending": False}
        if frame.type == serial_frames.NONCE:
            return 200, {"nonce": NONCE}
        if frame.type == serial_frames.BEGIN:
            self._upload, self._head = bytearray(), frame.payload
            return 200, {"status": "ok"}
        if self._upload is None:
            return 410, {"status": "error", "error": "no upload is under way here"}
        if frame.type == serial_frames.WRITE:
            if int.from_bytes(frame.payload[:4], "little") != len(self._upload):
                return 400, {"status": "error", "error": "a piece is missing"}
            self._upload += frame.payload[4:]
            return 200, {"status": "ok"}
        module, self._upload = bytes(self._upload), None
        if frame.type == serial_frames.CANCEL:
            return 400, {"status": "error", "error": "cancelled"}
        return self._finish(module)

    def newest(self) -> Optional[Dict[str, Any]]:
        """The module that was stored last."""
        if not self.uploads:
            return None
        digest = hashlib.sha256(self.uploads[-1]).hexdigest()
        return {"sequence": len(self.uploads), "sha256": digest}

    def _finish(self, module: bytes) -> Tuple[int, Dict[str, Any]]:
        digest = hashlib.sha256(module)
        message = b"hotreload-upload\0" + bytes.fromhex(NONCE) + self._head[:4] + digest.digest()
        auth = hmac.new(self.secret, message, hashlib.sha256).hexdigest()
        expected = len(module).to_bytes(4, "little")
        expected += f"{digest.hexdigest()}\0\0{auth}\0".encode()
        if self._head != expected:
            return 403, {"status": "error", "error": "not authentic"}
        self.uploads.append(module)
        return 200, {"status": "ok", "sequence": len(self.uploads), "size": len(module)}
