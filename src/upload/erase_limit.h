/*
 * How many sectors may be erased in a minute for senders who have not proved who they are: flash
 * wears out by erasing, and a stranger or a recording could go on for ever.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_ERASE_LIMIT_H
#define HOTRELOAD_ERASE_LIMIT_H

#include <stdint.h>

#include "reason.h"

/**
 * Counts sectors that are about to be erased, unless that would make more than `limit` in 60
 * seconds, whichever 60 seconds one looks at.
 *
 * @param sectors  wanted now
 * @param limit    sectors in 60 seconds; 0: no limit
 * @return ESP_OK; ESP_ERR_INVALID_STATE: not now, the reason says when; ESP_ERR_INVALID_SIZE: more
 *         than the limit at once
 *
 * Thread context: the task of the upload under way; the store sees to it that there is only one.
 */
esp_err_t hotreload_erase_limit_take(uint32_t sectors, uint32_t limit, hotreload_reason_t *reason);

#endif
