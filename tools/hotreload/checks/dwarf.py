"""Reads the entries of DWARF 2 to 5 in an object file: of compilation units and of type units.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import struct
from typing import Dict, FrozenSet, Iterator, List, NamedTuple, Optional, Tuple, Union

from hotreload.checks.debug_sections import DebugSection, ObjectFile, Place, Unreadable

# Forms whose values have a fixed size: DW_FORM_addr, data2, data4, ...
_SIZES = {
    0x01: 4, 0x05: 2, 0x06: 4, 0x07: 8, 0x0B: 1, 0x0C: 1, 0x0E: 4, 0x10: 4, 0x11: 1, 0x12: 2,
    0x13: 4, 0x14: 8, 0x17: 4, 0x19: 0, 0x1E: 16, 0x1F: 4, 0x20: 8, 0x21: 0, 0x25: 1, 0x26: 2,
    0x27: 3, 0x28: 4, 0x29: 1, 0x2A: 2, 0x2B: 3, 0x2C: 4,
}  # fmt: skip
# Those of them that are offsets into other sections: addr, data4, strp, ref_addr, ...
_RELOCATED = (0x01, 0x06, 0x0E, 0x10, 0x17, 0x1F)
_ULEB = (0x0F, 0x15, 0x1A, 0x1B, 0x22, 0x23)  # udata, ref_udata, strx, addrx, loclistx, rnglistx
_BLOCKS = {0x0A: 1, 0x03: 2, 0x04: 4}
_STRING, _SDATA, _BLOCK, _EXPRLOC, _INDIRECT, _IMPLICIT = 0x08, 0x0D, 0x09, 0x18, 0x16, 0x21
_LINE_STRP = 0x1F
_STRX = (0x1A, 0x25, 0x26, 0x27, 0x28)
_ADDRX = (0x1B, 0x29, 0x2A, 0x2B, 0x2C)
_REF_ADDR, _REF_SIG8 = 0x10, 0x20
_REFERENCES = (0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x20)

_COMPILE, _TYPE, _PARTIAL = 1, 2, 3
_LANGUAGES_C = (0x01, 0x02, 0x0C, 0x1D, 0x2C, 0x3E)
_ASSEMBLY = (0x31, 0x8001)
_OP_ADDR, _OP_ADDRX, _OP_CONSTU, _OP_PLUS_UCONST = 0x03, 0xA1, 0x10, 0x23

Value = Union[int, bytes]


class At:
    """Attributes, DW_AT_*."""

    SIBLING, LOCATION, NAME, BYTE_SIZE, BIT_OFFSET, BIT_SIZE = 0x01, 0x02, 0x03, 0x0B, 0x0C, 0x0D
    LOW_PC, LANGUAGE, CONST_VALUE, UPPER_BOUND, PRODUCER = 0x11, 0x13, 0x1C, 0x2F, 0x25
    PROTOTYPED, CONTAINING_TYPE, ABSTRACT_ORIGIN, COUNT = 0x27, 0x1D, 0x31, 0x37
    MEMBER_LOCATION, DECLARATION, ENCODING, EXTERNAL = 0x38, 0x3C, 0x3E, 0x3F
    SPECIFICATION, TYPE, VIRTUALITY, VTABLE_SLOT, RANGES = 0x47, 0x49, 0x4C, 0x4D, 0x55
    CONVENTION, DATA_BIT_OFFSET, SIGNATURE, LINKAGE_NAME, STR_OFFSETS = 0x36, 0x6B, 0x69, 0x6E, 0x72
    ADDR_BASE, DWO_NAME, NORETURN, ALIGNMENT = 0x73, 0x76, 0x87, 0x88
    DEFAULTED, ARTIFICIAL = 0x8B, 0x34
    VECTOR, GNU_DWO_NAME = 0x2107, 0x2130


class _Abbreviation(NamedTuple):
    tag: int
    has_children: bool
    attributes: List[Tuple[int, int, int]]
    """Attribute, form, and the value of DW_FORM_implicit_const."""
    names: FrozenSet[int]
    size: int
    """Of the attributes; -1 when it depends on their values."""


class Unit:
    """One unit; its entries are read when they are asked for."""

    def __init__(self, dwarf: "Dwarf", section: DebugSection, offset: int) -> None:
        self.dwarf, self.section, self.offset = dwarf, section, offset
        length, self.version = struct.unpack_from("<IH", section.data, offset)
        if length >= 0xFFFFFFF0 or not 2 <= self.version <= 5:
            raise Unreadable(f"has debug data of DWARF version {self.version}, or 64-bit")
        self.end = offset + 4 + length
        kind = _COMPILE
        if self.version >= 5:
            kind, table, start = section.data[offset + 6], offset + 8, offset + 12
        else:
            table, start = offset + 6, offset + 11
        if kind not in (_COMPILE, _TYPE, _PARTIAL):
            raise Unreadable(_SPLIT)
        self.signature: Optional[int] = None
        if kind == _TYPE or section in dwarf.old_type_sections:
            self.signature, self.type_offset = struct.unpack_from("<QI", section.data, start)
            start += 12
        self.abbreviations = dwarf.abbreviations(section.word(table))
        self.root = Entry(self, start)
        self.language = self.root.constant(At.LANGUAGE)
        self.is_c = self.language in _LANGUAGES_C
        self.is_assembly = self.language in _ASSEMBLY
        if self.root.has(At.DWO_NAME) or self.root.has(At.GNU_DWO_NAME):
            raise Unreadable(_SPLIT)


_SPLIT = "has its debug data in another file (-gsplit-dwarf)"


class Entry:
    """One entry (DIE)."""

    __slots__ = ("unit", "offset", "tag", "_abbreviation", "_start", "_values", "_end")

    def __init__(self, unit: Unit, offset: int) -> None:
        self.unit, self.offset = unit, offset
        code, self._start = _uleb(unit.section.data, offset)
        self._abbreviation = unit.abbreviations[code] if code else None
        self.tag = self._abbreviation.tag if self._abbreviation else 0
        self._values: Optional[Dict[int, Tuple[int, int, Value]]] = None
        self._end = -1

    # ---- attributes ----

    @property
    def values(self) -> Dict[int, Tuple[int, int, Value]]:
        """Form, place and value of each attribute."""
        if self._values is None:
            self._values = {}
            place = self._start
            assert self._abbreviation is not None
            for attribute, form, implicit in self._abbreviation.attributes:
                start = place
                form, value, place = _read(self.unit.section, form, place)
                self._values[attribute] = (form, start, implicit if form == _IMPLICIT else value)
            self._end = place
        return self._values

    def has(self, attribute: int) -> bool:
        """Whether there is such an attribute."""
        return self._abbreviation is not None and attribute in self._abbreviation.names

    def number(self, attribute: int) -> Optional[int]:
        """An integer; None if it is missing or only known at run time."""
        form, _place, value = self.values.get(attribute, (_EXPRLOC, 0, b""))
        return value if isinstance(value, int) and form not in _REFERENCES else None

    def constant(self, attribute: int) -> int:
        """An integer; 0 if it is missing."""
        value = self.values[attribute][2] if attribute in self.values else 0
        return value if isinstance(value, int) else 0

    def words(self, attribute: int) -> str:
        """A number, or the bytes of an expression, to be compared."""
        value = self.values[attribute][2] if attribute in self.values else 0
        if isinstance(value, bytes) and value and value[0] in (_OP_CONSTU, _OP_PLUS_UCONST):
            value = _uleb(value, 1)[0]
        return str(value) if isinstance(value, int) else value.hex()

    def text(self, attribute: int) -> str:
        """A string; empty if it is missing."""
        if attribute not in self.values:
            return ""
        form, _place, value = self.values[attribute]
        if isinstance(value, bytes):
            return value.decode("utf-8", "replace")
        return self.unit.dwarf.string(self.unit, form, value)

    @property
    def name(self) -> str:
        return self.text(At.NAME)

    def refers(self, attribute: int) -> Optional["Entry"]:
        """The entry that an attribute refers to."""
        if not self.has(attribute):
            return None
        form, _place, value = self.values[attribute]
        assert isinstance(value, int)
        if form == _REF_SIG8:
            return self.unit.dwarf.type_of_signature(value)
        if form == _REF_ADDR:
            return Entry(self.unit.dwarf.unit_at(self.unit.section, value), value)
        return Entry(self.unit, self.unit.offset + value)

    def inherited(self, attribute: int) -> "Entry":
        """This entry, or the one that it completes and that has the attribute."""
        entry: Optional[Entry] = self
        while entry is not None:
            if entry.has(attribute):
                return entry
            entry = entry.refers(At.ABSTRACT_ORIGIN) or entry.refers(At.SPECIFICATION)
        return self

    def has_address(self) -> bool:
        """Whether this is a definition."""
        return any(self.has(attribute) for attribute in (At.LOW_PC, At.LOCATION, At.RANGES))

    def address(self) -> Optional[Place]:
        """Where a function begins, or a variable is."""
        section = self.unit.section
        if self.has(At.LOW_PC):
            form, place, value = self.values[At.LOW_PC]
            return self._indexed(value) if form in _ADDRX else section.refers_to(place)
        if self.has(At.RANGES):
            return self.unit.dwarf.first_range(self.unit, self.constant(At.RANGES))
        if self.has(At.LOCATION):
            _form, place, value = self.values[At.LOCATION]
            if isinstance(value, bytes) and value[:1] == bytes([_OP_ADDR]) and len(value) == 5:
                return section.refers_to(place + 2)
            if isinstance(value, bytes) and value[:1] == bytes([_OP_ADDRX]):
                return self._indexed(_uleb(value, 1)[0])
        return None

    def _indexed(self, index: Value) -> Optional[Place]:
        assert isinstance(index, int)
        base = self.unit.root.constant(At.ADDR_BASE)
        return self.unit.dwarf.table(".debug_addr").refers_to(base + 4 * index)

    # ---- the tree ----

    def children(self) -> Iterator["Entry"]:
        """The entries directly below."""
        if self._abbreviation is None or not self._abbreviation.has_children:
            return
        child = Entry(self.unit, self.end)
        while child.tag:
            yield child
            child = Entry(self.unit, child.behind())

    @property
    def end(self) -> int:
        """Where the attributes end."""
        if self._end < 0:
            assert self._abbreviation is not None
            if self._abbreviation.size >= 0:
                self._end = self._start + self._abbreviation.size
            else:
                self.values  # pylint: disable=pointless-statement
        return self._end

    def behind(self) -> int:
        """Where the next entry of the same level begins."""
        if self._abbreviation is None or not self._abbreviation.has_children:
            return self.end
        if self.has(At.SIBLING):
            return self.unit.offset + self.constant(At.SIBLING)
        child = Entry(self.unit, self.end)
        while child.tag:
            child = Entry(self.unit, child.behind())
        return child._start


class Dwarf:
    """The debug data of an object file."""

    def __init__(self, file: ObjectFile) -> None:
        self.file = file
        self.old_type_sections = file.sections(".debug_types")
        self._abbreviations: Dict[int, Dict[int, _Abbreviation]] = {}
        self._tables: Dict[str, DebugSection] = {}
        sections = file.sections(".debug_info") + self.old_type_sections
        self._units = [unit for section in sections for unit in self._read_units(section)]
        self._types = {u.signature: u for u in self._units if u.signature is not None}

    def units(self) -> List[Unit]:
        """The compilation units."""
        return [unit for unit in self._units if unit.signature is None]

    def table(self, name: str) -> DebugSection:
        """A section that the entries refer to."""
        if name not in self._tables:
            sections = self.file.sections(name)
            if not sections:
                raise Unreadable(f"has debug data without {name}")
            self._tables[name] = sections[0]
        return self._tables[name]

    def type_units(self) -> List[Unit]:
        """The units of which each is about one type."""
        return list(self._types.values())

    def _read_units(self, section: DebugSection) -> Iterator[Unit]:
        offset = 0
        while offset < len(section.data):
            unit = Unit(self, section, offset)
            yield unit
            offset = unit.end

    def abbreviations(self, offset: int) -> Dict[int, _Abbreviation]:
        """The table of abbreviations at an offset."""
        if offset not in self._abbreviations:
            table = self.table(".debug_abbrev")
            self._abbreviations[offset] = _read_abbreviations(table.data, offset)
        return self._abbreviations[offset]

    def unit_at(self, section: DebugSection, offset: int) -> Unit:
        """The unit that an offset of a section lies in."""
        return next(u for u in self._units if u.section is section and u.offset <= offset < u.end)

    def type_of_signature(self, signature: int) -> Entry:
        """The type that a type unit is about."""
        unit = self._types[signature]
        return Entry(unit, unit.offset + unit.type_offset)

    def string(self, unit: Unit, form: int, value: int) -> str:
        """The string that a value stands for."""
        if form in _STRX:
            base = unit.root.constant(At.STR_OFFSETS)
            value = self.table(".debug_str_offsets").word(base + 4 * value)
        data = self.table(".debug_line_str" if form == _LINE_STRP else ".debug_str").data
        return data[value : data.index(0, value)].decode("utf-8", "replace")

    def first_range(self, unit: Unit, offset: int) -> Optional[Place]:
        """Where the first of the ranges at an offset begins."""
        table = ".debug_rnglists" if unit.version >= 5 else ".debug_ranges"
        return self.table(table).first_reference(offset)


def _uleb(data: bytes, place: int) -> Tuple[int, int]:
    byte = data[place]
    if byte < 0x80:
        return byte, place + 1
    value, shift = 0, 0
    while True:
        byte = data[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return value, place


def _sleb(data: bytes, place: int) -> Tuple[int, int]:
    value, end = _uleb(data, place)
    bits = 7 * (end - place)
    return (value - (1 << bits) if value >> (bits - 1) else value), end


def _read(section: DebugSection, form: int, place: int) -> Tuple[int, Value, int]:
    """Form, value, and where the value ends."""
    data = section.data
    size = _SIZES.get(form)
    if size is not None:
        if form in _RELOCATED:
            return form, section.word(place), place + 4
        return form, int.from_bytes(data[place : place + size], "little"), place + size
    if form in _ULEB:
        return (form, *_uleb(data, place))
    if form == _STRING:
        end = data.index(0, place)
        return form, data[place:end], end + 1
    if form == _SDATA:
        return (form, *_sleb(data, place))
    if form == _INDIRECT:
        form, place = _uleb(data, place)
        return _read(section, form, place)
    if form in (_BLOCK, _EXPRLOC):
        length, place = _uleb(data, place)
    elif form in _BLOCKS:
        width = _BLOCKS[form]
        length, place = int.from_bytes(data[place : place + width], "little"), place + width
    else:
        raise Unreadable(f"has debug data with a form that is not known ({form:#x})")
    return form, data[place : place + length], place + length


def _read_abbreviations(data: bytes, place: int) -> Dict[int, _Abbreviation]:
    table: Dict[int, _Abbreviation] = {}
    while True:
        code, place = _uleb(data, place)
        if code == 0:
            return table
        tag, place = _uleb(data, place)
        has_children, place = data[place] != 0, place + 1
        attributes: List[Tuple[int, int, int]] = []
        while True:
            attribute, place = _uleb(data, place)
            form, place = _uleb(data, place)
            implicit = 0
            if form == _IMPLICIT:
                implicit, place = _sleb(data, place)
            if attribute == 0 and form == 0:
                break
            attributes.append((attribute, form, implicit))
        sizes = [_SIZES.get(form, -1) for _, form, _ in attributes]
        names = frozenset(attribute for attribute, _, _ in attributes)
        size = -1 if -1 in sizes else sum(sizes)
        table[code] = _Abbreviation(tag, has_children, attributes, names, size)
