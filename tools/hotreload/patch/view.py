"""An object file as the comparison sees it: what each section is, and what a relocation means.

A name that is local to an object file is known by that file, and a numbered one (count.0) by the
function that it stands in, because numbers change with every edit.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import re
import struct
from enum import IntEnum
from typing import Callable, Dict, List, Mapping, NamedTuple, Optional, Set, Tuple

from hotreload.mangled import Plain, plain
from hotreload.module import elf
from hotreload.module.link_options import Wraps
from hotreload.patch.types import Types

_XTENSA = elf.MACHINES["xtensa"]
_XTENSA_WORD = 1
# Relocations by which code gets an address as a value: a word, or R_RISCV_PCREL_HI20 and HI20.
_VALUES = {_XTENSA: (_XTENSA_WORD,), elf.MACHINES["riscv"]: (1, 23, 26)}
# Marks for relaxation that stand beside a relocation: they say nothing about the program.
_RISCV_RELAX = 51
_NUMBERED = re.compile(r"(.+)[.$](\d+)\Z")
_SETUP = (".init_array", ".fini_array", ".ctors", ".dtors")
_UNWINDING = (".eh_frame", ".gcc_except_table", ".note", ".riscv.attributes", ".xtensa.info")


class Kind(IntEnum):
    """What a section is."""

    OTHER = 0
    """Not in the program's memory, or for unwinding only."""
    CODE = 1
    LITERAL = 2
    """Constants that instructions of Xtensa load; each belongs to the code that loads it."""
    CONSTANT = 3
    VARIABLE = 4
    SETUP = 5
    """Arrays of constructors and destructors."""


class Entity(NamedTuple):
    """A function or variable, whatever its address; `path` is empty for a global one."""

    name: str
    path: str = ""
    function: str = ""
    """Where a numbered static variable stands; another one of the name there has #1 behind it."""

    @property
    def plain(self) -> Plain:
        """The name as the source has it."""
        found = plain(self.name)
        is_known = self.function and not self.function.startswith(_UNKNOWN)
        return found._replace(function=self.function) if is_known else found

    @property
    def shown(self) -> str:
        """For messages."""
        name = self.plain
        shown = "a compound literal" if name.name == _COMPOUND else name.qualified
        return f"{name.function}(): {shown}" if name.function else shown


class Named(NamedTuple):
    """A function or variable in a section."""

    entity: Entity
    symbol: elf.Symbol
    number: int
    """Of the symbol."""

    @property
    def offset(self) -> int:
        return self.symbol.value

    @property
    def is_global(self) -> bool:
        return not self.entity.path


class Means(IntEnum):
    """How a target is described."""

    NUMBER = 0
    """An address that no link changes."""
    NAMED = 1
    """A function or variable: `entity`, perhaps of another object file."""
    HERE = 2
    """In the section itself."""
    INSIDE = 3
    """Behind the start of a function in another section of code."""
    ANONYMOUS = 4
    """A constant that has no name, such as a string."""


class Target(NamedTuple):
    """What a relocation refers to; `offset` counts from the entity, or in the section."""

    means: Means
    offset: int
    section: int = -1
    """Of the object file; -1 when the target may be elsewhere."""
    entity: Optional[Entity] = None


class View:
    """One object file; `name` is its path from the build directory."""

    def __init__(
        self,
        path: str,
        name: str,
        file: elf.Elf,
        wraps: Wraps,
        read_types: Callable[[elf.Elf], Types],
    ) -> None:
        self.path, self.name, self.file = path, name, file
        self.symbols = file.symbols()
        self._wraps = wraps
        self._read_types = read_types
        self._types: Optional[Types] = None
        self.relocations = {s.number: entries for s, entries in file.relocations()}
        self.kinds = [self._kind(section) for section in file.sections]
        self.by_entity: Dict[Entity, Named] = {}
        self.unclear: List[str] = []
        """Numbered variables whose functions are not known."""
        self.twins: Dict[Tuple[str, str], int] = {}
        """Functions with several static variables of one name: the name, and how many."""
        self._copied: Set[int] = set()
        """Sections of constants that only the compiler's own code reads."""
        self.named = self._find_named()
        self._signatures: Dict[int, Tuple[object, ...]] = {}
        self._pieces: Dict[Tuple[int, int], object] = {}
        self._uses: Dict[int, List[Target]] = {}

    @property
    def types(self) -> Types:
        """What the debug data says."""
        if self._types is None:
            self._types = self._read_types(self.file)
        return self._types

    # ---- what is there ----

    def _kind(self, section: elf.Section) -> Kind:
        if not section.allocated or section.name.startswith(_UNWINDING):
            return Kind.OTHER
        if section.flags & elf.SHF_TLS:
            return Kind.OTHER
        if section.name.startswith(_SETUP):
            return Kind.SETUP
        if section.flags & elf.SHF_EXECINSTR:
            return Kind.LITERAL if _is_literal(section.name) else Kind.CODE
        return Kind.VARIABLE if section.flags & elf.SHF_WRITE else Kind.CONSTANT

    def _find_named(self) -> Dict[int, List[Named]]:
        found: Dict[int, List[Named]] = {}
        numbered: List[Tuple[int, elf.Symbol]] = []
        for number, symbol in enumerate(self.symbols):
            if not self._has_name(symbol):
                continue
            if _is_numbered(symbol):
                numbered.append((number, symbol))
                continue
            path = self.name if symbol.binding == elf.STB_LOCAL else ""
            self._add_named(Entity(symbol.name, path), symbol, number, found)
        if numbered:
            # By the source: the order of symbols changes with the code that uses them.
            numbered.sort(key=lambda found: self._order(found[1]))
        for number, symbol in numbered:
            entity = self._numbered_entity(symbol)
            if entity is not None:
                self._add_named(entity, symbol, number, found)
        for names in found.values():
            names.sort(key=lambda n: n.offset)
        return found

    def _order(self, symbol: elf.Symbol) -> Tuple[int, int]:
        """By the debug data, else by the number, which the compiler counts up as it reads."""
        match = _NUMBERED.match(symbol.name)
        number = int(match.group(2)) if match is not None else 0
        return self.types.order_of(symbol.section, symbol.value), number

    def _add_named(
        self, entity: Entity, symbol: elf.Symbol, number: int, found: Dict[int, List[Named]]
    ) -> None:
        named = Named(entity, symbol, number)
        self.by_entity[entity] = named
        found.setdefault(symbol.section, []).append(named)

    def _has_name(self, symbol: elf.Symbol) -> bool:
        if symbol.section == elf.SHN_COMMON:
            return True
        if not 0 < symbol.section < len(self.kinds) or not symbol.name:
            return False
        if symbol.binding == elf.STB_LOCAL and symbol.name.startswith(".L"):
            return False  # Clang calls strings so, which the linker merges.
        kind = self.kinds[symbol.section]
        if symbol.kind in (elf.STT_FUNC, elf.STT_OBJECT):
            return kind in (Kind.CODE, Kind.CONSTANT, Kind.VARIABLE)
        if symbol.kind != elf.STT_NOTYPE:
            return False
        if symbol.binding != elf.STB_LOCAL:
            return kind != Kind.OTHER
        return kind == Kind.VARIABLE

    def _numbered_entity(self, symbol: elf.Symbol) -> Optional[Entity]:
        """None: the compiler made this constant, and nothing else knows it."""
        stem = _NUMBERED.sub(r"\1", symbol.name)
        function = self.types.function_of(symbol.section, symbol.value)
        if function is None:
            if self.kinds[symbol.section] == Kind.CONSTANT and is_made(stem):
                if stem.startswith(_COPIED):
                    self._copied.add(symbol.section)
                return None
            self.unclear.append(stem)
            return Entity(stem, self.name, _UNKNOWN * self.unclear.count(stem))
        entity, count = Entity(stem, self.name, function), 0
        while entity in self.by_entity:
            count += 1
            entity = Entity(stem, self.name, f"{function}#{count}")
        if count and self.kinds[symbol.section] == Kind.VARIABLE:
            self.twins[function, stem] = count + 1
        return entity

    def counts(self, named: Named, winners: Mapping[str, str]) -> bool:
        """Whether the linker takes this definition, if it takes global names from these files."""
        return not named.is_global or winners.get(named.entity.name) == self.name

    def made_variables(self, stem: str) -> List[object]:
        """Those that the compiler made and called so, in the order of the source."""
        found = [n for n in self.by_entity.values() if n.entity.name == stem and n.entity.path]
        found = [n for n in found if n.entity.function.startswith(_UNKNOWN)]
        return [self.signature(n.symbol.section) for n in found]

    def entsize(self, section: elf.Section) -> int:
        """The size of the elements of a section of constants that may be merged."""
        start = struct.unpack_from("<I", self.file.data, 32)[0]
        size: int = struct.unpack_from("<I", self.file.data, start + 40 * section.number + 36)[0]
        return max(size, 1)

    # ---- what relocations mean ----

    def addend(self, section: int, entry: elf.Rela) -> int:
        """What is added to the symbol, in the relocation and in the place itself."""
        return entry.addend + self.in_place(section, entry)

    def in_place(self, section: int, entry: elf.Rela) -> int:
        """The part of the addend that stands in the section."""
        if self.file.machine != _XTENSA or entry.type != _XTENSA_WORD:
            return 0
        start = self.file.sections[section].offset + entry.offset
        value: int = struct.unpack_from("<i", self.file.data, start)[0]
        return value

    def resolve(self, name: str) -> str:
        """What an undefined name stands for: the firmware's link may wrap it."""
        return self._wraps.resolve(name)

    def target(self, section: int, entry: elf.Rela) -> Target:
        """What a relocation of a section refers to."""
        symbol, addend = self.symbols[entry.symbol], self.addend(section, entry)
        if symbol.section == elf.SHN_ABS or entry.symbol == 0:
            return Target(Means.NUMBER, symbol.value + addend)
        if not symbol.defined:
            return Target(Means.NAMED, addend, -1, Entity(self.resolve(symbol.name)))
        if symbol.binding != elf.STB_LOCAL:
            return Target(Means.NAMED, addend, symbol.section, Entity(symbol.name))
        return self._local(section, symbol, addend)

    def _local(self, section: int, symbol: elf.Symbol, addend: int) -> Target:
        kind, place = self.kinds[symbol.section], symbol.value + addend
        names = self.named.get(symbol.section, [])
        is_here = symbol.section == section and (kind == Kind.CODE or not names)
        if symbol.kind in (elf.STT_FUNC, elf.STT_OBJECT) and not is_here:
            own = next((n for n in names if n.symbol is symbol), None)
            if own is not None and (kind != Kind.CODE or addend == 0):
                return Target(Means.NAMED, addend, symbol.section, own.entity)
        if is_here:
            return Target(Means.HERE, place, section)
        if kind == Kind.LITERAL:
            return Target(Means.ANONYMOUS, place, symbol.section)
        if kind == Kind.CODE:
            starts = [n for n in names if n.offset == place]
            if starts:
                return Target(Means.NAMED, 0, symbol.section, starts[0].entity)
            return Target(Means.INSIDE, place, symbol.section)
        inside = [n for n in names if n.offset <= place < n.offset + max(n.symbol.size, 1)]
        if not inside and names and (kind == Kind.VARIABLE or not self._has_more(symbol.section)):
            inside = names[:1]  # table[i - 97] may begin before the table.
        if inside:
            return Target(Means.NAMED, place - inside[0].offset, symbol.section, inside[0].entity)
        return Target(Means.ANONYMOUS, place, symbol.section)

    def _has_more(self, section: int) -> bool:
        """Whether a section of constants has bytes without a name."""
        sizes = sum(n.symbol.size for n in self.named[section])
        return sizes < self.file.sections[section].size

    # ---- pieces of sections of constants ----

    def piece(self, section: int, place: int) -> Tuple[int, int]:
        """The bytes of an anonymous constant: from, to."""
        header = self.file.sections[section]
        if self.kinds[section] == Kind.LITERAL:
            return place, place + 4
        size = self.entsize(header)
        if not header.flags & elf.SHF_MERGE or not 0 <= place < header.size:
            return 0, header.size
        start = place // size * size
        if not header.flags & elf.SHF_STRINGS:
            return start, start + size
        content, zero = self.file.content(header), bytes(size)
        end = start
        while start > 0 and content[start - size : start] != zero:
            start -= size
        while end < header.size and content[end : end + size] != zero:
            end += size
        return start, min(end + size, header.size)

    def is_string(self, section: int) -> bool:
        """Whether a section holds strings that may be merged."""
        return elf.is_string(self.file.sections[section])

    def is_lasting(self, section: int) -> bool:
        """Whether a pointer to a constant without a name may be stored: to a string, or to what
        the source wrote as a compound literal. Not one to a number, or to a table of jumps."""
        if self.file.sections[section].flags & elf.SHF_MERGE:
            return self.is_string(section)
        return section not in self._copied and not self._leads_inside(section)

    # ---- signatures ----

    def signature(self, section: int) -> Tuple[object, ...]:
        """All that makes a section what it is; equal signatures are the same program."""
        known = self._signatures.get(section)
        if known is None:
            header = self.file.sections[section]
            names = [
                (n.entity, n.offset, n.symbol.size, n.symbol.kind)
                for n in self.named.get(section, [])
            ]
            flags = header.flags & (elf.SHF_WRITE | elf.SHF_ALLOC | elf.SHF_EXECINSTR)
            known = (
                flags, header.alignment, header.size, header.name.startswith((".iram1", ".dram1")),
                tuple(names), *self.content(section, 0, header.size),
            )  # fmt: skip
            self._signatures[section] = known
        return known

    def content(
        self, section: int, start: int, end: int, within: Tuple[int, ...] = ()
    ) -> "tuple[bytes, tuple[object, ...]]":
        """Bytes of a section, and what their relocations mean."""
        content = bytearray(self.file.content(self.file.sections[section])[start:end])
        relocations = []
        for entry in self.relocations.get(section, ()):
            if not start <= entry.offset < end or self.is_mark(entry):
                continue
            if self.file.machine == _XTENSA and entry.type == _XTENSA_WORD:
                content[entry.offset - start : entry.offset - start + 4] = bytes(4)
            described = self._describe(section, entry, (*within, section))
            relocations.append((entry.offset - start, entry.type, described))
        return bytes(content), tuple(relocations)

    def is_mark(self, entry: elf.Rela) -> bool:
        """Whether a relocation only says that the linker may shorten what is there."""
        return self.file.machine != _XTENSA and entry.type == _RISCV_RELAX

    def _describe(self, section: int, entry: elf.Rela, within: Tuple[int, ...]) -> object:
        target = self.target(section, entry)
        if target.means != Means.ANONYMOUS:
            entity = target.entity
            if target.means == Means.INSIDE:
                entity = self.owner(target.section, target.offset)
            if target.means == Means.HERE and len(within) > 1:
                return (target.means, target.offset)
            return (target.means, target.offset, entity)
        if target.section in within:
            return (target.means, target.offset, len(within) - within.index(target.section))
        start, end = self.piece(target.section, target.offset)
        key = (target.section, start)
        if key not in self._pieces:
            self._pieces[key] = self.content(target.section, start, end, within)
        return (target.means, target.offset - start, self._pieces[key])

    def uses(self, section: int) -> List[Target]:
        """What a section refers to, also by its constants without a name."""
        if section not in self._uses:
            self._uses[section] = self.targets(section, 0, self.file.sections[section].size)
        return self._uses[section]

    def targets(self, section: int, start: int, end: int) -> List[Target]:
        """The same of a part of a section."""
        found: List[Target] = []
        self._add_uses(section, start, end, found, set())
        return found

    def targets_of(self, named: Named) -> List[Target]:
        """The same of one constant or variable."""
        start = named.offset
        return self.targets(named.symbol.section, start, start + named.symbol.size)

    def _add_uses(
        self, section: int, start: int, end: int, found: List[Target], seen: Set[Tuple[int, int]]
    ) -> None:
        for entry in self.relocations.get(section, ()):
            if not start <= entry.offset < end or self.is_mark(entry):
                continue
            target = self.target(section, entry)
            if target.means != Means.ANONYMOUS:
                found.append(target)
                continue
            piece = self.piece(target.section, target.offset)
            if (target.section, piece[0]) not in seen:
                seen.add((target.section, piece[0]))
                self._add_uses(target.section, *piece, found, seen)

    def labels(self, named: Named) -> Set[int]:
        """Sections of code whose middle a constant or variable leads to (`&&label`)."""
        section = named.symbol.section
        if section == elf.SHN_COMMON or self.kinds[section] not in (Kind.CONSTANT, Kind.VARIABLE):
            return set()
        if not self._leads_inside(section):
            return set()  # Without looking at each constant of a large section.
        return {t.section for t in self.targets_of(named) if t.means == Means.INSIDE}

    def _leads_inside(self, section: int) -> bool:
        return any(target.means == Means.INSIDE for target in self.uses(section))

    def takes_labels(self, section: int) -> bool:
        """Whether code has the address of a label in itself as a value (`resume = &&again`)."""
        for entry in self.relocations.get(section, ()):
            target = self.target(section, entry)
            if target.means == Means.HERE and entry.type in _VALUES[self.file.machine]:
                return True
            if target.means == Means.ANONYMOUS and self.kinds[target.section] == Kind.LITERAL:
                if self._is_label(target.section, target.offset, section):
                    return True
        return False

    def _is_label(self, literals: int, place: int, code: int) -> bool:
        """Whether a word of a section of literals is the address of a label in a section."""
        for entry in self.relocations.get(literals, ()):
            if entry.offset == place and entry.type in _VALUES[self.file.machine]:
                target = self.target(literals, entry)
                return target.means == Means.INSIDE and target.section == code
        return False

    def owner(self, section: int, offset: int) -> Optional[Entity]:
        """The function that an offset lies in."""
        before = [n for n in self.named.get(section, []) if n.offset <= offset]
        return before[-1].entity if before else None


_UNKNOWN = "?"
"""Stands for a function that is not known: the second variable of a name has two, and so on."""


def _is_literal(name: str) -> bool:
    return name == ".literal" or name.startswith(".literal.") or name.endswith(".literal")


_COPIED = ("CSWTCH", "C")
_COMPOUND = "__compound_literal"
_MADE = (*_COPIED, "__func__", "__FUNCTION__", "__PRETTY_FUNCTION__", _COMPOUND)


def is_made(stem: str) -> bool:
    """Names that the compiler gives constants of its own."""
    return stem in _MADE or re.match(r"C[.$]\d+\Z", stem) is not None


_CLONE = re.compile(r"[.$](?:isra|constprop|part|cold|localalias|lto_priv)(?=[.$]|\Z)")


def is_clone(entity: Entity) -> bool:
    """Whether the compiler made a function from another, for some of its callers only."""
    return bool(entity.path) and _CLONE.search(entity.name) is not None


def _is_numbered(symbol: elf.Symbol) -> bool:
    is_local = symbol.binding == elf.STB_LOCAL and symbol.kind == elf.STT_OBJECT
    return is_local and _NUMBERED.match(symbol.name) is not None
