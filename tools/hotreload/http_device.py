"""A device reached over HTTP: src/upload/http_api.h.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import re
import socket
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, Optional, Tuple
from urllib.parse import urlsplit

from hotreload.device import Device
from hotreload.errors import ToolError

_TIMEOUT = 10.0
_PIECE = 4096

_ADVICE = {
    403: "the firmware on the device has another secret: flash the one of this build directory",
    404: "that is not a hotreload server: is the URL right?",
    408: "the connection is too slow or broken",
    409: (
        "the firmware on the device is not the one that this module was linked with: flash the "
        "firmware of this build directory, or restart the board with it"
    ),
    413: "make the module smaller, or raise max_elf_size or the size of the partition",
    503: "the device is busy: try again",
}


class DeviceError(ToolError):
    """The device cannot be reached, or refuses."""


class HttpDevice(Device):
    """Every call has its own connection."""

    def __init__(self, url: str) -> None:
        self.url = url if "://" in url else f"http://{url}"
        try:
            parts = urlsplit(self.url)
            port = parts.port
        except ValueError as error:
            raise DeviceError(f"the URL {url} is malformed: {error}") from error
        if parts.scheme != "http" or not parts.hostname:
            raise DeviceError(f"the URL {url} must be like http://192.168.1.100:8080")
        self._host, self._port = parts.hostname, port or 80
        self._path = parts.path.rstrip("/")

    def status(self) -> Dict[str, Any]:
        with self._connect() as connection:
            return self._read_answer(*_get(connection, self._path + "/status"))

    def pending(self) -> bool:
        with self._connect() as connection:
            answer = self._read_answer(*_get(connection, self._path + "/pending"))
            return bool(answer.get("pending"))

    def upload(
        self, module: bytes, secret: bytes, progress: Callable[[int, int], None]
    ) -> Dict[str, Any]:
        with self._connect() as connection:
            headers = _sign(module, secret, self._ask_nonce(connection))
            connection.putrequest("POST", self._path + "/upload", skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name, value)
            try:
                connection.endheaders()
                for start in range(0, len(module), _PIECE):
                    connection.send(module[start : start + _PIECE])
                    progress(min(start + _PIECE, len(module)), len(module))
            except (BrokenPipeError, ConnectionResetError):
                pass  # A server that refuses early closes; its answer may be there to read.
            return self._read_answer(*_response(connection))

    def _ask_nonce(self, connection: http.client.HTTPConnection) -> Optional[bytes]:
        """`GET /nonce`; None: the firmware is older than that."""
        status, body = _get(connection, self._path + "/nonce")
        if status == 404:
            connection.close()  # The device does, too; the next request opens another.
            return None
        nonce = self._read_answer(status, body).get("nonce")
        if not isinstance(nonce, str) or not re.fullmatch("[0-9a-f]{32}", nonce):
            raise DeviceError(f"{self.url}/nonce answers without a nonce: is the URL right?")
        return bytes.fromhex(nonce)

    @contextmanager
    def _connect(self) -> Iterator[http.client.HTTPConnection]:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=_TIMEOUT)
        connected = False
        try:
            connection.connect()
            connected = True
            yield connection
        except (OSError, http.client.HTTPException) as error:
            raise DeviceError(self._explain(error, connected)) from error
        finally:
            connection.close()

    def _explain(self, error: Exception, connected: bool) -> str:
        if isinstance(error, socket.gaierror):
            return f"the host of {self.url} is unknown: {error.strerror}"
        if isinstance(error, ConnectionRefusedError):
            return (
                f"nothing listens at {self.url}: is the device running, has it called "
                "hotreload_server_start(), and is the port right (8080 by default)?"
            )
        if isinstance(error, socket.timeout):
            what = "stopped answering" if connected else "does not answer"
            return f"{self.url} {what} for {_TIMEOUT:.0f} s: is the device in the same network?"
        if isinstance(error, (http.client.HTTPException, ConnectionError)) and connected:
            return (
                f"{self.url} closed the connection without an answer "
                f"({type(error).__name__}): did the device restart? See its log"
            )
        return f"cannot reach {self.url}: {error}"

    def _read_answer(self, status: int, body: bytes) -> Dict[str, Any]:
        text = body.decode("utf-8", "replace")
        try:
            answer = json.loads(text)
        except ValueError:
            answer = None
        if status == 200 and isinstance(answer, dict):
            return answer
        reason = answer.get("error") if isinstance(answer, dict) else text.strip()[:200]
        raise DeviceError(self._describe_refusal(status, str(reason) if reason else None))

    def _describe_refusal(self, status: int, reason: Optional[str]) -> str:
        phrase = http.client.responses.get(status, "")
        message = f"{self.url} answers {status} {phrase}".rstrip()
        message += f": {reason}" if reason else ""
        return f"{message}\n{_ADVICE[status]}" if status in _ADVICE else message


def _sign(module: bytes, secret: bytes, nonce: Optional[bytes]) -> Dict[str, str]:
    """The headers of an upload.

    X-Hotreload-HMAC goes only to devices that know no nonce: whoever records it can send the same
    upload again to a device that takes it alone.
    """
    digest = hashlib.sha256(module)
    headers = {
        "Content-Type": "application/octet-stream",
        "Content-Length": str(len(module)),
        "X-Hotreload-SHA256": digest.hexdigest(),
    }
    if nonce is None:
        headers["X-Hotreload-HMAC"] = hmac.new(secret, module, hashlib.sha256).hexdigest()
    else:
        length = len(module).to_bytes(4, "little")
        message = b"hotreload-upload\0" + nonce + length + digest.digest()
        headers["X-Hotreload-Auth"] = hmac.new(secret, message, hashlib.sha256).hexdigest()
    return headers


def _get(connection: http.client.HTTPConnection, path: str) -> Tuple[int, bytes]:
    connection.putrequest("GET", path, skip_accept_encoding=True)
    connection.endheaders()
    return _response(connection)


def _response(connection: http.client.HTTPConnection) -> Tuple[int, bytes]:
    response = connection.getresponse()
    return response.status, response.read()
