/*
 * Writes to the flash what an upload left in RAM. Log and status say how it ended.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_SETTLE_H
#define HOTRELOAD_SETTLE_H

#include <stdbool.h>

#include "hotreload.h"

/**
 * Writes the next piece, one sector at most, of a module that waits in RAM.
 *
 * @param more  gets whether there is more to write
 * @return ESP_OK, also when nothing waits; or as hotreload_store_settle(). Any task.
 */
esp_err_t hotreload_settle_piece(bool *more);

/** Writes all of it; otherwise as hotreload_settle_piece(). */
esp_err_t hotreload_settle_all(void);

#endif
