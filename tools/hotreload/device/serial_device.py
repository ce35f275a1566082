"""A device reached over a serial line: src/receive/serial_link.h.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import threading
from typing import Any, Callable, Dict, Optional

from hotreload.device.device import Device
from hotreload.device.protocol import AnswerLost, DeviceError, read_answer, read_nonce
from hotreload.device.serial_frames import (
    BEGIN,
    CANCEL,
    FINISH,
    NONCE,
    PENDING,
    PIECE,
    STATUS,
    WRITE,
)
from hotreload.device.serial_line import SerialLine, split_lines
from hotreload.device.serial_share import Share
from hotreload.device.status import check_status

_NO_UPLOAD = 410


class SerialDevice(Device):
    """The port is opened when it is needed first, and held from then on."""

    def __init__(self, port: str, baud: int) -> None:
        self.url = port
        self._baud = baud
        self._opening = threading.RLock()  # A port can be opened once, and `watch` has threads.
        self._line: Optional[SerialLine] = None
        self._show: Optional[Callable[[bytes], None]] = None
        self._lose: Optional[Callable[[], None]] = None
        self._share: Optional[Share] = None

    @property
    def line(self) -> SerialLine:
        """The open line; opened anew after it was lost."""
        with self._opening:
            if self._line is not None and self._line.is_lost:
                self.close()
            if self._line is None:
                self._line = SerialLine(self.url, self._baud)
                self._pass_log_on(self._line)
            return self._line

    def status(self) -> Dict[str, Any]:
        return check_status(self._ask(STATUS), self.url)

    def pending(self) -> bool:
        return bool(self._ask(PENDING).get("pending"))

    def _ask_nonce(self) -> Optional[bytes]:
        return read_nonce(self._ask(NONCE), self.url)

    def _upload(
        self, module: bytes, headers: Dict[str, str], progress: Callable[[int, int], None]
    ) -> Dict[str, Any]:
        names = ("X-Hotreload-SHA256", "X-Hotreload-HMAC", "X-Hotreload-Auth")
        texts = "".join(headers.get(name, "") + "\0" for name in names)
        try:
            self._ask(BEGIN, len(module).to_bytes(4, "little") + texts.encode("ascii"))
            for start in range(0, len(module), PIECE):
                piece = module[start : start + PIECE]
                self._ask(WRITE, start.to_bytes(4, "little") + piece)
                progress(start + len(piece), len(module))
            return self._finish()
        except KeyboardInterrupt:
            self.line.tell(CANCEL)
            raise

    def _finish(self) -> Dict[str, Any]:
        try:
            status, body = self.line.ask(FINISH)
        except DeviceError as error:
            raise AnswerLost(str(error)) from error
        if status == _NO_UPLOAD:  # It may have restarted after the first of several requests.
            raise AnswerLost(f"{self.url} knows nothing of the upload any more")
        return read_answer(self.url, status, body)

    def follow_log(self, show: Callable[[str], None], lose: Callable[[], None]) -> None:
        self._show, self._lose = split_lines(show), lose
        self._pass_log_on(self.line)

    def _pass_log_on(self, line: SerialLine) -> None:
        """A command that shows the log holds the port for long, so it shares the port."""
        line.on_loss = self._lose
        show = self._show
        if show is None or self._share is not None:
            return
        if line.is_shared:
            line.on_log = show
            return
        self._share = Share(line)
        outputs = (show, self._share.show)

        def show_both(log: bytes) -> None:
            for output in outputs:
                output(log)

        line.on_log = show_both

    def close(self) -> None:
        with self._opening:
            if self._share is not None:
                self._share.close()
                self._share = None
            if self._line is not None:
                self._line.close()
                self._line = None

    def _ask(self, type_: int, payload: bytes = b"") -> Dict[str, Any]:
        return read_answer(self.url, *self.line.ask(type_, payload))
