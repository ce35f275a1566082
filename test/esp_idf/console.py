"""The console of a chip in QEMU: kept in a file, and offered on a socket like a serial port.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import selectors
import socket
import threading
from pathlib import Path
from typing import List


class Console:
    """QEMU connects to `chip_port`; whoever connects to `url` is at the other end of the line.

    QEMU's own server would keep nothing while nobody is connected.
    """

    def __init__(self, log: Path) -> None:
        self._log = open(log, "wb", buffering=0)
        self._selector = selectors.DefaultSelector()
        self._chip: List[socket.socket] = []
        self._users: List[socket.socket] = []
        self.chip_port = self._listen(self._chip)
        self.url = f"socket://127.0.0.1:{self._listen(self._users)}"
        self._wake, wake = socket.socketpair()
        self._selector.register(wake, selectors.EVENT_READ, None)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._wake.send(b"x")
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        self._wake.close()
        self._selector.close()
        self._log.close()

    def _listen(self, ends: List[socket.socket]) -> int:
        """Takes connections into `ends`; returns the port."""
        listener = socket.create_server(("127.0.0.1", 0))
        self._selector.register(listener, selectors.EVENT_READ, ends)
        return int(listener.getsockname()[1])

    def _run(self) -> None:
        while True:
            for key, _ in self._selector.select():
                if key.data is None:
                    return
                assert isinstance(key.fileobj, socket.socket)
                if key.fileobj in self._chip or key.fileobj in self._users:
                    self._pass_on(key.fileobj, key.data)
                else:
                    end, _ = key.fileobj.accept()
                    key.data.append(end)
                    self._selector.register(end, selectors.EVENT_READ, key.data)

    def _pass_on(self, end: socket.socket, ends: List[socket.socket]) -> None:
        try:
            data = end.recv(4096)
        except OSError:
            data = b""
        if not data:
            ends.remove(end)
            self._selector.unregister(end)
            end.close()
            return
        if ends is self._chip:
            self._log.write(data)
        for other in self._users if ends is self._chip else self._chip:
            try:
                other.sendall(data)
            except OSError:
                pass  # It has gone; its end is read next.
