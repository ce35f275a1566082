/*
 * What uploads have in common, whether they come by HTTP or on the console.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_ESP_IDF_UPLOADS_H
#define HOTRELOAD_ESP_IDF_UPLOADS_H

#include <stdatomic.h>
#include <stdbool.h>

/** The options of Kconfig. */
extern const bool hotreload_uploads_accept_replayed;
extern const bool hotreload_uploads_run_from_ram_first;

/**
 * Writes to the flash what was received into RAM, with pauses in which the application may load it.
 *
 * @param stopping  without pauses once it is true
 *
 * Thread context: the task that sent the answer to the upload.
 */
void hotreload_uploads_settle(const _Atomic bool *stopping);

#endif
