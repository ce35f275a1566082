"""The file in which a command that holds a serial port publishes the socket where it shares it.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import tempfile
import zlib
from contextlib import suppress
from typing import BinaryIO, Optional

from hotreload.files import replacing

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


def _path(port: str) -> str:
    """A file per user and port, whichever of its names the port is called by."""
    directory = os.environ.get("XDG_RUNTIME_DIR") or ""
    if not os.path.isdir(directory):  # As after su, and in containers.
        directory = tempfile.gettempdir()
    user = os.getuid() if hasattr(os, "getuid") else 0
    name = port if "://" in port else os.path.realpath(port)
    return os.path.join(directory, f"hotreload-{user}-{zlib.crc32(os.fsencode(name)):08x}.port")


class Publication:
    """Says that `port` is shared at `url`.

    It holds a lock on the file: the system releases that, however the process ends.
    """

    def __init__(self, port: str, url: str) -> None:
        self._path = _path(port)
        self._file: Optional[BinaryIO] = None
        with replacing(self._path) as temporary:
            file = open(temporary, "wb", buffering=0)
            file.write(url.encode("ascii"))
            if fcntl is None:
                file.close()  # Windows moves no open file.
                return
            with suppress(OSError):  # Some file systems have no locks.
                fcntl.flock(file, fcntl.LOCK_EX)
            self._file = file

    def withdraw(self) -> None:
        """Removes the file."""
        with suppress(OSError):
            os.remove(self._path)
        if self._file is not None:
            self._file.close()


def find_share(port: str) -> Optional[str]:
    """The URL at which `port` is shared by a running command of the same user."""
    try:
        with open(_path(port), "rb") as file:
            mine = not hasattr(os, "getuid") or os.fstat(file.fileno()).st_uid == os.getuid()
            return file.read().decode("ascii").strip() if mine and _is_held(file) else None
    except (OSError, UnicodeDecodeError):
        return None


def _is_held(file: BinaryIO) -> bool:
    """Whether the command that published it runs still, as far as the system can tell."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    return False
