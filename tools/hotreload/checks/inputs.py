"""The files that the module is made from, and changes among them that ninja cannot see.

Ninja compares time stamps. A file that is restored with its old stamp (cp -p, rsync, a backup) is
older than what was built from the newer version. But the system also records when a file changed
(ctime), and `watch` has seen it change. An object is also newer than a file that was saved while
the compiler ran.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import math
import os
import stat
import time
from contextlib import suppress
from itertools import chain
from typing import Collection, Dict, Iterable, List, Mapping, NamedTuple, Optional, Set, Tuple

from hotreload.checks.causes import looks_for_files
from hotreload.checks.ninja import query_deps, query_inputs, query_outputs, query_users
from hotreload.checks.ninja_cache import NinjaCache
from hotreload.checks.snapshot import Snapshot
from hotreload.description import Description
from hotreload.errors import ToolError
from hotreload.files import remove_file

_NINJA = "build.ninja"
_LONG_AGO = 1  # second; 0 would be a file that is not there


Made = Dict[str, Dict[str, None]]
"""The inputs of each output, each once and in order. There are many: a header counts for each
object file that includes it."""


class Stale(NamedTuple):
    """An output that is newer than an input that has changed since; both paths are absolute."""

    output: str
    input: str


class InputFiles:
    """The input files of one build directory. Asks ninja only after ninja has built something."""

    def __init__(self, description: Description) -> None:
        self._description = description
        self._ninja = NinjaCache()
        self._made: Made = {}
        self.files: Set[str] = set()
        """Absolute paths of what nothing else makes."""
        self._paths: Dict[str, str] = {}
        self._state: Optional[Tuple[int, ...]] = None
        self._firmware: Set[str] = set()
        self._others: Set[str] = set()
        self._firmware_state: Optional[int] = None
        self.last_search = Snapshot()
        """When ninja found nothing out of date outside the module."""
        self.runs_always = False
        """Whether ninja may run a target each time, which may write files."""
        self._last_build = Snapshot()
        """When all objects were up to date."""
        self._begun = 0
        """When ninja began to build, in ns; 0: it has not."""

    def refresh(self, description: Description) -> None:
        """Looks again, if anything was built or configured."""
        self._description = description
        directory = self._description.build_dir
        names = (_NINJA, ".ninja_deps")
        found = (_state_of(os.path.join(directory, name)) for name in names)
        state = tuple(0 if status is None else status.st_mtime_ns for status in found)
        if state != self._state:
            self._state = state
            self._made = self._find()
            self._find_files()

    def _find_files(self) -> None:
        self.files = set().union(*self._made.values()) - self._made.keys()

    def save(self) -> None:
        """Asks about what was just built as well, so that the next command need not.

        After all else that reads the objects: those that must be compiled again get an old time.
        """
        if self._state is None:
            return  # It failed before it looked.
        with suppress(ToolError):  # That is for the next command to report.
            self.refresh(self._description)
            self._leave_to_next(self._stale_by_new_files())
            self._ninja.save()

    @property
    def firmware_files(self) -> Set[str]:
        """What compilers have read in the project's directory for the whole program.

        Asks ninja only after a whole build: there may be a thousand object files.
        """
        state = self._state_of_firmware()
        if state != self._firmware_state:
            self._firmware_state = state
            project = os.path.join(self._description.source_dir, "")
            read = query_deps(self._description)
            self._firmware = {
                path
                for path in map(self._path, set().union(*read.values()))
                if path.startswith(project) and not self._is_built(path)
            }
            known = query_inputs(self._description, query_outputs(self._description))
            others = (
                inputs
                for output, inputs in chain(known.items(), read.items())
                if self._path(output) not in self._made
            )
            self._others = set(map(self._path, set().union(*others) - known.keys()))
        return self._firmware

    def begin_search(self) -> None:
        """Before ninja is asked what is out of date outside the module.

        After a whole build, which may have read other files than the one before, nothing is known
        until firmware_files is asked for.
        """
        files: Set[str] = set()
        is_known = self._state_of_firmware() == self._firmware_state
        if is_known and not looks_for_files(self._description):
            configuration = self._path(_NINJA)
            files = self._others.union(self._made.get(configuration, ()))
            files |= {configuration, self._description.firmware_elf}
        self.last_search.begin(files)

    def note_search(self, runs_always: bool) -> None:
        """Ninja has found nothing out of date, but may run a target each time."""
        self.last_search.succeed()
        self.runs_always = runs_always

    def must_search_again(self) -> bool:
        """After ninja has built: whether it may have written what the firmware is made from."""
        return self.runs_always and not self.last_search.is_valid()

    def _state_of_firmware(self) -> int:
        elf = _state_of(self._description.firmware_elf)
        return 0 if elf is None else elf.st_mtime_ns

    def _find(self) -> Made:
        """What each object is made from, and each file that is generated for it; absolute paths."""
        description = self._description
        self._ninja.refresh(description)
        made: Made = {}
        names = [_NINJA, *self._objects()]
        while names:
            known = self._ninja.inputs(description, names)
            if _NINJA in names:
                cmake = map(self._path, known.pop(_NINJA, []))
                made[self._path(_NINJA)] = {p: None for p in cmake if not self._is_built(p)}
            read = self._ninja.deps(description, known)
            found: Dict[str, None] = {}
            for output, inputs in known.items():
                both = dict.fromkeys([*inputs, *read.get(output, [])])
                made[self._path(output)] = dict.fromkeys(map(self._path, both))
                found.update(both)
            names = [n for n in found if self._is_built(self._path(n))]
            names = [n for n in names if self._path(n) not in made]
        return made

    # ---- what can be compiled without ninja ----

    def learn_commands(self) -> None:
        """Asks ninja, once for each configuration, how the objects are compiled."""
        if not looks_for_files(self._description):
            with suppress(ToolError):  # That is for the next command to report.
                self._ninja.learn_commands(self._description, self._objects())

    def begin_build(self) -> None:
        """Before ninja brings the objects up to date."""
        self._begun = time.time_ns()
        self._last_build.begin([*self.files, self._path(_NINJA)])

    def finish_build(self, stale: Iterable[Stale] = ()) -> None:
        """Ninja has brought the objects up to date, but for these, which the next one compiles."""
        self._leave_to_next(stale)
        self._last_build.succeed(path for path in self._made if path != self._path(_NINJA))

    def begin_without_ninja(self, changed: Collection[str]) -> Optional[Dict[str, str]]:
        """What ninja would run if only these files have changed, by the objects' names in ninja.

        None: only ninja knows.
        """
        files = self.files.intersection(changed)
        known = self._ninja.commands
        if not self._last_build.go_on(files) or not known:
            return None
        outputs = [path for path, inputs in self._made.items() if not files.isdisjoint(inputs)]
        names = [_name_in_ninja(path, self._description) for path in outputs]
        commands = {name: known.get(name, "") for name in names}
        return commands if all(commands.values()) else None

    def needs_ninja(self, names: Iterable[str]) -> bool:
        """Whether more has changed than what these objects are compiled for."""
        changed = self._last_build.changed([*self.files, *self._made])
        return not changed.issubset(map(self._path, names)) or not self.last_search.is_valid()

    def finish_without_ninja(self, read: Mapping[str, List[str]]) -> bool:
        """Takes the files that compilers have read for each object.

        Returns False if one of the files is new and made by ninja, which knows more about it, or
        has changed meanwhile.
        """
        used = {self._path(file) for files in read.values() for file in files}
        if self._last_build.changed(self.files & used):
            return False
        for name, files in read.items():
            output = self._path(name)
            found = dict.fromkeys(map(self._path, files))
            new = found.keys() - self._made[output].keys()
            if any(self._is_built(path) or not os.path.exists(path) for path in new):
                return False
            own = self._ninja.inputs(self._description, [name])[name]
            self._made[output] = {**dict.fromkeys(map(self._path, own)), **found}
        self._find_files()
        self._last_build.succeed(map(self._path, read))
        return True

    def _objects(self) -> List[str]:
        return [_name_in_ninja(path, self._description) for path in self._description.objects]

    def _path(self, name: str) -> str:
        path = self._paths.get(name)
        if path is None:
            path = self._description.path_of(name)
            self._paths[name] = path
        return path

    def _is_built(self, path: str) -> bool:
        return path.startswith(os.path.join(self._description.build_dir, ""))

    # ---- what ninja cannot see ----

    def stale(self, changed: Collection[str]) -> List[Stale]:
        """Outputs that ninja takes for up to date, wrongly. The `changed` files surely changed."""
        return self._stale(self._made, changed)

    def _stale(self, made: Made, changed: Collection[str]) -> List[Stale]:
        states = {path: _state_of(path) for path in set(made).union(*made.values())}
        built = {path: states[path] for path in made}
        oldest = min((s.st_mtime_ns for s in built.values() if s is not None), default=0)
        late: Dict[str, Tuple[int, float]] = {}
        roots = (os.path.join(self._description.source_dir, ""), *self._description.watch_dirs)
        seen: Dict[str, int] = {}
        for path, state in states.items():
            if state is not None:
                when = max(state.st_ctime_ns, _replaced_at(path, roots, seen))
                if path in changed or when > oldest:
                    late[path] = (state.st_mtime_ns, math.inf if path in changed else when)
        return [
            Stale(output, path)
            for output, state in built.items()
            if state is not None
            for path in made[output].keys() & late.keys()
            # An input that is newer is seen by ninja.
            if late[path][0] <= state.st_mtime_ns < late[path][1]
        ]

    def changed_meanwhile(self) -> List[Stale]:
        """Outputs of the build that are newer than an input which has changed while it ran.

        Ninja takes them for up to date, but the compiler may have read the file before.
        """
        changed = self._last_build.changed(self.files)
        return self._stale(self._made, changed) if changed else []

    def _stale_by_new_files(self) -> List[Stale]:
        """The same for files that were not known to be inputs when the build began."""
        unknown = self._last_build.unknown(self.files) if self._begun else set()
        states = {path: _state_of(path) for path in unknown}
        changed = {p for p, state in states.items() if state and state.st_ctime_ns >= self._begun}
        return self._stale(self._made, changed) if changed else []

    def _leave_to_next(self, stale: Iterable[Stale]) -> None:
        """Makes objects older than their inputs, so that any ninja compiles them again."""
        outputs = {one.output for one in stale}
        for path in outputs.intersection(map(self._path, self._objects())):
            _make_old(path)

    def forget(self, stale: Iterable[Stale], changed: Collection[str]) -> Set[str]:
        """Makes ninja rebuild these and what else is out of date; returns all the outputs."""
        inputs = {one.input for one in stale}
        outputs = {one.output for one in self._stale(self._all_users(inputs), changed)}
        outputs |= {one.output for one in stale}
        for path in outputs:
            if path == self._path(_NINJA):
                _make_old(path)
            elif self._is_built(path):
                remove_file(path)
        return outputs

    def _all_users(self, inputs: Set[str]) -> Made:
        """Everything in the build directory that is made from one of these files."""
        users: Made = {}
        for output, read in query_deps(self._description).items():
            for path in inputs.intersection(map(self._path, read)):
                users.setdefault(self._path(output), {})[path] = None
        for path, outputs in query_users(self._description, inputs).items():
            for output in outputs:
                users.setdefault(self._path(output), {})[path] = None
        return users


def _make_old(path: str) -> None:
    """So that ninja makes it again. What is gone is made again as well."""
    try:
        os.utime(path, (_LONG_AGO, _LONG_AGO))
    except FileNotFoundError:
        pass
    except OSError as error:
        raise ToolError(f"cannot write {path}: {error.strerror}") from error


def _name_in_ninja(path: str, description: Description) -> str:
    return os.path.relpath(path, description.build_dir).replace(os.sep, "/")


def _replaced_at(path: str, roots: Tuple[str, ...], seen: Dict[str, int]) -> int:
    """When this path, or a directory above it, was replaced by another, in ns, by its ctime.

    A directory whose ctime and mtime differ was renamed. Only what is in the `roots`, the
    project's directories, is looked at: nobody restores the ones above from a backup.
    """
    if path not in seen:
        if not path.startswith(roots):
            return 0
        try:
            state = os.lstat(path)
        except OSError:
            return time.time_ns()  # It was there a moment ago.
        renamed = not stat.S_ISDIR(state.st_mode) or state.st_ctime_ns != state.st_mtime_ns
        above = _replaced_at(os.path.dirname(path), roots, seen)
        seen[path] = max(above, state.st_ctime_ns if renamed else 0)
    return seen[path]


def _state_of(path: str) -> Optional[os.stat_result]:
    """None if it is missing, and for directories, which change with each file in them."""
    try:
        state = os.stat(path)
    except OSError:
        return None
    return None if stat.S_ISDIR(state.st_mode) else state
