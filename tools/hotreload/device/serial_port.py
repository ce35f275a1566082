"""Opens serial ports, and explains why one cannot be opened.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import errno
import os
from typing import Any, Tuple, Type

from hotreload.device.protocol import DeviceError
from hotreload.device.serial_place import find_share

try:
    import termios

    PORT_ERRORS: Tuple[Type[Exception], ...] = (OSError, termios.error)
    """What a port raises that was unplugged: pyserial does not wrap all of it."""
except ImportError:  # Windows
    PORT_ERRORS = (OSError,)

_READ_SECONDS = 0.05
_WRITE_SECONDS = 10.0


def open_port(port: str, baud: int) -> Tuple[Any, bool]:
    """A pyserial object for a port, or for the socket on which another command shares it: True."""
    share = find_share(port)
    if share is not None:
        try:
            return _open(share, baud), True
        except PORT_ERRORS:
            pass  # It has just ended.
    try:
        return _open(port, baud), False
    except (PORT_ERRORS + (ValueError,)) as error:
        raise DeviceError(_explain(port, error)) from error


def _open(port: str, baud: int) -> Any:
    try:
        import serial
    except ImportError as error:
        raise DeviceError(
            "serial ports need pyserial: run this in ESP-IDF's environment, or install "
            "python3-serial"
        ) from error
    line = serial.serial_for_url(port, do_not_open=True)
    line.baudrate = baud
    line.timeout = _READ_SECONDS
    line.write_timeout = _WRITE_SECONDS
    if "://" not in port:
        line.exclusive = True
    # The system raises both lines when it opens a port. On most boards one of them alone resets
    # the chip: so both are left up while opening, and RTS, the reset line, goes down first.
    line.rts = line.dtr = True
    line.open()
    try:
        line.rts = False
        line.dtr = False
    except OSError as error:
        if error.errno not in (errno.ENOTTY, errno.EINVAL):  # A pseudo-terminal has neither.
            raise
    return line


def _explain(port: str, error: Exception) -> str:
    number = getattr(error, "errno", error.args[0] if error.args else None)
    if number == errno.ENOENT:
        return f"there is no port {port}: {_list_ports()}"
    if number == errno.EACCES:
        return (
            f"no permission to open {port}: add yourself to its group (mostly dialout: sudo "
            "usermod -a -G dialout $USER) and log in again"
        )
    if number in (errno.EBUSY, errno.EAGAIN):
        return (
            f"{port} is in use, most likely by a monitor: close it, or share the port: "
            f"python -m hotreload monitor --port {port}"
        )
    return f"cannot open {port}: {error}"


def _list_ports() -> str:
    from serial.tools.list_ports import comports

    ports = ", ".join(sorted(port.device for port in comports() if os.path.exists(port.device)))
    return f"there are {ports}" if ports else "is the board plugged in?"
