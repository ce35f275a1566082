"""A serial line to a device: its log, and requests with answers between the lines of the log.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import queue
import random
import re
import threading
import time
from typing import Any, Callable, List, Optional, Tuple

from hotreload.device.protocol import DeviceError
from hotreload.device.serial_frames import ANSWER, Frame, Splitter
from hotreload.device.serial_port import PORT_ERRORS, open_port

_FIRST_SECONDS = 6.0  # until a device that has never answered is given up
_SECONDS = 20.0  # until one that has is
_PATIENCE = 0.4  # until a request is sent again, beside the time on the line
_LONGEST_ANSWER = 1813  # characters: HOTRELOAD_FRAME_LINE(HOTRELOAD_SERIAL_ANSWER)
_TAIL = 4000  # bytes of the log that are kept for messages
_BOOT = re.compile(rb"ESP-ROM:|rst:0x|boot: ESP-IDF|^ets ", re.MULTILINE)


class SerialLine:
    """An open port. A thread reads it; `on_log` gets the log, `on_frame` the answers of others.

    `on_loss` is called when the port has gone.
    """

    def __init__(self, port: str, baud: int) -> None:
        self.port, self.baud = port, baud
        self.on_log: Optional[Callable[[bytes], Any]] = None
        self.on_frame: Optional[Callable[[Frame], None]] = None
        self.on_loss: Optional[Callable[[], None]] = None
        self._serial, self.is_shared = open_port(port, baud)
        self._number = random.getrandbits(32)
        self._asking = threading.Lock()
        self._sending = threading.Lock()
        self._answers: "queue.Queue[Optional[Frame]]" = queue.Queue()
        self._answered = False
        self._tail = b""
        self._error: Optional[Exception] = None
        self._closing = False
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends the thread and closes the port."""
        self._closing = True
        if hasattr(self._serial, "cancel_read"):
            self._serial.cancel_read()
        self._thread.join()
        self._serial.close()

    @property
    def is_lost(self) -> bool:
        """Whether the port has gone: its cable was pulled, or the chip that is it restarted."""
        return self._error is not None

    def wait(self, interrupted: threading.Event) -> None:
        """Returns only by raising: when the port is lost, or by Ctrl+C."""
        while self._thread.is_alive():
            self._thread.join(0.5)
            if interrupted.is_set():
                raise KeyboardInterrupt
        raise DeviceError(f"{self.port} was lost: {self._error}; is the board plugged in?")

    def send(self, data: bytes) -> None:
        """Sends bytes in one piece."""
        try:
            with self._sending:
                self._serial.write(data)
                self._serial.flush()
        except PORT_ERRORS as error:
            raise DeviceError(f"{self.port} cannot be written: {error}") from error

    def ask(self, type_: int, payload: bytes = b"") -> Tuple[int, bytes]:
        """Repeats a request until its answer comes; returns the status and the JSON."""
        with self._asking:
            self._number = (self._number + 1) % 2**32
            data = Frame(type_, self._number, payload).encode()
            begun = time.monotonic()
            limit = _SECONDS if self._answered else _FIRST_SECONDS
            self._tail = b""
            while time.monotonic() - begun < limit:
                self.send(data)
                answer = self._wait(type_ | ANSWER, self._time_on_line(len(data)))
                if answer is not None:
                    self._answered = True
                    return int.from_bytes(answer.payload[:2], "little"), answer.payload[2:]
            raise DeviceError(self._explain_silence(limit))

    def tell(self, type_: int) -> None:
        """Sends a request without waiting for the answer."""
        self._number = (self._number + 1) % 2**32
        self.send(Frame(type_, self._number, b"").encode())

    def _time_on_line(self, characters: int) -> float:
        return _PATIENCE + (characters + _LONGEST_ANSWER) * 10 / self.baud

    def _wait(self, type_: int, seconds: float) -> Optional[Frame]:
        """The answer to the last request; None: it did not come."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                frame = self._answers.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                return None
            if frame is None:
                self._answers.put(None)  # For the next request.
                raise DeviceError(f"{self.port} was lost: {self._error}; is the board plugged in?")
            if (frame.type, frame.number) == (type_, self._number):
                return frame

    def _read(self) -> None:
        splitter = Splitter()
        while not self._closing:
            try:
                data = self._serial.read(self._serial.in_waiting or 1)
            except (PORT_ERRORS + (TypeError,)) as error:  # TypeError: it was closed meanwhile.
                self._lose(error)
                return
            text, frames = splitter.feed(data)
            for frame in frames:
                self._take(frame)
            if text:
                self._tail = (self._tail + text)[-_TAIL:]
                if self.on_log:
                    self.on_log(text)

    def _lose(self, error: Exception) -> None:
        self._error = error
        self._answers.put(None)
        if self.on_log and not self._closing:
            self.on_log(f"\n{self.port} was lost: {error}\n".encode())
        if self.on_loss and not self._closing:
            self.on_loss()

    def _take(self, frame: Frame) -> None:
        if frame.number == self._number:
            self._answers.put(frame)
        elif self.on_frame:
            self.on_frame(frame)

    def _explain_silence(self, seconds: float) -> str:
        text = self._tail
        if _BOOT.search(text):
            lines = "\n".join(_last_lines(text, 5))
            return f"the device at {self.port} restarted; the end of its log:\n{lines}"
        if self._answered:
            return f"{self.port} stopped answering for {seconds:.0f} s: see the device's log"
        if not text:
            return (
                f"{self.port} is silent: is that the board's port, is the board running, and does "
                "its firmware call hotreload_serial_start()?"
            )
        if _is_garbage(text):
            return (
                f"what comes from {self.port} is no text: {self.baud} baud seems to be wrong, say "
                "--baud (CONFIG_ESP_CONSOLE_UART_BAUDRATE of the firmware)"
            )
        return (
            f"{self.port} shows a log, but requests are not answered: does the firmware call "
            "hotreload_serial_start(), and was it built with CONFIG_HOTRELOAD_SERIAL=y?"
        )


def _last_lines(text: bytes, count: int) -> List[str]:
    return text.decode("utf-8", "replace").replace("\r", "").strip().split("\n")[-count:]


def _is_garbage(text: bytes) -> bool:
    """Whether at least a quarter of it are bytes that no log contains."""
    strange = sum(byte > 126 or (byte < 32 and byte not in b"\t\n\r\x1b") for byte in text)
    return strange * 4 > len(text)


def split_lines(show: Callable[[str], Any]) -> Callable[[bytes], None]:
    """Calls show() with whole lines, for an `on_log`."""
    rest = b""

    def take(data: bytes) -> None:
        nonlocal rest
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            show(line.decode("utf-8", "replace").rstrip("\r"))

    return take
