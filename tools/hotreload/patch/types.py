"""Types of all functions and variables of an object file, static ones included, by debug data.

Two types are the same if their layouts are, and those of all types that they lead to.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import hashlib
import re
import struct
import zlib
from functools import cached_property
from typing import Dict, Iterable, List, NamedTuple, Optional, Set, Tuple

from hotreload.checks.debug_sections import ObjectFile, Unreadable
from hotreload.checks.debug_types import Key, Tag, TypeReader, check_has_types, key_of
from hotreload.checks.dwarf import At, Dwarf, Entry
from hotreload.checks.interface import Layout, Text
from hotreload.module import elf

_Place = Tuple[int, object]
"""Section and offset; of a common symbol, its name in place of the offset."""


class _Described(NamedTuple):
    text: Text
    function: str
    """The function that a static variable stands in."""
    order: int
    """Which one it is in the debug data, whose order is that of the source."""


class Unnamed(NamedTuple):
    """A structure without a name."""

    place: str
    """Whose it is: `an unnamed structure of work()`."""
    parameters: Optional[str]
    """Of a lambda."""
    text: Text


UNNAMED = "an unnamed structure"
_LAMBDA = "a lambda"


class _Closure(NamedTuple):
    """A type and all that it leads to, without the names of types and without enumerators."""

    lines: List[str]
    titles: List[str]


class Types:
    """What is known; `unread` says why there is nothing. `shared` are titles of types whose objects
    others may know: structures, types of variables and parameters, what pointers lead to."""

    def __init__(
        self,
        places: Dict[_Place, _Described],
        layouts: Dict[str, Layout],
        shared: Iterable[str] = (),
        unread: str = "",
        without_place: Iterable[Tuple[str, str]] = (),
        unnamed: Iterable[Unnamed] = (),
    ) -> None:
        self.unread = unread
        self.without_place = frozenset(without_place)
        """Variables that are nowhere in memory: the function that each stands in, and its name."""
        self._places, self._layouts, self._shared = places, layouts, shared
        self._unnamed = unnamed

    def function_of(self, section: int, offset: int) -> Optional[str]:
        """The function that a variable stands in; empty for none, None if it is not known."""
        found = self._places.get((section, offset))
        return None if found is None else found.function

    def order_of(self, section: int, offset: int) -> int:
        """Where a variable stands among all that are known; 0 if it is not known."""
        found = self._places.get((section, offset))
        return 0 if found is None else found.order

    def text(self, symbol: elf.Symbol) -> Optional[str]:
        """A canonical text of a symbol's type: equal texts are the same type."""
        found = self._places.get(_place(symbol))
        if found is None:
            return None
        lines, titles = self._close(found.text)
        for title in titles:
            lines += sorted(_enumerators(self._layouts.get(title, ())))
        return "\n".join(lines)

    def is_same(self, symbol: elf.Symbol, other: "Types", new: elf.Symbol) -> Optional[bool]:
        """Whether a symbol's old type and its new one, in `other`, have one layout; None if one of
        them is not known. An enumeration may get more enumerators."""
        before, now = self._places.get(_place(symbol)), other._places.get(_place(new))
        if before is None or now is None:
            return None
        return self._fits(before.text, other, now.text)

    def find_changed_structure(self, other: "Types") -> str:
        """The title of a structure that has another layout in `other`, and whose objects others may
        have: on the heap, in a queue, known as `void *` only. An empty string: none."""
        for title in self._structures():
            before, now = self._layouts[title], other._layouts.get(title, ())
            text = Text("", "", (title,))
            if now and before != now and not self._fits(text, other, text):
                return title
        return ""

    def new_structures(self, old: Optional["Types"]) -> Dict[str, str]:
        """Titles and digests of such structures that `old` has no layout of."""
        known = old._layouts if old is not None else {}
        new = [title for title in self._structures() if not known.get(title)]
        lines = {title: self._close(Text("", "", (title,))).lines for title in new}
        return {title: hashlib.sha256(repr(lines[title]).encode()).hexdigest() for title in new}

    @cached_property
    def unnamed(self) -> Dict[str, str]:
        """Titles and digests of such structures that have no name. The title of a lambda has its
        number, that of another one its digest, as nothing else tells it from those beside it."""
        found: Dict[str, str] = {}
        for place, parameters, text in self._unnamed:
            digest = hashlib.sha256(repr(self._close(text).lines).encode()).hexdigest()
            start = f"{place}: {digest if parameters is None else parameters}"
            number = 1
            while f"{start} {number}" in found:
                number += 1
            found[f"{start} {number}"] = digest
        return found

    def _structures(self) -> List[str]:
        titles = self._close(Text("", "", tuple(self._shared))).titles
        return [title for title in titles if self._layouts.get(title)]

    def _fits(self, before: Text, other: "Types", now: Text) -> bool:
        old, new = self._close(before), other._close(now)
        return old.lines == new.lines and all(
            _enumerators(self._layouts.get(one, ())) <= _enumerators(other._layouts.get(two, ()))
            for one, two in zip(old.titles, new.titles)
        )

    def _close(self, text: Text) -> _Closure:
        found = _Closure([text.machine], [])
        self._add(text, found)
        for title in found.titles:  # Grows on the way.
            layout = self._layouts.get(title, ())
            found.lines.append("opaque" if not layout else "{")
            for one in layout:
                if not _ENUMERATOR.match(one.machine):
                    found.lines.append(one.machine)
                    self._add(one, found)
        return found

    def _add(self, text: Text, found: _Closure) -> None:
        for title in text.uses:
            if title not in found.titles:
                found.titles.append(title)
            found.lines.append(f"#{found.titles.index(title)}")

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
            if _members(old_layout) != _members(new_layout):
                return pair[1]
            if not _enumerators(old_layout) <= _enumerators(new_layout):
                return pair[1]
            for old_text, new_text in zip(old_layout, new_layout):
                pairs += zip(old_text.uses, new_text.uses)
        return ""


_ENUMERATOR = re.compile(r"\w+ = -?\d+\Z")


def _enumerators(layout: Layout) -> Set[str]:
    return {text.machine for text in layout if _ENUMERATOR.match(text.machine)}


def _members(layout: Layout) -> List[str]:
    return [text.machine for text in layout if not _ENUMERATOR.match(text.machine)]


def _place(symbol: elf.Symbol) -> _Place:
    if symbol.section == elf.SHN_COMMON:
        return symbol.section, symbol.name
    return symbol.section, symbol.value


def read_types(file: elf.Elf) -> Types:
    """Reads the debug data of an object file."""
    try:
        debug = ObjectFile(file)
        if not debug.has(".debug_info"):
            return Types({}, {}, unread="has no debug data (-g)")
        return _Everything(debug).read()
    except Unreadable as error:
        return Types({}, {}, unread=str(error))
    except (LookupError, ValueError, AssertionError, RecursionError, struct.error, zlib.error):
        return Types({}, {}, unread="has debug data that cannot be understood")


# The address of a variable, also of a local one, may be given to others as `void *`.
_SHARING = (Tag.VARIABLE, Tag.PARAMETER, Tag.POINTER, Tag.REFERENCE, Tag.RVALUE_REFERENCE)
_STRUCTURES = (Tag.STRUCTURE, Tag.CLASS, Tag.UNION)


class _Everything(TypeReader):
    """Describes what has an address."""

    def __init__(self, file: ObjectFile) -> None:
        super().__init__(file)
        self._dwarf = Dwarf(file)
        self._places: Dict[_Place, _Described] = {}
        self._shared: Dict[str, None] = {}
        self._without_place: Set[Tuple[str, str]] = set()
        self._unnamed: Dict[Key, Tuple[str, Entry]] = {}
        """All structures without a name, and the functions or classes that they stand in."""
        self._typedefs: Set[Key] = set()
        """Those that have the name of a typedef."""

    def read(self) -> Types:
        for unit in self._dwarf.type_units():
            self.read_unit(unit.root)
        for unit in self._dwarf.units():
            if not unit.is_assembly:
                check_has_types(unit.root)
                self._walk(unit.root, "", [])  # Classes may have inner ones of one name.
                self._scan(unit.root, "")
        unnamed = [self._describe_unnamed(*self._unnamed[key]) for key in self._unnamed
                   if key not in self._typedefs]  # fmt: skip
        self.finish()
        return Types(self._places, self.layouts, self._shared, "", self._without_place, unnamed)

    def _scan(self, parent: Entry, function: str) -> None:
        for entry in parent.children():
            inner = function
            if entry.tag == Tag.SUBPROGRAM:
                inner = entry.inherited(At.NAME).name
                if entry.has(At.LOW_PC) or entry.has(At.RANGES):
                    self._note_place(entry, "")
            elif entry.tag == Tag.VARIABLE and entry.has(At.LOCATION):
                self._note_place(entry, function)
            elif entry.tag == Tag.VARIABLE and not entry.has(At.DECLARATION):
                self._without_place.add((function, entry.name))
            if entry.tag in _SHARING:
                self._shared.update(dict.fromkeys(self._type_of(entry).uses))
            self._note_structure(entry, parent, function)
            self._scan(entry, inner)

    def _note_structure(self, entry: Entry, parent: Entry, function: str) -> None:
        """A structure that code uses is in the debug data, though perhaps no pointer to it."""
        target = entry.refers(At.TYPE) if entry.tag == Tag.TYPEDEF else None
        if target is not None and target.tag in _STRUCTURES and not target.name:
            self._shared.update(dict.fromkeys(self._typedef(entry).uses))
            self._typedefs.add(key_of(target))
        elif entry.tag in _STRUCTURES and not entry.has(At.DECLARATION):
            if entry.name:
                self._shared.update(dict.fromkeys(self._aggregate(entry, "").uses))
            else:
                owner = parent.name if parent.tag in _STRUCTURES else ""
                self._unnamed[key_of(entry)] = (f"{function}()" if function else owner, entry)

    def _describe_unnamed(self, owner: str, entry: Entry) -> Unnamed:
        of = f" of {owner}" if owner else ""
        call = next((one for one in entry.children() if one.name == "operator()"), None)
        if call is None:
            return Unnamed(UNNAMED + of, None, self._aggregate(entry, ""))
        texts = [
            self._type_of(one.inherited(At.TYPE)).machine for one in call.children()
            if one.tag == Tag.PARAMETER and not one.has(At.ARTIFICIAL)
        ]  # fmt: skip
        return Unnamed(_LAMBDA + of, ", ".join(texts), self._aggregate(entry, ""))

    def _note_place(self, entry: Entry, function: str) -> None:
        place = entry.address()
        if place is None:
            return
        text = self.describe(entry)
        common = place.section == elf.SHN_COMMON
        key = (place.section, place.name if common else place.offset)
        known = self._places.get(key)
        if known is None or (function and not known.function):
            self._places[key] = _Described(text, function, len(self._places))
