/*
 * Reloads without being asked: patches at once, whole modules when no task is inside.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_AUTO_RELOAD_H
#define HOTRELOAD_AUTO_RELOAD_H

#include "hotreload.h"

/**
 * Starts the task that reloads.
 *
 * @param settings  must stay as they are until the stop
 * @return ESP_OK, ESP_ERR_NO_MEM
 */
esp_err_t hotreload_auto_reload_start(const hotreload_start_config_t *settings);

/** Stops it. @return ESP_OK; ESP_ERR_INVALID_STATE: the caller is `before` or `after` */
esp_err_t hotreload_auto_reload_stop(void);

#endif
