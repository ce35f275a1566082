"""Writing generated files.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
from typing import Union

from hotreload.errors import ToolError


def write_if_changed(path: str, content: Union[str, bytes], mode: int = 0o666) -> bool:
    """Writes a file unless it has this content already; returns whether it did.

    An untouched file keeps its time stamp, so that nothing depending on it is built again. The
    new content replaces the old in one step: a reader never sees half of it.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        with open(path, "rb") as file:
            if file.read() == data:
                return False
    except OSError:
        pass  # Not there yet, most often; any other trouble comes up again below.
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        os.replace(temporary, path)
    except OSError as error:
        raise ToolError(f"cannot write {path}: {error.strerror}") from error
    return True


def make_directory(path: str) -> None:
    """Makes a directory and those above it."""
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        raise ToolError(f"cannot make the directory {path}: {error.strerror}") from error


def read_bytes(path: str, what: str) -> bytes:
    """Reads a whole file; `what` names it in the error."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise ToolError(f"cannot read {what} {path}: {error.strerror}; build first") from error
