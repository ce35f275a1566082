/*
 * What several test files need.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_SUPPORT_H
#define TEST_SUPPORT_H

#include <stddef.h>
#include <stdint.h>

#include "hotreload.h"

#define LABEL "hotreload"

/** Fails the test unless `call` returns `expected`; tells the error's name. */
#define EXPECT(expected, call) expect_error(expected, call, #call, __LINE__)
void expect_error(esp_err_t expected, esp_err_t error, const char *what, int line);

/** hotreload_load() and hotreload_reload() of the partition; must succeed. */
void load(void);
void reload(void);

/** Blocks and bytes of the heap in use. */
typedef struct {
    size_t blocks, bytes;
} heap_use_t;
heap_use_t heap_use(void);

/**
 * Fails the test if the heap is not as it was. A block may be a few bytes larger than before, where
 * the hole that it fills leaves too little for a block of its own.
 */
void expect_heap(heap_use_t before);

/** A copy in RAM, to be freed, of the newest module in the partition. */
uint8_t *copy_module(size_t *size);

#endif
