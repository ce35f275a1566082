/*
 * The trial of the module that runs. A new module is good once the application says so, or once it
 * has run for a while. If the program crashes before that, the next boot loads the newest good one.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_TRIAL_H
#define HOTRELOAD_TRIAL_H

#include <stdbool.h>

#include "reason.h"
#include "store/store.h"

/**
 * Begins the trial of a module that has just begun to run, and ends the one before. From now on a
 * crash blames this module. Any task.
 */
void hotreload_trial_begin(const hotreload_record_t *record);

/** Ends the trial, if any, without a verdict: a crash blames no module then. Any task. */
void hotreload_trial_end(void);

/**
 * Leaves it to the caller what a crash blames, by hotreload_port_retain(): another record is about
 * to run. The time of the one on trial goes on.
 */
void hotreload_trial_suspend(void);

/** The other record does not run after all: a crash blames what is on trial again. */
void hotreload_trial_resume(void);

/** Tells whether the module that runs is on trial. Any task. */
bool hotreload_trial_is_running(void);

/**
 * Marks the module on trial as good, if there is one.
 *
 * @return ESP_OK; or as hotreload_store_mark_judged(): the trial goes on then. Any task.
 */
esp_err_t hotreload_trial_pass(hotreload_reason_t *reason);

#endif
