"""The interface of a module: what its functions take and return, and how types are laid out.

Types are told apart by what they consist of, each object file by itself: two sources may have
different structures of one name, and a name alone says nothing to the machine.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from typing import (
    Callable,
    Dict,
    Iterable,
    Iterator,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Set,
    Tuple,
)


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

    symbols: Mapping[str, Symbol]
    """By the names that the linker knows; those of static functions begin with a colon."""
    layouts: Mapping[str, Layout]
    """By title, such as `struct point`: all that is reachable from the symbols."""
    opaque: List[str]
    """Titles that are declared here, and perhaps defined in other objects."""
    unread: str
    """Why nothing could be read; goes on after 'it'."""


class Summary(NamedTuple):
    """What is known of an object file without decoding its interface."""

    weak: Mapping[str, bool]
    """Its symbols, and whether another definition replaces each."""
    opaque: List[str]
    unread: str

    @staticmethod
    def of(found: ObjectInterface) -> "Summary":
        """The summary of an interface."""
        weak = {name: symbol.weak for name, symbol in found.symbols.items()}
        return Summary(weak, found.opaque, found.unread)


class Interface:
    """The interfaces of all object files together, by their paths."""

    def __init__(
        self,
        object_of: Callable[[str], ObjectInterface],
        summaries: Mapping[str, Summary],
        defines: Mapping[str, List[str]],
    ) -> None:
        """`defines` has the object files that define a type, for types that others only declare."""
        self.object_of = object_of
        self.summaries = summaries
        self.defines = defines
        self._owner: Dict[str, str] = {}
        for path, summary in summaries.items():
            for name in summary.weak:
                owner = self._owner.get(name)
                if owner is None or summaries[owner].weak[name]:
                    self._owner[name] = path

    def owner(self, name: str) -> Optional[str]:
        """The object file that the linker takes a symbol from; a static one is `path:name`."""
        path, colon, static = name.rpartition(":")
        if not colon:
            return self._owner.get(name)
        summary = self.summaries.get(path)
        return path if summary is not None and colon + static in summary.weak else None

    def find(self, name: str) -> Optional[Tuple[ObjectInterface, Symbol]]:
        """A symbol, and the interface of its object file."""
        owner = self.owner(name)
        if owner is None:
            return None
        _, colon, last = name.rpartition(":")
        found = self.object_of(owner)
        return found, found.symbols[colon + last]

    def definitions(self, title: str, first: str) -> Iterator["Node"]:
        """What the object files say about a type that others only declare; the path `first`
        before the others."""
        paths = self.defines.get(title, self.summaries)
        for path in sorted(paths, key=lambda path: path != first):
            found = self.object_of(path)
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


def find_changes(
    noted: Interface, changed: Mapping[str, ObjectInterface], paths: Iterable[str],
    names: Iterable[str],
) -> List[str]:  # fmt: skip
    """Lines that say what has changed in symbols and in the types that they use.

    `paths` are all object files that there are now; those `changed` since they were noted are
    compared, the others are as they were.
    """
    search = _Search(noted, changed, paths)
    search.compare_all(names)
    if search.callbacks:
        search.changes.append(
            f"The firmware may have the address of {', '.join(search.callbacks)}, which is taken. "
            "With another name a function needs no flash: it is a new one then, and a pointer that "
            "the firmware has does not lead to it."
        )
    return search.changes


class _Search:
    def __init__(
        self, noted: Interface, changed: Mapping[str, ObjectInterface], paths: Iterable[str]
    ) -> None:
        summaries = {
            path: Summary.of(changed[path]) if path in changed else noted.summaries[path]
            for path in paths
        }
        self._noted, self._changed = noted, changed
        self._present = Interface(
            lambda path: changed[path] if path in changed else noted.object_of(path), summaries, {}
        )
        self._seen: Set[Tuple[int, str, int, str]] = set()
        self._told: Set[Tuple[str, Tuple[str, ...]]] = set()
        self._opaque: Set[str] = set()
        self.changes: List[str] = []
        self.callbacks: List[str] = []
        """Static functions, as they are shown, that are others now."""

    def compare_all(self, names: Iterable[str]) -> None:
        """Compares the symbols that changed object files define, or have defined."""
        unchanged: Set[str] = set()
        for name in names:
            before, now = self._noted.owner(name), self._present.owner(name)
            if before is None or now is None:
                continue
            if before == now and now not in self._changed:
                unchanged.add(now)
            else:
                self._compare(name)
        for path in unchanged:
            self._follow_opaque(self._noted.summaries[path].opaque)

    def _compare(self, name: str) -> None:
        noted, present = self._noted.find(name), self._present.find(name)
        assert noted is not None and present is not None
        (old, (shown, before, _)), (new, (_, now, _)) = noted, present
        if before.machine != now.machine:
            self.changes.append(f"{shown} has changed since the firmware was built:")
            self.changes += [f"  old: {before.source}", f"  new: {now.source}"]
            if ":" in name:
                self.callbacks.append(shown)
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
        """Compares definitions in changed objects: there may still be data that old code made."""
        for title in titles:
            if title in self._opaque:
                continue
            self._opaque.add(title)
            for path, found in self._changed.items():
                if found.layouts.get(title):
                    self._find_definition(path, Node(found, title))

    def _find_definition(self, path: str, new: Node) -> None:
        """A new definition must equal one of the old ones, most likely that of the same file."""
        different: List[Pair] = []
        for old in self._noted.definitions(new.title, path):
            pair = next(self._differences([(old, new)], set()), None)
            if pair is None:
                return
            different.append(pair)
        for pair in different[:1]:
            self._tell(pair)

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
