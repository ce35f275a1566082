/*
 * Takes the place of the board's start.c, as main() is the program's: in a module a stub leads to
 * it, else it is linked in.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "board.h"

/* Without a prototype, for the many ways that the programs define it. */
int main();

/* Loads the module; absent from the program that is linked statically. */
void load(void) __attribute__((weak));

typedef void (*constructor_t)(void);
extern const constructor_t board_init_start[], board_init_end[];

_Noreturn void board_start(intptr_t *stack);

void board_start(intptr_t *stack)
{
    static char *arguments[] = {"program", NULL};
    for (const constructor_t *constructor = board_init_start; constructor < board_init_end;
         constructor++) {
        (*constructor)();
    }
    board_init((int)stack[0], (char **)&stack[1]);
    if (load != NULL) {
        load();
    }
    exit(main(1, arguments));
}
