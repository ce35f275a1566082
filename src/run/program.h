/*
 * The program that runs: a module, perhaps with a patch, and the records that they come from.
 *
 * The caller holds HOTRELOAD_LOCK_MODULE, and has called hotreload_note_caller().
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_PROGRAM_H
#define HOTRELOAD_PROGRAM_H

#include "loader/segments.h"
#include "reason.h"
#include "store/store.h"

/** Tells whether a module runs. Any task, without the lock. */
bool hotreload_program_is_loaded(void);

/** The record that runs: the patch's, or the module's; NULL: none, or one from memory. */
const hotreload_record_t *hotreload_program_record(void);

/** Tells whether it is this record that runs. */
bool hotreload_program_runs(const hotreload_record_t *record);

/** Tells whether the module that runs is this record's base: then it needs no safe point. */
bool hotreload_program_is_base_of(const hotreload_record_t *record);

/** Tells whether running a record loads a module: it neither runs, nor is a patch of what runs. */
bool hotreload_program_needs_loading(const hotreload_record_t *record);

/**
 * Looks whether a task executes what runs.
 *
 * @return ESP_OK: none does; ESP_ERR_HOTRELOAD_TASK_INSIDE, with its name as the reason;
 *         ESP_ERR_NO_MEM, ESP_ERR_TIMEOUT: nobody can tell
 */
esp_err_t hotreload_program_check_unused(hotreload_reason_t *reason);

/**
 * Runs what a record holds in place of what runs: a module, or a patch of a module, which is loaded
 * first if it does not run.
 *
 * @param caps  capabilities of the memory; 0: the port chooses
 * @return ESP_OK; as hotreload_reload(). Waits some time for tasks that are inside the code that is
 * to go. After an error the old code runs on.
 */
esp_err_t hotreload_program_run(const hotreload_record_t *record, uint32_t caps,
                                hotreload_reason_t *reason);

/** Runs a module from memory; as hotreload_program_run(). */
esp_err_t hotreload_program_run_from_memory(const void *data, size_t size,
                                            hotreload_reason_t *reason);

/**
 * Unloads what runs. For the store, the record still runs: it may be loaded again.
 *
 * @param for_good  frees the kept variables; false: the next module takes over those that it has
 * @return ESP_OK; ESP_ERR_HOTRELOAD_TASK_INSIDE; ESP_ERR_NO_MEM, ESP_ERR_TIMEOUT: the destructors
 *         may have run, once
 */
esp_err_t hotreload_program_unload(bool for_good, hotreload_reason_t *reason);

#endif
