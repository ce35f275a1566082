/*
 * What the server and the console do alike with an upload.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_ESP_IDF_RECEIVER_H
#define HOTRELOAD_ESP_IDF_RECEIVER_H

#include <stdatomic.h>
#include <stdbool.h>

/** The options of Kconfig. */
extern const bool hotreload_uploads_accept_replayed;
extern const bool hotreload_uploads_run_from_ram_first;

/**
 * Writes an upload that was received into RAM to the flash, with pauses in which the application
 * may load it.
 *
 * @param stopping  once it is true, there are no more pauses
 *
 * Thread context: the task that sent the answer to the upload.
 */
void hotreload_uploads_settle(const _Atomic bool *stopping);

#endif
