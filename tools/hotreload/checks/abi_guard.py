"""Refuses a module whose functions the firmware would call in the wrong way.

A whole build writes the interface of each object file to abi.json: firmware and module have seen
the same headers then. A reload builds the module alone, and compares what is newer.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any, Dict, Iterable, List, NamedTuple

from hotreload.checks.debug_types import may_define, read_object
from hotreload.checks.interface import (
    Interface,
    Layout,
    ObjectInterface,
    Symbol,
    Text,
    find_changes,
)
from hotreload.description import Description
from hotreload.errors import ToolError
from hotreload.files import open_text, write_if_changed
from hotreload.module.elf import ObjectFiles

_FORMAT = 2


class Noted(NamedTuple):
    """The contents of abi.json."""

    objects: Dict[str, ObjectInterface]
    stamps: Dict[str, List[int]]
    """Time and size of each object file when it was read."""
    opaque: List[str]
    """Types that some object file only declares. Every object file was searched for them."""


def note_interface(description: Description, names: Iterable[str], files: ObjectFiles) -> None:
    """Writes abi.json after a whole build."""
    present = _read(description, _load(_path(description)), files)
    _say_unread(present, present, names)
    write_if_changed(_path(description), _format(present))


def check_interface(description: Description, names: Iterable[str], files: ObjectFiles) -> None:
    """Compares functions and variables, by their symbols, with abi.json.

    A static function is named with its object file, from the build directory: `a.c.o:on_timer`.
    """
    names = list(names)
    noted = _load(_path(description))
    present = _read(description, noted, files)
    before, now = _interface(description, noted), _interface(description, present)
    changes = find_changes(before, now, names)
    if changes:
        changes.append(
            "The firmware was built with the old one, so a call would go wrong. To use the new "
            f"one, {description.whole_build}"
        )
        raise ToolError("\n".join(changes))
    _say_unread(noted, present, names)


def _interface(description: Description, noted: Noted) -> Interface:
    root = description.build_dir
    return Interface({os.path.relpath(path, root): x for path, x in noted.objects.items()})


def _path(description: Description) -> str:
    return os.path.join(os.path.dirname(description.module_elf), "abi.json")


def _read(description: Description, noted: Noted, files: ObjectFiles) -> Noted:
    """Reads the object files that have changed since they were noted."""
    stamps = {path: _stamp(path) for path in description.objects}
    objects = {p: noted.objects[p] for p in stamps if noted.stamps.get(p) == stamps[p]}
    opaque, searched = set(noted.opaque), set(noted.opaque)
    while True:
        added = opaque - searched
        for path in stamps:
            if path not in objects or (added and may_define(files.open(path), added)):
                objects[path] = read_object(files.open(path), opaque)
        searched = set(opaque)
        opaque.update(title for found in objects.values() for title in found.opaque)
        if opaque == searched:
            return Noted({path: objects[path] for path in stamps}, stamps, sorted(opaque))


def _stamp(path: str) -> List[int]:
    try:
        status = os.stat(path)
    except OSError as error:
        raise ToolError(f"there is no object file {path}: {error.strerror}") from error
    return [status.st_mtime_ns, status.st_size]


def _say_unread(noted: Noted, present: Noted, names: Iterable[str]) -> None:
    """One line about what is not compared."""
    sides = (noted.objects, present.objects)
    unread = {path: found.unread for side in sides for path, found in side.items() if found.unread}
    if not unread or not set(names):
        return
    path, reason = next(iter(unread.items()))
    more = f"; nor that of {len(unread) - 1} more" if len(unread) > 1 else ""
    print(f"note: the interface of {path} is not compared: it {reason}{more}", file=sys.stderr)


# ---- abi.json ----


def _format(noted: Noted) -> str:
    """Layouts that many object files share are written once."""
    numbers: Dict[Layout, int] = {}
    objects = {
        path: {
            "stamp": noted.stamps[path],
            "symbols": found.symbols,
            "layouts": {t: numbers.setdefault(x, len(numbers)) for t, x in found.layouts.items()},
            "opaque": found.opaque,
            "unread": found.unread,
        }
        for path, found in noted.objects.items()
    }
    content = {
        "format": _FORMAT,
        "opaque": noted.opaque,
        "layouts": list(numbers),
        "objects": objects,
    }
    return json.dumps(content, separators=(",", ":"))


def _load(path: str) -> Noted:
    """Empty if no build of this version has written the file."""
    try:
        with open_text(path) as file:
            content = json.load(file)
        if content["format"] == _FORMAT:
            return _parse(content)
    except (OSError, ValueError, LookupError, TypeError):
        pass
    return Noted({}, {}, [])


def _parse(content: Dict[str, Any]) -> Noted:
    layouts = [tuple(_text(line) for line in layout) for layout in content["layouts"]]
    objects = {
        path: ObjectInterface(
            {n: Symbol(shown, _text(t), weak) for n, (shown, t, weak) in o["symbols"].items()},
            {title: layouts[number] for title, number in o["layouts"].items()},
            o["opaque"],
            o["unread"],
        )
        for path, o in content["objects"].items()
    }
    stamps = {path: found["stamp"] for path, found in content["objects"].items()}
    return Noted(objects, stamps, content["opaque"])


def _text(line: List[Any]) -> Text:
    source, machine, uses = line
    return Text(source, machine, tuple(uses))
