"""Notices that git is changing many files: a reload in the middle would mix two states.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
from typing import Iterable, Optional

_LOCK = "index.lock"


def find_checkout(directories: Iterable[str]) -> Optional[str]:
    """The lock that git holds while it changes files of these directories; None: it does not."""
    for directory in directories:
        repository = _find_repository(directory)
        if repository is not None:
            lock = os.path.join(repository, _LOCK)
            if os.path.exists(lock):
                return lock
    return None


def _find_repository(directory: str) -> Optional[str]:
    """The git directory of a work tree. In a submodule or a second work tree, a file names it."""
    while True:
        path = os.path.join(directory, ".git")
        if os.path.isdir(path):
            return path
        if os.path.isfile(path):
            return _read_link(path)
        above = os.path.dirname(directory)
        if above == directory:
            return None
        directory = above


def _read_link(path: str) -> Optional[str]:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            key, _, place = file.read().partition(":")
    except OSError:
        return None
    return os.path.join(os.path.dirname(path), place.strip()) if key == "gitdir" else None
