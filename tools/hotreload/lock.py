"""Only one command at a time builds in a build directory; ninja itself takes no lock.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import IO, Iterator

import click

from hotreload.description import Description
from hotreload.errors import ToolError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


@contextmanager
def build_lock(description: Description) -> Iterator[None]:
    """Waits until no other command builds here, and makes others wait meanwhile.

    The system releases the lock, however the process ends.
    """
    path = os.path.join(os.path.dirname(description.path), "lock")
    try:
        # Opened without truncating: until the lock is ours, the file names its owner.
        file = open(path, "a+", encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise ToolError(f"cannot write {path}: {error.strerror}") from error
    with file:
        _take(file, description.build_dir)
        yield


def _take(file: IO[str], build_dir: str) -> None:
    if fcntl is None:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        click.echo(f"Waiting for {file.read() or 'another command'}, which builds in {build_dir}")
        fcntl.flock(file, fcntl.LOCK_EX)
    file.seek(0)
    file.truncate()
    command = " ".join(sys.argv[1:2]) or "hotreload"
    file.write(f"'{command}' (process {os.getpid()})")
    file.flush()
