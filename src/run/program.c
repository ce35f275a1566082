/* SPDX-License-Identifier: MIT */
#include "run/program.h"

#include <stdatomic.h>
#include <string.h>

#include "loader/in_use.h"
#include "loader/kept.h"
#include "loader/loader.h"
#include "loader/patch.h"
#include "loader/retired.h"
#include "loader/table.h"
#include "run/address_map.h"
#include "run/event.h"
#include "run/status.h"
#include "run/trial.h"

static struct {
    atomic_bool loaded; /**< read without the lock by hotreload_is_loaded() */
    hotreload_module_t module;
    bool stored; /**< the module came from `record`, not from memory */
    hotreload_record_t record;
    hotreload_patch_t *patch; /**< NULL: none is applied */
    hotreload_record_t patch_record;
} program;

bool hotreload_program_is_loaded(void)
{
    return program.loaded;
}

const hotreload_record_t *hotreload_program_record(void)
{
    if (!program.loaded || !program.stored) {
        return NULL;
    }
    return program.patch != NULL ? &program.patch_record : &program.record;
}

bool hotreload_program_runs(const hotreload_record_t *record)
{
    const hotreload_record_t *running = hotreload_program_record();
    return running != NULL && hotreload_record_is_same(running, record);
}

/** Tells status and store what runs now. */
static void announce(void)
{
    const hotreload_patch_info_t patch = hotreload_patch_info(program.patch);
    hotreload_running_t running = {
        .base = program.stored ? program.record.sequence : 0,
        .patch = program.patch != NULL ? program.patch_record.sequence : 0,
        .patch_functions = patch.jumps,
        .patch_text_run = patch.module->text.run,
        .patch_text_size = (uint32_t)patch.module->text.size,
        .patch_data_run = patch.module->data.run,
        .patch_data_size = (uint32_t)patch.module->data.size,
    };
    memcpy(running.base_sha256, program.record.sha256, sizeof running.base_sha256);
    hotreload_status_set_module(&program.module, &running);
    hotreload_store_set_running(hotreload_program_record());
}

/* ---- Giving up what runs ---- */

static size_t size_of_slots(void)
{
    return hotreload_firmware_table.count * sizeof(uint32_t);
}

/** What is done while nothing else runs. */
typedef struct {
    enum { LOOK, BIND, UNBIND } step; /**< only UNBIND is done whoever is inside */
    const hotreload_image_t *image;   /**< BIND: what is to run, and the slots of its exports */
    const hotreload_module_t *staged;
    const uint32_t *slots;
    uint32_t blamed;       /**< BIND: sequence, for a crash from then on; 0: none */
    hotreload_user_t user; /**< who is inside the module that runs */
} order_t;

static void carry_out(void *context)
{
    order_t *order = context;
    if (order->step != UNBIND &&
        hotreload_patch_find_user(&program.module, program.patch, &order->user)) {
        return;
    }
    if (order->step != LOOK) {
        hotreload_patch_undo(&program.module, program.patch);
    }
    if (order->step == BIND) {
        hotreload_port_retain(order->blamed);
        memcpy(hotreload_firmware_table.slots, order->slots, size_of_slots());
        hotreload_loader_fill(order->image, order->staged);
    } else if (order->step == UNBIND) {
        hotreload_loader_unbind();
    }
}

/** Carries it out, unless a task is inside the module that runs. */
static esp_err_t carry_out_alone(order_t order, hotreload_reason_t *reason)
{
    static const hotreload_region_t nothing_written;
    const hotreload_region_t *text = order.step == LOOK ? &nothing_written : &program.module.text;
    const esp_err_t error = hotreload_port_alone(text, carry_out, &order);
    if (error != ESP_OK) {
        return hotreload_fail(reason, error, "cannot stop all tasks");
    }
    return !order.user.found
               ? ESP_OK
               : hotreload_fail(reason, ESP_ERR_HOTRELOAD_TASK_INSIDE,
                                "task %s is inside the module, at 0x%x: reload when it has left",
                                order.user.task, (unsigned)order.user.address);
}

esp_err_t hotreload_program_check_unused(hotreload_reason_t *reason)
{
    return program.loaded ? carry_out_alone((order_t){.step = LOOK}, reason) : ESP_OK;
}

/* So many pauses are the time that tasks have to get out of the way. */
#define PAUSES 50u

/** Gives other tasks time to go on. @return false: time is up */
static bool pause_again(unsigned *pauses)
{
    if (*pauses == PAUSES) {
        return false;
    }
    ++*pauses;
    hotreload_port_pause();
    return true;
}

/** The same if a task is in the way. */
static bool pause_for_task(esp_err_t error, unsigned *pauses)
{
    return error == ESP_ERR_HOTRELOAD_TASK_INSIDE && pause_again(pauses);
}

/** Before the new module is to blame for crashes: the old code goes on meanwhile. */
static esp_err_t wait_until_unused(hotreload_reason_t *reason)
{
    unsigned pauses = 0;
    esp_err_t error;
    do {
        error = hotreload_program_check_unused(reason);
    } while (pause_for_task(error, &pauses));
    if (error == ESP_OK) {
        hotreload_reason_clear(reason);
    }
    return error;
}

/** Frees code that was given up, as far as no task executes it. @return true: nothing is left */
static bool free_retired(void)
{
    return hotreload_retired_free(false, hotreload_address_map_free);
}

/**
 * Gives up code that the table does not point to any more, when nobody was inside. A virtual call,
 * or a call during the destructors, may have led a task there since: it gets time to leave, else
 * its code is freed later.
 *
 * @param blamed  sequence, for a crash after the destructors; 0: none
 * @return false: it is still used
 */
static bool release_old(uint32_t blamed)
{
    static hotreload_retired_t old; /* one will do: no module goes while another is still used */
    (void)hotreload_retired_free(true, hotreload_address_map_free);
    hotreload_loader_run_destructors(&program.module);
    hotreload_trial_suspend();
    hotreload_port_retain(blamed);
    old.module = program.module;
    hotreload_retire(&old);
    hotreload_patch_release(program.patch);
    program.patch = NULL;
    unsigned pauses = 0;
    while (!free_retired()) {
        if (!pause_again(&pauses)) {
            return false;
        }
    }
    return true;
}

/** The destructors have run, so it must go: what stands in the way for a moment is waited for. */
static esp_err_t unbind(hotreload_reason_t *reason)
{
    unsigned pauses = 0;
    esp_err_t error;
    do {
        error = carry_out_alone((order_t){.step = UNBIND}, reason);
    } while (error != ESP_OK && pause_again(&pauses));
    return error;
}

esp_err_t hotreload_program_unload(bool for_good, hotreload_reason_t *reason)
{
    esp_err_t error = wait_until_unused(reason);
    if (error == ESP_OK) {
        /* While the table still leads to the module: they may call it as all others do. */
        hotreload_loader_run_destructors(&program.module);
        error = unbind(reason);
    }
    if (error != ESP_OK) {
        return error;
    }
    program.loaded = false; /* before anything waits: its functions cannot be called any more */
    if (release_old(0) && for_good) {
        hotreload_kept_free_others(NULL);
    }
    hotreload_trial_end(); /* its destructors were still on trial */
    hotreload_status_set_module(NULL, NULL);
    return ESP_OK;
}

/* ---- Whole modules ---- */

/**
 * All else stands still only while the addresses are copied, not while they are looked up.
 *
 * @param blamed  sequence, for a crash as soon as the table points to the module; 0: none
 */
static esp_err_t point_table_to(const hotreload_image_t *image, const hotreload_module_t *staged,
                                uint32_t blamed, hotreload_reason_t *reason)
{
    if (!program.loaded) {
        hotreload_port_retain(blamed);
        hotreload_loader_fill_slots(image, staged, hotreload_firmware_table.slots);
        hotreload_loader_fill(image, staged);
        return ESP_OK;
    }
    const size_t size = size_of_slots() + sizeof(uint32_t); /* never 0 */
    uint32_t *slots = hotreload_port_buffer_alloc(size);
    if (slots == NULL) {
        return hotreload_fail(reason, ESP_ERR_NO_MEM, "no memory for the list of %u functions",
                              (unsigned)hotreload_firmware_table.count);
    }
    hotreload_loader_fill_slots(image, staged, slots);
    const order_t order = {
        .step = BIND, .image = image, .staged = staged, .slots = slots, .blamed = blamed};
    const esp_err_t error = carry_out_alone(order, reason);
    hotreload_port_buffer_free(slots, size);
    return error;
}

/**
 * Makes a staged module the running one. Its constructors run before the destructors of the old
 * one. A crash in a constructor blames the new module.
 *
 * @param record    that it came from; NULL: from memory
 * @param on_trial  a crash blames this record; NULL: none
 */
static esp_err_t run_staged(const hotreload_image_t *image, const hotreload_module_t *staged,
                            const hotreload_record_t *record, const hotreload_record_t *on_trial,
                            hotreload_reason_t *reason)
{
    const uint32_t blamed = on_trial != NULL ? on_trial->sequence : 0;
    hotreload_trial_suspend();
    hotreload_address_map_add(staged, record != NULL ? record->sequence : 0);
    esp_err_t error = point_table_to(image, staged, blamed, reason);
    if (error != ESP_OK) {
        hotreload_address_map_free(staged);
        hotreload_trial_resume();
        return error;
    }
    hotreload_kept_commit();
    hotreload_loader_construct(image, staged);
    if (program.loaded) {
        hotreload_trial_end(); /* the old one is not loaded again, on trial or not */
    }
    if (program.loaded ? release_old(blamed) : free_retired()) {
        hotreload_kept_free_others(image);
    }
    program.module = *staged;
    program.loaded = true;
    program.stored = record != NULL;
    if (record != NULL) {
        program.record = *record;
    }
    announce();
    hotreload_port_log(HOTRELOAD_LOG_INFO,
                       "module loaded: %u bytes of text at 0x%08x, %u bytes of data at 0x%08x",
                       (unsigned)staged->text.size, (unsigned)staged->text.run,
                       (unsigned)staged->data.size, (unsigned)staged->data.run);
    hotreload_post_event(HOTRELOAD_EVENT_LOADED, record != NULL ? record->sequence : 0, NULL);
    return ESP_OK;
}

static esp_err_t stage_and_run(const void *data, size_t size, uint32_t caps,
                               const hotreload_record_t *record, const hotreload_record_t *on_trial,
                               hotreload_reason_t *reason)
{
    hotreload_image_t image;
    hotreload_module_t staged;
    const bool is_judged = record != NULL && record == on_trial; /* not as the base of a patch */
    bool begins_trial = false;
    (void)free_retired();
    esp_err_t error = hotreload_loader_stage(data, size, caps, &image, &staged, reason);
    if (error != ESP_OK) {
        return error;
    }
    error = wait_until_unused(reason);
    if (error == ESP_OK && is_judged) {
        /* The flash is marked first, because the module may crash at once. */
        error = hotreload_store_mark_tried(record, &begins_trial, reason);
    }
    if (error == ESP_OK) {
        error = run_staged(&image, &staged, record, is_judged && !begins_trial ? NULL : on_trial,
                           reason);
    }
    if (error != ESP_OK) {
        hotreload_kept_abort();
        hotreload_segments_free(&staged); /* no constructor ran, so no destructor may */
    } else if (begins_trial) {
        hotreload_trial_begin(record);
    }
    return error;
}

/** @param on_trial  what a crash is blamed on, unless it is good: the record, or a patch of it */
static esp_err_t run_module(const hotreload_record_t *record, const hotreload_record_t *on_trial,
                            uint32_t caps, hotreload_reason_t *reason)
{
    hotreload_flash_view_t view;
    esp_err_t error = hotreload_store_map(record, &view, reason);
    if (error == ESP_OK) {
        error = stage_and_run(view.data, view.size, caps, record, on_trial, reason);
        hotreload_store_unmap(&view);
    }
    return error;
}

esp_err_t hotreload_program_run_from_memory(const void *data, size_t size,
                                            hotreload_reason_t *reason)
{
    return stage_and_run(data, size, 0, NULL, NULL, reason);
}

/* ---- Patches ---- */

/**
 * Reads a patch of a base, and stages it.
 *
 * @param staged  gets it; NULL: it is only checked
 */
static esp_err_t stage_patch(const hotreload_record_t *record, const hotreload_record_t *base,
                             uint32_t caps, hotreload_patch_t **staged, hotreload_reason_t *reason)
{
    hotreload_flash_view_t view;
    hotreload_image_t image;
    esp_err_t error = hotreload_store_map(record, &view, reason);
    if (error != ESP_OK) {
        return error;
    }
    error = hotreload_loader_read(view.data, view.size, &image, reason);
    if (error == ESP_OK && (image.base_sha256 == NULL ||
                            memcmp(image.base_sha256, base->sha256, sizeof base->sha256) != 0)) {
        error = hotreload_fail(reason, ESP_ERR_INVALID_VERSION,
                               "patch %u belongs to another module than %u",
                               (unsigned)record->sequence, (unsigned)record->base);
    }
    if (error == ESP_OK && staged != NULL) {
        error = hotreload_patch_stage(&image, caps, &program.module, staged, reason);
    }
    hotreload_store_unmap(&view);
    return error;
}

static void report_patch(const hotreload_patch_info_t *patch)
{
    hotreload_port_log(HOTRELOAD_LOG_INFO,
                       "patched: %u functions, %u bytes of text at 0x%08x, %u bytes of data at "
                       "0x%08x",
                       (unsigned)patch->jumps, (unsigned)patch->module->text.size,
                       (unsigned)patch->module->text.run, (unsigned)patch->module->data.size,
                       (unsigned)patch->module->data.run);
}

/**
 * Puts a patch in the place of the one before when no task is in the way. A crash blames the patch
 * from then on, not while the old code goes on.
 *
 * @param blamed  sequence; 0: none
 */
static esp_err_t exchange_patch(hotreload_patch_t *staged, uint32_t blamed,
                                hotreload_reason_t *reason)
{
    unsigned pauses = 0;
    esp_err_t error;
    hotreload_trial_suspend();
    do {
        error = hotreload_patch_exchange(&program.module, program.patch, staged, blamed, reason);
    } while (pause_for_task(error, &pauses));
    if (error == ESP_OK) {
        hotreload_reason_clear(reason);
    } else {
        hotreload_trial_resume();
    }
    return error;
}

/** Applies a patch to its base, which runs, in place of the patch before. */
static esp_err_t apply_patch(const hotreload_record_t *record, uint32_t caps,
                             hotreload_reason_t *reason)
{
    hotreload_patch_t *staged;
    bool on_trial = false;
    (void)free_retired();
    esp_err_t error = stage_patch(record, &program.record, caps, &staged, reason);
    if (error != ESP_OK) {
        return error;
    }
    const hotreload_patch_info_t info = hotreload_patch_info(staged);
    error = hotreload_store_mark_tried(record, &on_trial, reason);
    if (error == ESP_OK) {
        hotreload_address_map_add_patch(info.module, record->sequence);
        error = exchange_patch(staged, on_trial ? record->sequence : 0, reason);
    }
    if (error != ESP_OK) {
        hotreload_kept_abort();
        hotreload_patch_release(staged);
        (void)free_retired();
        return error;
    }
    hotreload_patch_release(program.patch);
    (void)free_retired();
    program.patch = staged;
    program.patch_record = *record;
    announce();
    if (on_trial) {
        hotreload_trial_begin(record);
    } else {
        hotreload_trial_end();
    }
    report_patch(&info);
    hotreload_post_event(HOTRELOAD_EVENT_PATCHED, record->sequence, NULL);
    return ESP_OK;
}

bool hotreload_program_is_base_of(const hotreload_record_t *record)
{
    return program.loaded && program.stored && program.record.sequence == record->base;
}

bool hotreload_program_needs_loading(const hotreload_record_t *record)
{
    return !hotreload_program_is_base_of(record) && !hotreload_program_runs(record);
}

/** @return ESP_OK, or a reason why a patch that is not good does not load its base */
static esp_err_t check_base_is_usable(const hotreload_record_t *base, hotreload_reason_t *reason)
{
    hotreload_record_t usable = {.sequence = base->sequence + 1};
    const esp_err_t error = hotreload_store_find(HOTRELOAD_RECORD_USABLE, &usable, &usable, reason);
    return error == ESP_OK && usable.sequence == base->sequence
               ? ESP_OK
               : hotreload_fail(reason, ESP_ERR_NOT_FOUND,
                                "module %u, the patch's base, crashed on trial",
                                (unsigned)base->sequence);
}

/** Loads the base of a patch, which was checked. A crash blames the patch, if that is on trial. */
static esp_err_t run_base(const hotreload_record_t *record, uint32_t caps,
                          hotreload_reason_t *reason)
{
    hotreload_record_t base;
    bool on_trial = false;
    esp_err_t error = hotreload_store_find_sequence(record->base, &base, reason);
    if (error == ESP_OK) {
        error = stage_patch(record, &base, caps, NULL, reason);
    }
    if (error == ESP_OK) {
        error = hotreload_store_mark_tried(record, &on_trial, reason);
    }
    if (error == ESP_OK && on_trial) {
        error = check_base_is_usable(&base, reason);
    }
    return error == ESP_OK ? run_module(&base, on_trial ? record : &base, caps, reason) : error;
}

/** Leaves what ran before, or nothing, when a patch does not go into its base, which was loaded. */
static void go_back(const hotreload_record_t *old, uint32_t caps)
{
    hotreload_reason_t reason;
    const esp_err_t error = old != NULL ? hotreload_program_run(old, caps, &reason)
                                        : hotreload_program_unload(false, &reason);
    if (error != ESP_OK) {
        hotreload_trial_resume(); /* nothing of the patch runs */
        hotreload_port_log(HOTRELOAD_LOG_ERROR, "module %u goes on without its patch: %s",
                           (unsigned)program.record.sequence, reason.text);
    }
}

static esp_err_t run_patch(const hotreload_record_t *record, uint32_t caps,
                           hotreload_reason_t *reason)
{
    if (hotreload_program_is_base_of(record)) {
        return apply_patch(record, caps, reason);
    }
    if (program.loaded && !program.stored) {
        return hotreload_fail(reason, ESP_ERR_INVALID_VERSION,
                              "patch %u belongs to another module than the one from memory",
                              (unsigned)record->sequence);
    }
    const hotreload_record_t *running = hotreload_program_record();
    const hotreload_record_t old = running != NULL ? *running : (hotreload_record_t){0};
    esp_err_t error = run_base(record, caps, reason);
    if (error == ESP_OK) {
        error = apply_patch(record, caps, reason);
        if (error != ESP_OK) {
            go_back(running != NULL ? &old : NULL, caps);
        }
    }
    return error;
}

esp_err_t hotreload_program_run(const hotreload_record_t *record, uint32_t caps,
                                hotreload_reason_t *reason)
{
    const esp_err_t error = record->base == HOTRELOAD_NO_BASE
                                ? run_module(record, record, caps, reason)
                                : run_patch(record, caps, reason);
    if (error == ESP_OK) {
        hotreload_store_warn_of_lost(record, reason);
    }
    return error;
}
