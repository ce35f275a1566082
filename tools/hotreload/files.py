"""Writing generated files, and noticing that a file is another.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import mmap
import os
import threading
from contextlib import contextmanager, suppress
from typing import IO, Iterator, List, Optional, Union

from hotreload.errors import ToolError

Stamp = List[int]
"""Size, time, inode and time of the last change of the inode. A file that is restored with its old
time, or that takes the place of another one, differs in one of the last two."""


def find_stamp(path: str) -> Optional[Stamp]:
    """The stamp of a file; None: there is no such file."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return [status.st_size, status.st_mtime_ns, status.st_ino, status.st_ctime_ns]


def write_if_changed(path: str, content: Union[str, bytes], mode: int = 0o666) -> bool:
    """Writes a file unless it has this content already; returns whether it did.

    An untouched file keeps its time stamp, so that nothing depending on it is built again.
    """
    if has_content(path, content):
        return False
    with replacing(path) as temporary:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(_encode(content))
    return True


def has_content(path: str, content: Union[str, bytes]) -> bool:
    """Whether a file has this content."""
    try:
        with open(path, "rb") as file:
            return file.read() == _encode(content)
    except OSError:
        return False  # Mostly the file is missing; any other error occurs again at the next use.


def remove_file(path: str) -> None:
    """Removes a file, if it is there."""
    try:
        os.remove(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise ToolError(f"cannot remove {path}: {error.strerror}") from error


def _encode(content: Union[str, bytes]) -> bytes:
    return content if isinstance(content, bytes) else content.encode("utf-8", "surrogateescape")


@contextmanager
def replacing(path: str) -> Iterator[str]:
    """A path to write to; it takes the place of `path` in one step, unless something is raised.

    So a reader never sees half of a file, and two writers do not mix theirs.
    """
    temporary = f"{path}.{os.getpid()}-{threading.get_ident()}.tmp"
    try:
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        raise ToolError(f"cannot write {path}: {error.strerror}") from error
    finally:
        with suppress(OSError):
            os.remove(temporary)


def open_text(path: str) -> IO[str]:
    """Opens a file to read, with paths in it that need not be UTF-8."""
    return open(path, encoding="utf-8", errors="surrogateescape")


def make_directory(path: str) -> None:
    """Makes a directory and those above it."""
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        raise ToolError(f"cannot make the directory {path}: {error.strerror}") from error


def map_bytes(path: str, what: str) -> mmap.mmap:
    """The bytes of a large file that nobody writes to: only what is used is read."""
    try:
        with open(path, "rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise ToolError(f"cannot read {what} {path}: {error.strerror}; build first") from error
    except ValueError as error:
        raise ToolError(f"cannot read {what} {path}: it is empty; build first") from error


def read_bytes(path: str, what: str) -> bytes:
    """Reads a whole file; `what` names it in the error."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise ToolError(f"cannot read {what} {path}: {error.strerror}; build first") from error
