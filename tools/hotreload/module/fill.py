"""Fills in what lives in the firmware for the module: variables, virtual tables, slots of stubs.

A generated constructor does this before all others, so the loader needs no support for it. The
packer writes the list of entries for the constructor. The slots of inline functions are not in the
firmware's table: a generated destructor, after all others, lets them lead to a message, unless the
next module has taken them over.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from typing import NamedTuple, Optional

from hotreload.description import Description
from hotreload.module.generated import compile_generated

LIST = "hotreload_fill_entries"
ENTRY_SIZE = 12

# Other tasks read a slot meanwhile, so it is written as one word.
_SOURCE = """\
typedef struct {{
    volatile unsigned *to;
    const volatile unsigned *from; /* null: zeros */
    unsigned size;                 /* in bytes; 0: `from` itself is the word to write */
}} entry_t;

__asm__(".section .data.{list}, \\"aw\\"\\n .balign 4\\n .globl {list}\\n"
        "{list}: .skip {size}\\n"
        ".section .init_array.00000, \\"aw\\", @init_array\\n .balign 4\\n .word hotreload_fill\\n"
        ".text");
extern const volatile entry_t {list}[];
void hotreload_fill(void);

static void copy_bytes(volatile unsigned char *to, const volatile unsigned char *from,
                       unsigned size)
{{
    for (unsigned i = 0; i < size; i++) {{
        to[i] = from != 0 ? from[i] : 0;
    }}
}}

static void copy_words(volatile unsigned *to, const volatile unsigned *from, unsigned size)
{{
    for (unsigned i = 0; i < size / sizeof *to; i++) {{
        to[i] = from != 0 ? from[i] : 0;
    }}
}}

void hotreload_fill(void)
{{
    for (unsigned i = 0; i < {count}; i++) {{
        const volatile entry_t *entry = &{list}[i];
        if (entry->size == 0) {{
            *entry->to = (unsigned)entry->from;
        }} else if (((unsigned)entry->from | entry->size) % sizeof(unsigned) == 0) {{
            copy_words(entry->to, entry->from, entry->size);
        }} else {{
            copy_bytes((volatile unsigned char *)entry->to,
                       (const volatile unsigned char *)entry->from, entry->size);
        }}
    }}
}}
"""

_DESTRUCTOR = """
__asm__(".section .fini_array.00000, \\"aw\\", @fini_array\\n .balign 4\\n"
        " .word hotreload_empty\\n .text");
void hotreload_empty(void);

void hotreload_empty(void)
{{
    for (unsigned i = 0; i < {inline_count}; i++) {{
        const volatile entry_t *entry = &{list}[i];
        if (*entry->to == (unsigned)entry->from) {{
            *entry->to = {gone}u;
        }}
    }}
}}
"""


class Entry(NamedTuple):
    """One thing to fill in."""

    target: int
    """Address in the firmware."""
    source: Optional[int]
    """Link address in the module, or an address of the firmware; None: zeros."""
    size: int
    """In bytes; 0: the source's address itself goes there."""


def make_fill_object(description: Description, count: int, inline_count: int, gone: int) -> str:
    """Compiles constructor and destructor; returns the path of the object file.

    The first `inline_count` of `count` entries are slots of inline functions. They lead to the
    address `gone` when the module is gone.
    """
    text = _SOURCE.format(list=LIST, size=ENTRY_SIZE * count, count=count)
    if inline_count:
        text += _DESTRUCTOR.format(list=LIST, inline_count=inline_count, gone=gone)
    flags = ["-Os", "-ffunction-sections", "-fno-tree-loop-distribute-patterns"]
    return compile_generated(
        description, "fill.c", text, flags, "variables of the module live in the firmware"
    )
