"""Refuses a module whose functions the firmware would call in the wrong way.

A whole build notes the interface of each object file: firmware and module have seen the same
headers then. A reload builds the module alone, and compares what has changed since.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import hashlib
import os
import sys
from typing import Collection, Dict, Iterable, List, Mapping, Set, Tuple, Union

from hotreload.checks.debug_types import may_define, read_object
from hotreload.checks.interface import ObjectInterface, Summary, find_changes
from hotreload.checks.noted import Noted, interface_from_json, load_noted, write_noted
from hotreload.description import Description
from hotreload.errors import FlashNeeded
from hotreload.module.exports import object_name
from hotreload.module.object_cache import CachedObject, ObjectCache
from hotreload.records import encode

Described = Union[ObjectInterface, Summary]
_PART = "interface"


class AbiGuard:
    """Knows the interface that the firmware was built with."""

    def __init__(self) -> None:
        self._path = ""
        self._state: List[int] = []
        self._noted = load_noted("")

    def note(self, description: Description, names: Iterable[str], cache: ObjectCache) -> None:
        """Writes abi.records after a whole build."""
        noted, objects = self._load(description), _by_name(description, cache)
        unchanged = _unchanged(noted, objects)
        present: Mapping[str, Described] = noted.interface.summaries
        if not len(unchanged) == len(objects) == len(noted.stamps):
            known = {name: noted.interface.object_of(name) for name in unchanged}
            found, opaque = _read(objects, known, noted.opaque, keep=False)
            stamps = {name: cached.stamp for name, cached in objects.items()}
            write_noted(_path(description), found, stamps, opaque)
            present = found
        for cached in objects.values():
            cached.forget(_PART)
        _say_unread(description, [present], list(names))

    def check(self, description: Description, names: Iterable[str], cache: ObjectCache) -> None:
        """Compares functions and variables, by their symbols, with what was noted.

        A static function is named with its object file, from the build directory:
        `a.c.o:on_timer`.
        """
        noted, objects = self._load(description), _by_name(description, cache)
        if not self._state:
            print(
                "note: abi.records is missing, so the interface of the module is not compared with "
                f"the firmware's: {description.whole_build}",
                file=sys.stderr,
            )
        names, unchanged = list(names), set(_unchanged(noted, objects))
        others = {name: found for name, found in objects.items() if name not in unchanged}
        changed, _ = _read(others, {}, noted.opaque, keep=True)
        changes = find_changes(noted.interface, changed, objects, names)
        if changes:
            changes.append(
                "The firmware was built with the old one, so a call would go wrong. To use the "
                f"new one, {description.whole_build}"
            )
            raise FlashNeeded("\n".join(changes))
        _say_unread(description, [noted.interface.summaries, changed], names)

    def _load(self, description: Description) -> Noted:
        path = _path(description)
        try:
            status = os.stat(path)
            state = [status.st_mtime_ns, status.st_ino, status.st_size]
        except OSError:
            state = []
        if (path, state) != (self._path, self._state):
            self._path, self._state, self._noted = path, state, load_noted(path)
        return self._noted


def _path(description: Description) -> str:
    return os.path.join(description.directory, "abi.records")


def _by_name(description: Description, cache: ObjectCache) -> Dict[str, CachedObject]:
    return {object_name(found.path, description.build_dir): found for found in cache.objects}


def _unchanged(noted: Noted, objects: Mapping[str, CachedObject]) -> List[str]:
    return [name for name, found in objects.items() if noted.stamps.get(name) == found.stamp]


def _read(
    objects: Mapping[str, CachedObject], known: Mapping[str, ObjectInterface],
    opaque: Iterable[str], keep: bool,
) -> Tuple[Dict[str, ObjectInterface], List[str]]:  # fmt: skip
    """The interfaces of object files, and the types that some of them only declare.

    Those that define a type which another one only declares are searched for it.
    """
    found = dict(known)
    titles, searched = set(opaque), set(opaque)
    while True:
        added = titles - searched
        for name, cached in objects.items():
            if name not in found or (added and may_define(cached.open(), added)):
                found[name] = _interface_of(cached, titles, keep)
        searched = set(titles)
        titles.update(title for one in found.values() for title in one.opaque)
        if titles == searched:
            return {name: found[name] for name in objects}, sorted(titles)


def _interface_of(cached: CachedObject, opaque: Set[str], keep: bool) -> ObjectInterface:
    """Reads the debug data unless that was done for the same types."""
    digest = hashlib.blake2b(encode(sorted(opaque)), digest_size=16).hexdigest()
    part = cached.part(_PART)
    if part is not None and part[0] == digest:
        return interface_from_json(part[1])
    found = read_object(cached.open(), opaque)
    if keep:
        cached.keep(_PART, [digest, found])
    return found


def _say_unread(
    description: Description,
    sides: Iterable[Mapping[str, Described]],
    names: Collection[str],
) -> None:
    """One line about what is not compared."""
    unread = {name: found.unread for side in sides for name, found in side.items() if found.unread}
    if not unread or not names:
        return
    name, reason = next(iter(unread.items()))
    path = os.path.join(description.build_dir, name)
    more = f"; nor that of {len(unread) - 1} more" if len(unread) > 1 else ""
    print(f"note: the interface of {path} is not compared: it {reason}{more}", file=sys.stderr)
