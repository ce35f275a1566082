/*
 * Which record runs: the newest one that can, after a boot and when a newer one has come.
 *
 * The caller holds HOTRELOAD_LOCK_MODULE, and has called hotreload_note_caller().
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_NEWEST_H
#define HOTRELOAD_NEWEST_H

#include "hotreload.h"
#include "reason.h"
#include "store/store.h"

/**
 * Judges what crashed in the last run, and loads the newest record that can be loaded. Call it only
 * while no module runs.
 *
 * @return ESP_OK; or the error of the newest record: no record can be loaded
 */
esp_err_t hotreload_load_newest(const hotreload_config_t *config, hotreload_reason_t *reason);

/**
 * Runs the newest record in place of what runs.
 *
 * @param expected  sequence of the record that is to be the newest; 0: any
 * @return as hotreload_reload(); ESP_ERR_INVALID_STATE without a reason: another is the newest
 */
esp_err_t hotreload_reload_newest(const hotreload_config_t *config, uint32_t expected,
                                  hotreload_reason_t *reason);

/** Tells whether a reload that failed may succeed later: a task was in the way. */
bool hotreload_may_be_tried_again(esp_err_t error);

/**
 * Says in log, status and event that a record runs because a newer one crashed, if that is so.
 *
 * @param record  what runs; NULL: a module from memory
 */
void hotreload_report_rollback(const hotreload_record_t *record);

#endif
