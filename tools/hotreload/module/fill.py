"""Fills in what lives in the firmware for the module: variables, virtual tables, slots of stubs.

Generated constructors do this before all others. The loader calls the first one while nothing else
runs, so that one does only what takes little time; large variables are left to the second. The
packer writes the list of entries for both. The slots of inline functions are not in the
firmware's table: a generated destructor, after all others, lets them lead to a message, unless the
next module has taken them over.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from itertools import accumulate
from typing import NamedTuple, Optional, Sequence

from hotreload.description import Description
from hotreload.module.generated import compile_generated

LIST = "hotreload_fill_entries"
ENTRY_SIZE = 12
_AT_ONCE = 1024
"""Bytes of variables that are filled in while nothing else runs: about 50 us, byte by byte."""

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
void hotreload_fill_large(void);

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

static void fill(unsigned first, unsigned end)
{{
    for (unsigned i = first; i < end; i++) {{
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

void hotreload_fill(void)
{{
    fill(0, {at_once});
}}
"""

_LARGE = """
__asm__(".section .init_array.00001, \\"aw\\", @init_array\\n .balign 4\\n"
        " .word hotreload_fill_large\\n .text");

void hotreload_fill_large(void)
{{
    fill({at_once}, {count});
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


def make_fill_object(
    description: Description, count: int, variables: Sequence[int], inline_count: int, gone: int
) -> str:
    """Compiles constructors and destructor; returns the path of the object file.

    The last of `count` entries are variables of these sizes, the smallest first. The first
    `inline_count` are slots of inline functions. They lead to the address `gone` when the module
    is gone.
    """
    large = sum(1 for size in accumulate(variables) if size > _AT_ONCE)
    at_once = count - large
    text = _SOURCE.format(list=LIST, size=ENTRY_SIZE * count, at_once=at_once)
    if large:
        text += _LARGE.format(at_once=at_once, count=count)
    if inline_count:
        text += _DESTRUCTOR.format(list=LIST, inline_count=inline_count, gone=gone)
    flags = ["-Os", "-ffunction-sections", "-fno-tree-loop-distribute-patterns"]
    return compile_generated(
        description, "fill.c", text, flags, "variables of the module live in the firmware"
    )
