"""Variables with HOTRELOAD_KEEP: they live outside the module, and are found again by a key.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import hashlib
from typing import (
    TYPE_CHECKING,
    Container,
    Dict,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
)

from hotreload.description import Description
from hotreload.errors import ToolError
from hotreload.module.exports import object_name
from hotreload.module.link_map import Placed
from hotreload.module.link_options import Wraps
from hotreload.module.linked import Variable
from hotreload.module.linker_script import KEEP_SECTION
from hotreload.module.module_format import KEPT_ALIGNMENT, KEPT_LIMIT
from hotreload.module.object_cache import ObjectCache
from hotreload.module.object_sections import keeps_variables

if TYPE_CHECKING:
    from hotreload.patch.view import Entity, View


class KeptDefinition(NamedTuple):
    """A variable with HOTRELOAD_KEEP in an object file."""

    path: str
    section: str
    offset: int
    size: int
    key: int
    has_initial: bool
    shown: str
    """Object file, function and name, as the key has them."""


def variable_key(entity: Entity, type_text: Optional[str], size: int) -> int:
    """The key of a variable: 8 bytes that change with its type."""
    text = type_text if type_text is not None else f"{size} bytes"
    words = (entity.path, entity.function, entity.name, text)
    digest = hashlib.sha256("\0".join(words).encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(digest[:8], "little")


def shown_name(entity: Entity) -> str:
    """A variable in words, unique in a module: `a.c.o: f(): count`."""
    words = (entity.path, f"{entity.function}()" if entity.function else "", entity.name)
    return ": ".join(word for word in words if word)


def parse_shown_name(shown: str) -> Entity:
    """What shown_name() was made from."""
    from hotreload.patch.view import Entity

    *words, name = shown.split(": ")
    function = words.pop()[:-2] if words and words[-1].endswith("()") else ""
    return Entity(name, ": ".join(words), function)


def started_anew(
    before: Mapping[str, int], now: Mapping[str, int], earlier: Container[int] = ()
) -> List[str]:
    """Notes about kept variables (shown names and keys) that do not keep what they held.

    `earlier` are keys of variables that the device may still have.
    """
    changed = [
        (parse_shown_name(shown).shown, key)
        for shown, key in now.items()
        if before.get(shown, key) != key
    ]
    return [
        f"note: {name} has a type again that it had before; if the device still has it, it goes on "
        "with what it held then"
        if key in earlier
        else f"note: {name} has another type than before; it starts anew"
        for name, key in changed
    ]


def moved_anew(before: Mapping[str, int], now: Mapping[str, int]) -> List[str]:
    """Notes about kept variables that a whole module does not find, because they have moved."""
    gone = [parse_shown_name(shown) for shown in before.keys() - now.keys()]
    new = [parse_shown_name(shown) for shown in now.keys() - before.keys()]
    return [
        f"note: {one.shown} starts anew: a whole module finds it by its file, function and name, "
        "and one of these has changed"
        for one in sorted(new)
        if any(one.plain.name == other.plain.name for other in gone)
    ]


def find_kept(
    description: Description, files: ObjectCache, wraps: Wraps
) -> List[KeptDefinition]:
    """All of them."""
    found: List[KeptDefinition] = []
    for cached in files.objects:
        if keeps_variables(cached):
            from hotreload.patch.types import read_types
            from hotreload.patch.view import View

            name = object_name(cached.path, description.build_dir)
            found += _find_in(View(cached.path, name, cached.open(), wraps, read_types))
    return found


def _find_in(view: View) -> List[KeptDefinition]:
    from hotreload.patch.definitions import initial_value

    found = []
    for number, section in enumerate(view.file.sections):
        if not section.name.startswith(KEEP_SECTION) or not section.allocated:
            continue
        names = view.named.get(number, [])
        if section.alignment > KEPT_ALIGNMENT or section.size > KEPT_LIMIT:
            shown = names[0].entity.shown if names else section.name
            raise ToolError(
                f"{view.path}: '{shown}' has HOTRELOAD_KEEP, so it can be aligned to at most "
                f"{KEPT_ALIGNMENT} bytes and have at most {KEPT_LIMIT}"
            )
        if len(names) > 1 and _is_used_as_block(view, number):
            raise ToolError(
                f"{view.path}: {names[0].entity.shown} and {names[1].entity.shown} with "
                "HOTRELOAD_KEEP are in one section, and code reaches one by the address of the "
                "other: use the macro of hotreload.h, not an attribute of your own, and compile "
                "the component with -fno-section-anchors"
            )
        for named in names:
            size = named.symbol.size
            key = variable_key(named.entity, view.types.text(named.symbol), size)
            has_initial = initial_value(view, named) is not None
            place = (view.path, section.name, named.offset, size)
            shown = shown_name(named.entity)
            found.append(KeptDefinition(*place, key, has_initial, shown))
    return found


def _is_used_as_block(view: View, section: int) -> bool:
    """Whether the program refers to a section by a symbol that is no variable."""
    known = {named.number for named in view.named[section]}
    return any(
        view.symbols[entry.symbol].section == section and entry.symbol not in known
        for user, entries in view.relocations.items() if view.file.sections[user].allocated
        for entry in entries
    )  # fmt: skip


def place_kept(
    definitions: Sequence[KeptDefinition], places: Dict[Tuple[str, str], Placed]
) -> List[Variable]:
    """Where the linker put their initial values."""
    variables = []
    for kept in definitions:
        placed = places.get((kept.path, kept.section))
        if placed is None:
            raise ToolError(f"{kept.path}: the linker's map does not tell where {kept.section} is")
        address = placed.address + kept.offset
        variables.append(Variable(kept.key, address, kept.size, kept.has_initial))
    return variables
