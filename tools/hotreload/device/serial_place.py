"""The file in which a command that holds a serial port publishes the socket where it shares it.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import tempfile
import zlib
from typing import Optional

from hotreload.files import write_if_changed


def _path(port: str) -> str:
    """A file per user and port, whichever of its names the port is called by."""
    directory = os.environ.get("XDG_RUNTIME_DIR") or ""
    if not os.path.isdir(directory):  # As after su, and in containers.
        directory = tempfile.gettempdir()
    user = os.getuid() if hasattr(os, "getuid") else 0
    name = port if "://" in port else os.path.realpath(port)
    return os.path.join(directory, f"hotreload-{user}-{zlib.crc32(os.fsencode(name)):08x}.port")


def publish_share(port: str, url: str) -> None:
    """Publishes that `port` is shared at `url`."""
    write_if_changed(_path(port), url)


def withdraw_share(port: str) -> None:
    """Removes what publish_share() has published."""
    try:
        os.remove(_path(port))
    except OSError:
        pass


def find_share(port: str) -> Optional[str]:
    """The URL at which `port` is shared by a command of the same user; it may have ended."""
    try:
        with open(_path(port), encoding="ascii") as file:
            mine = not hasattr(os, "getuid") or os.fstat(file.fileno()).st_uid == os.getuid()
            return file.read().strip() if mine else None
    except (OSError, UnicodeDecodeError):
        return None
