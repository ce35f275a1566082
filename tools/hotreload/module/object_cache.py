"""Knows what the object files contain, and reads only those again that are others than before.

What is known is kept in memory and, from one command to the next, in objects.records in the build
directory.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from typing import Any, Dict, Iterable, List, Optional

from hotreload.description import Description
from hotreload.errors import ToolError
from hotreload.files import Stamp, find_stamp
from hotreload.module.elf import Elf
from hotreload.module.own_symbols import (
    OwnSymbols,
    read_own_symbols,
    symbols_from_json,
    symbols_to_json,
)
from hotreload.records import encode, read_records, tools_key, write_records

_DIGEST, _SYMBOLS = "digest", "symbols"


def stamp_of(path: str) -> Stamp:
    """The stamp of an object file, which must exist."""
    stamp = find_stamp(path)
    if stamp is None:
        raise ToolError(f"there is no object file {path}: build first")
    return stamp


class CachedObject:
    """One object file. Each part of what it contains is decoded when it is asked for."""

    def __init__(self, path: str, stamp: Stamp, parts: Dict[str, bytes]) -> None:
        self.path = path
        self.stamp = stamp
        self.parts = parts
        """Lines of JSON, by the name of the part."""
        self.is_saved = True
        """Whether a file has all the parts."""
        self._file: Optional[Elf] = None
        self._symbols: Optional[OwnSymbols] = None

    def open(self) -> Elf:
        """The file itself: for what is not known."""
        if self._file is None:
            self._file = Elf(self.path, "the object file")
        return self._file

    def close(self) -> None:
        """Frees the memory that open() needs."""
        self._file = None

    def part(self, name: str) -> Any:
        """What was kept under a name, as JSON has it; None if there is nothing."""
        line = self.parts.get(name)
        return None if line is None else json.loads(line)

    def keep(self, name: str, value: Any) -> None:
        """Adds what somebody else has found out about the file."""
        self.parts[name] = encode(value)
        self.is_saved = False

    def forget(self, name: str) -> None:
        """Drops what was kept under a name."""
        self.is_saved = self.parts.pop(name, None) is None and self.is_saved

    @property
    def digest(self) -> str:
        """Of the whole file: a source that is compiled again without a change has the same."""
        return str(self.part(_DIGEST))

    @property
    def symbols(self) -> OwnSymbols:
        """What it defines and needs."""
        if self._symbols is None:
            self._symbols = symbols_from_json(self.path, self.part(_SYMBOLS))
        return self._symbols


def read_object_file(path: str) -> CachedObject:
    """Reads the parts that are known of every object file."""
    found = CachedObject(path, stamp_of(path), {})
    found.keep(_DIGEST, hashlib.blake2b(found.open().data, digest_size=16).hexdigest())
    found.keep(_SYMBOLS, symbols_to_json(read_own_symbols(path, found.open())))
    return found


def write_objects(path: str, key: Any, objects: Iterable[CachedObject]) -> None:
    """Writes what is known of object files."""
    objects = list(objects)
    index = [[found.path, found.stamp, list(found.parts)] for found in objects]
    write_records(path, key, index, [line for found in objects for line in found.parts.values()])
    for found in objects:
        found.is_saved = True


def load_objects(path: str, key: Any) -> Dict[str, CachedObject]:
    """What write_objects() wrote with the same key, by the paths of the object files; else none.

    It may be about older files than there are now.
    """
    records = read_records(path, key)
    if records is None:
        return {}
    lines = iter(records.lines)
    return {
        name: CachedObject(name, stamp, {part: next(lines) for part in parts})
        for name, stamp, parts in records.index
    }


class ObjectCache:
    """The object files of one build directory."""

    def __init__(self) -> None:
        self._path = ""
        self._key: Any = None
        self._objects: Dict[str, CachedObject] = {}
        self._is_saved = True

    @property
    def objects(self) -> List[CachedObject]:
        """The object files as refresh() found them, in the order of the description."""
        return list(self._objects.values())

    def find(self, path: str) -> CachedObject:
        """One of them, by its path in the description."""
        return self._objects[path]

    def prepare(self, description: Description) -> None:
        """Decodes what is known of the object files, before some of them change."""
        self._load(description)
        for known in self._objects.values():
            _ = known.symbols

    def _load(self, description: Description) -> None:
        path, key = records_path(description), cache_key(description)
        if (path, key) != (self._path, self._key):
            self._path, self._key, self._objects = path, key, load_objects(path, key)

    def refresh(self, description: Description) -> None:
        """Looks at all object files, and reads those that have changed.

        Raises ToolError if one of them is missing or is no object file.
        """
        self._load(description)
        objects: Dict[str, CachedObject] = {}
        for name in description.objects:
            known = self._objects.get(name)
            if known is None or known.stamp != stamp_of(name):
                known = read_object_file(name)
            objects[name] = known
        self._is_saved = self._is_saved and objects.keys() == self._objects.keys()
        self._objects = objects

    def save(self) -> None:
        """Writes what is known, for the next command. If that fails, the next one is slower."""
        for found in self._objects.values():
            found.close()
        if not (self._is_saved and all(found.is_saved for found in self._objects.values())):
            with suppress(ToolError):
                write_objects(self._path, self._key, self._objects.values())
                self._is_saved = True


def records_path(description: Description) -> str:
    """Where the cache of a build directory is."""
    return os.path.join(description.directory, "objects.records")


def cache_key(description: Description) -> Any:
    """What else decides how an object file is read: these tools, and the compiler that wrote it."""
    compiler = description.compiler or ""
    return [tools_key(), compiler, find_stamp(compiler), description.compiler_flags]
