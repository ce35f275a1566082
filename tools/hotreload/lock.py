"""Only one command at a time builds in a build directory; ninja itself takes no lock.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import errno
import os
import sys
from contextlib import contextmanager, suppress
from typing import BinaryIO, Iterator, Set

import click

from hotreload.description import Description
from hotreload.errors import ToolError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)
"""Of a file system that has none, as some networks' have not."""
_BUILDING = ("reload", "watch", "link")
_told: Set[str] = set()


@contextmanager
def build_lock(description: Description) -> Iterator[None]:
    """Waits until no other command builds here, and makes others wait meanwhile.

    The system releases the lock, however the process ends.
    """
    path = os.path.join(description.directory, "lock")
    try:
        # Opened without truncating: until the lock is ours, the file names its owner. Unbuffered:
        # nothing is left to be written when it is closed.
        file = open(path, "a+b", buffering=0)
    except OSError as error:
        raise ToolError(f"cannot write {path}: {error.strerror}") from error
    with file:
        try:
            _take(file, description.build_dir)
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise ToolError(f"cannot lock {path}: {error.strerror}") from error
            _tell_without(path, error)
        yield


def _take(file: BinaryIO, build_dir: str) -> None:
    if fcntl is None:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        click.echo(f"Waiting for {_read_owner(file)}, which builds in {build_dir}")
        fcntl.flock(file, fcntl.LOCK_EX)
    # Options of idf.py come before it.
    command = next((word for word in sys.argv[1:] if word in _BUILDING), "hotreload")
    with suppress(OSError):  # A full disk, for example: it is only for the message above.
        file.truncate(0)
        file.write(f"'{command}' (process {os.getpid()})".encode("utf-8", "surrogateescape"))


def _read_owner(file: BinaryIO) -> str:
    owner = b""
    with suppress(OSError):
        file.seek(0)
        owner = file.read()
    return owner.decode("utf-8", "surrogateescape") or "another command"


def _tell_without(path: str, error: OSError) -> None:
    """Once: one command alone needs no lock."""
    if path not in _told:
        _told.add(path)
        click.echo(
            f"note: {path} cannot be locked ({error.strerror}): run one command at a time in this "
            "build directory",
            err=True,
        )
