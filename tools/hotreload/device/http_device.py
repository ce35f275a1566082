"""A device reached over HTTP: src/receive/requests.h.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import http.client
import socket
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, Optional, Tuple

from hotreload.device.device import Device
from hotreload.device.protocol import (
    AnswerLost,
    DeviceError,
    Unreachable,
    read_answer,
    read_nonce,
)
from hotreload.device.status import check_status
from hotreload.device.url import parse_url

_TIMEOUT = 10.0
_PIECE = 4096
_NOT_FOUND = 404


class HttpDevice(Device):
    """Every call has its own connection."""

    def __init__(self, url: str, source: str = "") -> None:
        self.url, self._host, self._port, self._path = parse_url(url, source)

    def status(self) -> Dict[str, Any]:
        with self._connect() as connection:
            answer = read_answer(self.url, *_get(connection, self._path + "/status"))
            return check_status(answer, self.url)

    def pending(self) -> bool:
        with self._connect() as connection:
            answer = read_answer(self.url, *_get(connection, self._path + "/pending"))
            return bool(answer.get("pending"))

    def _upload(
        self, module: bytes, headers: Dict[str, str], progress: Callable[[int, int], None]
    ) -> Dict[str, Any]:
        with self._connect() as connection:
            headers = {
                "Content-Type": "application/octet-stream",
                "Content-Length": str(len(module)),
                **headers,
            }
            connection.putrequest("POST", self._path + "/upload", skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name, value)
            sent = False
            try:
                connection.endheaders()
                for start in range(0, len(module), _PIECE):
                    connection.send(module[start : start + _PIECE])
                    progress(min(start + _PIECE, len(module)), len(module))
                sent = True
            except (BrokenPipeError, ConnectionResetError):
                pass  # A server that refuses early closes; its answer may be there to read.
            try:
                status, body = _response(connection)
            except (OSError, http.client.HTTPException) as error:
                kind = AnswerLost if sent else DeviceError
                raise kind(self._explain(error, True)) from error
            return read_answer(self.url, status, body)

    def _ask_nonce(self) -> Optional[bytes]:
        with self._connect() as connection:
            status, body = _get(connection, self._path + "/nonce")
        if status == _NOT_FOUND:
            return None
        return read_nonce(read_answer(self.url, status, body), f"{self.url}/nonce")

    @contextmanager
    def _connect(self) -> Iterator[http.client.HTTPConnection]:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=_TIMEOUT)
        connected = False
        try:
            connection.connect()
            connected = True
            yield connection
        except (OSError, http.client.HTTPException) as error:
            kind = DeviceError if connected else Unreachable
            raise kind(self._explain(error, connected)) from error
        finally:
            connection.close()

    def _explain(self, error: Exception, connected: bool) -> str:
        if isinstance(error, socket.gaierror):
            return f"the host of {self.url} is unknown: {error.strerror}"
        if isinstance(error, ConnectionRefusedError):
            return (
                f"nothing listens at {self.url}, port {self._port}: is the device running, has it "
                "called hotreload_server_start(), and is the port right (8080 by default)?"
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


def _get(connection: http.client.HTTPConnection, path: str) -> Tuple[int, bytes]:
    connection.putrequest("GET", path, skip_accept_encoding=True)
    connection.endheaders()
    return _response(connection)


def _response(connection: http.client.HTTPConnection) -> Tuple[int, bytes]:
    response = connection.getresponse()
    return response.status, response.read()
