"""Objects of the firmware that are out of date, but would be compiled to the same code: a header
says more than before, or an edit was taken back.

Compiles them aside, and compares. Remembers what it found, for the next command.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Set, Tuple

import click

from hotreload.checks.causes import Cause
from hotreload.checks.ninja import query_commands, query_deps, query_inputs
from hotreload.description import Description
from hotreload.errors import ToolError
from hotreload.files import find_stamp
from hotreload.module.direct_compile import Compilers
from hotreload.module.elf import STB_LOCAL, Elf, Section, Symbol
from hotreload.records import read_records, tools_key, write_records
from hotreload.report import shorten

_MOST_OBJECTS = 16  # More would take as long as a flash.
_SHT_GROUP = "0x11"
# What a linker does not make a program from, or what is compared in another way.
_LEFT_OUT = ("SHT_RELA", "SHT_SYMTAB", "SHT_STRTAB", _SHT_GROUP)
_DEBUG = ".debug_"

_Files = Dict[str, Any]
"""The stamps of files, by their paths."""
_Known = Dict[str, List[Any]]
"""By object: the command that compiles it, the files that it is made from, and whether it would be
the same code."""


def leave_out_same_code(causes: Sequence[Cause], description: Description) -> List[Cause]:
    """The causes without those that do not change the firmware's code."""
    names = list(dict.fromkeys(cause.output for cause in causes))
    if len(names) > _MOST_OBJECTS or not all(_is_object(name, description) for name in names):
        return list(causes)
    same = _find_same(names, description)
    if same:
        files = {cause.input or cause.output for cause in causes if cause.output in same}
        shown = shorten(sorted(os.path.basename(file) for file in files))
        click.echo(f"{shown}: the firmware's code stays the same")
    return [cause for cause in causes if cause.output not in same]


def _is_object(name: str, description: Description) -> bool:
    path = os.path.join(description.build_dir, name)
    return name.endswith((".obj", ".o")) and os.path.exists(path)


def _find_same(names: List[str], description: Description) -> Set[str]:
    path = os.path.join(description.directory, "same_code.records")
    records = read_records(path, tools_key())
    known: _Known = records.index if records is not None else {}
    commands = query_commands(description, names)
    new = {name: c for name, c in commands.items() if not _is_known(known.get(name), c)}
    found = _compile(new, description) if new else {}
    known = {**known, **found}
    if found:
        write_records(path, tools_key(), known, [])
    return {name for name in commands if name in known and known[name][2]}


def _is_known(known: Optional[List[Any]], command: str) -> bool:
    return known is not None and known[0] == command and known[1] == _stamps(known[1])


def _stamps(paths: Iterable[str]) -> _Files:
    return {path: find_stamp(path) for path in paths}


def _compile(commands: Mapping[str, str], description: Description) -> _Known:
    """What the commands of the objects make; without those whose files changed meanwhile."""
    before = _inputs(commands, description)
    found: _Known = {}
    at_once = os.cpu_count() or 1
    names = list(commands)
    for first in range(0, len(names), at_once):
        some = names[first : first + at_once]
        aside = {_aside(name): command_aside(commands[name], name) for name in some}
        if None in aside.values():
            continue
        with Compilers(description, {n: c for n, c in aside.items() if c}) as compilers:
            read = compilers.finish() or {}
            for name in some if read else ():
                files = _files_of(name, read[_aside(name)], description)
                rests = all(before[name].get(p, stamp) == stamp for p, stamp in files.items())
                if rests:
                    found[name] = [commands[name], files, _is_same(name, description)]
            compilers.discard()
    return found


def _inputs(names: Mapping[str, str], description: Description) -> Dict[str, _Files]:
    """The stamps of what each object is made from, and its own."""
    known, read = query_inputs(description, names), query_deps(description, names)
    return {
        name: _files_of(name, [*known.get(name, []), *read.get(name, [])], description)
        for name in names
    }


def _files_of(name: str, files: Sequence[str], description: Description) -> _Files:
    return _stamps(map(description.path_of, (name, *files)))


def _aside(name: str) -> str:
    return f"{name}.hotreload"


def command_aside(command: str, name: str) -> Optional[str]:
    """The command that makes the object elsewhere; None if the command does more than compile."""
    own = r"[/\\]".join(map(re.escape, name.split("/")))  # As ninja or as Windows writes it.
    output = rf"( -o | -MF )([\"']?)({own})(?=(?:\.d)?\2(?: |$))"
    changed, count = re.subn(output, r"\1\2\3.hotreload", command)
    rest = re.sub(rf" -MT ([\"']?){own}\1(?= |$)", "", changed)
    return changed if count == 2 and len(re.findall(own, rest)) == 2 else None


# ---- comparing ----


def _is_same(name: str, description: Description) -> bool:
    paths = (os.path.join(description.build_dir, path) for path in (name, _aside(name)))
    with suppress(ToolError):
        old, new = (Elf(path, "an object file") for path in paths)
        return list(_contents(old)) == list(_contents(new))
    return False


def _contents(elf: Elf) -> Iterator[Any]:
    """All that a linker makes a program from. Debug data has the lines of a source, which move."""
    symbols = elf.symbols()
    yield elf.machine, elf.flags
    kept = [s for s in elf.sections if s.type not in _LEFT_OUT and not s.name.startswith(_DEBUG)]
    order = {section.number: place for place, section in enumerate(kept)}
    for section in kept:
        yield section.name, section.type, section.flags, section.size, section.alignment
        yield bytes(elf.content(section))
    for table in elf.sections:
        if table.type == "SHT_RELA" and table.info in order:
            for rela in elf.read_table(table):
                target = _target(symbols[rela.symbol], order)
                yield order[table.info], rela.offset, rela.type, target, rela.addend
        elif table.type == _SHT_GROUP:
            yield symbols[table.info].name, _members(elf, table)
    for symbol in symbols:
        if symbol.binding != STB_LOCAL:
            yield _target(symbol, order), symbol[1:5], order.get(symbol.section, symbol.section)


def _target(symbol: Symbol, order: Mapping[int, int]) -> Tuple[Any, ...]:
    """What a relocation means: the names of labels are the compiler's own."""
    if symbol.binding != STB_LOCAL:
        return (symbol.name,)
    return order.get(symbol.section, symbol.section), symbol.value


def _members(elf: Elf, group: Section) -> List[str]:
    words = memoryview(bytes(elf.content(group))).cast("I")[1:]
    names = (elf.sections[number].name for number in words)
    return [name for name in names if not name.startswith((_DEBUG, f".rela{_DEBUG}"))]
