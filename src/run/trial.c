/* SPDX-License-Identifier: MIT */
#include "run/trial.h"

#include "port.h"
#include "run/status.h"

/** Guarded by HOTRELOAD_LOCK_STATUS: a timer must not wait for a reload, nor for constructors. */
static struct {
    bool running;
    uint32_t number; /**< counts trials, so that a late timer knows that it is not meant */
    hotreload_record_t record;
} trial;

/** The record may be judged while another module takes over: this one has passed all the same. */
static esp_err_t pass(uint32_t number, const hotreload_record_t *record, hotreload_reason_t *reason)
{
    esp_err_t error = hotreload_store_judge(record, true, reason);
    if (error != ESP_OK) {
        return error;
    }
    hotreload_port_lock(HOTRELOAD_LOCK_STATUS);
    if (trial.number == number) {
        trial.running = false;
        hotreload_port_retain(0);
    }
    hotreload_port_unlock(HOTRELOAD_LOCK_STATUS);
    hotreload_port_log(HOTRELOAD_LOG_INFO, "module %u is good", (unsigned)record->sequence);
    return ESP_OK;
}

/** Copies what is on trial. @return false: nothing is */
static bool get(uint32_t *number, hotreload_record_t *record)
{
    hotreload_port_lock(HOTRELOAD_LOCK_STATUS);
    bool running = trial.running;
    *number = trial.number;
    *record = trial.record;
    hotreload_port_unlock(HOTRELOAD_LOCK_STATUS);
    return running;
}

/** Called by the port when the time has passed. */
static void expired(uint32_t expected)
{
    hotreload_reason_t reason = {0};
    hotreload_record_t record;
    uint32_t number;
    if (!get(&number, &record) || number != expected) {
        return;
    }
    if (pass(number, &record, &reason) != ESP_OK) {
        hotreload_status_set_error(&reason);
        hotreload_port_log(HOTRELOAD_LOG_ERROR, "the module stays on trial: %s", reason.text);
    }
}

/** Changes what is on trial. @return its number */
static uint32_t set(const hotreload_record_t *record)
{
    hotreload_port_lock(HOTRELOAD_LOCK_STATUS);
    trial.running = record != NULL;
    if (record != NULL) {
        trial.record = *record;
    }
    hotreload_port_retain(record != NULL ? record->sequence : 0);
    uint32_t number = ++trial.number;
    hotreload_port_unlock(HOTRELOAD_LOCK_STATUS);
    return number;
}

void hotreload_trial_begin(const hotreload_record_t *record)
{
    if (hotreload_port_trial_timer(expired, set(record)) != ESP_OK) {
        hotreload_port_log(HOTRELOAD_LOG_WARNING,
                           "no timer for the trial: it ends with hotreload_mark_valid() only");
    }
}

void hotreload_trial_end(void)
{
    (void)hotreload_port_trial_timer(NULL, set(NULL));
}

bool hotreload_trial_is_running(void)
{
    uint32_t number;
    hotreload_record_t record;
    return get(&number, &record);
}

esp_err_t hotreload_trial_pass(hotreload_reason_t *reason)
{
    uint32_t number;
    hotreload_record_t record;
    return get(&number, &record) ? pass(number, &record, reason) : ESP_OK;
}
