"""What changed since the base: functions to replace, constants to swap, variables that are new.

Raises NeedsWhole for what a patch cannot do.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from typing import Dict, Iterator, List, Tuple

from hotreload.kept import parse_shown_name, shown_name
from hotreload.mangled import guarded
from hotreload.module import elf
from hotreload.module.own_symbols import Binding
from hotreload.module.linker_script import KEEP_SECTION
from hotreload.module.module_format import KEPT_ALIGNMENT, KEPT_LIMIT
from hotreload.patch.changes import (
    Changes,
    NeedsWhole,
    OtherInitial,
    Place,
    Swap,
    gone_callback_note,
    initialised_note,
    lost_note,
    moved_note,
    new_place_note,
    renumbered_note,
    unwritten_note,
)
from hotreload.patch.definitions import (
    alignment_of,
    initial_digest,
    initial_value,
    is_other_table,
    kind_of,
    numbers_of,
    overlap,
    place_of,
    setup_of,
    unnamed_sections,
)
from hotreload.patch.jumps import Jumps
from hotreload.patch.left_behind import left_notes
from hotreload.patch.numbered import check_numbered, find_renumbered
from hotreload.patch.program import Program, find_old, has_moved
from hotreload.patch.shared_places import SharedPlaces, add_swap
from hotreload.patch.structures import check_structures, last_word
from hotreload.patch.view import Entity, Kind, Means, Named, Target, View, is_clone, is_made


_ANCHOR = ".LANCHOR"


def compare(program: Program) -> Changes:
    """Compares the new program with the base."""
    return _Comparison(program).run()


class _Comparison:
    def __init__(self, program: Program) -> None:
        self._program, self._base = program, program.base
        self._changed: Dict[Tuple[str, int], Place] = {}
        self._moved: List[Entity] = []
        self._shared_places = SharedPlaces(program)
        self._result = Changes([], [], {}, [], {}, {}, [], [])

    def run(self) -> Changes:
        self._check_names()
        views = [self._program.view(name) for name in self._program.changed]
        for view in views:
            self._check_view(view)
            for section, kind in enumerate(view.kinds):
                self._compare_section(view, section, kind)
            for named in view.named.get(elf.SHN_COMMON, ()):
                if self._program.counts(view, named):
                    self._compare_variable(Place(view, elf.SHN_COMMON), named)
            self._note_unwritten(view)
        self._shared_places.finish()
        self._spread(views)
        self._result.code.extend(self._changed.values())
        jumps = Jumps(self._program, self._result.code)
        for place in self._result.code:
            _check_stored_labels(place)
            for named in place.view.named.get(place.section, ()):
                if self._program.counts(place.view, named):
                    jumps.find(place, named)
        self._result.jumps.extend(jumps.finish())
        used = {place.view.name: place.view for place in self._result.code}
        self._result.structures.update(check_structures(self._base, used.values()))
        self._note_gone_callbacks()
        self._note_initialised()
        for note in left_notes(self._program, self._result.code, self._result.new):
            self._note(note)
        return self._result

    # ---- names ----

    def _check_names(self) -> None:
        """What unchanged code refers to by name must not have become something else."""
        program, base = self._program, self._base
        objects, firmware = program.inputs.objects, program.inputs.firmware
        for name in {*objects.imports, *objects.weak_imports}:
            if name in base.winners:
                raise NeedsWhole(f"{Entity(name).shown} is gone, but still used")
        for name, found in objects.defined.items():
            if name in base.winners:
                continue
            if name in base.weak_imports:
                shown = Entity(name).shown
                raise NeedsWhole(f"{shown}, which was only used where it is there, is new")
            known = base.library_address(name) is not None or name in firmware.symbols
            if known and found.binding != Binding.INLINE:
                shown = Entity(name).shown
                raise NeedsWhole(f"{shown}, which was in a library or in the firmware, is new here")

    def _check_view(self, view: View) -> None:
        old = self._base.view(view.name)
        if _reaches_by_distance(view):
            raise NeedsWhole(
                f"{view.name} was compiled with -fsection-anchors: its code reaches variables by "
                "their distances"
            )
        if old is not None:
            _check_unclear(view, old)
        if old is not None and view.twins != old.twins:
            function, stem = min((view.twins.items() ^ old.twins.items()))[0]
            raise NeedsWhole(f"{function}() has another number of variables '{stem}'")
        if old is not None:
            patched = map(parse_shown_name, self._program.patched_variables)
            check_numbered(view, old, (one for one in patched if one.path in ("", view.name)))
        if old is not None and numbers_of(view) != numbers_of(old):
            raise NeedsWhole(f"absolute symbols of {view.name} have changed")
        if setup_of(view) != (setup_of(old) if old else []):
            raise NeedsWhole(f"the constructors or destructors of {view.name} have changed")

    def _note_gone_callbacks(self) -> None:
        """What was registered goes on in the old code, as far as that stays."""
        used = self._program.callback_slots.keys()
        before = self._base.all_slots
        for shown in find_renumbered(before, used, self._has_changed):
            self._note(renumbered_note(shown))
        for key in sorted(self._program.inputs.callbacks.without_slot(before)):
            if self._program.find_callback(key) is None:
                shown = Entity(key.rpartition(":")[2]).shown
                self._note(gone_callback_note(shown, key in self._base.slots), key)
        inline_slots = self._program.inputs.resolution.inline_slots
        for name in sorted(self._base.inline_slots - inline_slots.keys()):
            self._note(gone_callback_note(Entity(name).shown, True), name)

    def _has_changed(self, function: Entity) -> bool:
        found = self._program.find(function) or self._program.find(Entity(function.name))
        return found is not None and (found[0].name, found[1].symbol.section) in self._changed

    def _note_initialised(self) -> None:
        """Variables of functions that have got a guard."""
        patched = self._program.patched_variables
        for guard in self._result.new:
            name = guarded(guard.name)
            if name is None or shown_name(guard) in patched:
                continue
            variable = guard._replace(name=name)
            if variable not in self._result.new or shown_name(variable) in patched:
                self._result.initialised.append(shown_name(variable))
                self._note(initialised_note(variable.shown))

    def _note(self, text: str, about: str = "") -> None:
        """`about` tells apart what has the same words."""
        self._result.notes[text] = self._result.notes.get(text, "") + about

    def _note_unwritten(self, view: View) -> None:
        """The compiler keeps no variable that is only read, and what it held is out of use."""
        patched = self._program.patched_variables
        for function, name in sorted(view.types.without_place):
            entity = Entity(name, view.name, function)
            old = self._base.find(entity)
            was_variable = old is not None and kind_of(*old) == Kind.VARIABLE
            if entity not in view.by_entity and (was_variable or shown_name(entity) in patched):
                self._note(unwritten_note(entity.shown))

    # ---- sections ----

    def _compare_section(self, view: View, section: int, kind: Kind) -> None:
        place, names = Place(view, section), view.named.get(section, [])
        counting = [n for n in names if self._program.counts(view, n)]
        if place.header.size == 0 and not names:
            return
        if names and not counting:
            return  # Another object file has the definition that counts.
        if kind == Kind.VARIABLE and not names:
            self._check_unnamed(place)
        if kind == Kind.CODE:
            self._compare_code(place, counting)
        elif kind in (Kind.VARIABLE, Kind.CONSTANT):
            self._shared_places.check_section(place, counting)
            for named in counting:
                if self._program.is_housed(named):
                    self._compare_housed(place, named)
                elif kind == Kind.VARIABLE:
                    self._compare_variable(place, named)
                else:
                    self._compare_constant(place, named)

    def _check_unnamed(self, place: Place) -> None:
        old = self._base.view(place.view.name)
        if place.view.signature(place.section) not in unnamed_sections(old, Kind.VARIABLE):
            raise NeedsWhole(f"data without a name in {place.view.name} has changed")

    def _compare_code(self, place: Place, names: List[Named]) -> None:
        if not names:
            unnamed = unnamed_sections(self._base.view(place.view.name), Kind.CODE)
            if place.view.signature(place.section) not in unnamed:
                raise NeedsWhole(f"code without a name in {place.view.name} has changed")
            return
        olds = [self._base.find(named.entity) for named in names]
        sections = {(old[0].name, old[1].symbol.section) for old in olds if old is not None}
        first = olds[0]
        if first is not None and None not in olds and len(sections) == 1:
            signature = first[0].signature(first[1].symbol.section)
            if signature == place.view.signature(place.section):
                return
        self._replace_code(place, names)

    def _replace_code(self, place: Place, names: List[Named]) -> None:
        for named in names:
            old = self._base.find(named.entity)
            if old is not None and old[0].kinds[old[1].symbol.section] != Kind.CODE:
                raise NeedsWhole(f"{named.entity.shown} was no function")
        if not all(self._program.is_theirs(named) for named in names):
            self._changed[place.view.name, place.section] = place

    def _compare_variable(self, place: Place, named: Named) -> None:
        if self._program.is_housed(named):
            return
        old = find_old(self._program, place.view, named)
        if old is None:
            self._add_new(place, named)
            if self._program.has_lost(named.entity):
                self._note(lost_note(named.entity.shown), shown_name(named.entity))
            return
        if kind_of(*old) == Kind.CONSTANT:
            self._move(place, named, "is no constant any more")
            return
        if kind_of(*old) != Kind.VARIABLE:
            raise NeedsWhole(f"{named.entity.shown} was no variable")
        self._shared_places.add((place.view, named), old)
        self._check_type(place.view, named, old)
        if alignment_of(place.view, named) > alignment_of(*old):
            raise NeedsWhole(f"{named.entity.shown} has another alignment")
        if place_of(place.view, named) != place_of(*old):
            raise NeedsWhole(f"{named.entity.shown} has another attribute")
        if has_moved(place.view, named, old):
            self._note(moved_note(named.entity.shown, *old))
        if not self._is_same_value(place.view, named, old):
            self._note_initial_value(place, named)

    def _is_same_value(self, view: View, named: Named, old: Tuple[View, Named]) -> bool:
        """Whether the initial values are the same, though what they lead to may have got another
        name."""
        now, before = initial_value(view, named), initial_value(*old)
        return now == before or self._with_old_names(now) == before

    def _with_old_names(self, value: object) -> object:
        if isinstance(value, Entity):
            found = self._program.find(value)
            old = find_old(self._program, *found) if found is not None else None
            return old[1].entity if old is not None else value
        if isinstance(value, tuple):
            return tuple(map(self._with_old_names, value))
        return value

    def _compare_housed(self, place: Place, named: Named) -> None:
        old = self._base.find(named.entity)
        if old is None or kind_of(*old) != place.view.kinds[place.section]:
            raise NeedsWhole(f"{named.entity.shown} lives in the firmware, and is new")
        if initial_value(place.view, named) == initial_value(*old):
            return
        if place.view.kinds[place.section] == Kind.CONSTANT:
            raise NeedsWhole(f"{named.entity.shown}, which lives in the firmware, has changed")
        self._note_initial_value(place, named)

    def _note_initial_value(self, place: Place, named: Named) -> None:
        is_kept = place.header.name.startswith(KEEP_SECTION)
        digest = initial_digest(place.view, named)
        self._result.initials.append(OtherInitial(shown_name(named.entity), digest, is_kept))

    def _compare_constant(self, place: Place, named: Named) -> None:
        old = find_old(self._program, place.view, named)
        if old is None:
            self._add_new(place, named)
            return
        if kind_of(*old) == Kind.VARIABLE:
            self._move(place, named, "is never written, so it is a constant now")
            return
        if kind_of(*old) != Kind.CONSTANT:
            raise NeedsWhole(f"{named.entity.shown} was no constant")
        is_same_size = named.symbol.size == old[1].symbol.size
        is_same = is_same_size and initial_value(place.view, named) == initial_value(*old)
        if alignment_of(place.view, named) > alignment_of(*old):
            self._move(place, named, "has another alignment")
            return
        if is_same:
            return
        if place.view.labels(named):
            self._add_moved(place, named)
            return
        if self._shared_its_place(place, named, old):
            self._move(place, named, "shared its place with an equal constant")
            return
        if is_other_table(place.view, named, old):
            what = "type" if is_same_size else "size"
            self._move(place, named, f"has another {what}")
            return
        self._check_type(place.view, named, old)
        self._add_swap(place, named, old)

    def _shared_its_place(self, place: Place, named: Named, old: Tuple[View, Named]) -> bool:
        """Whether another constant had the same place, and now has one of its own: compilers and
        linkers merge equal ones (-fmerge-all-constants)."""
        section = old[1].symbol.section
        if old[0].file.sections[section].flags & elf.SHF_MERGE:
            return True
        for other in old[0].named[section]:
            found = self._program.find(other.entity) if self._base.counts(old[0], other) else None
            if found is None or other.entity == old[1].entity or not overlap(other, old[1]):
                continue
            if (found[0].name, found[1].symbol.section) != (place.view.name, place.section):
                return True
        return False

    def _add_swap(self, place: Place, named: Named, old: Tuple[View, Named]) -> None:
        address = self._base.address(*old)
        if address is None or not self._base.data.holds(address):
            raise NeedsWhole(f"where {named.entity.shown} is in the base is not known")
        add_swap(self._result.swaps, Swap(place, named, address))

    def _check_type(self, view: View, named: Named, old: Tuple[View, Named]) -> None:
        is_same = old[0].types.is_same(old[1].symbol, view.types, named.symbol)
        if is_same is None:
            unread = old[0].types.unread or view.types.unread
            if unread:
                shown = named.entity.shown
                raise NeedsWhole(f"{shown} may have another layout: {view.name} {unread}")
        elif not is_same:
            title = old[0].types.find_difference(old[1].symbol, view.types, named.symbol)
            raise NeedsWhole(f"{last_word(title) or named.entity.shown} has another layout")
        if named.symbol.size != old[1].symbol.size:
            raise NeedsWhole(f"{named.entity.shown} has another size")

    def _add_new(self, place: Place, named: Named) -> None:
        if alignment_of(place.view, named) > KEPT_ALIGNMENT:
            raise NeedsWhole(f"{named.entity.shown} is new and needs an alignment above 8")
        if named.symbol.size > KEPT_LIMIT:
            raise NeedsWhole(f"{named.entity.shown} is new and larger than 64 KB")
        if place_of(place.view, named).startswith("."):
            raise NeedsWhole(f"{named.entity.shown} is new in section {place.header.name}")
        for other_place, other in self._result.new.values():
            if place == other_place and overlap(named, other):
                names = f"{other.entity.shown} and {named.entity.shown}"
                raise NeedsWhole(f"{names} are new, and one is a part of the other")
        self._result.new[named.entity] = (place, named)

    # ---- constants that have moved ----

    def _add_moved(self, place: Place, named: Named) -> None:
        self._add_new(place, named)
        self._moved.append(named.entity)

    def _move(self, place: Place, named: Named, what: str) -> None:
        """What cannot be where the old one is, such as a longer table, is new, elsewhere."""
        shown = named.entity.shown
        for name, path in self._program.paths.items() if named.is_global else ():
            if name in self._program.changed:
                continue  # _follow_moved() sees to it.
            own = self._program.inputs.files.find(path).symbols
            if named.entity.name in (*own.needed, *own.weakly_needed):
                raise NeedsWhole(f"{shown} {what}, and {name} uses it")
        self._add_moved(place, named)
        self._note(new_place_note(shown, what))

    def _follow_moved(self, views: List[View]) -> None:
        """All that refers to a constant by its name must refer to its new place."""
        for view in views if self._moved else ():
            for section, kind in enumerate(view.kinds):
                if kind in (Kind.CODE, Kind.CONSTANT, Kind.VARIABLE):
                    if any(target.entity in self._moved for target in view.uses(section)):
                        self._follow(Place(view, section), kind)

    def _follow(self, user: Place, kind: Kind) -> None:
        view, names = user.view, user.view.named.get(user.section, [])
        counting = [named for named in names if self._program.counts(view, named)]
        if kind == Kind.CODE and not names:
            raise NeedsWhole(f"code without a name in {view.name} uses a constant that has moved")
        if kind == Kind.CODE and counting:
            self._replace_code(user, counting)
        swapped = [swap.named for swap in self._result.swaps if swap.place == user]
        for named in counting if kind != Kind.CODE else ():
            is_user = any(target.entity in self._moved for target in view.targets_of(named))
            if not is_user or named.entity in self._result.new or named in swapped:
                continue
            old = find_old(self._program, view, named)
            if kind == Kind.VARIABLE or self._program.is_housed(named) or old is None:
                shown = named.entity.shown
                raise NeedsWhole(f"{shown} holds the address of a constant that has moved")
            self._add_swap(user, named, old)

    # ---- functions ----

    def _spread(self, views: List[View]) -> None:
        """What goes together with changed code changes with it."""
        before = -1
        while before != len(self._changed) + len(self._moved):
            before = len(self._changed) + len(self._moved)
            self._follow_moved(views)
            for view in views:
                self._spread_code(view)
                self._move_labels(view)

    def _move_labels(self, view: View) -> None:
        """Old code may still use the old table of its labels."""
        for section in range(len(view.kinds)):
            for named in view.named.get(section, ()):
                labels = {(view.name, code) for code in view.labels(named)}
                if not labels & self._changed.keys() or named.entity in self._result.new:
                    continue
                if view.kinds[section] == Kind.VARIABLE:
                    raise NeedsWhole(f"{named.entity.shown} holds addresses of labels")
                self._add_moved(Place(view, section), named)

    def _spread_code(self, view: View) -> None:
        """Nothing can jump from an old clone to a new one, so who calls it gets a new version, too.
        And a part of a function refers to the other parts by their places.
        """
        users = list(_uses_of_code(view))
        grown = True
        while grown:
            grown = False
            for user, target in users:
                both = {user, target.section}
                have = {section for section in both if (view.name, section) in self._changed}
                is_part = target.means == Means.INSIDE
                is_copy = target.entity is not None and is_clone(target.entity)
                if have in (set(), both) or not (is_part or (is_copy and user not in have)):
                    continue
                for section in both - have:
                    self._changed[view.name, section] = Place(view, section)
                grown = True


def _check_unclear(view: View, old: View) -> None:
    """Variables of one name, of which nothing says in which function they stand."""
    for stem in sorted({*view.unclear, *old.unclear}):
        if view.unclear.count(stem) == old.unclear.count(stem) == 1:
            continue
        if not is_made(stem):
            raise NeedsWhole(f"{view.name} has several variables '{stem}' and no debug data")
        if view.made_variables(stem) != old.made_variables(stem):
            raise NeedsWhole(f"compound literals of variables in {view.name} have changed")


def _check_stored_labels(place: Place) -> None:
    if place.view.takes_labels(place.section):
        owner = place.view.owner(place.section, place.header.size)
        shown = f"{owner.shown}()" if owner is not None else place.view.name
        raise NeedsWhole(f"{shown} may have stored the address of a label in it")


def _reaches_by_distance(view: View) -> bool:
    """Whether code may reach a variable by its distance from another one."""
    for symbol in view.symbols:
        if symbol.name.startswith(_ANCHOR):
            sizes = [named.symbol.size for named in view.named.get(symbol.section, ())]
            if sizes != [view.file.sections[symbol.section].size]:
                return True
    return False


def _uses_of_code(view: View) -> Iterator[Tuple[int, Target]]:
    """Each section of code, and what it uses in other sections of code."""
    for section, kind in enumerate(view.kinds):
        for target in view.uses(section) if kind == Kind.CODE else ():
            used = target.section
            is_other = used != section and 0 < used < len(view.kinds)
            if is_other and view.kinds[used] == Kind.CODE:
                yield section, target
