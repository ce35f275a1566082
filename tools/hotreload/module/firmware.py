"""The firmware's ELF file: its symbols, its thread-local variables, its identity.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import hashlib
import os
import struct
from typing import Dict, NamedTuple, Optional, Tuple

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


class FirmwareReader:
    """Reads the firmware's ELF file, and again only when it has changed."""

    def __init__(self) -> None:
        self._stamp: Optional[Tuple[str, int, int]] = None
        self._firmware: Optional[Firmware] = None

    def read(self, description: Description) -> Firmware:
        """The firmware of a build."""
        path = description.firmware_elf
        status = _stat(description)
        stamp = (path, status.st_mtime_ns, status.st_size)
        if self._firmware is None or stamp != self._stamp:
            self._firmware = _read(description)
            self._stamp = stamp
        return self._firmware


def _stat(description: Description) -> os.stat_result:
    try:
        return os.stat(description.firmware_elf)
    except OSError as error:
        raise ToolError(
            f"there is no firmware {description.firmware_elf}: build "
            f"'{description.firmware_target}' first"
        ) from error


def _open(description: Description) -> elf.Elf:
    return elf.Elf(description.firmware_elf, "the firmware", description.arch)


def _read(description: Description) -> Firmware:
    file = _open(description)
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
        _identity(file, description.identity),
        symbols,
        thread_local,
        alignment,
        text_address(description.arch, file.entry),
    )


def read_identity(description: Description) -> bytes:
    """What a device says that runs the firmware of a build."""
    _stat(description)
    return _identity(_open(description), description.identity)


def _identity(file: elf.Elf, kind: str) -> bytes:
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
