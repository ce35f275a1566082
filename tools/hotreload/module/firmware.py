"""The firmware's ELF file: its symbols, its thread-local variables, its identity.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import hashlib
import struct
from typing import Dict, NamedTuple

from hotreload.description import Description
from hotreload.errors import ToolError
from hotreload.module import elf
from hotreload.module.layout import text_address

_NOTE_BUILD_ID = 3


class FirmwareSymbol(NamedTuple):
    """A global symbol; the value of a thread-local one is its offset in the thread's block."""

    value: int
    size: int
    weak: bool


class Firmware(NamedTuple):
    """What a module needs to know of the firmware that it is linked with."""

    identity: bytes
    symbols: Dict[str, FirmwareSymbol]
    thread_local: Dict[str, FirmwareSymbol]
    thread_local_alignment: int
    text_address: int
    """Link address of the module's text."""


def read_firmware(file: elf.Elf, description: Description) -> Firmware:
    """Reads the symbols of the firmware's ELF file, and what else a module needs to know."""
    symbols: Dict[str, FirmwareSymbol] = {}
    thread_local: Dict[str, FirmwareSymbol] = {}
    for symbol in file.symbols(only_global=True):
        if not symbol.defined:
            continue
        known = thread_local if symbol.kind == elf.STT_TLS else symbols
        weak = symbol.binding == elf.STB_WEAK
        known[symbol.name] = FirmwareSymbol(symbol.value, symbol.size, weak)
    if not symbols:
        raise ToolError(
            f"the firmware {file.path} has no symbols: link it without -s, do not strip it"
        )
    alignment = max([s.alignment for s in file.sections if s.flags & elf.SHF_TLS], default=1)
    return Firmware(
        firmware_identity(file, description.identity),
        symbols,
        thread_local,
        alignment,
        text_address(description.arch, file.entry),
    )


def firmware_identity(file: elf.Elf, kind: str) -> bytes:
    """The identity that a device with this firmware reports; `kind` is Description.identity."""
    if kind == "sha256":
        return hashlib.sha256(file.data).digest()
    section = file.section(".note.gnu.build-id")
    note = file.content(section) if section is not None else b""
    if len(note) > 16:
        name_size, size, note_type = struct.unpack_from("<III", note)
        if note[12:16] == b"GNU\0" and note_type == _NOTE_BUILD_ID and name_size == 4:
            return note[16 : 16 + size]
    raise ToolError(
        f"the firmware {file.path} has no GNU build-id, which identifies it: link it with "
        "-Wl,--build-id and keep the section .note.gnu.build-id in its linker script"
    )
