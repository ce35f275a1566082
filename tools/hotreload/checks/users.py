"""What ninja makes again after a file has become another.

Imports little, like ninja_compile.py.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
from typing import Collection, Dict, Iterable, Iterator, List, Optional, Set

from hotreload.checks.ninja import Files, Neighbours, query_deps, query_neighbours
from hotreload.description import Description


class Users:
    """Answers for one build, which stays as it is meanwhile. All names are ninja's."""

    def __init__(self, description: Description) -> None:
        self._description = description
        self._known: Dict[str, Neighbours] = {}
        self._read: Optional[Files] = None

    def made_with(self, output: str) -> Set[str]:
        """This and what the same command makes. Ninja gives a cause for one output of a command."""
        inputs = self._inputs(output)
        users = self._by_ninja(inputs[:1])
        return {output}.union(user for user in users if self._inputs(user) == inputs)

    def of(self, names: Collection[str]) -> Set[str]:
        """What is made from these: by build.ninja, and by what compilers have read.

        An order-only input makes nothing out of date. With add_dependencies(), CMake makes a
        generated header one of a whole library. Only compilers know who really reads it.
        """
        wanted = set(names)
        users = self._by_ninja(names)
        made = {user for user in users if not wanted.isdisjoint(self._inputs(user))}
        return made.union(self._readers(names))

    def _by_ninja(self, names: Iterable[str]) -> Set[str]:
        """The outputs that have one of these files as an input of whatever kind."""
        users = {user for about in self._ask(names) for user in about.users}
        self._ask(users)  # All at once: ninja reads the whole build each time.
        return users

    def _inputs(self, name: str) -> List[str]:
        return next((about.inputs for about in self._ask([name])), [])

    def _ask(self, names: Iterable[str]) -> List[Neighbours]:
        names = list(names)
        new = [name for name in names if name not in self._known]
        if new:
            self._known.update(query_neighbours(self._description, new))
        return [self._known[name] for name in names if name in self._known]

    def _readers(self, names: Collection[str]) -> Iterator[str]:
        """The outputs for which compilers have read one of these files."""
        if self._read is None:
            self._read = query_deps(self._description)
        path_of = self._description.path_of
        paths = {path_of(name) for name in names}
        # There may be a hundred thousand headers, few of which end with one of these names.
        ends = tuple({os.path.basename(name) for name in names})
        for output, files in self._read.items():
            if any(file.endswith(ends) and path_of(file) in paths for file in files):
                yield output
