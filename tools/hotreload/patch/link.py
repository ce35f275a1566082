"""Links a patch by ld, and packs it.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import struct
from typing import Dict, List, NamedTuple, Optional

from hotreload.description import find_program
from hotreload.files import write_if_changed
from hotreload.module import elf
from hotreload.module import module_format as fmt
from hotreload.module.arch import relocation_rules
from hotreload.module.exports import definition_key, object_name
from hotreload.module.layout import (
    PATCH_DATA_ADDRESS,
    SEGMENT_LIMIT,
    patch_path,
    patch_text_address,
)
from hotreload.module.link import run_linker
from hotreload.module.linked import LinkedModule, PackedRelocation, Relocation, Variable
from hotreload.module.linker_script import format_patch_script
from hotreload.module.own_symbols import Definition
from hotreload.module.pack import format_file, kept_note, module_note, note
from hotreload.module.thread_local import make_thread_local_object
from hotreload.module.veneers import assign_veneers
from hotreload.patch.base import Base
from hotreload.patch.changes import Changes, NeedsWhole
from hotreload.patch.compose import SLOTS_END, SLOTS_START, Composed, find_function, marker
from hotreload.patch.first_instruction import JUMP_SIZE, busy_size
from hotreload.patch.program import Program


class Packed(NamedTuple):
    """A patch as it travels."""

    content: bytes
    text: int
    """Bytes of code."""
    data: int
    """Bytes of constants and initial values."""


def link_patch(program: Program, composed: Composed) -> None:
    """Writes patch.elf."""
    inputs = program.inputs
    description, firmware = inputs.description, inputs.firmware
    write_if_changed(patch_path(inputs.description, "o"), composed.content)
    files = [patch_path(inputs.description, "o")]
    if composed.thread_local:
        variables = {name: firmware.thread_local[name] for name in composed.thread_local}
        alignment = firmware.thread_local_alignment
        files.append(make_thread_local_object(description, variables, alignment))
    near = [f"*{os.path.basename(path)}:*" for path in description.libraries]
    script = patch_path(inputs.description, "ld")
    text = format_patch_script(
        patch_text_address(description.arch, firmware.text_address), PATCH_DATA_ADDRESS,
        near if description.text_readable else [], bool(composed.thread_local),
    )  # fmt: skip
    write_if_changed(script, text)
    command = [description.linker, *description.linker_flags, "--emit-relocs", "-nostdlib"]
    command += ["--no-relax", "--no-check-sections", "-z", "max-page-size=4", "-T", script]
    command += files
    if composed.undefined:
        command += ["--start-group", *description.libraries, "--end-group"]
    output = run_linker(command, patch_path(inputs.description, "elf"))
    if output:
        names = ", ".join(sorted(composed.undefined))
        line = output.strip().splitlines()[-1]
        raise NeedsWhole(f"it needs {names}" if names else f"the patch cannot be linked: {line}")


class LinkedPatch(LinkedModule):
    """patch.elf: what is absolute may move with the base."""

    def __init__(self, program: Program, composed: Composed) -> None:
        inputs, self._base = program.inputs, program.base
        description = inputs.description
        super().__init__(
            patch_path(inputs.description, "elf"), description.arch,
            patch_text_address(description.arch, inputs.firmware.text_address),
            find_program("addr2line", description.compiler), PATCH_DATA_ADDRESS,
        )  # fmt: skip
        self._fixed = composed.fixed
        self.own = {s.name: s.value for s in self.symbols if s.name.startswith("hotreload.")}
        self.variables = sorted(
            Variable(v.key, self.own[v.symbol] if v.symbol else v.address, v.size, v.has_initial)
            for v in composed.variables
        )

    def base_of(self, symbol: elf.Symbol) -> int:
        known = super().base_of(symbol)
        if known != fmt.SYM_NONE or symbol.section != elf.SHN_ABS:
            return known
        if symbol.binding != elf.STB_LOCAL and symbol.name in self._fixed:
            return fmt.SYM_NONE
        for base, segment in (
            (fmt.SYM_BASE_TEXT, self._base.text),
            (fmt.SYM_BASE_DATA, self._base.data),
        ):
            if segment.address <= symbol.value < segment.address + SEGMENT_LIMIT:
                return base
        return fmt.SYM_NONE

    def start_of(self, base: int) -> int:
        known = {fmt.SYM_BASE_TEXT: self._base.text, fmt.SYM_BASE_DATA: self._base.data}
        return known[base].address if base in known else super().start_of(base)


class _Pointers:
    """Pointers to functions hold the addresses of their stubs, which outlive module and patch."""

    def __init__(self, program: Program, patch: LinkedPatch) -> None:
        self._stubs = program.inputs.resolution.stubs
        self._slots = range(patch.own.get(SLOTS_START, 0), patch.own.get(SLOTS_END, 0))
        self._callbacks: Dict[int, int] = {}
        for index, (definition, stub) in enumerate(program.inputs.callbacks.used.items()):
            new = patch.own.get(marker("callback", index))
            old = _old_address(program, definition)
            for address in (new, old):
                if address is not None:
                    self._callbacks[address] = stub.address

    def lasting(self, relocation: Relocation) -> Optional[int]:
        """The firmware's address that a pointer is to hold."""
        if relocation.place in self._slots:
            return None
        symbol = relocation.symbol
        if symbol.binding != elf.STB_LOCAL and symbol.name in self._stubs:
            return self._stubs[symbol.name]
        return self._callbacks.get(relocation.target)


def _old_address(program: Program, definition: Definition) -> Optional[int]:
    """Where a function is in the base that is known by its address alone."""
    description, base = program.inputs.description, program.base
    known = base.callbacks.get(definition_key(definition, description.build_dir))
    name = object_name(definition.path, description.build_dir)
    if known is not None or name not in program.changed:
        return known
    named = find_function(program.view(name), definition.symbol)
    found = base.find(named.entity) if named is not None else None
    return base.address(*found) if found is not None else None


def pack_patch(program: Program, changes: Changes, composed: Composed) -> Packed:
    """Reads patch.elf and returns what travels to the device."""
    inputs, base = program.inputs, program.base
    patch = LinkedPatch(program, composed)
    rules = relocation_rules(inputs.description.arch)
    kept: List[PackedRelocation] = rules.select_relocations(patch, _Pointers(program, patch))
    patch.check_sections()
    notes = note(fmt.NOTE_MODULE, module_note(inputs.description, inputs.firmware))
    notes += note(fmt.NOTE_EXPORTS, bytes(4))
    notes += note(fmt.NOTE_INTERNAL, b"") if inputs.objects.is_internal else b""
    notes += note(fmt.NOTE_BASE, bytes.fromhex(base.sha256))
    notes += _jumps_note(base, changes, patch, inputs.description.arch)
    notes += _swaps_note(base, changes, composed, patch)
    notes += kept_note(patch.variables)
    notes += _veneers_note(base, changes)
    content = format_file(patch, notes, kept)
    return Packed(content, patch.text.memory_size, patch.data.memory_size)


def _jumps_note(base: Base, changes: Changes, patch: LinkedPatch, arch: str) -> bytes:
    if not changes.jumps:
        return b""
    text = next(s for s in base.file.sections if s.name == ".text")
    code = base.file.content(text)
    entries, end = [], 0
    for index, jump in enumerate(changes.jumps):
        shown = jump.named.entity.shown
        start = jump.address - base.text.address
        room = base.room(jump.address)
        size = jump.old[1].symbol.size or room
        if room < JUMP_SIZE[arch]:
            raise NeedsWhole(f"{shown}() is too short for a jump")
        offset = jump.address - text.address
        busy = busy_size(arch, code[offset : offset + min(size, room)])
        if start < end:
            raise NeedsWhole(f"{shown}() overlaps with another function")
        end = start + busy
        entries.append(struct.pack("<III", start, patch.own[marker("jump", index)], busy))
    return note(fmt.NOTE_JUMPS, struct.pack("<I", len(entries)) + b"".join(entries))


def _veneers_note(base: Base, changes: Changes) -> bytes:
    places = [jump.address for jump in changes.jumps]
    assigned = assign_veneers(base.veneers, places)
    if not assigned:
        return b""
    start = base.text.address
    offsets = [assigned[p] - start if p in assigned else fmt.NO_VENEER for p in places]
    return note(fmt.NOTE_VENEERS, struct.pack(f"<I{len(offsets)}I", len(offsets), *offsets))


def _swaps_note(base: Base, changes: Changes, composed: Composed, patch: LinkedPatch) -> bytes:
    entries = []
    for index, number in enumerate(composed.slots):
        source = patch.own[SLOTS_START] + 4 * index
        entries.append(struct.pack("<IIII", fmt.SYM_NONE, number, source, 4))
    for index, swap in enumerate(changes.swaps):
        source, size = patch.own[marker("swap", index)], swap.named.symbol.size
        addend = swap.address - base.data.address
        entries.append(struct.pack("<IIII", fmt.SYM_BASE_DATA, addend, source, size))
    if not entries:
        return b""
    return note(fmt.NOTE_SWAPS, struct.pack("<I", len(entries)) + b"".join(entries))
