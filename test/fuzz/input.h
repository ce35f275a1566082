/*
 * Turns the bytes of a fuzz input into decisions. An input that is used up decides 0.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    const uint8_t *at;
    size_t left; /**< bytes */
} input_t;

/** One byte. */
uint8_t input_byte(input_t *input);

/** A number below `limit`, of one byte if that is enough, else of four. */
uint32_t input_below(input_t *input, uint32_t limit);

/** Up to `size` bytes as they are. @return their number */
size_t input_bytes(input_t *input, size_t size, const uint8_t **bytes);

#endif
