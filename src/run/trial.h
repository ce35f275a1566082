/*
 * The trial of the module that runs: a new one is good once the application says so, or has run for
 * a while. Until then a crash brings back the newest good one at the next boot.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_TRIAL_H
#define HOTRELOAD_TRIAL_H

#include <stdbool.h>

#include "reason.h"
#include "store/store.h"

/**
 * Begins the trial of a module that has just begun to run, in place of the one before: from now on
 * a crash is its fault. Any task.
 */
void hotreload_trial_begin(const hotreload_record_t *record);

/** The module that runs is not on trial, or does not run any more: it is blamed no more. Any task.
 */
void hotreload_trial_end(void);

/** Tells whether the module that runs is on trial. Any task. */
bool hotreload_trial_is_running(void);

/**
 * Marks the module on trial as good, if there is one.
 *
 * @return ESP_OK; or as hotreload_store_judge(): the trial goes on then. Any task.
 */
esp_err_t hotreload_trial_pass(hotreload_reason_t *reason);

#endif
