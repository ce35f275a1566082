/*
 * What a partition holds: filled from a fuzz input with records, remains of modules
 * and noise; and read by rules written down a second time, to check those of the store.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FUZZ_FLASH_CONTENTS_H
#define FUZZ_FLASH_CONTENTS_H

#include "input.h"
#include "store/store.h"

/** Creates a fake flash of a few small sectors, and fills it. */
void flash_contents_create(input_t *input);

/** Bytes of the partition in whole sectors. */
uint32_t flash_contents_size(void);

/**
 * Finds the newest record of a kind with a sequence below a limit, directly in the flash.
 *
 * @return false: there is none
 */
bool flash_contents_newest(hotreload_record_kind_t kind, uint32_t below,
                           hotreload_record_t *record);

/** True when every mark of a record can still be written by the rules of flash. */
bool flash_contents_can_mark(const hotreload_record_t *record);

/** True when a header lies inside another record: it shows up once that one is overwritten. */
bool flash_contents_has_hidden_header(void);

#endif
