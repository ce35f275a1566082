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
_COUNT = 4
_DISTANCE = 32 * 1024
_REACH = 1 << 17

# The linker for Xtensa puts code that uses no literal behind all other code. A patch overwrites it.
_SOURCE = f"""\
    .section .text.{_SYMBOL}, "ax", @progbits
    .balign 4
    .type {_SYMBOL}, @function
    .size {_SYMBOL}, {_SIZE * _COUNT}
{_SYMBOL}:
    .literal .Lunused, 0x12345678
    l32r a8, .Lunused
    .fill {_SIZE * _COUNT - 3}
"""


class CodeFile(NamedTuple):
    """An object file and the bytes of its code."""

    path: str
    size: int


def with_veneers(description: Description, files: Iterable[CodeFile]) -> List[str]:
    """The object files in the order in which they are linked."""
    files = list(files)
    if description.arch != "xtensa":
        return [file.path for file in files]
    veneers = compile_generated(
        description, "veneers.S", _SOURCE, (), "the module has room for veneers"
    )
    paths: List[str] = []
    since = 0
    for file in files:
        paths.append(file.path)
        since += file.size
        if since >= _DISTANCE:
            paths.append(veneers)
            since = 0
    return paths if since == 0 else [*paths, veneers]


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
