/*
 * Flash with one partition table: NOR rules, sectors of 4 KB, every broken rule fails the test.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FAKE_PARTITION_H
#define FAKE_PARTITION_H

#include <stddef.h>
#include <stdint.h>

#define FAKE_PARTITION_SIZE 0x10000u

typedef struct {
    /** Result of the next operation of any kind that is not ESP_OK; then it is ESP_OK again. */
    int fail;
    /** A mapping of more bytes fails with this error: there are too few pages of the MMU. */
    size_t most_mapped;
    int too_few_pages;
    /** Mappings that were not undone. */
    unsigned maps;
    /** Of partition "hotreload". */
    uint8_t content[FAKE_PARTITION_SIZE];
} fake_partition_t;

extern fake_partition_t fake_partition;

/**
 * A table with "hotreload" (app, 0x40), "data" (data, 0x40) and "factory" (app, factory); the
 * first is erased.
 */
void fake_partition_reset(void);

#endif
