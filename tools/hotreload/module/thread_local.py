"""Thread-local variables of the firmware (errno, ...) that a module uses.

The compiler reaches them by their offset from the thread pointer. A generated object file defines
them at the same offsets as the firmware, so that the linker computes the same numbers; it adds
nothing to the module.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from typing import Dict, List

from hotreload.description import Description
from hotreload.module.firmware import FirmwareSymbol
from hotreload.module.generated import compile_generated


def make_thread_local_object(
    description: Description, variables: Dict[str, FirmwareSymbol], alignment: int
) -> str:
    """Assembles the object file, if it is not there already; returns its path."""
    return compile_generated(
        description,
        "thread_local.S",
        _format_source(variables, alignment),
        (),
        f"the module uses thread-local variables of the firmware ({', '.join(variables)})",
    )


def _format_source(variables: Dict[str, FirmwareSymbol], alignment: int) -> str:
    lines: List[str] = [
        '    .section .tbss, "awT", @nobits',
        f"    .balign {alignment}",
    ]
    for name in sorted(variables, key=lambda name: (variables[name].value, name)):
        symbol = variables[name]
        lines += [
            f"    .org {symbol.value}",
            f"    .globl {name}",
            f"    .type {name}, @object",
            f"    .size {name}, {symbol.size}",
            f"{name}:",
        ]
    last = max(symbol.value + max(symbol.size, 1) for symbol in variables.values())
    return "\n".join([*lines, f"    .org {last}"]) + "\n"
