"""What patches have added to a base: the device keeps it, and the next patch is compared with it.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import json
import os
from typing import Dict, List, Mapping, Set

from hotreload.files import open_text, write_if_changed


class History:
    """Kept in files in the directory of the base."""

    def __init__(self, directory: str) -> None:
        self._directory = directory

    @property
    def variables(self) -> Dict[str, int]:
        """Shown names and keys of variables."""
        return self._numbers("variables")

    @property
    def keys(self) -> Set[int]:
        """Keys of all variables that there ever were. A device keeps them, used or not."""
        return set(map(int, self._read("keys")))

    @property
    def initials(self) -> Dict[str, str]:
        """Shown names of variables, and digests of the initial values that they had first."""
        return self._read("initials")

    @property
    def constants(self) -> Dict[str, int]:
        """Shown names and keys of constants."""
        return self._numbers("constants")

    @property
    def structures(self) -> Dict[str, str]:
        """Names and digests of structures."""
        return self._read("structures")

    @property
    def slots(self) -> Dict[str, int]:
        """Keys of the callbacks of the last patch, and their slots."""
        return self._numbers("slots")

    def add_variables(self, keys: Dict[str, int], initials: Dict[str, str]) -> None:
        """Remembers variables that a patch adds."""
        self._add("variables", keys)
        self._add("keys", {str(key): shown for shown, key in keys.items()})
        self._add("initials", initials)

    def add_constants(self, keys: Dict[str, int]) -> None:
        """Remembers constants that a patch adds."""
        self._add("constants", keys)

    def add_structures(self, digests: Dict[str, str]) -> None:
        """Remembers structures that a patch adds."""
        self._add("structures", digests)

    def set_slots(self, slots: Dict[str, int]) -> None:
        """Remembers the callbacks of a patch, instead of those of the one before."""
        self._write("slots", slots)

    def untold(self, notes: Dict[str, str]) -> List[str]:
        """The notes that the last patch did not have; what they are about counts, too.

        Each patch has all that has changed since the base; most of that was told before.
        """
        before = self._read("told")
        self._write("told", notes)
        return [note for note, about in notes.items() if before.get(note) != about]

    def _numbers(self, what: str) -> Dict[str, int]:
        return {name: int(number) for name, number in self._read(what).items()}

    def _read(self, what: str) -> Dict[str, str]:
        try:
            with open_text(self._path(what)) as file:
                return {str(name): str(value) for name, value in json.load(file).items()}
        except (OSError, ValueError, AttributeError):
            return {}

    def _add(self, what: str, added: Mapping[str, object]) -> None:
        if added:
            self._write(what, {**self._read(what), **added})

    def _write(self, what: str, values: Mapping[str, object]) -> None:
        texts = {name: str(value) for name, value in values.items()}
        if texts != self._read(what):
            write_if_changed(self._path(what), json.dumps(texts))

    def _path(self, what: str) -> str:
        return os.path.join(self._directory, f"{what}.json")
