"""Functions, variables and constants of an object file: what one is, and what it holds at first.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from typing import Iterator, List, Optional, Tuple

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


def initial_value(view: View, named: Named) -> object:
    """What a variable holds at first."""
    section = named.symbol.section
    if section == elf.SHN_COMMON or view.file.sections[section].type == "SHT_NOBITS":
        return None
    content, targets = view.content(section, named.offset, named.offset + named.symbol.size)
    return (content, targets) if any(content) or targets else None


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
    for entry in view.relocations.get(section, ()):
        target = view.target(section, entry)
        if target.section >= 0 and view.kinds[target.section] == Kind.CODE:
            yield view.signature(target.section)


def unnamed_sections(view: Optional[View], wanted: Kind) -> List[object]:
    """The sections that have bytes, but no name."""
    if view is None:
        return []
    sections = [n for n, kind in enumerate(view.kinds) if kind == wanted and not view.named.get(n)]
    return [view.signature(section) for section in sections]
