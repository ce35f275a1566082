"""A device for the tests: the HTTP interface, with failures on request.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import socket
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Dict, List, Optional, Tuple


class FakeDevice:
    """Takes uploads signed with `secret`; `refuse` is a status and a reason to answer with."""

    def __init__(self, secret: bytes, port: int = 0) -> None:
        self.secret = secret
        self.uploads: List[bytes] = []
        self.requests: List[str] = []
        self.refuse: Optional[Tuple[int, Dict[str, Any]]] = None
        self.refuse_patch: Optional[Tuple[int, Dict[str, Any]]] = None
        """The same for patches of what `more` says that it runs."""
        self.refuse_whole: Optional[Tuple[int, Dict[str, Any]]] = None
        """The same for all else."""
        self.cannot_place: Optional[str] = None
        """What it says after it has taken a patch that it cannot load."""
        self.raw_answer: Optional[bytes] = None
        """Sent instead of an answer, before the body is read; then the connection is cut."""
        self.cuts_uploads_only = False
        """`raw_answer` is for uploads only."""
        self.goes_after_upload = False
        """Answers no request after the upload."""
        self.loses_answer = False
        """Stores what is sent, and then cuts the connection."""
        self.polls_until_reloaded = 0
        self.last_error: Optional[str] = None
        self.trial = False
        self.rollback: Optional[str] = None
        self.nonce: Optional[str] = secrets.token_hex(16)
        """None: the firmware has no /nonce."""
        self.heads: List[Dict[str, str]] = []
        """Headers of each upload, names in lower case."""
        self.loaded = True
        self.firmware = "00112233"
        self.more: Dict[str, Any] = {}
        """Further fields of GET /status."""
        self.more_of_upload: Dict[str, Any] = {}
        """The same for the answer to an upload."""
        handler = type("Handler", (_Handler,), {"device": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def status(self) -> Dict[str, Any]:
        return {
            "status": "ok",
            "firmware": self.firmware,
            "loaded": self.loaded,
            "sequence": len(self.uploads),
            "reloads": 3,
            "text": {"address": "0x40380000", "size": 76},
            "data": {"address": "0x3fc90000", "size": 36},
            "pending": self.polls_until_reloaded > 0,
            "newest": self.newest(),
            "trial": self.trial,
            "rollback": self.rollback,
            "last_error": self.last_error,
            **self.more,
        }

    def run(self, module: bytes) -> None:
        """From now on, this whole module is what the device says that it runs."""
        self.more["base"] = {"sha256": hashlib.sha256(module).hexdigest(), "sequence": 1}
        self.more["patch"] = None

    def newest(self) -> Optional[Dict[str, Any]]:
        """The module that was stored last."""
        if not self.uploads:
            return None
        digest = hashlib.sha256(self.uploads[-1]).hexdigest()
        return {"sequence": len(self.uploads), "sha256": digest}


class _Handler(BaseHTTPRequestHandler):
    device: FakeDevice
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.device.requests.append(f"GET {self.path}")
        if self.path == "/nonce":
            self._answer_nonce()
            return
        if self._cut() or self._refused():
            return
        if self.path == "/status":
            self._answer(200, self.device.status())
        elif self.path == "/pending":
            pending = self.device.polls_until_reloaded > 0
            self.device.polls_until_reloaded -= 1
            self._answer(200, {"pending": pending})
        else:
            self._answer(404, {"status": "error", "error": "no such endpoint"})

    def do_POST(self) -> None:
        self.device.requests.append(f"POST {self.path}")
        self.device.heads.append({name.lower(): value for name, value in self.headers.items()})
        if self._cut():
            return
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self._refused():
            return
        if self.headers["X-Hotreload-SHA256"] != hashlib.sha256(body).hexdigest():
            self._answer(400, {"status": "error", "error": "damaged in transfer"})
        elif not self._is_authentic(body):
            self._answer(403, {"status": "error", "error": "wrong HMAC"})
        elif self.device.refuse_patch is not None and self._is_patch(body):
            self._answer(*self.device.refuse_patch)
        elif self.device.refuse_whole is not None and not self._is_patch(body):
            self._answer(*self.device.refuse_whole)
        else:
            self.device.uploads.append(body)
            if self.device.cannot_place is not None:
                self.device.last_error = self.device.cannot_place if self._is_patch(body) else None
            if self.device.goes_after_upload:
                self.device.raw_answer = b""
            if self.device.loses_answer:
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            answer = {"status": "ok", "sequence": len(self.device.uploads), "size": len(body)}
            self._answer(200, {**answer, **self.device.more_of_upload})

    def _answer_nonce(self) -> None:
        if self.device.nonce is None:
            self.close_connection = True  # Without saying so, as ESP-IDF does.
            self._answer(404, {"status": "error", "error": "no such endpoint"})
        else:
            self._answer(200, {"nonce": self.device.nonce})

    def _is_authentic(self, body: bytes) -> bool:
        """Checks what is there, as a device does; a nonce is good for one upload."""
        hmac_header, auth = self.headers["X-Hotreload-HMAC"], self.headers["X-Hotreload-Auth"]
        if hmac_header is not None and hmac_header != self._hmac(body):
            return False
        if auth is None:
            return hmac_header is not None
        if self.device.nonce is None:
            return False
        length = struct.pack("<I", len(body))
        message = b"hotreload-upload\0" + bytes.fromhex(self.device.nonce) + length
        if auth != self._hmac(message + hashlib.sha256(body).digest()):
            return False
        self.device.nonce = secrets.token_hex(16)
        return True

    def _is_patch(self, body: bytes) -> bool:
        base = self.device.more.get("base")
        return base is not None and bytes.fromhex(base["sha256"]) in body

    def _hmac(self, message: bytes) -> str:
        return hmac.new(self.device.secret, message, hashlib.sha256).hexdigest()

    def _cut(self) -> bool:
        if self.device.raw_answer is None:
            return False
        if self.device.cuts_uploads_only and self.command == "GET":
            return False
        self.wfile.write(self.device.raw_answer)
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True
        return True

    def _refused(self) -> bool:
        if self.device.refuse is None:
            return False
        self._answer(*self.device.refuse)
        return True

    def _answer(self, status: int, body: Dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        pass
