/* SPDX-License-Identifier: MIT */
#include "run.h"

#include <string.h>

#include "hotreload.h"
#include "operations.h"
#include "store/store.h"
#include "thread_flash.h"
#include "thread_port.h"
#include "store_reset.h"
#include "run/trial.h"

#define TASKS      7u
#define OPERATIONS 6u /* of a task, at most */

typedef struct {
    operation_t operations[OPERATIONS];
    size_t count;
} task_t;

run_counts_t run_counts;

static task_t tasks[TASKS];
static circumstances_t circumstances;
static uint64_t random_state;
static uint32_t candidates_used;

/** Between two loads, a crash is blamed on what runs on trial, and on nothing else. */
static void check_blamed(void)
{
    hotreload_status_t status;
    hotreload_port_lock(HOTRELOAD_LOCK_STATUS);
    const uint32_t blamed = thread_port_retained();
    hotreload_port_unlock(HOTRELOAD_LOCK_STATUS);
    hotreload_status_get(&status); /* meanwhile the trial can only end */
    if (blamed == 0 ? hotreload_trial_is_running() : !status.loaded || status.sequence != blamed) {
        thread_port_fail("a crash would be blamed on module %u, module %u runs%s", blamed,
                         status.sequence, hotreload_trial_is_running() ? " on trial" : "");
    }
}

static void check_loaded(void)
{
    candidates_check_loaded();
    check_blamed();
}

void run_set_up(void)
{
    thread_port_begin(
        &(thread_port_settings_t){.flash_sectors = THREAD_FLASH_SECTORS, .ram_limit = SIZE_MAX});
    candidates_build();
    thread_port_on_module_unlock(check_loaded);
}

/* ---- Choosing what happens ---- */

static uint32_t choose(uint32_t below)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(((random_state >> 32) * below) >> 32);
}

/** One that no other operation of the run uses. */
static candidate_t *next_candidate(void)
{
    return &candidates[candidates_used++];
}

static operation_t *add(task_t *task, operation_kind_t kind)
{
    operation_t *operation = &task->operations[task->count++];
    *operation = (operation_t){.kind = kind};
    return operation;
}

static void add_upload(task_t *task)
{
    static const upload_fate_t fates[] = {UPLOAD_LEFT, UPLOAD_FORGED, UPLOAD_DAMAGED, UPLOAD_GOOD};
    operation_t *operation = add(task, OPERATION_UPLOAD);
    operation->candidate = choose(12) == 0 ? &candidates[CANDIDATE_HUGE] : next_candidate();
    operation->piece = 64 + choose(300); /* more than one piece, whichever module it is */
    const uint32_t fate = choose(8);
    operation->fate = fates[fate < 3 ? fate : 3];
    operation->proves_itself = operation->fate != UPLOAD_FORGED && choose(2) == 0;
    operation->ram_first = choose(3) != 0;
    operation->leaves_it = choose(4) == 0;
    operation->end = (hotreload_upload_end_t)choose(3);
    operation->candidate->may_load |= operation->fate == UPLOAD_GOOD;
}

static void add_offer(task_t *task, operation_kind_t kind)
{
    operation_t *operation = add(task, kind);
    operation->candidate = next_candidate();
    operation->candidate->may_load = true;
}

/** The second task that loads also does what few applications do. */
static void add_load(task_t *task, bool unusual)
{
    static const operation_kind_t kinds[] = {OPERATION_RELOAD, OPERATION_UNLOAD, OPERATION_LOAD,
                                             OPERATION_BUFFER};
    operation_kind_t kind = unusual ? kinds[choose(4)] : OPERATION_RELOAD;
    if (kind == OPERATION_BUFFER) {
        add_offer(task, kind);
    } else {
        add(task, kind)->unload_first = choose(2) == 0;
    }
}

static void choose_tasks(bool unusual)
{
    memset(tasks, 0, sizeof tasks);
    /* Two senders keep each other out; one stores more. */
    task_t *second = &tasks[choose(2)];
    for (unsigned i = 0; i < 3; i++) {
        add_upload(&tasks[0]);
        add_upload(second);
        add_load(&tasks[2], false);
    }
    for (unsigned i = 0; i < 2; i++) {
        add_load(&tasks[3], unusual);
        add_offer(&tasks[4], OPERATION_UPDATE);
        add(&tasks[5], OPERATION_STATUS);
        add(&tasks[5], OPERATION_STATUS);
    }
    if (choose(3) == 0) {
        add(&tasks[6], OPERATION_STOP);
    }
    add(&tasks[6], OPERATION_TIMER);
    add(&tasks[6], OPERATION_SETTLE);
}

static void choose_circumstances(void)
{
    static const uint32_t sectors[] = {THREAD_FLASH_SECTORS, 4 * CANDIDATE_SECTORS,
                                       3 * CANDIDATE_SECTORS - 1};
    const uint32_t flash = choose(3);
    circumstances = (circumstances_t){
        .faults = choose(2) == 0, .small_ram = choose(2) == 0, .small_flash = flash != 0};
    thread_port_begin(&(thread_port_settings_t){
        .flash_sectors = sectors[flash],
        .ram_limit = circumstances.small_ram ? CANDIDATE_SMALL_RAM : SIZE_MAX,
    });
    for (size_t i = 0; i < CANDIDATES; i++) {
        candidates[i].may_load = false;
    }
    candidates_used = 0;
}

/* ---- Before and after ---- */

static void expect_ok(esp_err_t error, const char *what)
{
    if (error != ESP_OK) {
        thread_port_fail("%s: %s", what, esp_err_to_name(error));
    }
}

static void start(void)
{
    const hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();
    candidate_t *first = next_candidate();
    first->may_load = true;
    expect_ok(hotreload_update_partition(THREAD_FLASH_LABEL, first->file, first->size),
              "the first module was not stored");
    expect_ok(hotreload_load(&config), "the first module was not loaded");
}

/** The store takes another module, and it loads, now and after a boot; then nothing is left. */
static void finish(void)
{
    const hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();
    candidate_t *last = next_candidate();
    last->may_load = true;
    operation_t upload = {.kind = OPERATION_UPLOAD, .candidate = last, .piece = 300};
    operation_do(&upload);
    if (upload.status != 200) {
        thread_port_fail("after the run an upload is answered %d", upload.status);
    }
    (void)hotreload_unload();
    for (unsigned boot = 0; boot < 2; boot++) {
        expect_ok(hotreload_load(&config), "the last module was not loaded");
        candidate_expect_loaded(last);
        expect_ok(hotreload_unload(), "the last module was not unloaded");
        store_reset();
    }
    thread_port_expect_idle();
}

static void count(const operation_t *operation)
{
    switch (operation->kind) {
    case OPERATION_UPLOAD:
        *(operation->status == 200 ? &run_counts.uploads_stored : &run_counts.uploads_refused) += 1;
        break;
    case OPERATION_UPDATE:
        *(operation->error == ESP_OK ? &run_counts.uploads_stored : &run_counts.uploads_refused) +=
            1;
        break;
    case OPERATION_STATUS:
        run_counts.statuses++;
        break;
    case OPERATION_TIMER:
    case OPERATION_SETTLE:
    case OPERATION_STOP:
        break;
    default:
        *(operation->error == ESP_OK ? &run_counts.loads : &run_counts.loads_refused) += 1;
    }
}

typedef void (*visitor_t)(const operation_t *operation, const void *argument);

static void visit(visitor_t visitor, const void *argument)
{
    for (size_t i = 0; i < TASKS; i++) {
        for (size_t j = 0; j < tasks[i].count; j++) {
            visitor(&tasks[i].operations[j], argument);
        }
    }
}

/** A status that names a record has to tell of the module that the upload was answered with. */
static void compare(const operation_t *told, const void *argument)
{
    const operation_t *stored = argument;
    if (told == stored || told->sequence != stored->sequence) {
        return;
    }
    if (told->kind == OPERATION_UPLOAD) {
        thread_port_fail("two uploads were both answered sequence %u", told->sequence);
    }
    if (told->kind == OPERATION_STATUS && told->text_size != stored->candidate->text_size) {
        thread_port_fail("a status tells of %u bytes of text in record %u, which has %u",
                         told->text_size, told->sequence, stored->candidate->text_size);
    }
}

static void check(const operation_t *operation, const void *unused)
{
    (void)unused;
    operation_check(operation, &circumstances);
    count(operation);
    if (operation->kind == OPERATION_UPLOAD && operation->status == 200) {
        visit(compare, operation);
    }
    if (operation->kind == OPERATION_STATUS && operation->loaded) {
        (void)candidate_of_text(operation->text_size);
    }
}

/* ---- The run ---- */

static void do_operations(void *argument)
{
    task_t *task = argument;
    for (size_t i = 0; i < task->count; i++) {
        operation_do(&task->operations[i]);
    }
}

void run_once(uint64_t seed, run_tasks_t run_tasks)
{
    schedule_task_t to_run[TASKS];
    random_state = seed * 2862933555777941757u + 3037000493u;
    thread_port_describe_run(seed);
    choose_circumstances();
    start();
    const bool unusual = choose(3) == 0;
    choose_tasks(unusual);
    for (size_t i = 0; i < TASKS; i++) {
        to_run[i] = (schedule_task_t){do_operations, &tasks[i]};
    }
    if (circumstances.faults) {
        thread_port_fail_one_in(choose(2) == 0 ? 40 : 500);
    }
    run_tasks(seed, to_run, TASKS);
    thread_port_fail_one_in(0);

    visit(check, NULL);
    hotreload_status_t status;
    hotreload_status_get(&status);
    if (!status.loaded && !unusual && !circumstances.faults) {
        thread_port_fail("no module is loaded any more");
    }
    finish();
}
