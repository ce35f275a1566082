"""The interface that the firmware was built with: abi.records.

A reload looks at few object files, so each is decoded when it is asked for. Layouts that many
object files share are written once.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import json
from typing import Any, Callable, Dict, Iterator, List, Mapping, NamedTuple

from hotreload.checks.interface import Interface, Layout, ObjectInterface, Summary, Symbol, Text
from hotreload.files import Stamp
from hotreload.records import encode, read_records, write_records

_KEY = 3
"""Changes with the format. Other tools may read what these have written."""


class _Layouts(Mapping[str, Layout]):
    """The layouts of an object file, by their titles and numbers."""

    def __init__(self, numbers: Mapping[str, int], decode: Callable[[int], Layout]) -> None:
        self._numbers, self._decode = numbers, decode

    def __getitem__(self, title: str) -> Layout:
        return self._decode(self._numbers[title])

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)


class Noted(NamedTuple):
    """The contents of abi.records."""

    interface: Interface
    stamps: Dict[str, Stamp]
    """Of each object file, when it was read."""
    opaque: List[str]
    """Types that some object file only declares. Every object file was searched for them."""


class _Decoder:
    """Decodes the lines: one for each object file, then one for each layout."""

    def __init__(self, paths: List[str], lines: List[bytes]) -> None:
        self._objects = dict(zip(paths, lines))
        self._layouts = lines[len(paths) :]
        self._known: Dict[str, ObjectInterface] = {}
        self._known_layouts: Dict[int, Layout] = {}

    def object_of(self, path: str) -> ObjectInterface:
        """The interface of an object file."""
        if path not in self._known:
            value = json.loads(self._objects[path])
            self._known[path] = _interface(value, lambda rows: _Layouts(rows, self._layout))
        return self._known[path]

    def _layout(self, number: int) -> Layout:
        if number not in self._known_layouts:
            self._known_layouts[number] = _read_layout(json.loads(self._layouts[number]))
        return self._known_layouts[number]


def load_noted(path: str) -> Noted:
    """Empty if no build of this version has written the file."""
    records = read_records(path, _KEY)
    if records is None:
        return Noted(Interface(_Decoder([], []).object_of, {}, {}), {}, [])
    rows = records.index["objects"]
    paths = [row[0] for row in rows]
    defines = {
        title: [paths[number] for number in numbers]
        for title, numbers in records.index["defines"].items()
    }
    decoder = _Decoder(paths, records.lines)
    return Noted(
        Interface(decoder.object_of, {row[0]: Summary(*row[2:]) for row in rows}, defines),
        {row[0]: row[1] for row in rows},
        records.index["opaque"],
    )


def write_noted(
    path: str, objects: Mapping[str, ObjectInterface], stamps: Mapping[str, Stamp],
    opaque: List[str],
) -> None:  # fmt: skip
    """Writes the file, unless it has these contents already."""
    numbers: Dict[bytes, int] = {}
    lines: List[bytes] = []
    rows: List[Any] = []
    defines: Dict[str, List[int]] = {title: [] for title in opaque}
    for name, found in objects.items():
        layouts = {}
        for title, layout in found.layouts.items():
            layouts[title] = numbers.setdefault(encode(layout), len(numbers))
            if layout and title in defines:
                defines[title].append(len(rows))
        lines.append(encode([found.symbols, layouts, found.opaque, found.unread]))
        rows.append([name, stamps[name], *Summary.of(found)])
    index = {"opaque": opaque, "defines": defines, "objects": rows}
    write_records(path, _KEY, index, [*lines, *numbers])


def interface_from_json(value: Any) -> ObjectInterface:
    """An object file's interface: what json.dumps() makes of an ObjectInterface."""
    return _interface(
        value, lambda rows: {title: _read_layout(row) for title, row in rows.items()}
    )


def _interface(
    value: Any, read_layouts: Callable[[Any], Mapping[str, Layout]]
) -> ObjectInterface:
    symbols, layouts, opaque, unread = value
    return ObjectInterface(
        {name: _symbol(row) for name, row in symbols.items()}, read_layouts(layouts), opaque, unread
    )


def _read_layout(value: Any) -> Layout:
    return tuple(_text(line) for line in value)


def _symbol(value: Any) -> Symbol:
    shown, text, weak = value
    return Symbol(shown, _text(text), weak)


def _text(value: Any) -> Text:
    source, machine, uses = value
    return Text(source, machine, tuple(uses))
