"""Files among the sources that each build writes: a change of one must not cause the next build.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from typing import Dict, List, Sequence, Set

import click

from hotreload.files import find_stamp

_BUILDS = 5  # nobody saves a file so often, and only while builds run
_TICK = 10_000_000  # ns by which a file's time may be behind the clock


class Generated:
    """Tells them by the times of their changes."""

    def __init__(self) -> None:
        self._builds: Dict[str, int] = {}
        self._edited: Set[str] = set()
        """Files that have changed while no build ran."""

    def drop(self, changed: Sequence[str], begun: int, ended: int) -> List[str]:
        """The changed files without those that builds write; when the last build of a project that
        may write some began and ended, in ns."""
        for path in changed:
            stamp = find_stamp(path)
            if stamp is None or not begun - _TICK <= stamp[-1] <= ended:
                self._edited.add(path)
            elif path not in self._edited:
                self._builds[path] = self._builds.get(path, 0) + 1
                if self._builds[path] == _BUILDS:
                    click.echo(f"Each build writes {path}: its changes cause no reload any more")
        return [path for path in changed if self._builds.get(path, 0) < _BUILDS]
