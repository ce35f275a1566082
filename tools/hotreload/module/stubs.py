"""stubs.S: a stub per export, the table they jump through, and what runs when it is empty.

The layout of the table is hotreload_table_t of src/loader/table.h.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from typing import Dict, List

from hotreload.files import write_if_changed
from hotreload.module.arch import StubWriter, stub_writer
from hotreload.module.exports import read_exports

_SLOTS = "hotreload_table_slots"


def write_stubs(arch: str, exports_path: str, output: str) -> None:
    """Writes the assembly source for the exports of an exports.txt."""
    write_if_changed(output, format_stubs(arch, read_exports(exports_path)))


def format_stubs(arch: str, exports: Dict[str, bool]) -> str:
    """The assembly source; `exports` says which are weak, in the order of the table."""
    writer = stub_writer(arch)
    lines = ["/* Generated from exports.txt by hotreload. */"]
    for index, (name, weak) in enumerate(exports.items()):
        lines += ["", *_stub(writer, index, name, weak)]
    lines += ["", '    .section .text.hotreload_missing, "ax", @progbits']
    for index in range(len(exports)):
        lines += _function(writer, _missing(index), writer.missing(index))
    lines += ["", *_table(list(exports))]
    return "\n".join(lines) + "\n"


def _missing(index: int) -> str:
    return f"hotreload_missing_{index}"


def _stub(writer: StubWriter, index: int, name: str, weak: bool) -> List[str]:
    return [
        f'    .section .text.hotreload_stub.{name}, "ax", @progbits',
        f"    .{'weak' if weak else 'globl'} {name}",
        *_function(writer, name, writer.stub(f"{_SLOTS} + {4 * index}", index)),
    ]


def _function(writer: StubWriter, name: str, body: List[str]) -> List[str]:
    return [
        *writer.prologue,
        f"    .balign {writer.alignment}",
        f"    .type {name}, @function",
        f"{name}:",
        *[f"    {line}" for line in body],
        f"    .size {name}, . - {name}",
    ]


def _table(names: List[str]) -> List[str]:
    missing = [f"    .word {_missing(index)}" for index in range(len(names))]
    return [
        *_object(_SLOTS, "data", '"aw"', missing),
        *_object("hotreload_table_missing", "rodata", '"a"', missing),
        *_object("hotreload_table_names", "rodata", '"a"', [f'    .asciz "{n}"' for n in names]),
        *_object(
            "hotreload_firmware_table",
            "rodata",
            '"a"',
            [
                "    .globl hotreload_firmware_table",
                f"    .word {len(names)}",
                f"    .word {_SLOTS}",
                "    .word hotreload_table_missing",
                "    .word hotreload_table_names",
            ],
        ),
    ]


def _object(name: str, kind: str, flags: str, body: List[str]) -> List[str]:
    return [
        f"    .section .{kind}.{name}, {flags}, @progbits",
        "    .balign 4",
        f"    .type {name}, @object",
        f"{name}:",
        *body,
        f"    .size {name}, . - {name}",
        "",
    ]
