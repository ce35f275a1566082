"""Notices that files were saved without a change, before anything is compiled.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import hashlib
from typing import Dict, Optional, Sequence, Tuple

from hotreload.files import Stamp, find_stamp

_State = Tuple[Stamp, bytes]


class Saved:
    """The contents of the files that the last reload was for."""

    def __init__(self) -> None:
        self._states: Dict[str, Optional[_State]] = {}

    def has(self, paths: Sequence[str]) -> bool:
        """Whether these files, at least one, have the contents that were noted."""
        known = [(path, self._states.get(path)) for path in paths]
        return bool(known) and all(
            state is not None and _digest(path) == state[1] for path, state in known
        )

    def read(self, paths: Sequence[str]) -> None:
        """Before files are compiled. Forgets what was noted of others."""
        self._states = {path: _read(path) for path in paths}

    def check(self) -> None:
        """After files are compiled. Forgets what was noted of those that have changed meanwhile:
        the compiler may have read another state.
        """
        for path, state in list(self._states.items()):
            if state is None or find_stamp(path) != state[0]:
                del self._states[path]

    def forget(self) -> None:
        """After a reload that failed."""
        self._states = {}


def _digest(path: str) -> Optional[bytes]:
    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).digest()
    except OSError:
        return None


def _read(path: str) -> Optional[_State]:
    """The stamp is the older of the two."""
    stamp, digest = find_stamp(path), _digest(path)
    return None if stamp is None or digest is None else (stamp, digest)
