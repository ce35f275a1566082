"""The emulated board as the tests see it: a process with a console and a TCP port."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import shutil
import socket
import struct
import subprocess
import threading
import time
from typing import Callable, Dict, List, Match, NamedTuple, Optional, Sequence, Tuple

PATIENCE = 60.0  # seconds until a test gives up waiting, on however busy a machine
PANIC = 134
USAGE = 2


class Answer(NamedTuple):
    status: int
    headers: Dict[str, str]
    body: str

    @property
    def json(self) -> Dict[str, object]:
        return json.loads(self.body)


class Board:
    """A running board. `lines` is what its console has shown."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
        )
        self.lines: List[str] = []
        self._changed = threading.Condition()
        self._ended = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self._process.stdout:
            with self._changed:
                self.lines.append(line.decode("utf-8", "replace").rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def wait_for(self, pattern: str, start: int = 0) -> Match[str]:
        """Waits for a line, from number `start`, that has the pattern."""
        deadline = time.monotonic() + PATIENCE
        with self._changed:
            while True:
                for line in self.lines[start:]:
                    match = re.search(pattern, line)
                    if match:
                        return match
                start = len(self.lines)
                left = deadline - time.monotonic()
                if self._ended or left <= 0:
                    why = "the board ended" if self._ended else "nothing for too long"
                    text = "\n".join(self.lines[-60:])
                    raise AssertionError(f"no line with '{pattern}': {why}; console:\n{text}")
                self._changed.wait(left)

    def now(self) -> int:
        """Number of the line that comes next, for wait_for()."""
        with self._changed:
            return len(self.lines)

    def wait_for_round(self, version: int, start: int = 0) -> int:
        """Waits until a round runs this version; returns its count."""
        return int(self.wait_for(rf"^round: version {version}, count (\d+)", start).group(1))

    def wait_for_exit(self) -> int:
        code = self._process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return code

    def kill(self) -> None:
        """Cuts the power."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        self._process.stdout.close()

    @property
    def port(self) -> int:
        return int(self.wait_for(r"http://127\.0\.0\.1:(\d+)").group(1))

    def connect(self) -> "Client":
        return Client(self.port)

    def get(self, path: str) -> Answer:
        with self.connect() as client:
            client.send(f"GET {path} HTTP/1.1\r\nHost: board\r\n\r\n".encode())
            return client.answer()

    def upload_head(self, module: bytes, secret: bytes, **changes: Optional[str]) -> bytes:
        """The head of an upload, with the nonce that the board has now."""
        return upload_head(module, secret, ask_nonce(self), **changes)

    def upload(self, module: bytes, secret: bytes, **changes: Optional[str]) -> Answer:
        head = self.upload_head(module, secret, **changes)
        with self.connect() as client:
            client.send(head + module)
            return client.answer()


StartBoard = Callable[..., Board]


class Client:
    """A raw connection to the board."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self._buffer = b""

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def reset(self) -> None:
        """Ends the connection as a crashed system does: with RST."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def end_sending(self) -> None:
        self._socket.shutdown(socket.SHUT_WR)

    def answer(self) -> Answer:
        """Receives one answer."""
        status, headers, body = self.raw_answer()
        return Answer(status, headers, body.decode("utf-8"))

    def raw_answer(self) -> Tuple[int, Dict[str, str], bytes]:
        while b"\r\n\r\n" not in self._buffer:
            self._receive()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        lines = head.decode("ascii").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines[1:])
        length = int(headers.get("content-length", "0"))
        while len(self._buffer) < length:
            self._receive()
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        return int(lines[0].split(" ")[1]), headers, body

    def is_closed(self) -> bool:
        """Waits for the board to close the connection; False if it sends something instead."""
        return self._buffer == b"" and self._socket.recv(1) == b""

    def _receive(self) -> None:
        data = self._socket.recv(65536)
        assert data, f"the board closed the connection after {self._buffer!r}"
        self._buffer += data


def upload_head(module: bytes, secret: bytes, nonce: str, **changes: Optional[str]) -> bytes:
    """The head of an upload. `changes` replace headers (_ for -), or remove them (None)."""
    headers: Dict[str, Optional[str]] = {
        "Host": "board",
        "Content-Length": str(len(module)),
        "X-Hotreload-SHA256": hashlib.sha256(module).hexdigest(),
        "X-Hotreload-Auth": prove(module, secret, nonce),
    }
    headers.update({name.replace("_", "-"): value for name, value in changes.items()})
    lines = [f"{name}: {value}\r\n" for name, value in headers.items() if value is not None]
    return ("POST /upload HTTP/1.1\r\n" + "".join(lines) + "\r\n").encode()


def ask_nonce(board: Board) -> str:
    answer = board.get("/nonce")
    assert answer.status == 200 and list(answer.json) == ["nonce"]
    nonce = str(answer.json["nonce"])
    assert re.fullmatch("[0-9a-f]{32}", nonce)
    return nonce


def prove(module: bytes, secret: bytes, nonce: str, length: Optional[int] = None) -> str:
    """X-Hotreload-Auth, as docs/spec.md says how to make it."""
    size = len(module) if length is None else length
    message = b"hotreload-upload\0" + bytes.fromhex(nonce) + size.to_bytes(4, "little")
    return hmac.new(secret, message + hashlib.sha256(module).digest(), hashlib.sha256).hexdigest()


def recordable(module: bytes, secret: bytes) -> Dict[str, Optional[str]]:
    """Changes that make the head one of the other kind: X-Hotreload-HMAC alone."""
    digest = hmac.new(secret, module, hashlib.sha256).hexdigest()
    return {"X_Hotreload_Auth": None, "X_Hotreload_HMAC": digest}


def read_secret(path: str) -> bytes:
    with open(path, encoding="ascii") as file:
        return bytes.fromhex(file.read())


def find_program(name: str, package: str) -> str:
    path = shutil.which(name)
    if path:
        return path
    raise AssertionError(f"{name} is missing; on Debian: apt-get install {package}")
