"""The state of files at a moment when nothing was left to do for them.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from typing import Dict, Iterable, Optional, Set

from hotreload.files import Stamp, find_stamp


class Snapshot:
    """Is taken before the work begins, so that what changes meanwhile counts as changed."""

    def __init__(self) -> None:
        self._begun: Dict[str, Optional[Stamp]] = {}
        self._known: Dict[str, Optional[Stamp]] = {}

    def begin(self, files: Iterable[str]) -> None:
        """Before work that reads these files."""
        self._known, self._begun = {}, {}
        self._note(files)

    def go_on(self, files: Iterable[str]) -> bool:
        """Before work for these files alone. False: it is not known what has changed."""
        self._known, self._begun = {}, self._known
        is_known = bool(self._begun)
        self._note(files)
        return is_known

    def _note(self, files: Iterable[str]) -> None:
        self._begun.update((path, find_stamp(path)) for path in files)

    def succeed(self, written: Iterable[str] = ()) -> None:
        """Nothing is left to do; the work has written these files."""
        self._note(written)
        self._known = self._begun

    def is_valid(self) -> bool:
        """Whether nothing has changed since."""
        known = self._known
        return bool(known) and all(find_stamp(path) == stamp for path, stamp in known.items())

    def unknown(self, files: Iterable[str]) -> Set[str]:
        """Those of the files that were not looked at when the work began."""
        return set(files) - self._begun.keys()

    def changed(self, files: Iterable[str]) -> Set[str]:
        """Those of the files that have changed since the work began, or were not known then."""
        known = self._begun
        return {path for path in files if path not in known or find_stamp(path) != known[path]}
