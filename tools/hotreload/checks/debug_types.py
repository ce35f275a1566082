"""Describes the functions and variables of an object file, and the types that they lead to.

An entry of the debug data belongs to a symbol by its address: the two may have different names, in
C++, by `__asm__("name")` and by alias("...").

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import struct
import zlib
from typing import Dict, Iterable, Iterator, List, Tuple

from hotreload.checks.debug_sections import ObjectFile, Unreadable
from hotreload.checks.dwarf import At, Dwarf, Entry
from hotreload.checks.interface import Layout, ObjectInterface, Symbol, Text, join
from hotreload.module import elf


class Tag:
    """Kinds of entries, DW_TAG_*."""

    ARRAY, CLASS, ENUMERATION, PARAMETER, MEMBER = 0x01, 0x02, 0x04, 0x05, 0x0D
    POINTER, REFERENCE, STRUCTURE, SUBROUTINE, TYPEDEF = 0x0F, 0x10, 0x13, 0x15, 0x16
    UNION, UNSPECIFIED_PARAMETERS, INHERITANCE, POINTER_TO_MEMBER = 0x17, 0x18, 0x1C, 0x1F
    SUBRANGE, BASE, CONST, ENUMERATOR, SUBPROGRAM = 0x21, 0x24, 0x26, 0x28, 0x2E
    VARIABLE, VOLATILE, RESTRICT, NAMESPACE = 0x34, 0x35, 0x37, 0x39
    RVALUE_REFERENCE, ATOMIC = 0x42, 0x47


_AGGREGATES = {
    Tag.STRUCTURE: "struct",
    Tag.CLASS: "class",
    Tag.UNION: "union",
    Tag.ENUMERATION: "enum",
}
_QUALIFIERS = {
    Tag.CONST: "const ",
    Tag.VOLATILE: "volatile ",
    Tag.RESTRICT: "",
    Tag.ATOMIC: "_Atomic ",
}
_POINTERS = {Tag.POINTER: " *", Tag.REFERENCE: " &", Tag.RVALUE_REFERENCE: " &&"}
_NAMED = (Tag.SUBPROGRAM, Tag.VARIABLE, Tag.MEMBER)
_VOID = Text("void", "void")

Key = Tuple[int, int]
"""Tells one entry from another."""


def read_object(file: elf.Elf, opaque: Iterable[str]) -> ObjectInterface:
    """Describes an object file, and those of the types `opaque` that it defines."""
    try:
        return _read(ObjectFile(file), opaque)
    except Unreadable as error:
        reason = str(error)
    except (LookupError, ValueError, AssertionError, RecursionError, struct.error) as error:
        reason = f"has debug data that cannot be understood ({error!r})"
    except zlib.error:
        reason = "has debug data that cannot be decompressed"
    return ObjectInterface({}, {}, [], reason)


def may_define(file: elf.Elf, titles: Iterable[str]) -> bool:
    """Whether the names of types are in the debug data of an object file."""
    try:
        debug = ObjectFile(file)
        return any(debug.mentions(_last_name(title)) for title in titles)
    except (Unreadable, zlib.error):
        return False


def _read(file: ObjectFile, opaque: Iterable[str]) -> ObjectInterface:
    if not file.has(".debug_info"):
        # Compilers sign what they make, assemblers do not; an assembly source has no types.
        compiled = file.has(".comment") and file.globals
        return ObjectInterface({}, {}, [], _NO_DATA if compiled else "")
    dwarf = Dwarf(file)
    units = [unit for unit in dwarf.units() if not unit.is_assembly]
    reader = TypeReader(file)
    for unit in dwarf.type_units():
        reader.read_unit(unit.root)
    for unit in units:
        check_has_types(unit.root)
        reader.read_unit(unit.root)
    if units and not reader.symbols and any(s.kind == elf.STT_FUNC for s in file.globals):
        raise Unreadable(_NO_TYPES)
    wanted = {title for title in opaque if file.mentions(_last_name(title))}
    for unit in units if wanted else []:
        reader.define(unit.root, wanted)
    reader.finish()
    undefined = [title for title, layout in reader.layouts.items() if not layout]
    return ObjectInterface(reader.symbols, reader.layouts, undefined, "")


def check_has_types(root: Entry) -> None:
    """Raises if a unit was compiled with -g1, which describes functions without their types."""
    if " -g1" in root.text(At.PRODUCER):
        raise Unreadable(_NO_TYPES)


_NO_DATA = "has no debug data (-g)"
_NO_TYPES = "has no types in its debug data (-g1)"


def _last_name(title: str) -> str:
    """`box<int>` of `struct geometry::box<int>`."""
    head, bracket, arguments = title.partition(" ")[2].partition("<")
    return head.rpartition("::")[2] + bracket + arguments


def key_of(entry: Entry) -> Key:
    """What tells an entry from the others."""
    return id(entry.unit.section), entry.offset


class TypeReader:
    """Describes functions and variables, and the types that they lead to."""

    def __init__(self, file: ObjectFile) -> None:
        self.symbols: Dict[str, Symbol] = {}
        self.layouts: Dict[str, Layout] = {}
        self._scopes: Dict[Key, str] = {}
        self._titles: Dict[Key, str] = {}
        self._pending: Dict[str, Entry] = {}
        self._at: Dict[Tuple[int, object], List[elf.Symbol]] = {}
        for symbol in [*file.globals, *file.static_functions]:
            common = symbol.section == elf.SHN_COMMON
            key = (symbol.section, symbol.name if common else symbol.value)
            self._at.setdefault(key, []).append(symbol)

    # ---- symbols ----

    def read_unit(self, root: Entry) -> None:
        """Describes the symbols that a unit defines."""
        found: List[Entry] = []
        self._walk(root, "", found)
        for entry in found:
            self._note(entry)
        if not root.unit.is_c and any(self._lacks(s) for at in self._at.values() for s in at):
            self._walk_bodies(root)
        self.finish()

    def finish(self) -> None:
        """Lays out the types that were met, and those that these lead to."""
        while self._pending:
            title, entry = self._pending.popitem()
            self.layouts[title] = tuple(self._layout(entry))

    def _walk(self, parent: Entry, scope: str, found: List[Entry]) -> None:
        """Collects functions and variables, and the namespaces and classes that things are in."""
        for entry in parent.children():
            if entry.tag in (Tag.SUBPROGRAM, Tag.VARIABLE) and entry.has_address():
                found.append(entry)
            if entry.unit.is_c:
                continue
            if entry.tag in _AGGREGATES or entry.tag in _NAMED:
                self._scopes[key_of(entry)] = scope
            if entry.tag in _AGGREGATES or entry.tag == Tag.NAMESPACE:
                self._walk(entry, f"{scope}{entry.name}::" if entry.name else scope, found)

    def _walk_bodies(self, parent: Entry) -> None:
        """Static variables of inline functions have symbols, too."""
        for entry in parent.children():
            if entry.tag == Tag.VARIABLE and entry.has_address():
                self._note(entry)
            self._walk_bodies(entry)

    def _lacks(self, symbol: elf.Symbol) -> bool:
        return symbol.kind == elf.STT_OBJECT and symbol.name not in self.symbols

    def _note(self, entry: Entry) -> None:
        """Gives a description to the symbols at the address of an entry."""
        place = entry.address()
        if place is None:
            return
        common = place.section == elf.SHN_COMMON
        symbols = self._at.get((place.section, place.name if common else place.offset))
        if symbols is None:
            return  # A static variable.
        text = self.describe(entry)
        name = entry.inherited(At.NAME).name
        linkage = entry.inherited(At.LINKAGE_NAME).text(At.LINKAGE_NAME) or name
        call = "()" if entry.tag == Tag.SUBPROGRAM else ""
        for symbol in symbols:
            # An empty function has the same address as the function after it.
            own_name = symbol.name.lstrip(":")
            if symbol.name in self.symbols and own_name != linkage:
                continue
            shown = own_name if entry.unit.is_c else self._scope(entry) + name
            weak = symbol.binding == elf.STB_WEAK
            self.symbols[symbol.name] = Symbol(shown + call, text, weak)

    def describe(self, entry: Entry) -> Text:
        """A function or a variable."""
        return self._function(entry) if entry.tag == Tag.SUBPROGRAM else self._variable(entry)

    def _scope(self, entry: Entry) -> str:
        """What stands before a name, such as `geometry::`."""
        declared = entry.refers(At.SPECIFICATION) or entry.inherited(At.NAME)
        return self._scopes.get(key_of(declared), "")

    def _function(self, entry: Entry) -> Text:
        """A function's result, name and parameters."""
        # An out-of-line copy of an inline function refers to where it is described.
        while entry.has(At.ABSTRACT_ORIGIN):
            entry = entry.refers(At.ABSTRACT_ORIGIN) or entry
        name = self._scope(entry) + entry.inherited(At.NAME).name
        signature = self._signature(entry, f" {name}")
        never = "noreturn " if entry.inherited(At.NORETURN).has(At.NORETURN) else ""
        return signature.around(never, "")

    def _variable(self, entry: Entry) -> Text:
        name = self._scope(entry) + entry.inherited(At.NAME).name
        kind = self._type_of(entry.inherited(At.TYPE))
        return Text(f"{kind.source} {name}", kind.machine + _aligned(entry), kind.uses)

    def _signature(self, entry: Entry, name: str) -> Text:
        result, parameters = self._type_of(entry.inherited(At.TYPE)), self._parameters(entry)
        # Without a prototype a char comes as an int, a float as a double.
        old_style = entry.unit.is_c and parameters.machine not in ("void", "...")
        prototyped = entry.inherited(At.PROTOTYPED).has(At.PROTOTYPED)
        marks = " without a prototype" if old_style and not prototyped else ""
        text = join(" (", [result, parameters.around("", f"){marks}")])
        return text._replace(source=f"{result.source}{name or ' '}({parameters.source}){marks}")

    def _parameters(self, entry: Entry) -> Text:
        texts = []
        for child in entry.children():
            if child.tag == Tag.PARAMETER:
                texts.append(self._type_of(child.inherited(At.TYPE)))
            elif child.tag == Tag.UNSPECIFIED_PARAMETERS:
                texts.append(Text("...", "..."))
        return join(", ", texts) if texts else _VOID

    # ---- types ----

    def _type_of(self, entry: Entry) -> Text:
        target = entry.refers(At.TYPE)
        return _VOID if target is None else self._describe(target)

    def _describe(self, entry: Entry) -> Text:
        tag = entry.tag
        if tag in _AGGREGATES:
            return self._aggregate(entry, "")
        if tag == Tag.TYPEDEF:
            target = self._typedef(entry)
            return Text(entry.name, target.machine + _aligned(entry), target.uses)
        if tag in _POINTERS:
            return self._type_of(entry).around("", _POINTERS[tag])
        if tag in _QUALIFIERS:
            target = self._type_of(entry)
            word = _QUALIFIERS[tag]
            pointer = target.source.endswith(("*", "&"))
            source = f"{target.source} {word}".rstrip() if pointer else word + target.source
            return target._replace(source=source)
        if tag == Tag.BASE:
            bits = entry.constant(At.BIT_SIZE) or 8 * entry.constant(At.BYTE_SIZE)
            return Text(entry.name, f"base {entry.constant(At.ENCODING)} of {bits} bits")
        if tag == Tag.SUBROUTINE:
            return self._signature(entry, "")
        if tag == Tag.ARRAY:
            return self._array(entry)
        if tag == Tag.POINTER_TO_MEMBER:
            owner = entry.refers(At.CONTAINING_TYPE)
            of = _VOID if owner is None else self._describe(owner)
            return join(" ", [self._type_of(entry), of.around("", "::*")])
        return Text(entry.name, f"{tag:#x} {entry.name}")

    def _typedef(self, entry: Entry) -> Text:
        """What a typedef stands for. An unnamed structure gets the name of its typedef."""
        target = entry.refers(At.TYPE)
        if target is not None and target.tag in _AGGREGATES and not target.name:
            return self._aggregate(target, entry.name)
        return self._type_of(entry)

    def _array(self, entry: Entry) -> Text:
        lengths = " vector" if entry.has(At.VECTOR) else ""
        for child in entry.children():
            if child.tag == Tag.SUBRANGE:
                last = child.number(At.UPPER_BOUND)
                length = child.number(At.COUNT) if last is None else last + 1
                lengths += f"[{'' if length is None else length}]"
        return self._type_of(entry).around("", lengths)

    def _aggregate(self, entry: Entry, typedef_name: str) -> Text:
        entry = entry.refers(At.SIGNATURE) or entry
        kind = _AGGREGATES[entry.tag]
        placeholder = "struct" if entry.tag == Tag.CLASS else kind
        name = entry.inherited(At.NAME).name
        if not name and not typedef_name:
            inner = join("; ", self._layout(entry))
            return Text(
                f"{kind} {{{inner.source}}}", f"{placeholder} {{{inner.machine}}}", inner.uses
            )
        title = self._titles.get(key_of(entry))
        if title is None:
            wanted = f"{kind} {self._scope(entry)}{name}" if name else typedef_name
            title = self._titles[key_of(entry)] = self._title(entry, wanted)
        return Text(title, placeholder, (title,))

    def _title(self, entry: Entry, wanted: str) -> str:
        """A unique title for each type; a declaration has the title of its definition."""
        if entry.has(At.DECLARATION):
            self.layouts.setdefault(wanted, ())
            return wanted
        title, number = wanted, 1
        while self.layouts.get(title) or title in self._pending:
            number += 1
            title = f"{wanted} ({number})"
        self.layouts[title] = ()
        self._pending[title] = entry
        return title

    def define(self, parent: Entry, wanted: "set[str]", scope: str = "") -> None:
        """Lays out the types that a unit defines and that others only declare."""
        for entry in parent.children():
            name = entry.name if entry.tag in _AGGREGATES or entry.tag == Tag.NAMESPACE else ""
            title = f"{_AGGREGATES.get(entry.tag, '')} {scope}{name}"
            if title in wanted and not entry.has(At.DECLARATION):
                self._aggregate(entry, "")
            if name and not entry.unit.is_c:
                self.define(entry, wanted, f"{scope}{name}::")

    def _layout(self, entry: Entry) -> Iterator[Text]:
        size = f"size {entry.constant(At.BYTE_SIZE)}{_aligned(entry)}"
        if entry.has(At.CONVENTION):
            size += f" passed as {entry.constant(At.CONVENTION)}"
        yield Text(size, size)
        if entry.tag == Tag.ENUMERATION and entry.has(At.TYPE):
            yield self._type_of(entry).around("of ", "")
        for child in entry.children():
            if child.tag == Tag.MEMBER and not child.has(At.EXTERNAL):
                name = f" {child.name}{_bits(child)}{_aligned(child)}"
                yield self._type_of(child).around(f"+{child.words(At.MEMBER_LOCATION)} ", name)
            elif child.tag == Tag.INHERITANCE:
                virtual = "virtual " if child.has(At.VIRTUALITY) else ""
                start = f"+{child.words(At.MEMBER_LOCATION)} {virtual}base "
                yield self._type_of(child).around(start, "")
            elif child.tag == Tag.ENUMERATOR:
                text = f"{child.name} = {child.constant(At.CONST_VALUE)}"
                yield Text(text, text)
            elif child.tag == Tag.SUBPROGRAM and child.has(At.VIRTUALITY):
                start = f"virtual {child.name} at {child.words(At.VTABLE_SLOT)}: "
                yield self._signature(child, "").around(start, "")
            elif child.tag == Tag.SUBPROGRAM and not child.has(At.DEFAULTED):
                yield from self._special(child, entry)

    def _special(self, function: Entry, owner: Entry) -> Iterator[Text]:
        """A destructor or a copy constructor: with one, a class is passed by its address."""
        if function.name == f"~{owner.name}":
            yield Text(f"{function.name}()", "destructor")
        elif function.name == owner.name.partition("<")[0] and not function.has(At.ARTIFICIAL):
            title = self._aggregate(owner, "").source
            parameters = [self._type_of(c) for c in function.children() if c.tag == Tag.PARAMETER]
            if len(parameters) == 2 and parameters[1].uses == (title,):
                yield parameters[1]._replace(source=f"{function.name}({parameters[1].source})")


def _aligned(entry: Entry) -> str:
    """Empty unless the source asks for an alignment."""
    return f" aligned {entry.constant(At.ALIGNMENT)}" if entry.has(At.ALIGNMENT) else ""


def _bits(member: Entry) -> str:
    """Place and width of a bit field."""
    if not member.has(At.BIT_SIZE):
        return ""
    place = member.constant(At.DATA_BIT_OFFSET) or member.constant(At.BIT_OFFSET)
    return f" : {member.constant(At.BIT_SIZE)} at bit {place}"
