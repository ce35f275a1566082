/* SPDX-License-Identifier: MIT */
#include "run/trial.h"

#include "port.h"
#include "run/event.h"
#include "run/status.h"

/** Guarded by HOTRELOAD_LOCK_STATUS: a timer must not wait for a reload, nor for constructors. */
static struct {
    bool running;
    bool suspended;  /**< another record is about to run, and sets what a crash blames */
    bool failed;     /**< its end was reported as failed */
    uint32_t number; /**< counts trials: a late timer compares it and does nothing */
    hotreload_record_t record;
} trial;

/** Another module may begin to run meanwhile: this one has passed all the same. */
static esp_err_t pass_trial(uint32_t number, const hotreload_record_t *record,
                            hotreload_reason_t *reason)
{
    esp_err_t error = hotreload_store_mark_judged(record, true, reason);
    if (error != ESP_OK) {
        return error;
    }
    hotreload_port_lock(HOTRELOAD_LOCK_STATUS);
    const bool is_current = trial.number == number;
    const bool has_passed = is_current && !trial.running; /* the time and the application agree */
    if (is_current) {
        trial.running = false;
        if (!trial.suspended) {
            hotreload_port_retain(0);
        }
    }
    hotreload_port_unlock(HOTRELOAD_LOCK_STATUS);
    if (!has_passed) {
        hotreload_port_log(HOTRELOAD_LOG_INFO, "module %u is good", (unsigned)record->sequence);
        hotreload_post_event(HOTRELOAD_EVENT_MARKED_VALID, record->sequence, NULL);
    }
    return ESP_OK;
}

/** Copies what is on trial. @return false: no module is */
static bool copy_trial(uint32_t *number, hotreload_record_t *record)
{
    hotreload_port_lock(HOTRELOAD_LOCK_STATUS);
    bool running = trial.running;
    *number = trial.number;
    *record = trial.record;
    hotreload_port_unlock(HOTRELOAD_LOCK_STATUS);
    return running;
}

/** The same for the trial with this number. @return false: it has ended */
static bool copy_numbered_trial(uint32_t number, hotreload_record_t *record)
{
    uint32_t current;
    return copy_trial(&current, record) && current == number;
}

static void pass_when_expired(uint32_t number);

/** The flash may work later, and the application may open the module's partition again. */
static void wait_again(uint32_t number)
{
    hotreload_record_t record;
    hotreload_port_lock(HOTRELOAD_LOCK_MODULE); /* whoever changes the timer holds it */
    if (copy_numbered_trial(number, &record)) {
        (void)hotreload_port_trial_timer(pass_when_expired, number);
    }
    hotreload_port_unlock(HOTRELOAD_LOCK_MODULE);
}

/** Says so once for each trial. */
static void report_failure(uint32_t number, const hotreload_reason_t *reason)
{
    hotreload_port_lock(HOTRELOAD_LOCK_STATUS);
    const bool is_new = trial.number == number && !trial.failed;
    trial.failed = trial.failed || is_new;
    hotreload_port_unlock(HOTRELOAD_LOCK_STATUS);
    if (is_new) {
        hotreload_status_set_error(reason);
        hotreload_port_log(HOTRELOAD_LOG_ERROR, "the module stays on trial: %s", reason->text);
    }
}

/** Called by the port when the time has passed. */
static void pass_when_expired(uint32_t number)
{
    hotreload_reason_t reason;
    hotreload_reason_clear(&reason);
    hotreload_record_t record;
    if (copy_numbered_trial(number, &record) && pass_trial(number, &record, &reason) != ESP_OK) {
        report_failure(number, &reason);
        wait_again(number);
    }
}

/** Puts a record on trial; NULL: none. @return the number of the trial */
static uint32_t change_trial(const hotreload_record_t *record)
{
    hotreload_port_lock(HOTRELOAD_LOCK_STATUS);
    trial.running = record != NULL;
    trial.suspended = trial.failed = false;
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
    if (hotreload_port_trial_timer(pass_when_expired, change_trial(record)) != ESP_OK) {
        hotreload_port_log(HOTRELOAD_LOG_WARNING,
                           "no timer for the trial: only hotreload_mark_valid() ends it");
    }
}

void hotreload_trial_end(void)
{
    (void)hotreload_port_trial_timer(NULL, change_trial(NULL));
}

void hotreload_trial_suspend(void)
{
    hotreload_port_lock(HOTRELOAD_LOCK_STATUS);
    trial.suspended = true;
    hotreload_port_unlock(HOTRELOAD_LOCK_STATUS);
}

void hotreload_trial_resume(void)
{
    hotreload_port_lock(HOTRELOAD_LOCK_STATUS);
    trial.suspended = false;
    hotreload_port_retain(trial.running ? trial.record.sequence : 0);
    hotreload_port_unlock(HOTRELOAD_LOCK_STATUS);
}

bool hotreload_trial_is_running(void)
{
    uint32_t number;
    hotreload_record_t record;
    return copy_trial(&number, &record);
}

esp_err_t hotreload_trial_pass(hotreload_reason_t *reason)
{
    uint32_t number;
    hotreload_record_t record;
    return copy_trial(&number, &record) ? pass_trial(number, &record, reason) : ESP_OK;
}
