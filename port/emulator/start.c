/*
 * What runs between the start file of the architecture and main().
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdint.h>
#include <stdlib.h>

#include "stack.h"

int main(int argc, char **argv);

/* Constructors of the firmware, from the linker script. */
typedef void (*constructor_t)(void);
extern const constructor_t board_init_start[], board_init_end[];

/** Called by start.S with the stack as the kernel made it: argc, then the pointers of argv. */
_Noreturn void board_start(intptr_t *stack);

void board_start(intptr_t *stack)
{
    stack_begins_at((const uint32_t *)stack);
    for (const constructor_t *constructor = board_init_start; constructor < board_init_end;
         constructor++) {
        (*constructor)();
    }
    exit(main((int)stack[0], (char **)&stack[1]));
}
