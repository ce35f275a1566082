"""Functions, variables and constants of an object file: what one is, and what it holds at first.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import hashlib
from typing import Dict, Iterator, List, Optional, Tuple

from hotreload.module import elf
from hotreload.module.linker_script import KEEP_SECTION
from hotreload.patch.view import Kind, Named, View


def kind_of(view: View, named: Named) -> Kind:
    """What a function or variable is."""
    if named.symbol.section == elf.SHN_COMMON:
        return Kind.VARIABLE
    return view.kinds[named.symbol.section]


def overlap(one: Named, two: Named) -> bool:
    """Whether two of one section have bytes in common."""
    if one.symbol.section == elf.SHN_COMMON:
        return False
    first, second = sorted((one, two), key=lambda named: named.offset)
    return second.offset < first.offset + max(first.symbol.size, 1)


def alignment_of(view: View, named: Named) -> int:
    """1 for a kept variable: what is kept has the largest alignment anyway."""
    if named.symbol.section == elf.SHN_COMMON:
        return named.symbol.value
    section = view.file.sections[named.symbol.section]
    return 1 if section.name.startswith(KEEP_SECTION) else section.alignment


# Where a linker script of a module puts variables and constants that nothing is said of.
_ANYWHERE = (".data", ".sdata", ".bss", ".sbss", ".rodata", ".srodata", ".gnu.linkonce")


def place_of(view: View, named: Named) -> str:
    """Where its attributes put a variable or constant; a name with a dot: where no module has any.
    Empty: anywhere."""
    if named.symbol.section == elf.SHN_COMMON:
        return ""
    name = view.file.sections[named.symbol.section].name
    if name.startswith(KEEP_SECTION):
        return "kept"
    if name.startswith(".dram1"):
        return "internal"
    return "" if name.startswith(_ANYWHERE) else name


def initial_value(view: View, named: Named) -> object:
    """What a variable holds at first."""
    section = named.symbol.section
    if section == elf.SHN_COMMON or view.file.sections[section].type == "SHT_NOBITS":
        return None
    content, targets = view.content(section, named.offset, named.offset + named.symbol.size)
    return (content, targets) if any(content) or targets else None


def initial_digest(view: View, named: Named) -> str:
    """Changes with what a variable holds at first."""
    return hashlib.sha256(repr(initial_value(view, named)).encode()).hexdigest()


def is_other_table(view: View, named: Named, old: Tuple[View, Named]) -> bool:
    """Whether a constant has another size or type, but no structure in it has another layout."""
    both = ((view, named), old)
    is_same = old[0].types.is_same(old[1].symbol, view.types, named.symbol)
    if is_same is None or any(len(v.named[n.symbol.section]) > 1 for v, n in both):
        return False
    if is_same and named.symbol.size == old[1].symbol.size:
        return False
    return not old[0].types.find_difference(old[1].symbol, view.types, named.symbol)


def setup_of(view: View) -> List[object]:
    """Its arrays of constructors and destructors, and what these do: they have been called."""
    sections = [n for n, kind in enumerate(view.kinds) if kind == Kind.SETUP]
    return [
        (view.file.sections[n].name, view.signature(n), *_constructors(view, n))
        for n in sections if view.file.sections[n].size > 0
    ]  # fmt: skip


def _constructors(view: View, section: int) -> Iterator[object]:
    """The code that is called, and what that calls in the object file."""
    found = [target.section for target in view.uses(section)]
    for code in found:  # Grows on the way.
        if code >= 0 and view.kinds[code] == Kind.CODE:
            yield view.signature(code)
            found += [t.section for t in view.uses(code) if t.section not in found]


def numbers_of(view: View) -> Dict[str, int]:
    """The global symbols that are no addresses; others use their values."""
    return {
        symbol.name: symbol.value
        for symbol in view.symbols
        if symbol.section == elf.SHN_ABS and symbol.binding != elf.STB_LOCAL
    }


def unnamed_sections(view: Optional[View], wanted: Kind) -> List[object]:
    """The sections that have bytes, but no name."""
    if view is None:
        return []
    sections = [n for n, kind in enumerate(view.kinds) if kind == wanted and not view.named.get(n)]
    return [view.signature(section) for section in sections]
