/*
 * The stack of the board's one thread.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef STACK_H
#define STACK_H

#include <stdint.h>

/** The word behind the last one that the program has used. */
const uint32_t *stack_end(void);

#endif
