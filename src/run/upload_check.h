/*
 * Whether an uploaded module or patch can run here.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_UPLOAD_CHECK_H
#define HOTRELOAD_UPLOAD_CHECK_H

#include <stddef.h>
#include <stdint.h>

#include "reason.h"

/**
 * Verifies a module, or a patch of the module that runs. Any task.
 *
 * @param base  gets the sequence of the record that a patch belongs to; stays as it is for a module
 * @return ESP_OK; as hotreload_loader_verify(); ESP_ERR_INVALID_VERSION also for a patch of another
 *         base than the one that runs
 */
esp_err_t hotreload_check_upload(const void *data, size_t size, uint32_t *base,
                                 hotreload_reason_t *reason);

#endif
