# Writes the assembly source that embeds a file. SPDX-License-Identifier: MIT
file(WRITE ${OUTPUT} "    .section .rodata.embedded
    .global _binary_${SYMBOL}_start
_binary_${SYMBOL}_start:
    .incbin \"${INPUT}\"
    .global _binary_${SYMBOL}_end
_binary_${SYMBOL}_end:
")
