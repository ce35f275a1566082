"""stubs.S and inline.S: what the firmware defines in place of the module.

A stub per function, the table that the stubs jump through, stubs for static functions, and homes
of variables. The linker drops what the firmware does not use. It takes inline.S last: an inline
function of the firmware's own comes before a stub for it.

The layout of the table is hotreload_table_t of src/loader/table.h.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
from typing import List, Tuple

from hotreload.files import write_if_changed
from hotreload.module.arch import StubWriter, stub_writer
from hotreload.module.exports import (
    SPARE,
    SPARE_INTERNAL,
    Exports,
    Function,
    Home,
    home_symbol,
    read_exports,
    slot_symbol,
    spare_symbol,
    stub_symbol,
)
from hotreload.module.own_symbols import Binding

SLOTS = "hotreload_table_slots"
GONE = "hotreload_missing_gone"
"""What the slots of functions lead to that no module has."""
_GONE_NAME = "a static function"
_BANNER = "/* Generated from exports.txt by hotreload. */"


def write_stubs(arch: str, exports_path: str, output_dir: str) -> None:
    """Writes the assembly sources for an exports.txt."""
    writer, exports = stub_writer(arch), read_exports(exports_path)
    write_if_changed(os.path.join(output_dir, "stubs.S"), format_stubs(writer, exports))
    write_if_changed(os.path.join(output_dir, "inline.S"), format_inline(writer, exports))


def format_stubs(writer: StubWriter, exports: Exports) -> str:
    """stubs.S."""
    lines = [_BANNER]
    for index, name in enumerate(exports.table):
        lines += ["", *_stub(writer, name, exports.functions[name], f"{SLOTS} + {4 * index}")]
    lines += ["", '    .section .text.hotreload_missing, "ax", @progbits']
    for index in range(len(exports.table)):
        lines += _function(writer, [_missing(index)], writer.missing(index))
    lines += ["    .globl " + GONE]
    lines += _function(writer, [GONE], writer.missing(len(exports.table)))
    for index, (name, is_internal) in enumerate(_static(exports), len(exports.table)):
        lines += ["", *_callback(writer, name, is_internal, f"{SLOTS} + {4 * index}")]
    for name, home in exports.homes.items():
        if home.binding != Binding.INLINE:
            lines += ["", *_home(name, home)]
    for key, home in exports.local_homes.items():
        lines += ["", *_place(home_symbol(key), home)]
    return "\n".join([*lines, "", *_table(exports)]) + "\n"


def format_inline(writer: StubWriter, exports: Exports) -> str:
    """inline.S: what every object that uses it may have as well."""
    lines = [_BANNER, f"    .globl {GONE}"]
    for index, (name, function) in enumerate(exports.functions.items()):
        if function.binding == Binding.INLINE:
            slot = f"hotreload_inline_slot_{index}"
            lines += ["", *_stub(writer, name, function, slot)]
            lines += _object(slot, slot_symbol(name), "data", '"aw"', [f"    .word {GONE}"])
    for name, home in exports.homes.items():
        if home.binding == Binding.INLINE:
            lines += ["", *_home(name, home)]
    return "\n".join(lines) + "\n"


def _missing(index: int) -> str:
    return f"hotreload_missing_{index}"


def _code_section(name: str, is_internal: bool) -> str:
    return f'    .section "{".iram1" if is_internal else ".text"}.{name}", "ax", @progbits'


def _stub(writer: StubWriter, name: str, function: Function, slot: str) -> List[str]:
    is_weak = function.binding in (Binding.WEAK, Binding.INLINE)
    lines = [
        _code_section(stub_symbol(name), function.is_internal),
        f'    .{"weak" if is_weak else "globl"} "{name}"',
        f'    .globl "{stub_symbol(name)}"',
        *_function(writer, [name, stub_symbol(name)], writer.stub(slot)),
    ]
    if function.is_label:
        lines += [
            f'    .section ".gnu.warning.{name}", "", @progbits',
            f'    .ascii "{name} of the reloadable code has no type, so the firmware can only call'
            f' it; if it is a table, write: .type {name}, @object"',
        ]
    return lines


def _static(exports: Exports) -> List[Tuple[str, bool]]:
    """The stubs of static functions, in the order of their slots, and whether they are in IRAM."""
    return [
        *((stub_symbol(key), is_internal) for key, is_internal in exports.callbacks.items()),
        *((spare_symbol(i), i >= SPARE) for i in range(SPARE + SPARE_INTERNAL)),
    ]


def _callback(writer: StubWriter, name: str, is_internal: bool, slot: str) -> List[str]:
    return [
        _code_section(name, is_internal),
        f'    .globl "{name}"',
        *_function(writer, [name], writer.stub(slot)),
    ]


def _home(name: str, home: Home) -> List[str]:
    if home.binding == Binding.COMMON:
        return [f'    .comm "{name}", {home.size}, {home.alignment}']
    binding = "globl" if home.binding == Binding.STRONG else "weak"
    return [f'    .{binding} "{name}"', *_place(home_symbol(name), home, name)]


def _place(symbol: str, home: Home, name: str = "") -> List[str]:
    """Zeros, in whole words, so that they can be written as such."""
    return [
        f'    .section ".bss.{symbol}", "aw", @nobits',
        f'    .globl "{symbol}"',
        f"    .balign {max(home.alignment, 4)}",
        f'    .type "{symbol}", @object',
        *([f'    .type "{name}", @object', f'    .size "{name}", {home.size}'] if name else []),
        f'"{symbol}":',
        *([f'"{name}":'] if name else []),
        f"    .skip {(home.size + 3) & ~3}",
        f'    .size "{symbol}", {home.size}',
    ]


def _function(writer: StubWriter, names: List[str], body: List[str]) -> List[str]:
    """The first name is the one that debuggers show."""
    return [
        *writer.prologue,
        f"    .balign {writer.alignment}",
        f'    .type "{names[0]}", @function',
        *[f'"{name}":' for name in names],
        *[f"    {line}" for line in body],
        f'    .size "{names[0]}", . - "{names[0]}"',
    ]


def _table(exports: Exports) -> List[str]:
    names = exports.table
    callbacks = len(_static(exports))
    missing = [f"    .word {_missing(index)}" for index in range(len(names))]
    missing += [f"    .word {GONE}"] * callbacks
    listed = [f'    .asciz "{name}"' for name in [*names, _GONE_NAME]]
    return [
        *_object("", SLOTS, "data", '"aw"', missing),
        *_object("hotreload_table_missing", "", "rodata", '"a"', missing),
        *_object("hotreload_table_names", "", "rodata", '"a"', listed),
        *_object(
            "",
            "hotreload_firmware_table",
            "rodata",
            '"a"',
            [
                f"    .word {len(names)}",
                f"    .word {SLOTS}",
                "    .word hotreload_table_missing",
                "    .word hotreload_table_names",
                f"    .word {len(names) + callbacks}",
            ],
        ),
    ]


def _object(label: str, name: str, kind: str, flags: str, body: List[str]) -> List[str]:
    """An object with a label for this file, a name for all, or both."""
    return [
        f'    .section ".{kind}.{name or label}", {flags}, @progbits',
        "    .balign 4",
        *([f'    .globl "{name}"', f'    .type "{name}", @object', f'"{name}":'] if name else []),
        *([f"{label}:"] if label else []),
        *body,
        f'    .size "{name or label}", . - "{name or label}"',
        "",
    ]
