"""Shares an open serial line with other programs, on a TCP port of this computer.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Dict, List, Optional

from hotreload.device.serial_frames import Frame, Splitter
from hotreload.device.serial_line import SerialLine
from hotreload.device.serial_place import Publication
from hotreload.errors import ToolError


class Share:
    """Every client gets the log; an answer goes to the client that asked.

    `url` is for --port and idf.py -p.
    """

    def __init__(self, line: SerialLine, tcp_port: int = 0) -> None:
        self._line = line
        self._lock = threading.Lock()
        self._clients: List[socket.socket] = []
        self._asked_by: Dict[int, socket.socket] = {}
        try:
            self._listener = socket.create_server(("127.0.0.1", tcp_port))
        except OSError as error:
            raise ToolError(f"cannot share on TCP port {tcp_port}: {error.strerror}") from error
        self.url = f"socket://127.0.0.1:{self._listener.getsockname()[1]}"
        line.on_frame = self._answer
        threading.Thread(target=self._accept, daemon=True).start()
        self._publication: Optional[Publication] = None
        with contextlib.suppress(ToolError):  # Others can still be told the URL.
            self._publication = Publication(line.port, self.url)

    def close(self) -> None:
        """Ends the sharing; the line stays open."""
        if self._publication is not None:
            self._publication.withdraw()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # Wakes the thread that waits for a client.
        self._listener.close()
        with self._lock:
            clients = list(self._clients)
        for client in clients:
            self._drop(client)

    def show(self, log: bytes) -> None:
        """Passes a part of the log on."""
        with self._lock:
            clients = list(self._clients)
        for client in clients:
            self._send(client, log)

    def _answer(self, frame: Frame) -> None:
        with self._lock:
            client = self._asked_by.pop(frame.number, None)
        if client is not None:
            self._send(client, frame.encode())

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with contextlib.suppress(OSError):  # It may have gone already.
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.settimeout(5.0)  # For sending: a client that does not read is dropped.
            with self._lock:
                self._clients.append(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        """Passes on what a client sends, its requests whole."""
        splitter = Splitter()
        while True:
            try:
                data = client.recv(4096)
                if not data:
                    break
                self._pass_on(client, *splitter.feed(data))
            except socket.timeout:
                continue
            except (OSError, ToolError):
                break  # The client has gone, or the port.
        self._drop(client)

    def _pass_on(self, client: socket.socket, text: bytes, frames: List[Frame]) -> None:
        for frame in frames:
            with self._lock:
                self._asked_by[frame.number] = client
            self._line.send(frame.encode())
        if text:
            self._line.send(text)

    def _send(self, client: socket.socket, data: bytes) -> None:
        try:
            client.sendall(data)
        except OSError:
            self._drop(client)

    def _drop(self, client: socket.socket) -> None:
        with self._lock:
            if client in self._clients:
                self._clients.remove(client)
            asked = {n: other for n, other in self._asked_by.items() if other is not client}
            self._asked_by = asked
        client.close()
