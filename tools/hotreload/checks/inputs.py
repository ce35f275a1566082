"""The files that the module is made from, and changes among them that ninja cannot see.

Ninja compares time stamps. A file that is restored with its old stamp (cp -p, rsync, a backup) is
older than what was built from the newer version. But the system also records when a file changed
(ctime), and `watch` has seen it change.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import itertools
import math
import os
import stat
from typing import Collection, Dict, Iterable, List, NamedTuple, Optional, Set, Tuple

from hotreload.checks.ninja import Files, query_deps, query_inputs, query_users
from hotreload.description import Description

_NINJA = "build.ninja"
_LONG_AGO = 1  # second; 0 would be a file that is not there


class Stale(NamedTuple):
    """An output that is newer than an input that has changed since; both paths are absolute."""

    output: str
    input: str


class Inputs:
    """The input files of one build directory. Asks ninja only after ninja has built something."""

    def __init__(self, description: Description) -> None:
        self._description = description
        self._made: Files = {}
        self._state: Optional[Tuple[int, ...]] = None

    def refresh(self, description: Description) -> None:
        """Looks again, if anything was built or configured."""
        self._description = description
        directory = self._description.build_dir
        names = (_NINJA, ".ninja_deps")
        state = tuple(_time_of(os.path.join(directory, name)) or 0 for name in names)
        if state != self._state:
            self._state = state
            self._made = self._find()

    @property
    def files(self) -> Set[str]:
        """Absolute paths of what nothing else makes."""
        made = self._made
        return {path for inputs in made.values() for path in inputs if path not in made}

    def _find(self) -> Files:
        """What each object is made from, and each file that is generated for it; absolute paths."""
        description = self._description
        objects = [os.path.relpath(path, description.build_dir) for path in description.objects]
        made: Files = {}
        names = [_NINJA, *objects]
        while names:
            known = query_inputs(description, names)
            if _NINJA in names:
                cmake = map(self._path, known.pop(_NINJA, []))
                made[self._path(_NINJA)] = [path for path in cmake if not self._is_built(path)]
            read = query_deps(description, known) if known else {}
            names = []
            for output, inputs in known.items():
                both = dict.fromkeys([*inputs, *read.get(output, [])])
                made[self._path(output)] = [self._path(name) for name in both]
                names += [n for n in both if self._is_built(self._path(n))]
            names = [n for n in dict.fromkeys(names) if self._path(n) not in made]
        return made

    def _path(self, name: str) -> str:
        return os.path.join(self._description.build_dir, name)

    def _is_built(self, path: str) -> bool:
        return path.startswith(os.path.join(self._description.build_dir, ""))

    # ---- what ninja cannot see ----

    def stale(self, changed: Collection[str]) -> List[Stale]:
        """Outputs that ninja takes for up to date, wrongly. The `changed` files surely changed."""
        return self._stale(self._made, changed)

    def _stale(self, made: Files, changed: Collection[str]) -> List[Stale]:
        times = {path: _time_of(path) for path in {*made, *itertools.chain(*made.values())}}
        built = {path: time for path in made for time in [times[path]] if time is not None}
        oldest = min(built.values(), default=0)
        late: Dict[str, Tuple[int, float]] = {}
        for path, time in times.items():
            if time is not None:
                when = math.inf if path in changed else self._changed_at(path)
                if when > oldest:
                    late[path] = (time, when)
        return [
            Stale(output, path)
            for output, time in built.items()
            for path in made[output]
            # An input that is newer is seen by ninja.
            if path in late and late[path][0] <= time < late[path][1]
        ]

    def _changed_at(self, path: str) -> int:
        """When the file behind this path last changed or was replaced, in ns, by its ctime.

        A directory whose ctime and mtime differ was renamed. Only directories of the project are
        looked at: nobody restores the ones above from a backup.
        """
        newest = os.stat(path).st_ctime_ns
        roots = (os.path.join(self._description.source_dir, ""), *self._description.watch_dirs)
        place = path
        while place.startswith(roots):
            status = os.lstat(place)
            is_directory = stat.S_ISDIR(status.st_mode)
            if not is_directory or status.st_ctime_ns != status.st_mtime_ns:
                newest = max(newest, status.st_ctime_ns)
            place = os.path.dirname(place)
        return newest

    def forget(self, stale: Iterable[Stale], changed: Collection[str]) -> Set[str]:
        """Makes ninja rebuild these and what else is out of date; returns all the outputs."""
        inputs = {one.input for one in stale}
        outputs = {one.output for one in self._stale(self._all_users(inputs), changed)}
        outputs |= {one.output for one in stale}
        for path in outputs:
            if path == self._path(_NINJA):
                os.utime(path, (_LONG_AGO, _LONG_AGO))
            elif self._is_built(path):
                os.remove(path)
        return outputs

    def _all_users(self, inputs: Set[str]) -> Files:
        """Everything in the build directory that is made from one of these files."""
        users: Dict[str, List[str]] = {}
        for output, read in query_deps(self._description).items():
            mine = [path for path in map(self._path, read) if path in inputs]
            if mine:
                users[self._path(output)] = mine
        for path, outputs in query_users(self._description, inputs).items():
            for output in outputs:
                users.setdefault(self._path(output), []).append(path)
        return users


def _time_of(path: str) -> Optional[int]:
    """The time stamp of a file. None for directories, which change with each file in them."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return None if stat.S_ISDIR(status.st_mode) else status.st_mtime_ns
