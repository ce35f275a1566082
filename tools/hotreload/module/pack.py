"""Packs module.elf: the format of src/image/module_format.h.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import struct
from typing import Dict, List, NamedTuple, Sequence

from hotreload.description import Description, find_program
from hotreload.errors import ToolError
from hotreload.module import module_format as fmt
from hotreload.module.arch import relocation_rules
from hotreload.module.exports import sort_names
from hotreload.module.firmware import Firmware
from hotreload.kept import place_kept
from hotreload.module.link import ModuleInputs, map_path
from hotreload.module.link_map import read_link_map
from hotreload.module.linked import LinkedModule, PackedRelocation, Segment, Variable
from hotreload.module.own_symbols import Binding, Kind
from hotreload.module.places import Places, fill_in_places

_EHDR = struct.Struct("<16sHHIIIIIHHHHHH")
_PHDR = struct.Struct("<IIIIIIII")
_IDENT = b"\x7fELF\x01\x01\x01".ljust(16, b"\0")
_ET_EXEC = 2
_R, _W, _X = 4, 2, 1
_MAX_ALIGNMENT = 4096


class _Part(NamedTuple):
    """One program header and the bytes it stands for."""

    type: int
    flags: int
    address: int
    memory_size: int
    alignment: int
    content: bytes


def pack_module(inputs: ModuleInputs) -> bytes:
    """Reads module.elf and returns what travels to the device."""
    description, firmware = inputs.description, inputs.firmware
    addr2line = find_program("addr2line", description.compiler)
    places_of = read_link_map(map_path(description)) if inputs.kept else {}
    module = LinkedModule(
        description.module_elf, description.arch, firmware.text_address, addr2line,
        variables=place_kept(inputs.kept, places_of),
    )  # fmt: skip
    rules = relocation_rules(description.arch)
    places = Places(inputs, module)
    kept = rules.select_relocations(module, places)
    module.check_sections()
    kept += fill_in_places(module, places.entries(), rules.WORD)
    if module.data.memory_size == 0 and any(k.base == fmt.SYM_DATA for k in kept):
        module.data.memory_size = 4  # The address of an object without bytes is an address, too.
    notes = note(fmt.NOTE_MODULE, module_note(description, firmware))
    notes += note(fmt.NOTE_EXPORTS, _exports_note(module, inputs))
    init = _init_note(module)
    notes += note(fmt.NOTE_INIT, init) if init else b""
    notes += note(fmt.NOTE_INTERNAL, b"") if inputs.objects.is_internal else b""
    notes += kept_note(module.variables)
    notes += note(fmt.NOTE_FILL, b"") if inputs.fill_count else b""
    return format_file(module, notes, kept)


def format_file(module: LinkedModule, notes: bytes, kept: Sequence[PackedRelocation]) -> bytes:
    """The packed file: header, notes, relocations, text, data."""
    parts = [
        _loaded(module.text, _R | _X),
        _loaded(module.data, _R | _W),
        _Part(fmt.PT_NOTE, _R, 0, 0, 4, notes),
        _Part(fmt.PT_RELA, _R, 0, 0, 4, _relocation_table(kept)),
    ]
    header = _EHDR.pack(
        _IDENT, _ET_EXEC, module.file.machine, 1, 0, _EHDR.size, 0, module.file.flags,
        _EHDR.size, _PHDR.size, len(parts), 0, 0, 0,
    )  # fmt: skip
    # The bytes that are read first come first: the device checks notes and relocations before it
    # copies the segments.
    offset = _EHDR.size + len(parts) * _PHDR.size
    offsets: Dict[int, int] = {}
    body = b""
    for index in (2, 3, 0, 1):
        offsets[index] = offset + len(body)
        content = parts[index].content
        body += content + b"\0" * (-len(content) % 4)
    table = b"".join(
        _PHDR.pack(
            part.type,
            offsets[index],
            part.address,
            part.address,
            len(part.content),
            part.memory_size,
            part.flags,
            part.alignment,
        )  # fmt: skip
        for index, part in enumerate(parts)
    )
    return header + table + body


def _loaded(segment: Segment, flags: int) -> _Part:
    if segment.alignment > _MAX_ALIGNMENT:
        raise ToolError(
            f"something in the module is aligned to {segment.alignment} bytes; a module can have "
            f"at most {_MAX_ALIGNMENT}"
        )
    return _Part(
        fmt.PT_LOAD, flags, segment.address, segment.memory_size, segment.alignment,
        bytes(segment.content),
    )  # fmt: skip


def _relocation_table(kept: Sequence[PackedRelocation]) -> bytes:
    return b"".join(
        struct.pack("<III", place, base << 8 | kind, addend)
        for place, kind, base, addend in sorted(kept)
    )


def note(kind: int, content: bytes) -> bytes:
    """A note of the packed format; the content is padded."""
    header = struct.pack("<III", len(fmt.NOTE_NAME), len(content), kind)
    return header + fmt.NOTE_NAME + content


def pad(content: bytes) -> bytes:
    return content + b"\0" * (-len(content) % 4)


def module_note(description: Description, firmware: Firmware) -> bytes:
    """The content of the first note."""
    identity = firmware.identity
    numbers = (fmt.FORMAT_VERSION, description.chip, description.abi, len(identity))
    return struct.pack("<HHHH", *numbers) + pad(identity)


def kept_note(variables: Sequence[Variable]) -> bytes:
    """The note with the variables that live outside the module, or nothing."""
    if not variables:
        return b""
    entries = [
        struct.pack("<QII", v.key, v.address if v.has_initial else 0, v.size) for v in variables
    ]
    return note(fmt.NOTE_KEPT, struct.pack("<I", len(entries)) + b"".join(entries))


def _exports_note(module: LinkedModule, inputs: ModuleInputs) -> bytes:
    functions = inputs.objects.of_kind(Kind.FUNCTION, Kind.LABEL)
    own = {name for name, f in functions.items() if f.binding != Binding.INLINE}
    names = sort_names(own | set(inputs.exports.table))
    addresses = [_export_address(module, name) for name in names]
    text = b"".join(name.encode() + b"\0" for name in names)
    return struct.pack(f"<I{len(names)}I", len(names), *addresses) + pad(text)


def _export_address(module: LinkedModule, name: str) -> int:
    symbol, text = module.names.get(name), module.text
    if symbol is None or not text.address <= symbol.value < text.address + text.memory_size:
        # The firmware never calls its stub: it has a definition of its own, or no use for one. But
        # the table names it, maybe as what is a variable now, and its slot needs an address in the
        # text.
        return text.address
    return symbol.value


def _init_note(module: LinkedModule) -> bytes:
    values: List[int] = []
    for kind in ("init", "fini"):
        start = module.names[f"hotreload_{kind}_start"].value
        end = module.names[f"hotreload_{kind}_end"].value
        values += [start, (end - start) // 4]
    return struct.pack("<IIII", *values) if values[1] or values[3] else b""
