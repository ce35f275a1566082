"""The interface of a module: what its functions take and return, and how types are laid out.

Types are told apart by what they consist of, each object file by itself: two sources may have
different structures of one name, and a name alone says nothing to the machine.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from typing import Dict, Iterable, Iterator, List, NamedTuple, Optional, Set, Tuple


class Text(NamedTuple):
    """A type, a function or a member in words: `source` is shown, `machine` is compared.

    int32_t and long have the same `machine`, say. A named structure, union or enumeration has a
    placeholder there; `uses` are their titles, in the same order.
    """

    source: str
    machine: str
    uses: Tuple[str, ...] = ()

    def around(self, before: str, after: str) -> "Text":
        """The same text with something before and after it."""
        return Text(before + self.source + after, before + self.machine + after, self.uses)


def join(separator: str, texts: Iterable[Text]) -> Text:
    """Concatenates texts."""
    texts = list(texts)
    return Text(
        separator.join(text.source for text in texts),
        separator.join(text.machine for text in texts),
        tuple(title for text in texts for title in text.uses),
    )


Layout = Tuple[Text, ...]
"""Size, members, enumerators; empty where a type is only declared."""


class Symbol(NamedTuple):
    """A function or a variable."""

    shown: str
    text: Text
    weak: bool
    """Another definition replaces it."""


class ObjectInterface(NamedTuple):
    """What one object file says."""

    symbols: Dict[str, Symbol]
    """By the names that the linker knows; those of static functions begin with a colon."""
    layouts: Dict[str, Layout]
    """By title, such as `struct point`: all that is reachable from the symbols."""
    opaque: List[str]
    """Titles that are declared here, and perhaps defined in other objects."""
    unread: str
    """Why nothing could be read; goes on after 'it'."""


class Interface:
    """The interfaces of all object files together, by their paths."""

    def __init__(self, objects: Dict[str, ObjectInterface]) -> None:
        self.objects = objects
        self._owner: Dict[str, str] = {}
        for path, found in objects.items():
            for name in found.symbols:
                owner = self._owner.get(name)
                if owner is None or objects[owner].symbols[name].weak:
                    self._owner[name] = path

    def find(self, name: str) -> Optional[Tuple[ObjectInterface, Symbol]]:
        """A symbol, in the object file that the linker takes it from; `path:name` if static."""
        path, colon, static = name.rpartition(":")
        if colon:
            name = colon + static
        owner = path if colon else self._owner.get(name)
        found = self.objects.get(owner) if owner is not None else None
        return (found, found.symbols[name]) if found and name in found.symbols else None

    def definitions(self, title: str) -> Iterator["Node"]:
        """What the object files say about a type that others only declare."""
        for found in self.objects.values():
            if found.layouts.get(title):
                yield Node(found, title)


class Node(NamedTuple):
    """A type as one object file describes it."""

    found: ObjectInterface
    title: str

    @property
    def layout(self) -> Layout:
        return self.found.layouts.get(self.title, ())


Pair = Tuple[Node, Node]


def _pairs(old: ObjectInterface, before: Text, new: ObjectInterface, now: Text) -> List[Pair]:
    """The types in two texts that are the same otherwise."""
    return [(Node(old, a), Node(new, b)) for a, b in zip(before.uses, now.uses)]


def find_changes(noted: Interface, present: Interface, names: Iterable[str]) -> List[str]:
    """Lines that say what has changed in symbols and in the types that they use."""
    search = _Search(noted, present)
    for name in names:
        search.compare(name)
    return search.changes


class _Search:
    def __init__(self, noted: Interface, present: Interface) -> None:
        self._noted, self._present = noted, present
        self._seen: Set[Tuple[int, str, int, str]] = set()
        self._told: Set[Tuple[str, Tuple[str, ...]]] = set()
        self._opaque: Set[str] = set()
        self.changes: List[str] = []

    def compare(self, name: str) -> None:
        """Compares one symbol, where both sides know something about it."""
        noted, present = self._noted.find(name), self._present.find(name)
        if noted is None or present is None:
            return
        (old, (shown, before, _)), (new, (_, now, _)) = noted, present
        if old is new:
            self._follow_opaque(old.opaque)
            return
        if before.machine != now.machine:
            self.changes.append(f"{shown} has changed since the firmware was built:")
            self.changes += [f"  old: {before.source}", f"  new: {now.source}"]
            return
        for pair in self._differences(_pairs(old, before, new, now), self._seen):
            self._tell(pair)
        self._follow_opaque([*old.opaque, *new.opaque])

    def _differences(
        self, pairs: List[Pair], seen: Set[Tuple[int, str, int, str]]
    ) -> Iterator[Pair]:
        """The first types that differ on each path from these."""
        while pairs:
            old, new = pairs.pop()
            key = (id(old.found), old.title, id(new.found), new.title)
            if key in seen:
                continue
            seen.add(key)
            if not old.layout or not new.layout:
                # A declaration has nothing to compare but its name.
                if old.title != new.title:
                    yield old, new
                continue
            if [text.machine for text in old.layout] != [text.machine for text in new.layout]:
                yield old, new
                continue
            for before, now in zip(old.layout, new.layout):
                pairs += _pairs(old.found, before, new.found, now)

    def _follow_opaque(self, titles: Iterable[str]) -> None:
        """Compares definitions in other objects: there may still be data that old code made."""
        for title in titles:
            if title in self._opaque:
                continue
            self._opaque.add(title)
            olds = list(self._noted.definitions(title))
            unchanged = {id(old.found) for old in olds}
            for new in self._present.definitions(title):
                if id(new.found) not in unchanged:
                    self._find_definition(new, olds)

    def _find_definition(self, new: Node, olds: List[Node]) -> None:
        """A new definition must equal one of the old ones."""
        different = None
        for old in olds:
            different = next(self._differences([(old, new)], set()), None)
            if different is None:
                return
        if different is not None:
            self._tell(different)

    def _tell(self, pair: Pair) -> None:
        old, new = pair
        lines = [f"The layout of {old.title} has changed since the firmware was built:"]
        lines += _difference(old.layout, new.layout)
        if len(lines) == 1:
            lines += [f"  old: {old.title}", f"  new: {new.title}"]
        if (old.title, tuple(lines)) not in self._told:
            self._told.add((old.title, tuple(lines)))
            self.changes += lines


def _difference(old: Layout, new: Layout) -> List[str]:
    """Leaves out the lines that are in both."""
    kept = {text.machine for text in old} & {text.machine for text in new}
    sides: Dict[str, Layout] = {"old": old, "new": new}
    return [
        f"  {which}: {text.source}"
        for which, texts in sides.items()
        for text in texts
        if text.machine not in kept
    ]
