/* What moves the stack in other ways than calls and returns. SPDX-License-Identifier: MIT */
#include "exercises.h"

#include <alloca.h>
#include <string.h>

int exercise_stack_room(int depth, operation_t deeper)
{
    size_t size = (size_t)(depth * 4 + 8);
    char *room = alloca(size);
    memset(room, depth, size);
    int below = depth == 0 ? 0 : deeper(depth - 1, 0);
    char other[depth + 1];
    memset(other, 1, sizeof other);
    for (size_t i = 0; i < size; i++) {
        if (room[i] != depth) {
            return -1000000;
        }
    }
    return below + (int)size + other[depth];
}

int exercise_jump_out(int depth, operation_t deeper)
{
    return deeper(depth - 1, 0) + 1;
}

/* The buffer belongs to the firmware. */
void exercise_jump_to(jmp_buf place, int value)
{
    longjmp(place, value);
}

int exercise_jump_back(void (*down)(jmp_buf place, int depth), int a, int b)
{
    jmp_buf place;
    volatile int tries = 0;
    int value = setjmp(place);
    if (tries < 3) {
        tries++;
        down(place, 20 * tries);
        return -1; /* it does not return */
    }
    return value * 10000 + a * 100 + b * 10 + tries;
}
