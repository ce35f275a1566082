"""The object file of a patch: the sections that changed, with names for all else that they use.

What the base has already is an absolute symbol at its link address there. So ld links the patch as
it would have linked the whole, and finds nothing to move but the patch.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from functools import partial
from typing import Dict, List, NamedTuple, Optional, Set, Tuple

from hotreload.module import elf
from hotreload.module.arch import relocation_rules
from hotreload.module.exports import definition_key, object_name
from hotreload.kept import shown_name
from hotreload.module.layout import KEPT_ADDRESS
from hotreload.module.linker_script import KEEP_SECTION
from hotreload.module.module_format import KEPT_ALIGNMENT, KEPT_LIMIT
from hotreload.module.stubs import SLOTS
from hotreload.patch.changes import Changes, NeedsWhole, Place
from hotreload.patch.constants import Constants
from hotreload.patch.debug_data import add_debug_data
from hotreload.patch.definitions import initial_digest, initial_value, kind_of
from hotreload.patch.object_writer import ObjectWriter, Relocation, Section
from hotreload.patch.program import Program, find_old
from hotreload.patch.view import Entity, Kind, Means, Named, Target, View

_DATA, _CODE = elf.SHF_ALLOC | elf.SHF_WRITE, elf.SHF_ALLOC | elf.SHF_EXECINSTR
_SLOTS = ".data.hotreload_slots"
SLOTS_START, SLOTS_END = "hotreload.slots", "hotreload.slots_end"
_PROPERTIES = {".xt.prop": 12, ".xt.lit": 8}


class Slice(NamedTuple):
    """A part of a section that goes into the patch."""

    view: View
    section: int
    start: int
    end: int
    output: str
    """The name of its section in the patch's object file."""
    symbol: str = ""
    """The name that tells where a kept variable's initial value is."""


class NewVariable(NamedTuple):
    """A kept variable of the patch, or one of the base that the patch uses."""

    key: int
    size: int
    symbol: str
    """The name that tells its address; empty if `address` does."""
    address: int
    has_initial: bool
    shown: str
    """Empty for a constant without a name, and for one that the base has."""
    is_constant: bool = False
    initial: str = ""
    """A digest of its initial value, if it is a variable that is new."""


class Composed(NamedTuple):
    """What the link of a patch needs."""

    content: bytes
    variables: List[NewVariable]
    slots: List[int]
    """Numbers of slots of the firmware's table; what they get lies one behind the other in the
    patch."""
    thread_local: Set[str]
    undefined: Set[str]
    fixed: Set[str]
    """Global names of the firmware, whose values may look like addresses in the base."""


def marker(kind: str, index: int) -> str:
    """The name of a symbol that tells where something is in the linked patch."""
    return f"hotreload.{kind}.{index}"


class Composer:
    """Makes the object file."""

    def __init__(self, program: Program, changes: Changes) -> None:
        self._program, self._base, self._changes = program, program.base, changes
        description = program.inputs.description
        first = program.view(next(iter(program.paths)))
        self._writer = ObjectWriter(first.file.machine, first.file.flags)
        self._word = relocation_rules(description.arch).WORD
        self._slices: Dict[Tuple[str, int, int], Slice] = {}
        self._numbers: Dict[Tuple[str, int, int], int] = {}
        self._code = {(place.view.name, place.section) for place in changes.code}
        self._variables: Dict[int, NewVariable] = {}
        self._zeros = KEPT_ADDRESS
        self._thread_local: Set[str] = set()
        self._undefined: Set[str] = set()
        self._fixed: Set[str] = set()
        self._slots: List[Tuple[int, elf.Symbol]] = []
        self._constants = Constants(changes.new)
        self._pieces: Dict[int, Tuple[str, int, int]] = {}
        """Which of several equal constants without a name is kept, by their key."""

    def compose(self, with_debug_data: bool = False) -> Composed:
        """The object file and what goes with it."""
        for place in self._changes.code:
            self._take_code(place)
        for swap in self._changes.swaps:
            start = swap.named.offset
            end = start + swap.named.symbol.size
            self._take(Slice(swap.place.view, swap.place.section, start, end, ".data.swap"))
        self._number()
        for key, part in self._slices.items():
            self._write(key, part)
        self._add_slots()
        self._add_markers()
        self._add_properties()
        if with_debug_data:
            for view in {part.view.name: part.view for part in self._slices.values()}.values():
                add_debug_data(self._writer, view, partial(self._debug_symbol, view))
        return Composed(
            self._writer.format(), list(self._variables.values()),
            [number for number, _ in self._slots], self._thread_local, self._undefined,
            self._fixed,
        )  # fmt: skip

    # ---- what goes in ----

    def _take_code(self, place: Place) -> None:
        header = place.header
        name = ".iram1" if header.name.startswith(".iram1") else ".text"
        self._take(Slice(place.view, place.section, 0, header.size, name))

    def _take(self, part: Slice) -> None:
        key = (part.view.name, part.section, part.start)
        if key in self._slices:
            if part.output == KEEP_SECTION != self._slices[key].output:
                raise NeedsWhole(f"a variable in {part.view.name} refers to a constant of code")
            return
        self._slices[key] = part
        view = part.view
        for entry in view.relocations.get(part.section, ()):
            if not part.start <= entry.offset < part.end or view.is_mark(entry):
                continue
            target = view.target(part.section, entry)
            if target.means == Means.ANONYMOUS:
                self._take_constant(part, target)
            elif target.means == Means.NAMED and target.entity in self._changes.new:
                self._take_new(target.entity, part.output)
            elif target.means == Means.INSIDE:
                if part.output == KEEP_SECTION:
                    raise NeedsWhole(f"a new variable in {view.name} holds the address of a label")
                if (view.name, target.section) not in self._code:
                    raise NeedsWhole(f"code of {view.name} refers to the middle of other code")

    def _take_constant(self, user: Slice, target: Target) -> None:
        view, section = user.view, target.section
        start, end = view.piece(section, target.offset)
        if view.kinds[section] == Kind.LITERAL:
            self._take(Slice(view, section, 0, view.file.sections[section].size, ".literal"))
        elif user.output != KEEP_SECTION and not view.is_lasting(section):
            self._take(Slice(view, section, start, end, ".rodata"))
        elif self._base_string(view, section, start, end) is None:
            self._check_piece(view, section, end - start)
            key = self._constants.key_of_piece(view, section, start, end)
            if key not in self._variables:
                name = f"hotreload.kept.{key:x}"
                self._pieces[key] = (view.name, section, start)
                self._variables[key] = NewVariable(key, end - start, name, 0, True, "")
                self._take(Slice(view, section, start, end, KEEP_SECTION, name))

    def _check_piece(self, view: View, section: int, size: int) -> None:
        header = view.file.sections[section]
        if header.alignment > KEPT_ALIGNMENT or size > KEPT_LIMIT:
            raise NeedsWhole(f"{view.name} has a new constant that is aligned above 8 or large")
        if view.named.get(section) and not view.is_string(section):
            raise NeedsWhole(
                f"{view.name} has constants together in {header.name}; compile with -fdata-sections"
            )

    def _base_string(self, view: View, section: int, start: int, end: int) -> Optional[int]:
        if not view.is_string(section):
            return None
        header = view.file.sections[section]
        content = view.file.content(header)[start:end]
        return self._base.find_constant(content, header.alignment)

    def _take_new(self, entity: Entity, user: str = "") -> None:
        """`user` is the output section of what refers to it."""
        place, named = self._changes.new[entity]
        size, start = named.symbol.size, named.offset
        end = start + size
        if self._constants.holds_labels(entity):
            if user == KEEP_SECTION:
                raise NeedsWhole(f"a new variable leads to {entity.shown}, which holds labels")
            self._take(Slice(place.view, place.section, start, end, ".rodata"))
            return
        key = self._constants.key(entity)
        if key in self._variables:
            return
        about = (shown_name(entity), self._constants.is_constant(entity))
        value = initial_value(place.view, named)
        initial = initial_digest(place.view, named)
        if value is not None:
            name = f"hotreload.kept.{key:x}"
            self._variables[key] = NewVariable(key, size, name, 0, True, *about, initial)
            self._take(Slice(place.view, place.section, start, end, KEEP_SECTION, name))
        else:
            self._variables[key] = NewVariable(key, size, "", self._zeros, False, *about, initial)
            self._zeros += (size + 15) // 8 * 8

    def _number(self) -> None:
        """Literals come first: the instructions that load them reach only back."""
        order = sorted(self._slices, key=lambda key: self._slices[key].output != ".literal")
        self._slices = {key: self._slices[key] for key in order}
        self._numbers = {key: number for number, key in enumerate(order, 1)}

    # ---- symbols ----

    def _write(self, key: Tuple[str, int, int], part: Slice) -> None:
        view, header = part.view, part.view.file.sections[part.section]
        relocations = []
        for entry in view.relocations.get(part.section, ()):
            if part.start <= entry.offset < part.end and not view.is_mark(entry):
                symbol, addend = self._refer(view, part, entry)
                relocations.append((entry.offset - part.start, entry.type, symbol, addend))
        flags = _CODE if header.flags & elf.SHF_EXECINSTR else _DATA
        content = view.file.content(header)[part.start : part.end]
        size = part.end - part.start
        section = Section(part.output, flags, header.alignment, content.ljust(size, b"\0"),
                          relocations)  # fmt: skip
        number = self._writer.add_section(section)
        assert number == self._numbers[key]
        if part.output == KEEP_SECTION:
            self._writer.add_symbol(_local(part.symbol, number))
        for named in view.named.get(part.section, ()) if part.output != ".rodata" else ():
            if part.start <= named.offset < max(part.end, part.start + 1):
                self._writer.add_symbol(self._own(view, named, part))

    def _own(self, view: View, named: Named, part: Slice) -> elf.Symbol:
        """A symbol of the patch itself."""
        symbol = named.symbol
        number = self._numbers[view.name, part.section, part.start]
        binding = symbol.binding if self._program.counts(view, named) else elf.STB_LOCAL
        if part.output == ".data.swap":
            binding = elf.STB_LOCAL  # The variable itself is in the base.
        offset = named.offset - part.start
        return elf.Symbol(symbol.name, offset, symbol.size, binding, symbol.kind, number)

    def _refer(self, view: View, part: Slice, entry: elf.Rela) -> Tuple[Optional[elf.Symbol], int]:
        """The symbol and the addend of a relocation in the patch."""
        symbol = view.symbols[entry.symbol]
        if entry.symbol == 0:
            return None, entry.addend
        if symbol.section == elf.SHN_ABS:
            absolute = elf.Symbol(symbol.name, symbol.value, 0, elf.STB_LOCAL, 0, elf.SHN_ABS)
            return absolute, entry.addend
        target = view.target(part.section, entry)
        in_place = view.in_place(part.section, entry)
        if target.means == Means.NAMED and target.entity is not None:
            return self._symbol(target.entity), target.offset - in_place
        if target.means in (Means.HERE, Means.INSIDE) or self._is_literal(view, target):
            return self._label(view, part, symbol, target), entry.addend
        return self._constant(view, target, in_place)

    def _is_literal(self, view: View, target: Target) -> bool:
        return view.kinds[target.section] == Kind.LITERAL

    def _label(self, view: View, part: Slice, symbol: elf.Symbol, target: Target) -> elf.Symbol:
        """The same label as in the object file, so that the linker may shorten what is around."""
        start = part.start if target.means == Means.HERE else 0
        number = self._numbers[view.name, target.section, start]
        name = symbol.name or f"hotreload.section.{number}"
        return elf.Symbol(name, symbol.value - start, 0, elf.STB_LOCAL, 0, number)

    def _constant(self, view: View, target: Target, in_place: int) -> Tuple[elf.Symbol, int]:
        start, end = view.piece(target.section, target.offset)
        addend = target.offset - start - in_place
        key = (view.name, target.section, start)
        if key not in self._slices:
            address = self._base_string(view, target.section, start, end)
            if address is not None:
                return _absolute(f"hotreload.string.{address:x}", address), addend
            key = self._pieces[self._constants.key_of_piece(view, target.section, start, end)]
        part, number = self._slices[key], self._numbers[key]
        if part.output == KEEP_SECTION:
            return _local(part.symbol, number), addend
        return _local(f"hotreload.constant.{number}", number), addend

    def _symbol(self, entity: Entity) -> elf.Symbol:
        """What a name stands for."""
        resolution, name = self._program.inputs.resolution, entity.name
        if not entity.path and name in resolution.theirs:
            return self._fix(name, resolution.theirs[name])
        if not entity.path and name in resolution.housed:
            return self._fix(name, resolution.housed[name].address)
        if not entity.path and self._program.is_unchanged(name):
            address = self._base.global_address(name)
            if address is not None:
                self._use_kept(address)
                return _absolute(name, address, True)
        found = self._program.find(entity)
        if found is None:
            return self._import(entity)
        owner, named = found
        if self._program.is_housed(named):
            return self._local_vtable(owner, named)
        section = named.symbol.section
        if entity in self._changes.new:
            return self._new(entity, named)
        if (owner.name, section) in self._code:
            part = self._slices[owner.name, section, 0]
            return self._own(owner, named, part)
        address = self._base_address(owner, named)
        if kind_of(owner, named) == Kind.VARIABLE:
            self._use_kept(address)
        return _absolute(named.symbol.name, address, named.is_global, named.symbol.kind)

    def _base_address(self, view: View, named: Named) -> int:
        old = find_old(self._program, view, named)
        address = self._base.address(*old) if old is not None else None
        if address is None:
            raise NeedsWhole(f"where {named.entity.shown} is in the base is not known")
        return address

    def _use_kept(self, address: int) -> None:
        """A variable of the base that lives outside of it keeps its key in the patch."""
        for kept in self._base.kept:
            if kept.address <= address < kept.address + max(kept.size, 1):
                self._variables[kept.key] = NewVariable(
                    kept.key, kept.size, "", kept.address, False, ""
                )  # fmt: skip

    def _new(self, entity: Entity, named: Named) -> elf.Symbol:
        place, _ = self._changes.new[entity]
        self._take_new(entity)
        variable = self._variables.get(self._constants.key(entity))
        if variable is not None and not variable.symbol:
            return _absolute(named.symbol.name, variable.address, named.is_global)
        part = self._slices[place.view.name, place.section, named.offset]
        return self._own(place.view, named, part)

    def _local_vtable(self, view: View, named: Named) -> elf.Symbol:
        description = self._program.inputs.description
        for housed in self._program.inputs.resolution.local_vtables:
            definition = housed.definition
            if object_name(definition.path, description.build_dir) == view.name:
                if definition.symbol == named.symbol.name:
                    return _absolute(named.symbol.name, housed.address)
        raise NeedsWhole(f"where {named.entity.shown} lives in the firmware is not known")

    def _import(self, entity: Entity) -> elf.Symbol:
        name, firmware = entity.name, self._program.inputs.firmware
        if name in firmware.thread_local:
            self._thread_local.add(name)
            return elf.Symbol(name, 0, 0, elf.STB_GLOBAL, elf.STT_TLS, elf.SHN_UNDEF)
        if name in firmware.symbols:
            return self._fix(name, firmware.symbols[name].value)
        address = self._base.library_address(name)
        if address is not None:
            return _absolute(name, address, True)
        weak = name in self._program.inputs.objects.weak_imports
        if not weak:
            self._undefined.add(name)
        binding = elf.STB_WEAK if weak else elf.STB_GLOBAL
        return elf.Symbol(name, 0, 0, binding, 0, elf.SHN_UNDEF)

    def _fix(self, name: str, value: int) -> elf.Symbol:
        self._fixed.add(name)
        return _absolute(name, value, True)

    # ---- what goes with it ----

    def _add_slots(self) -> None:
        """Functions that are known by their addresses alone, and get a stub of the firmware."""
        inputs = self._program.inputs
        build_dir = inputs.description.build_dir
        for definition, stub in inputs.callbacks.used.items():
            if self._base.slots.get(definition_key(definition, build_dir)) == stub.slot:
                continue
            view = self._program.view(object_name(definition.path, inputs.description.build_dir))
            named = find_function(view, definition.symbol)
            if named is None:
                raise NeedsWhole(f"{definition.symbol}() is not found in {view.name}")
            self._fill_slot(stub.slot, named.entity)
        for key, (_, function) in self._program.lasting_callbacks.items():
            self._fill_slot(self._base.history.slots[key], function.entity)
        for name in inputs.resolution.inline_slots:
            if name not in self._base.inline_slots:
                raise NeedsWhole(f"the inline function {name}, which the firmware calls, is new")
        if self._slots:
            relocations: List[Relocation] = [
                (4 * n, self._word, symbol, 0) for n, (_, symbol) in enumerate(self._slots)
            ]
            content = bytes(4 * len(self._slots))
            number = self._writer.add_section(Section(_SLOTS, _DATA, 4, content, relocations))
            self._writer.add_symbol(_local(SLOTS_START, number))
            self._writer.add_symbol(_local(SLOTS_END, number, len(content)))

    def _fill_slot(self, address: int, function: Entity) -> None:
        start = self._program.inputs.firmware.symbols[SLOTS].value
        self._slots.append(((address - start) // 4, self._symbol(function)))

    def _add_markers(self) -> None:
        for index, jump in enumerate(self._changes.jumps):
            number = self._numbers[jump.place.view.name, jump.place.section, 0]
            self._writer.add_symbol(_local(marker("jump", index), number, jump.named.offset))
        inputs = self._program.inputs
        for index, definition in enumerate(inputs.callbacks.used):
            name = object_name(definition.path, inputs.description.build_dir)
            if name not in self._program.changed:
                continue
            named = find_function(self._program.view(name), definition.symbol)
            if named is not None and (name, named.symbol.section) in self._code:
                number = self._numbers[name, named.symbol.section, 0]
                self._writer.add_symbol(_local(marker("callback", index), number, named.offset))
        for index, swap in enumerate(self._changes.swaps):
            key = (swap.place.view.name, swap.place.section, swap.named.offset)
            self._writer.add_symbol(_local(marker("swap", index), self._numbers[key]))

    def _debug_symbol(self, view: View, symbol: elf.Symbol) -> Optional[elf.Symbol]:
        """What a symbol of the debug data has become; None: it is not there."""
        number = self._numbers.get((view.name, symbol.section, 0))
        if number is not None:
            return _local(f"hotreload.label.{number}.{symbol.value:x}", number, symbol.value)
        kinds = range(len(view.kinds))
        if symbol.section in kinds and view.kinds[symbol.section] in (Kind.VARIABLE, Kind.CONSTANT):
            for named in view.named.get(symbol.section, ()):
                if named.entity in self._changes.new:
                    continue
                old = find_old(self._program, view, named)
                address = self._base.address(*old) if old is not None else None
                if address is not None:
                    return _absolute(named.symbol.name, address - named.offset + symbol.value)
        return None

    def _add_properties(self) -> None:
        """The assembler's tables for Xtensa: which words are literals."""
        views = {part.view.name: part.view for part in self._slices.values()}
        for view in views.values():
            for section in view.file.sections:
                for start, size in _PROPERTIES.items():
                    if section.name.startswith(start) and section.type == "SHT_PROGBITS":
                        self._add_property(view, section, start, size)

    def _add_property(self, view: View, section: elf.Section, name: str, size: int) -> None:
        table = next((s for s in view.file.sections if s.type == "SHT_RELA"
                      and s.info == section.number), None)  # fmt: skip
        if table is None:
            return
        rows: Dict[int, List[elf.Rela]] = {}
        for entry in view.file.read_table(table):
            rows.setdefault(entry.offset // size, []).append(entry)
        content = b""
        relocations: List[Relocation] = []
        for row, entries in sorted(rows.items()):
            owners = {view.symbols[entry.symbol].section for entry in entries}
            if not all((view.name, owner, 0) in self._numbers for owner in owners):
                continue
            for entry in entries:
                symbol = view.symbols[entry.symbol]
                number = self._numbers[view.name, symbol.section, 0]
                own = _local(symbol.name or f"hotreload.section.{number}", number, symbol.value)
                place = len(content) + entry.offset - row * size
                relocations.append((place, entry.type, own, entry.addend))
            content += view.file.content(section)[row * size : (row + 1) * size]
        if content:
            self._writer.add_section(Section(name, 0, 1, content, relocations))


def _local(name: str, section: int, value: int = 0) -> elf.Symbol:
    return elf.Symbol(name, value, 0, elf.STB_LOCAL, elf.STT_NOTYPE, section)


def _absolute(name: str, address: int, is_global: bool = False, kind: int = 0) -> elf.Symbol:
    binding = elf.STB_GLOBAL if is_global else elf.STB_LOCAL
    return elf.Symbol(name, address, 0, binding, kind, elf.SHN_ABS)


def find_function(view: View, name: str) -> Optional[Named]:
    """A function of an object file by the name of its symbol."""
    for names in view.named.values():
        for named in names:
            if named.symbol.name == name and kind_of(view, named) == Kind.CODE:
                return named
    return None
