"""What differs between the architectures: stubs, and the relocations that a module keeps.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Callable, List, NamedTuple

from hotreload.errors import ToolError
from hotreload.module import elf

ARCHITECTURES = ("riscv", "xtensa")
_ARCH_OF = {number: arch for arch, number in elf.MACHINES.items()}


class StubWriter(NamedTuple):
    """How stubs look in assembly."""

    alignment: int
    """Bytes that a function must be aligned to."""
    prologue: List[str]
    """Lines before each function."""
    stub: Callable[[str], List[str]]
    """(address of the slot) -> lines that jump to the address in the slot."""
    missing: Callable[[int], List[str]]
    """(index of the slot) -> lines that call hotreload_missing(index)."""


def stub_writer(arch: str) -> StubWriter:
    """The stubs of an architecture."""
    writer: StubWriter = _module(arch, "stubs").WRITER
    return writer


def object_rules(machine: int) -> Any:
    """The module with `called(file)` and `pointers(file)` for an ELF machine."""
    return import_module(f"hotreload.module.arch.{_ARCH_OF[machine]}_objects")


def relocation_rules(arch: str) -> Any:
    """The module with `select_relocations()` for an architecture."""
    return _module(arch, "relocations")


def instruction_rules(arch: str) -> Any:
    """The module with `only_loads()`, `decode()` and `JUMPS` for an architecture."""
    return _module(arch, "instructions")


def _module(arch: str, what: str) -> Any:
    if arch not in ARCHITECTURES:
        raise ToolError(f"unknown architecture '{arch}': use {' or '.join(ARCHITECTURES)}")
    return import_module(f"hotreload.module.arch.{arch}_{what}")
