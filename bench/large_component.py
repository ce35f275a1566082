"""Writes a reloadable component of the shape of a large C library: many files, each with a few
exports, static functions, callbacks in tables, constants, strings, and headers that all of them
read.

370 files have 1,600 exports and make a module of 350 KB, as LVGL v9.2.2 does. File number i is the
same in every size of the component, so that a build directory can grow without compiling it again.

SPDX-License-Identifier: MIT
"""
from __future__ import annotations

import sys
from pathlib import Path
from typing import List

STRUCTURES = 120  # in the header that all files read
HELPERS = 3  # static functions in each file


def _exports(number: int) -> int:
    """How many functions a file exports: 4 or 5; 1,600 in 370 files."""
    return 4 + (number * 12 // 37 != (number + 1) * 12 // 37)


def _common_header() -> str:
    lines = ["#pragma once", "#include <stddef.h>", "#include <stdint.h>", "struct part_secret;"]
    for i in range(STRUCTURES):
        inner = f"    struct part_{i - 1} *previous;\n" if i else ""
        lines += [
            f"typedef struct part_{i} {{\n{inner}"
            f"    int32_t x, y;\n    uint16_t flags;\n    uint8_t opacity[{i % 7 + 1}];\n"
            f"    int (*handler)(struct part_{i} *self, int32_t event);\n}} part_{i}_t;",
            f"enum part_kind_{i} {{ PART_{i}_NONE, PART_{i}_SHOWN, PART_{i}_HIDDEN }};",
        ]
    return "\n".join(lines) + "\n"


def _header(number: int) -> str:
    kind = f"part_{number % STRUCTURES}_t"
    lines = ["#pragma once", '#include "parts.h"']
    lines += [f"int32_t part{number}_run_{e}({kind} *part, int32_t value);"
              for e in range(_exports(number))]
    return "\n".join(lines) + "\n"


def _helper(number: int, helper: int) -> str:
    kind = f"part_{number % STRUCTURES}_t"
    return f"""\
static __attribute__((noinline)) int32_t helper_{helper}({kind} *part, int32_t value)
{{
    static int32_t calls;
    calls += value ^ {number * 31 + helper};
    part->flags |= (uint16_t)(value & {helper + 3});
    if (value > limits[value & 7]) {{
        part->x += calls * {helper + 5} - limits[(value >> 3) & 7];
        return part->y - calls;
    }}
    part->y = value * {2 * helper + 3} + part->x / {number + 3};
    return part->x + calls;
}}
"""


def _export(number: int, export: int) -> str:
    kind = f"part_{number % STRUCTURES}_t"
    other = number - 1 - export * 3
    call = ""
    if other >= 0:
        part = f"(part_{other % STRUCTURES}_t *)(void *)part"
        call = f"    value += part{other}_run_{export % 4}({part}, value - 1);\n"
    return f"""\
int32_t part{number}_run_{export}({kind} *part, int32_t value)
{{
    if (value < {export}) {{
        part->handler = on_event;
        return names[{export}][0] - value;
    }}
{call}    value += helper_{export % HELPERS}(part, value);
    value += helper_{(export + 1) % HELPERS}(part, 1);
    return value;
}}
"""


def _source(number: int) -> str:
    kind = f"part_{number % STRUCTURES}_t"
    included = {number, *(n for n in (number - 1 - 3 * e for e in range(5)) if n >= 0)}
    lines = [f'#include "part{n}.h"' for n in sorted(included)]
    numbers = ", ".join(str((number * 7 + i * 13) % 101) for i in range(8))
    texts = ", ".join(f'"part {number} step {e}"' for e in range(5))
    lines += [f"static const int32_t limits[8] = {{{numbers}}};",
              f"static const char *const names[5] = {{{texts}}};"]
    lines += [_helper(number, helper) for helper in range(HELPERS)]
    lines.append(f"static int on_event({kind} *self, int32_t event)\n"
                 f"{{\n    return helper_0(self, event + {number});\n}}\n")
    lines += [_export(number, export) for export in range(_exports(number))]
    return "\n".join(lines)


def write_large_component(directory: Path, files: int) -> None:
    """Writes the component with this number of C files; leaves those alone that are there."""
    (directory / "include").mkdir(parents=True, exist_ok=True)
    sources = [f"part{number}.c" for number in range(files)]
    _write(directory / "CMakeLists.txt", "\n".join(
        ["idf_component_register(RELOADABLE INCLUDE_DIRS include SRCS", *sources]) + ")\n")
    _write(directory / "include" / "parts.h", _common_header())
    for number, name in enumerate(sources):
        _write(directory / "include" / f"part{number}.h", _header(number))
        _write(directory / name, _source(number))


def _write(path: Path, text: str) -> None:
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def main(arguments: List[str]) -> int:
    if len(arguments) != 2 or not arguments[1].isdigit():
        print("usage: large_component.py DIRECTORY FILES", file=sys.stderr)
        return 2
    write_large_component(Path(arguments[0]), int(arguments[1]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
