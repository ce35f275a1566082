"""Knows what ninja has answered, and asks again only about what was built since.

What is known is kept in memory and, from one command to the next, in inputs.records in the build
directory.

Imports little, like ninja_compile.py.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import json
import os
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple

from hotreload.checks.causes import find_causes
from hotreload.checks.ninja import Files, list_deps, query_commands, query_inputs
from hotreload.description import Description
from hotreload.files import Stamp, find_stamp
from hotreload.records import encode, read_records, tools_key, write_records

_Inputs = Dict[str, Optional[List[str]]]
_Deps = Dict[str, Tuple[Stamp, List[str]]]


class NinjaCache:
    """The inputs of outputs in one build directory. All names are ninja's."""

    def __init__(self) -> None:
        self._path = ""
        self._key: Any = None
        self._inputs: _Inputs = {}
        self._deps: _Deps = {}
        self._log: Optional[Stamp] = None
        self._without: List[str] = []
        """The outputs of which ninja's log, as it was then, has no list."""
        self._is_saved = True
        self.commands: Optional[Dict[str, str]] = None
        """How objects are compiled; None until learn_commands() has found out, and empty if only
        ninja can compile them."""

    def refresh(self, description: Description) -> None:
        """Forgets everything if CMake has written build.ninja again."""
        path = os.path.join(description.directory, "inputs.records")
        key = [tools_key(), find_stamp(os.path.join(description.build_dir, "build.ninja"))]
        if (path, key) != (self._path, self._key):
            self._path, self._key = path, key
            self._inputs, self._deps, self._log, self._without = _load(path, key)
            self._is_saved = True
            self.commands = None

    def inputs(self, description: Description, names: Iterable[str]) -> Files:
        """The inputs of each output according to build.ninja; none of what is no output there."""
        names = list(names)
        new = [name for name in names if name not in self._inputs]
        if new:
            answer = query_inputs(description, new)
            self._inputs.update((name, answer.get(name)) for name in new)
            self._is_saved = False
        known = ((name, self._inputs[name]) for name in names)
        return {name: inputs for name, inputs in known if inputs is not None}

    def deps(self, description: Description, names: Iterable[str]) -> Files:
        """The files that compilers have read for each output, which ninja must know."""
        log = find_stamp(os.path.join(description.build_dir, ".ninja_deps"))
        if log != self._log:
            self._log, self._without = log, []
        found: Files = {}
        new: Dict[str, Optional[Stamp]] = {}
        for name in names:
            stamp = find_stamp(os.path.join(description.build_dir, name))
            known = self._deps.get(name)
            if known is not None and known[0] == stamp:
                found[name] = known[1]
            elif name not in self._without:
                new[name] = stamp
        if new:
            self._is_saved = False
            for deps in list_deps(description, new):
                found[deps.output] = deps.files
                stamp = new.get(deps.output)
                if deps.is_valid and stamp is not None:
                    self._deps[deps.output] = (stamp, deps.files)
            self._without += new.keys() - found.keys()
        return found

    def learn_commands(self, description: Description, names: Sequence[str]) -> None:
        """Asks how these objects are compiled, if ninja makes nothing else for them now.

        It always does if it runs a target each time, which may write what they are made from.
        """
        if self.commands is not None:
            return
        found = find_causes(description, description.objects_target)
        if found is not None and found.runs_always:
            self.commands = {}
        elif found is not None and {cause.output for cause in found.causes} <= set(names):
            self.commands = query_commands(description, names)

    def save(self) -> None:
        """Writes what is known, for the next command."""
        if not self._is_saved:
            self._write()
            self._is_saved = True

    def _write(self) -> None:
        """Each path once: a header counts for each object file that includes it."""
        numbers: Dict[str, int] = {}
        lists = [
            [name, stamp, [numbers.setdefault(file, len(numbers)) for file in files]]
            for name, (stamp, files) in self._deps.items()
        ]
        about = [self._inputs, self._log, self._without, lists]
        write_records(self._path, self._key, list(numbers), map(encode, about))


def _load(path: str, key: Any) -> Tuple[_Inputs, _Deps, Optional[Stamp], List[str]]:
    records = read_records(path, key)
    if records is None:
        return {}, {}, None, []
    files = records.index
    inputs, log, without, lists = map(json.loads, records.lines)
    deps = {name: (stamp, [files[n] for n in numbers]) for name, stamp, numbers in lists}
    return inputs, deps, log, without
