"""Types of all functions and variables of an object file, static ones included, by debug data.

Two types are the same if their layouts are, and those of all types that they lead to.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import struct
import zlib
from typing import Dict, List, NamedTuple, Optional, Tuple

from hotreload.checks.debug_sections import ObjectFile, Unreadable
from hotreload.checks.debug_types import Tag, TypeReader, check_has_types
from hotreload.checks.dwarf import At, Dwarf, Entry
from hotreload.checks.interface import Layout, Text
from hotreload.module import elf

_Place = Tuple[int, object]
"""Section and offset; of a common symbol, its name in place of the offset."""


class _Described(NamedTuple):
    text: Text
    function: str
    """The function that a static variable stands in."""


class Types:
    """What is known; `unread` says why there is nothing."""

    def __init__(
        self, places: Dict[_Place, _Described], layouts: Dict[str, Layout], unread: str = ""
    ) -> None:
        self.unread = unread
        self._places, self._layouts = places, layouts

    def function_of(self, section: int, offset: int) -> Optional[str]:
        """The function that a variable stands in; empty for none, None if it is not known."""
        found = self._places.get((section, offset))
        return None if found is None else found.function

    def text(self, symbol: elf.Symbol) -> Optional[str]:
        """A canonical text of a symbol's type: equal texts are the same type."""
        found = self._places.get(_place(symbol))
        if found is None:
            return None
        lines = [found.text.machine]
        titles: List[str] = []
        self._add(found.text, titles, lines)
        for title in titles:  # Grows on the way.
            layout = self._layouts.get(title, ())
            lines.append("opaque" if not layout else "{")
            for text in layout:
                lines.append(text.machine)
                self._add(text, titles, lines)
        return "\n".join(lines)

    def _add(self, text: Text, titles: List[str], lines: List[str]) -> None:
        for title in text.uses:
            if title not in titles:
                titles.append(title)
            lines.append(f"#{titles.index(title)}")

    def find_difference(self, symbol: elf.Symbol, other: "Types", new: elf.Symbol) -> str:
        """The title of the first type that differs, or an empty string."""
        before, now = self._places.get(_place(symbol)), other._places.get(_place(new))
        if before is None or now is None:
            return ""
        pairs, seen = list(zip(before.text.uses, now.text.uses)), set()
        while pairs:
            pair = pairs.pop(0)
            if pair in seen:
                continue
            seen.add(pair)
            old_layout, new_layout = self._layouts.get(pair[0], ()), other._layouts.get(pair[1], ())
            if [text.machine for text in old_layout] != [text.machine for text in new_layout]:
                return pair[1]
            for old_text, new_text in zip(old_layout, new_layout):
                pairs += zip(old_text.uses, new_text.uses)
        return ""


def _place(symbol: elf.Symbol) -> _Place:
    if symbol.section == elf.SHN_COMMON:
        return symbol.section, symbol.name
    return symbol.section, symbol.value


def read_types(file: elf.Elf) -> Types:
    """Reads the debug data of an object file."""
    try:
        debug = ObjectFile(file)
        if not debug.has(".debug_info"):
            return Types({}, {}, "has no debug data (-g)")
        return _Everything(debug).read()
    except Unreadable as error:
        return Types({}, {}, str(error))
    except (LookupError, ValueError, AssertionError, RecursionError, struct.error, zlib.error):
        return Types({}, {}, "has debug data that cannot be understood")


class _Everything(TypeReader):
    """Describes what has an address."""

    def __init__(self, file: ObjectFile) -> None:
        super().__init__(file)
        self._dwarf = Dwarf(file)
        self._places: Dict[_Place, _Described] = {}

    def read(self) -> Types:
        for unit in self._dwarf.type_units():
            self.read_unit(unit.root)
        for unit in self._dwarf.units():
            if not unit.is_assembly:
                check_has_types(unit.root)
                self._scan(unit.root, "")
        self.finish()
        return Types(self._places, self.layouts)

    def _scan(self, parent: Entry, function: str) -> None:
        for entry in parent.children():
            inner = function
            if entry.tag == Tag.SUBPROGRAM:
                inner = entry.inherited(At.NAME).name
                if entry.has(At.LOW_PC) or entry.has(At.RANGES):
                    self._note_place(entry, "")
            elif entry.tag == Tag.VARIABLE and entry.has(At.LOCATION):
                self._note_place(entry, function)
            self._scan(entry, inner)

    def _note_place(self, entry: Entry, function: str) -> None:
        place = entry.address()
        if place is None:
            return
        text = self.describe(entry)
        common = place.section == elf.SHN_COMMON
        key = (place.section, place.name if common else place.offset)
        known = self._places.get(key)
        if known is None or (function and not known.function):
            self._places[key] = _Described(text, function)
