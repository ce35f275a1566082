"""Room for veneers in the text of an Xtensa module.

`j` reaches 128 KB, and a patch may lie further away from the function that it replaces. Then the
jump goes to a veneer nearby, which goes on to the patch. The loader writes it.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Dict, Iterable, List, NamedTuple, Sequence

from hotreload.description import Description
from hotreload.module import elf
from hotreload.module.generated import compile_generated

_SYMBOL = "hotreload_veneers"
_SIZE = 12
_LEAST = 4
_CODE = 1024
"""Bytes of code for each veneer."""
_REACH = 1 << 17


class CodeFile(NamedTuple):
    """An object file and the bytes of its code."""

    path: str
    size: int


def with_veneers(description: Description, files: Iterable[CodeFile]) -> List[str]:
    """The object files in the order in which they are linked."""
    files = list(files)
    if description.arch != "xtensa":
        return [file.path for file in files]
    paths: List[str] = []
    since = 0
    for number, file in enumerate(files, 1):
        paths.append(file.path)
        since += file.size
        if since >= _LEAST * _CODE or number == len(files):
            paths.append(_make_group(description, since))
            since = 0
    return paths


def _make_group(description: Description, size: int) -> str:
    """An object file with veneers for so many bytes of code. Their number is a power of two, so
    that few are made."""
    count = _LEAST
    while count * _CODE < size:
        count *= 2
    # The linker for Xtensa puts code that uses no literal behind all other code. A patch overwrites
    # it.
    source = f"""\
    .section .text.{_SYMBOL}, "ax", @progbits
    .balign 4
    .type {_SYMBOL}, @function
    .size {_SYMBOL}, {_SIZE * count}
{_SYMBOL}:
    .literal .Lunused, 0x12345678
    l32r a8, .Lunused
    .fill {_SIZE * count - 3}
"""
    purpose = "the module has room for veneers"
    return compile_generated(description, f"veneers{count}.S", source, (), purpose)


def find_veneers(symbols: Iterable[elf.Symbol]) -> List[int]:
    """Where the veneers of a linked module are."""
    return sorted(
        address
        for symbol in symbols if symbol.name == _SYMBOL
        for address in range(symbol.value, symbol.value + symbol.size, _SIZE)
    )  # fmt: skip


def assign_veneers(veneers: Sequence[int], jumps: Sequence[int]) -> Dict[int, int]:
    """A veneer for each jump that has one within its reach. Both ascend."""
    assigned: Dict[int, int] = {}
    index = 0
    for jump in jumps:
        index = max(index, bisect_left(veneers, jump - _REACH))
        if index < len(veneers) and veneers[index] < jump + _REACH:
            assigned[jump] = veneers[index]
            index += 1
    return assigned
