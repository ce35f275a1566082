/*
 * The stack of the board's one thread.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef STACK_H
#define STACK_H

#include <stdint.h>

/** Notes where the stack begins; it grows down from there. Called once. */
void stack_begins_at(const uint32_t *end);

#endif
