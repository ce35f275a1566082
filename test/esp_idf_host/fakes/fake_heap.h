/*
 * The memory of the chip, on the host: mapped at the chip's own addresses, with the aliases of the
 * instruction bus, and ESP-IDF's heap in it. PSRAM is seen by each bus through a view of its own,
 * which agree only after the caches were synchronised.
 *
 * Breaking a rule of the real functions fails the running test.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FAKE_HEAP_H
#define FAKE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    /** 1: the next allocation fails, 2: the one after; 0: none. */
    unsigned fail_allocation;
    /** Capabilities that were asked for last. */
    uint32_t last_caps;
    /** Blocks not freed yet. */
    unsigned live;
    /** PSRAM is in the heap. */
    bool psram;
    /** Result of the next mapping for execution; ESP_OK: maps. */
    int map_error;
    /** Mappings for execution that exist. */
    unsigned maps;
    /** Result of the next cache operation. */
    int cache_error;
    /** Cache operations since the reset. */
    unsigned cache_operations;
    /** Fences since the reset: of the core that the test runs on, and of the other one. */
    unsigned fences, other_fences;
    /** Called at each of them. */
    void (*on_fence)(void);
    /** The scheduler does not run yet. */
    bool scheduler_not_started;
} fake_heap_t;

extern fake_heap_t fake_heap;

/** An empty heap, with all PSRAM that the chip can have: the start of every test. */
void fake_heap_reset(void);

/** Fails the test if a block or a mapping is left, or something was written beside a block. */
void fake_heap_expect_empty(void);

#endif
